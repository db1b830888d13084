//! Third-party sign-in through the development identity source, id tokens, identities, custom tickets.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod people;
#[path = "auth_provider/tickets.rs"]
mod tickets;
mod wire;

use std::collections::BTreeMap;
use std::time::Duration;

use cloudbase_emulator::{Emulator, NewUser, Person};
use http::Method;
use people::{Device, PASSWORD, access, assert_error, text};
use serde_json::json;

const CALLBACK: &str = "https://app.example.org/callback";

async fn start() -> (Emulator, Device) {
    let emulator = Emulator::builder().start().await.unwrap();
    let device = Device::new(&emulator, "device-1");
    (emulator, device)
}

/// Opens an authorization page and returns the query of the redirect.
async fn authorize(uri: &str) -> BTreeMap<String, String> {
    let response = wire::Wire::new().get(uri).send().await.expect(303);
    let location = response.header("location");
    let (target, query) = location.split_once('?').unwrap();
    assert_eq!(target, CALLBACK);
    form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

/// The whole way to a provider token, as this person of the source.
async fn provider_token(device: &Device, provider: &str, person: &str) -> String {
    let path = format!(
        "/provider/uri?provider_id={provider}&redirect_uri={CALLBACK}&state=s&other_params[login_hint]={person}"
    );
    let uri = device
        .call(Method::GET, &path)
        .send()
        .await
        .expect(200)
        .json();
    let redirect = authorize(&text(&uri, "uri")).await;
    assert_eq!(redirect["state"], "s");
    let body = json!({
        "provider_id": provider, "provider_redirect_uri": CALLBACK, "provider_code": redirect["code"],
    });
    let response = device
        .post("/provider/token", body.clone())
        .await
        .expect(200)
        .json();
    assert_eq!(
        (
            response["expires_in"].as_i64(),
            &response["provider_profile"]["sub"]
        ),
        (Some(3600), &json!(person))
    );
    // A code works once.
    assert_error(
        device.post("/provider/token", body).await,
        400,
        "failed_precondition",
        9,
    );
    text(&response, "provider_token")
}

#[tokio::test]
async fn a_third_party_user_is_registered_and_found_again() {
    let (_emulator, device) = start().await;
    let token = provider_token(&device, "github", "ann@example.org").await;
    let body = json!({"provider_token": token});
    let first = device
        .post("/signin/with/provider", body.clone())
        .await
        .expect(200)
        .json();
    assert_error(
        device.post("/signin/with/provider", body).await,
        400,
        "invalid_grant",
        4026,
    );
    let profile = device
        .get_as(&access(&first), "/user/me")
        .await
        .expect(200)
        .json();
    assert_eq!(profile["providers"][0]["id"], "github");
    assert_eq!(
        profile["providers"][0]["provider_user_id"],
        "ann@example.org"
    );
    let token = provider_token(&device, "github", "ann@example.org").await;
    let body = json!({"provider_token": token, "force_disable_sign_up": true});
    let again = device
        .post("/signin/with/provider", body)
        .await
        .expect(200)
        .json();
    assert_eq!(first["sub"], again["sub"]);
    let token = provider_token(&device, "github", "new").await;
    let body = json!({"provider_token": token, "force_disable_sign_up": true});
    assert_error(
        device.post("/signin/with/provider", body).await,
        404,
        "not_found",
        5,
    );
    // The same token can still register.
    let body = json!({"provider_token": token, "username": "new_user"});
    device.post("/signup", body).await.expect(200);
}

#[tokio::test]
async fn an_anonymous_user_gets_the_identity_of_its_provider_token() {
    let (_emulator, device) = start().await;
    let anonymously = async |token: &str| {
        let body = json!({"provider_token": token});
        device.post("/signin/anonymously", body).await
    };
    let token = provider_token(&device, "wx_open", "o-1").await;
    let session = anonymously(&token).await.expect(200).json();
    assert_eq!(session["scope"], "anonymous");
    let profile = device.get_as(&access(&session), "/user/me").await;
    let bound = profile.expect(200).json()["providers"].clone();
    assert_eq!(
        (&bound[0]["id"], &bound[0]["provider_user_id"]),
        (&json!("wx_open"), &json!("o-1"))
    );
    // It is spent, and the identity is that user's from now on.
    assert_error(anonymously(&token).await, 400, "invalid_grant", 4026);
    let body = json!({"provider_token": token});
    assert_error(
        device.post("/signin/with/provider", body).await,
        400,
        "invalid_grant",
        4026,
    );
    let token = provider_token(&device, "wx_open", "o-1").await;
    let same = anonymously(&token).await.expect(200).json();
    assert_eq!(same["sub"], session["sub"]);

    // An identity that another user has, and another identity of the same source.
    let token = provider_token(&device, "github", "ann@example.org").await;
    let body = json!({"provider_token": token});
    device.post("/signin/with/provider", body).await.expect(200);
    for (provider, person) in [("github", "ann@example.org"), ("wx_open", "o-2")] {
        let token = provider_token(&device, provider, person).await;
        assert_error(anonymously(&token).await, 400, "failed_precondition", 9);
        // It can still be used otherwise.
        let body = json!({"provider_token": token});
        device.post("/signin/with/provider", body).await.expect(200);
    }
    let again = device.post("/signin/anonymously", json!({})).await;
    assert_eq!(again.expect(200).json()["sub"], session["sub"]);
}

#[tokio::test]
async fn the_third_party_can_say_no() {
    let (_emulator, device) = start().await;
    let path =
        format!("/provider/uri?provider_id=github&redirect_uri={CALLBACK}&other_params[deny]=1");
    let uri = device
        .call(Method::GET, &path)
        .send()
        .await
        .expect(200)
        .json();
    let redirect = authorize(&text(&uri, "uri")).await;
    assert_eq!(redirect["error"], "access_denied");
    let rejected = |path: &'static str| device.call(Method::GET, path).send();
    assert_error(
        rejected("/provider/uri?provider_id=unknown").await,
        400,
        "provider_not_enabled",
        None,
    );
    assert_error(rejected("/provider/uri").await, 400, "invalid_argument", 3);
}

#[tokio::test]
async fn provider_tokens_are_bound_to_their_code_and_end() {
    let (emulator, device) = start().await;
    let exchange = |body| device.post("/provider/token", body);
    let unknown =
        json!({"provider_id": "github", "provider_redirect_uri": CALLBACK, "provider_code": "x"});
    assert_error(exchange(unknown).await, 400, "failed_precondition", 9);
    assert_error(
        exchange(json!({"provider_id": "github"})).await,
        400,
        "invalid_argument",
        3,
    );
    assert_error(
        exchange(json!({"provider_code": "x"})).await,
        400,
        "invalid_argument",
        3,
    );
    let access_token = json!({"provider_id": "github", "provider_access_token": "x"});
    assert_error(exchange(access_token).await, 400, "failed_precondition", 9);
    let path = format!("/provider/uri?provider_id=github&redirect_uri={CALLBACK}");
    let uri = device
        .call(Method::GET, &path)
        .send()
        .await
        .expect(200)
        .json();
    let code = authorize(&text(&uri, "uri")).await["code"].clone();
    let elsewhere = json!({
        "provider_id": "github", "provider_redirect_uri": "https://evil.example", "provider_code": code,
    });
    assert_error(exchange(elsewhere).await, 400, "failed_precondition", 9);

    let token = provider_token(&device, "github", "ann").await;
    let call = device.call(Method::PATCH, "/provider/token");
    let params = json!({"provider_token": token, "provider_params": {"nickname": "Ann"}});
    let enriched = call.json(&params).send().await.expect(200).json();
    assert_eq!(enriched["provider_profile"]["name"], "Ann");
    emulator.clock().advance(Duration::from_secs(3601));
    let body = json!({"provider_token": token});
    assert_error(
        device.post("/signin/with/provider", body).await,
        400,
        "invalid_grant",
        4026,
    );
}

#[tokio::test]
async fn signs_in_with_an_id_token() {
    let (emulator, device) = start().await;
    let person = Person::new("g-1").name("Ann").email("ann@example.org");
    let id_token = emulator.id_token("google", &person);
    let sign_in = |body| device.post("/signin/with/provider", body);
    let body = json!({"provider_id": "google", "provider_id_token": id_token});
    let tokens = sign_in(body.clone()).await.expect(200).json();
    let profile = device
        .get_as(&access(&tokens), "/user/me")
        .await
        .expect(200)
        .json();
    assert_eq!(
        (profile["name"].as_str(), profile["created_from"].as_str()),
        (Some("Ann"), Some("google"))
    );
    // Also by way of a provider token.
    let exchanged = device
        .post("/provider/token", body.clone())
        .await
        .expect(200)
        .json();
    let again = sign_in(json!({"provider_token": exchanged["provider_token"]}))
        .await
        .expect(200)
        .json();
    assert_eq!(tokens["sub"], again["sub"]);

    let other = json!({"provider_id": "github", "provider_id_token": id_token});
    assert_error(sign_in(other).await, 400, "provider_error", 4019);
    let alien = json!({"provider_id": "google", "provider_id_token": access(&tokens)});
    assert_error(sign_in(alien).await, 400, "provider_error", 4019);
    let neither = json!({"provider_id": "google"});
    assert_error(sign_in(neither).await, 400, "invalid_argument", 3);
    assert_error(
        device.get_as(&id_token, "/user/me").await,
        401,
        "unauthenticated",
        16,
    );
    emulator.clock().advance(Duration::from_secs(3601));
    assert_error(sign_in(body).await, 400, "provider_error", 4019);
}

#[tokio::test]
async fn identities_are_bound_and_unbound() {
    let (emulator, device) = start().await;
    emulator
        .users()
        .add(NewUser::username("lin").password(PASSWORD))
        .unwrap();
    let tokens = device.sign_in("lin", PASSWORD).await.expect(200).json();
    let token = access(&tokens);
    let bound = async || {
        let list = device
            .get_as(&token, "/user/provider")
            .await
            .expect(200)
            .json();
        assert_eq!(list["total"], 3);
        let all = list["data"].as_array().unwrap().clone();
        all.into_iter()
            .filter(|one| one["bind"] == true)
            .map(|one| text(&one, "id"))
            .collect::<Vec<_>>()
    };
    let bind = |provider_token: String| {
        let body = json!({"provider_token": provider_token});
        device.post_as(&token, "/user/provider/bind", body)
    };
    assert!(bound().await.is_empty());
    let proof = provider_token(&device, "github", "lin-gh").await;
    bind(proof).await.expect(200);
    assert_eq!(bound().await, ["github"]);
    // Now the identity signs in as this user.
    let proof = provider_token(&device, "github", "lin-gh").await;
    let again = device
        .post("/signin/with/provider", json!({"provider_token": proof}))
        .await
        .json();
    assert_eq!(again["sub"], tokens["sub"]);

    assert_error(
        bind("pt.unknown".to_owned()).await,
        400,
        "invalid_grant",
        4026,
    );
    let second = provider_token(&device, "github", "another-gh").await;
    assert_error(bind(second).await, 400, "failed_precondition", 9);
    let taken = provider_token(&device, "google", "mei").await;
    device
        .post("/signin/with/provider", json!({"provider_token": taken}))
        .await
        .expect(200);
    let taken = provider_token(&device, "google", "mei").await;
    assert_error(bind(taken).await, 400, "failed_precondition", 9);

    let unbind = || {
        device
            .call(
                Method::DELETE,
                "/user/provider/github?with_user_center=true",
            )
            .bearer(&token)
            .send()
    };
    assert_eq!(unbind().await.expect(200).json(), json!({}));
    assert_error(unbind().await, 404, "provider_not_found", None);
    assert!(bound().await.is_empty());
}
