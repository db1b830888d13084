//! The ways over an identity source.

use std::time::Duration;

use cloudbase_auth::{
    Auth, AuthErrorCategory, AuthEvent, AuthEvents, BoundIdentity, ErrorKind, IdToken, OAuth,
    OAuthPurpose, OAuthReturn, OAuthUrl, ProviderGrant, VerifyOAuth,
};
use cloudbase_core::Body;
use cloudbase_emulator::Person;
use tower::ServiceExt as _;

use super::support::World;

/// Opens the authorization page and returns where it leads.
async fn visit(auth: &Auth, page: &OAuthUrl) -> String {
    let request = http::Request::get(&page.url).body(Body::empty()).unwrap();
    let response = auth.client().service().oneshot(request).await.unwrap();
    assert!(response.status().is_redirection(), "{}", response.status());
    response.headers()["location"].to_str().unwrap().to_owned()
}

/// The next event of a binding, published before the call that ends the binding returns.
async fn next_binding(events: &mut AuthEvents) -> BoundIdentity {
    let binding = async {
        loop {
            if let AuthEvent::BindIdentity(event) = events.next().await {
                return event;
            }
        }
    };
    let binding = tokio::time::timeout(Duration::from_secs(30), binding).await;
    binding.expect("an event of the binding")
}

fn github() -> OAuth {
    OAuth::new("github")
        .redirect_to("https://app.example.org/in?tab=2#top")
        .query_param("login_hint", "ann@example.org")
}

#[tokio::test]
async fn the_way_there_and_back_signs_in_once() {
    let world = World::new().await;
    let page = world.auth.sign_in_with_oauth(github()).await.unwrap();
    assert!(page.state.starts_with("prd-github-"));
    let back = visit(&world.auth, &page).await;
    assert!(back.starts_with("https://app.example.org/in?"), "{back}");
    let done = world.auth.handle_oauth_callback(&back).await.unwrap();
    assert_eq!(
        (done.provider.as_str(), done.purpose),
        ("github", OAuthPurpose::SignIn)
    );
    assert_eq!(
        done.redirect_url.as_deref(),
        Some("https://app.example.org/in?tab=2#top")
    );
    let id = done.signed_in.user.id;

    let again = world.auth.handle_oauth_callback(&back).await.unwrap_err();
    assert_eq!(again.kind(), ErrorKind::Argument, "the state has been used");
    let page = world.auth.sign_in_with_oauth(github()).await.unwrap();
    let back = visit(&world.auth, &page).await;
    let same = world.auth.handle_oauth_callback(&back).await.unwrap();
    assert_eq!(same.signed_in.user.id, id);
}

#[tokio::test]
async fn a_user_who_comes_back_elsewhere_is_not_signed_in() {
    let world = World::new().await;
    for elsewhere in [
        "https://other.example/in",
        "https://app.example.org/other",
        "http://app.example.org/in",
        "https://app.example.org:8443/in",
        "/out",
    ] {
        let page = world.auth.sign_in_with_oauth(github()).await.unwrap();
        let back = visit(&world.auth, &page).await;
        let (_, query) = back.split_once('?').unwrap();
        let moved = format!("{elsewhere}?{query}");
        let trades = world.count("POST /auth/v1/provider/token");
        let error = world.auth.handle_oauth_callback(&moved).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Argument, "{elsewhere}");
        assert!(error.message().contains("`redirect_to`"), "{error}");
        assert_eq!(
            world.count("POST /auth/v1/provider/token"),
            trades,
            "the code stays here"
        );
        // So is the word of an identity source that said no.
        let page = world.auth.sign_in_with_oauth(github()).await.unwrap();
        let denied = format!("{elsewhere}?error=access_denied&state={}", page.state);
        let error = world.auth.handle_oauth_callback(&denied).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Argument, "{elsewhere}");
    }
    assert!(world.auth.session().await.unwrap().is_none());
    // A server that sees path and query alone.
    let page = world.auth.sign_in_with_oauth(github()).await.unwrap();
    let back = visit(&world.auth, &page).await;
    let seen = back.strip_prefix("https://app.example.org").unwrap();
    world.auth.handle_oauth_callback(seen).await.unwrap();
}

