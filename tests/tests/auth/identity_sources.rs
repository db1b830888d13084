//! What identity sources give besides authorization codes, and their sign-out pages.

use cloudbase_auth::{IdToken, OAuth, ProviderGrant, ProviderToken, Result, SignedIn};
use cloudbase_core::Body;
use cloudbase_emulator::Person;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::support::World;

const APP: &str = "wx0123456789abcdef";

fn ann() -> Person {
    Person::new("ann-1")
        .name("Ann")
        .union_id("ann-everywhere")
        .phone("+86 13900002222")
}

impl World {
    async fn grant(&self, grant: ProviderGrant) -> Result<ProviderToken> {
        self.auth.grant_provider_token(grant).await
    }

    async fn sign_in_with(&self, proof: ProviderToken) -> SignedIn {
        let token = IdToken::provider_token(proof.provider_token);
        self.auth.sign_in_with_id_token(token).await.unwrap()
    }

    /// The code of the error that a grant is rejected with.
    async fn rejected(&self, grant: ProviderGrant) -> String {
        let error = self.grant(grant).await.unwrap_err();
        error.code().unwrap().as_str().to_owned()
    }

    /// Opens a page and returns the status and where it leads.
    async fn open(&self, page: &str) -> (u16, String) {
        let request = http::Request::get(page).body(Body::empty()).unwrap();
        let service = self.auth.client().service();
        let response = service.oneshot(request).await.unwrap();
        let location = response.headers().get("location");
        let location = location.map_or("", |value| value.to_str().unwrap());
        (response.status().as_u16(), location.to_owned())
    }
}

#[tokio::test]
async fn an_access_token_of_an_identity_source_proves_who_it_is() {
    let world = World::new().await;
    let token = world.emulator.provider_access_token("google", &ann());
    let granted = ProviderGrant::access_token("google", &*token);
    let proof = world.grant(granted).await.unwrap();
    let profile = proof.profile.clone().unwrap();
    assert_eq!(
        (profile.sub.as_deref(), profile.name.as_deref()),
        (Some("ann-1"), Some("Ann"))
    );
    let signed_in = world.sign_in_with(proof).await;
    // An access token may be used again, and an id token names the same user.
    for grant in [
        ProviderGrant::access_token("google", &*token),
        ProviderGrant::id_token("google", world.emulator.id_token("google", &ann())),
    ] {
        let same = world.grant(grant).await.unwrap();
        assert_eq!(world.sign_in_with(same).await.user.id, signed_in.user.id);
    }

    let elsewhere = ProviderGrant::access_token("github", &*token);
    assert_eq!(world.rejected(elsewhere).await, "failed_precondition");
    let id_token = world.emulator.id_token("google", &ann());
    let mistaken = ProviderGrant::access_token("google", id_token);
    assert_eq!(world.rejected(mistaken).await, "failed_precondition");
    let hour = std::time::Duration::from_secs(3601);
    world.emulator.clock().advance(hour);
    let late = ProviderGrant::access_token("google", token);
    assert_eq!(world.rejected(late).await, "failed_precondition");
}

fn mini_program(code_type: &str, app_id: &str, code: impl Into<Value>) -> ProviderGrant {
    let params = json!({"provider_code_type": code_type, "appid": app_id, "code": code.into()});
    ProviderGrant::params(APP, params.as_object().unwrap().clone())
}

