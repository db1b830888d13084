//! Responses whose fields are not what the documents say: each documented field of each endpoint in turn
//! has a value of every other type, is null, or is missing.

#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};

use cloudbase_auth::{
    Auth, BoxFuture, ErrorKind, IdToken, OAuth, Password, ProviderGrant, Result, Session, SignUp,
    UserQuery,
};
use cloudbase_core::testing::{MockRequest, MockTransport, response};
use cloudbase_core::{Body, Client};
use serde_json::{Map, Value, json};

const ENV: &str = "test-env";

/// An endpoint, its documented response, and a call that reads it.
struct Endpoint {
    route: &'static str,
    /// What the caller asked for: without these fields there is nothing to return.
    required: &'static [&'static str],
    body: Value,
    call: Call,
}

type Call = fn(Auth) -> BoxFuture<'static, Result<()>>;

macro_rules! endpoints {
    ($($route:literal, needs $required:expr, $body:expr, |$auth:ident| $call:expr;)*) => {
        vec![$(Endpoint {
            route: $route,
            required: &$required,
            body: $body,
            call: |$auth| Box::pin(async move { $call.await.map(|_| ()) }),
        }),*]
    };
}

fn endpoints() -> Vec<Endpoint> {
    // An opaque access token does not say how long it lives.
    endpoints! {
        "POST /auth/v1/signin", needs ["/access_token", "/expires_in"], tokens(),
            |auth| auth.sign_in_with_password(Password::username("lin", "N3w-pass!"));
        "POST /auth/v1/signup", needs ["/access_token", "/expires_in"], tokens(),
            |auth| sign_up(&auth);
        "POST /auth/v1/signin/anonymously", needs ["/access_token", "/expires_in"], tokens(),
            |auth| auth.sign_in_anonymously().send();
        "POST /auth/v1/signin/with/provider", needs ["/access_token", "/expires_in"], tokens(),
            |auth| auth.sign_in_with_id_token(IdToken::new("google", "id-token"));
        "POST /auth/v1/signin/custom", needs ["/access_token", "/expires_in"], tokens(),
            |auth| auth.sign_in_with_custom_ticket(|| async { Ok("ticket") });
        "POST /auth/v1/token", needs ["/access_token", "/expires_in"], tokens(),
            |auth| auth.refresh_session().send();
        "GET /auth/v1/user/me", needs [], profile(), |auth| auth.refresh_user();
        "GET /auth/v1/token/introspect", needs [],
            json!({ "token_type": "Bearer", "client_id": "test-env", "sub": "19", "scope": "user sso" }),
            |auth| auth.introspect();
        "GET /auth/v1/user/query", needs [], json!({ "total": 1, "data": [profile()] }),
            |auth| auth.query_user(UserQuery::new());
        "GET /auth/v1/checkIfUserExist", needs ["/exist"], json!({ "exist": true }),
            |auth| auth.is_username_registered("lin");
        "GET /auth/v1/user/provider", needs [], identities(), |auth| auth.identity_providers();
        "POST /auth/v1/user/sudo", needs ["/sudo_token"], json!({ "sudo_token": "st", "expires_in": 900 }),
            |auth| auth.sudo_with_password("N3w-pass!");
        "POST /auth/v1/verification", needs ["/verification_id"],
            json!({ "verification_id": "vi", "expires_in": 600, "is_user": false }),
            |auth| auth.sign_up(SignUp::email("lin@example.org"));
        "POST /auth/v1/verification/verify", needs ["/verification_token"],
            json!({ "verification_token": "vt", "expires_in": 600 }), |auth| auth.verify("vi", "042317");
        "POST /auth/v1/captcha/data", needs ["/data", "/token"],
            json!({ "data": "data:image/gif;base64,R0lG", "type": "image", "token": "ct", "expires_in": 300 }),
            |auth| create_captcha(&auth);
        "POST /auth/v1/captcha/data/verify", needs ["/captcha_token"],
            json!({ "captcha_token": "ct", "expires_in": 600 }), |auth| auth.verify_captcha_data("ct", "AB12");
        "GET /auth/v1/provider/uri", needs ["/uri"],
            json!({ "uri": "https://p.example/in", "signout_uri": "https://p.example/out" }),
            |auth| auth.sign_in_with_oauth(OAuth::new("github"));
        "POST /auth/v1/provider/token", needs ["/provider_token"], provider_token(),
            |auth| auth.grant_provider_token(ProviderGrant::id_token("google", "id-token"));
        // The token is known already.
        "PATCH /auth/v1/provider/token", needs [], provider_token(),
            |auth| auth.patch_provider_token("pt", Map::new());
        "POST /auth/v1/user/signout", needs [], json!({ "redirect_uri": "https://p.example/out" }),
            |auth| sign_out(&auth);
    }
}