#[tokio::test]
async fn a_flow_with_pkce_proves_who_began_it_and_keeps_its_verifier_for_one_use() {
    let world = World::new().await;
    let to = github().scope("read:user").pkce();
    let page = world.auth.sign_in_with_oauth(to).await.unwrap();
    assert_eq!(page.scope.as_deref(), Some("read:user"));
    for expected in [
        "scope=read%3Auser",
        "code_challenge=",
        "code_challenge_method=S256",
    ] {
        assert!(page.url.contains(expected), "{expected}: {}", page.url);
    }
    let back = visit(&world.auth, &page).await;
    // A thief who has intercepted the URL, without the state that is remembered here, or by a guess.
    let thief = world.device();
    let code = back
        .split_once("code=")
        .unwrap()
        .1
        .split('&')
        .next()
        .unwrap();
    let stolen = || {
        VerifyOAuth::new(code, "state")
            .provider("github")
            .redirect_uri("https://app.example.org/in")
    };
    for stolen in [
        stolen(),
        stolen().provider_param("code_verifier", "a-guess"),
    ] {
        let rejected = thief.verify_oauth(stolen).await.unwrap_err();
        assert_eq!(rejected.code().unwrap().as_str(), "failed_precondition");
    }
    assert!(thief.session().await.unwrap().is_none());

    world.auth.handle_oauth_callback(&back).await.unwrap();
    assert!(world.auth.session().await.unwrap().is_some());
    let sent = world.emulator.requests().all();
    let trades = sent
        .iter()
        .filter(|request| request.path == "/auth/v1/provider/token");
    let verifier = trades.last().unwrap().json()["provider_params"]["code_verifier"].clone();
    let verifier = verifier.as_str().unwrap();
    assert!((43..=128).contains(&verifier.len()));
    let early = sent
        .iter()
        .take_while(|request| request.path != "/auth/v1/provider/token");
    for request in early {
        let text = format!(
            "{:?} {}",
            request.query,
            String::from_utf8_lossy(&request.body)
        );
        assert!(!text.contains(verifier), "not before the way back");
    }
    let again = world.auth.handle_oauth_callback(&back).await.unwrap_err();
    assert_eq!(again.kind(), ErrorKind::Argument, "a state is good once");

    let page = world
        .auth
        .link_identity("github")
        .redirect_to("https://app.example.org/b")
        .pkce()
        .await
        .unwrap();
    assert!(page.url.contains("code_challenge_method=S256"));
}

#[tokio::test]
async fn a_verifier_of_ones_own_is_not_shown_and_kept_for_the_way_back() {
    let world = World::new().await;
    let to = github()
        .other_param(
            "code_challenge",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        )
        .other_param("code_challenge_method", "S256")
        .provider_param(
            "code_verifier",
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        );
    assert!(!format!("{to:?}").contains("dBjft"));
    let page = world.auth.sign_in_with_oauth(to).await.unwrap();
    let back = visit(&world.auth, &page).await;
    world.auth.handle_oauth_callback(&back).await.unwrap();
}

#[tokio::test]
async fn a_user_who_says_no_is_an_error_with_its_code() {
    let world = World::new().await;
    let page = world
        .auth
        .sign_in_with_oauth(github().query_param("deny", "1"))
        .await
        .unwrap();
    let back = visit(&world.auth, &page).await;
    let error = world.auth.handle_oauth_callback(&back).await.unwrap_err();
    assert_eq!(error.code().unwrap().as_str(), "access_denied");
    assert!(!error.to_string().contains("the service"), "{error}");
    assert!(world.auth.session().await.unwrap().is_none());
    let unknown = world
        .auth
        .sign_in_with_oauth(OAuth::new("no-such-source"))
        .await
        .unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::Api);
}