#[tokio::test]
async fn a_mini_program_code_proves_who_it_is_once() {
    let world = World::with(
        |emulator| emulator.provider(APP, "Mini program"),
        |auth| auth,
    )
    .await;
    for (code_type, sub) in [
        ("open_id", "ann-1"),
        ("union_id", "ann-everywhere"),
        ("phone", "+86 13900002222"),
    ] {
        let code = world.emulator.mini_program_code(APP, &ann());
        let proof = world.grant(mini_program(code_type, APP, &*code));
        let proof = proof.await.unwrap();
        let profile = proof.profile.clone().unwrap();
        assert_eq!(profile.sub.as_deref(), Some(sub), "{code_type}");
        let user = world.sign_in_with(proof).await.user.id;
        let spent = mini_program(code_type, APP, code);
        assert_eq!(world.rejected(spent).await, "failed_precondition");
        // SDKs for mini programs also send it as the provider's code.
        let code = world.emulator.mini_program_code(APP, &ann());
        let grant = ProviderGrant::code(APP, code, "https://app.example.org/")
            .param("provider_code_type", code_type)
            .param("appid", APP);
        let proof = world.grant(grant).await.unwrap();
        assert_eq!(world.sign_in_with(proof).await.user.id, user, "{code_type}");
    }
}

#[tokio::test]
async fn a_mini_program_code_counts_for_its_application_and_in_its_time() {
    let world = World::with(
        |emulator| emulator.provider(APP, "Mini program"),
        |auth| auth,
    )
    .await;
    let stranger = Person::new("bob-1");
    let code = || world.emulator.mini_program_code(APP, &stranger);
    for (grant, error) in [
        (
            mini_program("open_id", "wx-other", code()),
            "failed_precondition",
        ),
        (mini_program("union_id", APP, code()), "failed_precondition"),
        (mini_program("phone", APP, code()), "failed_precondition"),
        (
            mini_program("open_id", APP, "no-code"),
            "failed_precondition",
        ),
        (mini_program("token", APP, code()), "invalid_argument"),
        (mini_program("", APP, code()), "invalid_argument"),
        (mini_program("open_id", "", code()), "invalid_argument"),
        (mini_program("open_id", APP, ""), "invalid_argument"),
    ] {
        let shown = format!("{grant:?}");
        assert_eq!(world.rejected(grant).await, error, "{shown}");
    }
    let late = mini_program("open_id", APP, code());
    let while_it_lives = std::time::Duration::from_secs(601);
    world.emulator.clock().advance(while_it_lives);
    assert_eq!(world.rejected(late).await, "failed_precondition");
}

#[tokio::test]
async fn a_sign_out_leads_over_the_page_of_the_identity_source() {
    let world = World::with(
        |emulator| emulator.provider_sign_out_page("google"),
        |auth| auth,
    )
    .await;
    let to = |provider| OAuth::new(provider).redirect_to("https://app.example.org/in");
    let to_google = world.auth.sign_in_with_oauth(to("google")).await.unwrap();
    let page = to_google.signout_url.unwrap();
    assert_eq!(world.open(&page).await, (200, String::new()));
    let to_github = world.auth.sign_in_with_oauth(to("github")).await.unwrap();
    assert_eq!(to_github.signout_url, None);

    for (provider, has_page) in [("google", true), ("github", false)] {
        let token = world.emulator.id_token(provider, &ann());
        let sign_in = IdToken::new(provider, token);
        world.auth.sign_in_with_id_token(sign_in).await.unwrap();
        let sign_out = world.auth.sign_out();
        let sign_out = sign_out.redirect_uri("https://app.example.org/bye?tab=2#top");
        let outcome = sign_out.state("a b").await.unwrap();
        assert!(outcome.revoked, "{outcome:?}");
        assert_eq!(outcome.redirect_uri.is_some(), has_page, "{provider}");
        if let Some(uri) = outcome.redirect_uri {
            assert!(uri.starts_with(&page), "{uri}");
            let back = "https://app.example.org/bye?tab=2&state=a+b#top".to_owned();
            assert_eq!(world.open(&uri).await, (303, back));
        }
    }
    // Who signed in by password has no identity source to sign out at.
    world.sign_in().await;
    let sign_out = world.auth.sign_out().state("s").await.unwrap();
    assert_eq!((sign_out.revoked, sign_out.redirect_uri), (true, None));
    let other = page.replace("/google/", "/github/");
    assert_eq!(world.open(&other).await.0, 404);
    let hostile = format!("{page}?redirect_uri=javascript%3Aalert(1)");
    assert_eq!(world.open(&hostile).await.0, 400);
}