fn tokens() -> Value {
    json!({
        "token_type": "Bearer", "access_token": "opaque", "refresh_token": "r2", "expires_in": 7200,
        "scope": "user sso", "sub": "19", "groups": ["g"], "id_token": "i", "need_weda_resource": false,
    })
}

fn profile() -> Value {
    json!({
        "sub": "19", "user_id": "19", "name": "Lin", "username": "lin_w", "picture": "https://c.example/l.png",
        "email": "lin@example.org", "email_verified": true, "phone_number": "+86 13900001111",
        "gender": "FEMALE", "groups": [{ "id": "registered", "expires_at": "2027-01-01T00:00:00Z" }],
        "providers": [{
            "id": "email", "provider_user_id": "lin@example.org", "name": "Email", "picture": "p", "url": "u",
            "meta": { "a": "b" },
        }],
        "status": "ACTIVE", "meta": { "a": "b" }, "created_from": "email",
        "created_at": "2026-02-03T04:05:06Z", "updated_at": "2026-02-03T04:05:06Z",
        "password_updated_at": "2026-02-03T04:05:06Z", "last_login": "2026-02-03T04:05:06Z",
        "last_sign_in_at": "2026-02-03T04:05:06Z", "has_password": true, "hasPassword": true,
        "password": "SET", "type": "external", "internal_user_type": "generalUser", "user_source": 1,
        "user_desc": "d", "open_id": "o", "corp_id": "c", "parent_user_id": "p", "main_dep": "m", "sort": 1,
        "locale": "zh-CN", "zoneinfo": "z", "birthdate": "b", "address": { "a": "b" }, "loginType": "EMAIL",
        "avatarUrl": "a", "nickName": "n", "location": "l", "uid": "19",
    })
}

fn identities() -> Value {
    json!({ "total": 1, "data": [{
        "id": "github", "name": "GitHub", "homepage": "https://github.example", "picture": "p",
        "provider_user_name": "lin", "provider_type": "oauth", "bind": true,
    }] })
}

fn provider_token() -> Value {
    json!({ "provider_token": "pt", "expires_in": 3600, "provider_profile": {
        "provider_id": "github", "sub": "5551234", "name": "Lin", "picture": "p", "email": "lin@example.org",
        "phone_number": "+86 13900001111", "provider": "github", "gender": "MALE", "locale": "l", "url": "u",
        "groups": ["g"], "organization_id": "o", "departments": ["d"], "sub_id": "s", "token": "t",
        "at_hash": "a", "meta": { "a": "b" }, "raw": "r",
    } })
}

async fn sign_up(auth: &Auth) -> Result<()> {
    let pending = auth.sign_up(SignUp::email("lin@example.org")).await?;
    pending.verify("042317").await.map(drop)
}

async fn create_captcha(auth: &Auth) -> Result<()> {
    auth.create_captcha_data("state").await.map(drop)
}

async fn sign_out(auth: &Auth) -> Result<()> {
    let outcome = auth.sign_out().state("s").await?;
    outcome.error.map_or(Ok(()), Err)
}

/// Where every value of a document stands, the document itself excepted.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    let mut visit = |name: String, value: &Value| {
        let at = format!("{at}/{name}");
        found.push(at.clone());
        places(value, &at, found);
    };
    match value {
        Value::Object(object) => object
            .iter()
            .for_each(|(name, value)| visit(name.clone(), value)),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(n, value)| visit(n.to_string(), value)),
        _ => {}
    }
}