#[tokio::test]
async fn identities_are_bound_listed_and_unbound() {
    let world = World::new().await;
    assert_eq!(
        world.auth.link_identity("github").await.unwrap_err().kind(),
        ErrorKind::Credentials
    );
    world.sign_in().await;
    assert!(
        !world
            .auth
            .user_identities()
            .await
            .unwrap()
            .iter()
            .any(|identity| identity.id == "github")
    );
    assert!(
        world
            .auth
            .identity_providers()
            .await
            .unwrap()
            .iter()
            .any(|identity| identity.id == "github")
    );
    let mut events = world.auth.events();
    let page = world
        .auth
        .link_identity("github")
        .redirect_to("https://app.example.org/b")
        .await
        .unwrap();
    let back = visit(&world.auth, &page).await;
    let done = world.auth.handle_oauth_callback(&back).await.unwrap();
    assert_eq!(done.purpose, OAuthPurpose::BindIdentity);
    let bound = world.auth.user_identities().await.unwrap();
    assert!(
        bound
            .iter()
            .any(|identity| identity.id == "github" && identity.bind)
    );
    let event = next_binding(&mut events).await;
    assert!(event.error.is_none() && event.provider == "github");

    world.auth.unlink_identity("github").await.unwrap();
    assert!(
        !world
            .auth
            .user_identities()
            .await
            .unwrap()
            .iter()
            .any(|identity| identity.id == "github")
    );
    world
        .auth
        .unlink_identity("no-such-source")
        .await
        .unwrap_err();
}

#[tokio::test]
async fn a_failed_binding_is_reported_to_the_caller_and_to_everybody() {
    let world = World::new().await;
    world.sign_in().await;
    let mut events = world.auth.events();
    let page = world
        .auth
        .link_identity("github")
        .state("mine")
        .redirect_to("https://app.example.org/b")
        .await
        .unwrap();
    assert_eq!(page.state, "mine");
    world
        .auth
        .verify_oauth(VerifyOAuth::new("no-such-code", "mine"))
        .await
        .unwrap_err();
    let event = next_binding(&mut events).await;
    assert!(event.error.is_some());
}

#[tokio::test]
async fn whatever_ends_a_binding_is_reported_with_where_the_user_was_to_come_back() {
    const TO: &str = "https://app.example.org/bound?tab=2#top";
    let world = World::new().await;
    let mut events = world.auth.events();
    let begin = async || {
        world.sign_in().await;
        world
            .auth
            .link_identity("github")
            .redirect_to(TO)
            .await
            .unwrap()
            .state
    };
    for (what, query) in [
        ("the user said no", "error=access_denied"),
        ("in the fragment", "x=1#error=server_error"),
        ("a wrong code", "code=no-such-code"),
    ] {
        let state = begin().await;
        let url = format!("https://app.example.org/bound?state={state}&{query}");
        let error = world.auth.handle_oauth_callback(&url).await.unwrap_err();
        if query.contains("error=") {
            assert_eq!(
                error.message(),
                "the user or the identity source declined the sign-in",
                "{what}"
            );
        }
        let event = next_binding(&mut events).await;
        let reported = event.error.unwrap();
        assert_eq!(reported.code(), error.code(), "{what}");
        assert_eq!(
            (event.provider.as_str(), event.redirect_url.as_deref()),
            ("github", Some(TO))
        );
        for error in [&error, &reported] {
            let back = OAuthReturn::of(error).unwrap();
            assert_eq!(
                (back.provider.as_str(), back.purpose),
                ("github", OAuthPurpose::BindIdentity)
            );
            assert_eq!(back.redirect_url.as_deref(), Some(TO), "{what}");
            assert!(
                !format!("{error:?}").contains("tab=2"),
                "no query: {error:?}"
            );
        }
    }
    // Come back elsewhere, or after a sign-out: over, too.
    let state = begin().await;
    let elsewhere = format!("https://other.example/?state={state}&code=c");
    world
        .auth
        .handle_oauth_callback(&elsewhere)
        .await
        .unwrap_err();
    assert_eq!(
        next_binding(&mut events).await.error.unwrap().kind(),
        ErrorKind::Argument
    );
    let state = begin().await;
    world.auth.sign_out().await.unwrap();
    let late = VerifyOAuth::new("code", state);
    world.auth.verify_oauth(late).await.unwrap_err();
    assert_eq!(
        next_binding(&mut events).await.error.unwrap().kind(),
        ErrorKind::Credentials
    );
}