/// The document with another value at a place, or nothing there.
fn altered(body: &Value, place: &str, other: Option<&Value>) -> Value {
    let mut body = body.clone();
    let (parent, name) = place.rsplit_once('/').unwrap();
    match (body.pointer_mut(parent).unwrap(), other) {
        (Value::Object(object), Some(other)) => drop(object.insert(name.to_owned(), other.clone())),
        (Value::Object(object), None) => drop(object.remove(name)),
        (Value::Array(items), Some(other)) => items[name.parse::<usize>().unwrap()] = other.clone(),
        (Value::Array(items), None) => drop(items.remove(name.parse().unwrap())),
        _ => unreachable!("{place} has no parent"),
    }
    body
}

/// Responds as documented, except on one route.
struct Service {
    documented: Vec<(&'static str, Value)>,
    other: Mutex<(&'static str, Value)>,
}

impl Service {
    fn respond(&self, request: &MockRequest) -> http::Response<Body> {
        let route = format!("{} {}", request.method, request.path());
        let other = self.other.lock().unwrap();
        let documented = || self.documented.iter().find(|(known, _)| *known == route);
        let body = match other.0 == route {
            true => other.1.clone(),
            false => documented().map_or_else(|| json!({}), |(_, body)| body.clone()),
        };
        let json = [("content-type", "application/json")];
        response(200, &json, body.to_string()).map(Body::from)
    }
}

/// A handle of a signed-in user.
async fn signed_in(service: &Arc<Service>) -> Auth {
    let service = service.clone();
    let mock = MockTransport::new().fallback(move |request| {
        let response = service.respond(&request);
        async move { Ok(response) }
    });
    let client = Client::builder()
        .env_id(ENV)
        .access_key("key")
        .transport(mock);
    let auth = Auth::new(client.build().unwrap()).unwrap();
    let stored = json!({ "access_token": "a1", "refresh_token": "r1", "expires_in": 7200, "sub": "19",
        "expires_at": "9999-01-01T00:00:00Z" });
    let session = Session::from_json(stored.to_string()).unwrap();
    auth.restore_session(session).await.unwrap();
    auth
}

/// Text, a number and a boolean can stand for each other.
fn is_scalar(value: Option<&Value>) -> bool {
    matches!(
        value,
        Some(Value::String(_) | Value::Number(_) | Value::Bool(_))
    )
}

#[tokio::test]
async fn a_call_succeeds_whatever_the_fields_are_that_it_was_not_made_for() {
    let others = [
        // A time, a number, and the id of the user: those of another user are another matter.
        Some(json!("19")),
        Some(json!(19)),
        Some(json!({ "a": [1] })),
        Some(json!([{ "a": 1 }, 7])),
        Some(json!(true)),
        Some(Value::Null),
        None,
    ];
    let service = Arc::new(Service {
        documented: endpoints()
            .into_iter()
            .map(|endpoint| (endpoint.route, endpoint.body))
            .collect(),
        other: Mutex::new(("", Value::Null)),
    });
    let mut failures = Vec::new();
    for Endpoint {
        route,
        required,
        body,
        call,
    } in endpoints()
    {
        *service.other.lock().unwrap() = (route, body.clone());
        call(signed_in(&service).await)
            .await
            .unwrap_or_else(|error| panic!("{route}: {error}"));
        let mut all = Vec::new();
        places(&body, "", &mut all);
        for needed in required {
            assert!(
                all.iter().any(|place| place == needed),
                "{route} has no {needed}"
            );
        }
        for place in &all {
            for other in &others {
                *service.other.lock().unwrap() = (route, altered(&body, place, other.as_ref()));
                let result = call(signed_in(&service).await).await;
                let what = format!("{route} with {other:?} at {place}");
                let is_required = required.contains(&place.as_str());
                match result {
                    // What can be read as one need not be a usable one.
                    _ if is_required && is_scalar(other.as_ref()) => {}
                    Ok(()) if is_required => failures.push(format!("{what}: succeeds")),
                    Err(error) if is_required => {
                        let names_it = error.message().contains(&place[1..]);
                        // A refresh that fails is a matter of credentials, whatever the reason.
                        let kinds = [ErrorKind::Decode, ErrorKind::Credentials];
                        if !kinds.contains(&error.kind()) || !names_it {
                            failures.push(format!("{what}: {error}"));
                        }
                    }
                    Ok(()) => {}
                    Err(error) => failures.push(format!("{what}: {error}")),
                }
            }
        }
    }
    assert!(
        failures.is_empty(),
        "{}\n{}",
        failures.len(),
        failures.join("\n")
    );
}