#[tokio::test]
async fn a_sign_in_that_failed_says_where_the_user_was_to_come_back() {
    let world = World::new().await;
    let to = github().query_param("deny", "1");
    let page = world.auth.sign_in_with_oauth(to).await.unwrap();
    let back = visit(&world.auth, &page).await;
    let error = world.auth.handle_oauth_callback(&back).await.unwrap_err();
    assert_eq!(error.code().unwrap().as_str(), "access_denied");
    assert!(!error.message().contains("service"), "{error}");
    let back = OAuthReturn::of(&error).unwrap();
    assert_eq!(back.purpose, OAuthPurpose::SignIn);
    assert_eq!(
        back.redirect_url.as_deref(),
        Some("https://app.example.org/in?tab=2#top")
    );
    let unknown = world
        .auth
        .verify_oauth(VerifyOAuth::new("c", "no-such-state"));
    assert!(OAuthReturn::of(&unknown.await.unwrap_err()).is_none());
}

#[tokio::test]
async fn strangers_are_not_registered_on_the_way_back_and_profiles_are_kept_in_step() {
    let world = World::new().await;
    let way = async |to: OAuth| {
        let page = world.auth.sign_in_with_oauth(to).await.unwrap();
        let back = visit(&world.auth, &page).await;
        world.auth.handle_oauth_callback(&back).await
    };
    let known_only = || github().force_disable_sign_up(true);
    let error = way(known_only()).await.unwrap_err();
    assert_eq!(
        AuthErrorCategory::of(&error),
        AuthErrorCategory::UserNotFound,
        "{error}"
    );
    let ann = way(github().query_param("name", "Ann"))
        .await
        .unwrap()
        .signed_in
        .user;
    let user = way(known_only().query_param("name", "Anna"))
        .await
        .unwrap()
        .signed_in
        .user;
    assert_eq!(
        (user.id, user.user_metadata.name),
        (ann.id, Some("Ann".to_owned()))
    );
    let user = way(github().query_param("name", "Anna").sync_profile(true))
        .await
        .unwrap();
    assert_eq!(
        user.signed_in.user.user_metadata.name.as_deref(),
        Some("Anna")
    );
}

#[tokio::test]
async fn tokens_of_an_identity_source_sign_in() {
    let world = World::new().await;
    let person = Person::new("g-1").name("Ann").email("ann@example.org");
    let token = world.emulator.id_token("google", &person);
    let signed_in = world
        .auth
        .sign_in_with_id_token(IdToken::new("google", &*token).sync_profile(true))
        .await
        .unwrap();
    let proof = world
        .auth
        .grant_provider_token(ProviderGrant::id_token("google", token))
        .await
        .unwrap();
    assert_eq!(
        proof.profile.as_ref().unwrap().email.as_deref(),
        Some("ann@example.org")
    );
    let same = world
        .auth
        .sign_in_with_id_token(IdToken::provider_token(proof.provider_token))
        .await
        .unwrap();
    assert_eq!(same.user.id, signed_in.user.id);
    let stranger = world.emulator.id_token("google", &Person::new("g-2"));
    let rejected = IdToken::new("google", stranger).force_disable_sign_up(true);
    let error = world
        .auth
        .sign_in_with_id_token(rejected)
        .await
        .unwrap_err();
    assert_eq!(
        AuthErrorCategory::of(&error),
        AuthErrorCategory::UserNotFound,
        "{error}"
    );
}
