//! Tokens that are good, and everything else.

use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use cloudbase_core::testing::{MockTransport, response};
use cloudbase_core::{Body, ErrorKind};
use ring::rand::SystemRandom;
use ring::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::json;

use super::*;

mod hosts;

const NOW: u64 = 1_800_000_000;
const URL: &str = "https://keys.example.org/jwks.json";

/// Two keys that exist for these tests only.
const KEYS: [&str; 2] = [include_str!("tests/a.pem"), include_str!("tests/b.pem")];

fn pair(index: usize) -> RsaKeyPair {
    let body: String = KEYS[index]
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect();
    let der = base64::prelude::BASE64_STANDARD.decode(body).unwrap();
    RsaKeyPair::from_pkcs8(&der).unwrap()
}

fn encode(part: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(part)
}

fn sign(index: usize, header: &Value, claims: &Value) -> String {
    let signed = format!(
        "{}.{}",
        encode(header.to_string()),
        encode(claims.to_string())
    );
    let pair = pair(index);
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        signed.as_bytes(),
        &mut signature,
    )
    .unwrap();
    format!("{signed}.{}", encode(signature))
}

/// The published form of these keys, by name.
fn document(keys: &[(&str, usize)]) -> Value {
    let published = keys.iter().map(|(kid, index)| {
        let pair = pair(*index);
        let public = ring::rsa::PublicKeyComponents::<Vec<u8>>::from(pair.public_key());
        json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": encode(public.n), "e": encode(public.e) })
    });
    let mut all: Vec<_> = published.collect();
    all.push(json!({ "kty": "EC", "kid": "ec", "crv": "P-256", "x": "", "y": "" }));
    all.push(json!({ "kty": "oct", "kid": "k1-hmac", "k": "c2VjcmV0" }));
    json!({ "keys": all })
}

fn header() -> Value {
    json!({ "alg": "RS256", "kid": "k1" })
}

fn claims() -> Value {
    json!({
        "iss": "https://env-a.ap-shanghai.tcb-api.tencentcloudapi.com", "sub": "19", "aud": "env-a",
        "project_id": "env-a", "iat": NOW - 10, "exp": NOW + 7190, "scope": "user sso",
    })
}

fn with(changes: Value) -> Value {
    let mut all = claims();
    for (name, value) in changes.as_object().unwrap() {
        all[name] = value.clone();
    }
    all
}

fn builder(mock: &MockTransport) -> TokenVerifierBuilder {
    let client = Client::builder()
        .env_id("env-a")
        .access_key("sentinel-key")
        .max_attempts(1)
        .transport(mock.clone())
        .build()
        .unwrap();
    TokenVerifier::builder(client, URL)
}

fn verifier(mock: &MockTransport) -> TokenVerifier {
    builder(mock).build().unwrap()
}

fn publishing() -> MockTransport {
    MockTransport::new().json(200, &document(&[("k1", 0)]))
}

async fn check(verifier: &TokenVerifier, token: &str) -> Result<Claims> {
    verifier
        .verify_at(token, UNIX_EPOCH + Duration::from_secs(NOW))
        .await
}

async fn fault(verifier: &TokenVerifier, token: &str) -> TokenFault {
    let error = check(verifier, token).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials);
    assert!(
        !error.to_string().contains(token) || token.is_empty(),
        "{error}"
    );
    TokenFault::of(&error).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_good_token_is_read_and_the_keys_are_fetched_once() {
    let mock = publishing();
    let verifier = verifier(&mock);
    let token = sign(0, &header(), &claims());
    let all = (0..16).map(|_| {
        let (verifier, token) = (verifier.clone(), token.clone());
        tokio::spawn(async move { check(&verifier, &token).await.unwrap() })
    });
    for task in all.collect::<Vec<_>>() {
        assert_eq!(task.await.unwrap().sub.as_deref(), Some("19"));
    }
    let requests = mock.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(
        requests[0].header("authorization"),
        None,
        "no credential goes there"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_not_signed_by_the_key_is_rejected() {
    let verifier = verifier(&publishing());
    let good = sign(0, &header(), &claims());
    let (signed, signature) = good.rsplit_once('.').unwrap();
    assert_eq!(
        fault(&verifier, &sign(1, &header(), &claims())).await,
        TokenFault::Signature
    );
    let other = encode(with(json!({ "sub": "1" })).to_string());
    let changed = format!("{}.{other}.{signature}", signed.split('.').next().unwrap());
    assert_eq!(fault(&verifier, &changed).await, TokenFault::Signature);
    assert_eq!(
        fault(&verifier, &format!("{signed}.")).await,
        TokenFault::Signature
    );

    // No signature, and the public key taken for a secret one.
    let claims = claims();
    for alg in ["none", "None", "HS256", "RS384", "PS256", "ES256", ""] {
        let token = sign(0, &json!({ "alg": alg, "kid": "k1" }), &claims);
        assert_eq!(
            fault(&verifier, &token).await,
            TokenFault::Algorithm,
            "{alg}"
        );
    }
    let unsigned = format!(
        "{}.{}.",
        encode(r#"{"alg":"none","kid":"k1"}"#),
        encode(claims.to_string())
    );
    assert_eq!(fault(&verifier, &unsigned).await, TokenFault::Algorithm);
    let modulus = document(&[("k1", 0)])["keys"][0]["n"]
        .as_str()
        .unwrap()
        .to_owned();
    let head = format!(
        "{}.{}",
        encode(r#"{"alg":"HS256","kid":"k1"}"#),
        encode(claims.to_string())
    );
    let hmac = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, modulus.as_bytes());
    let confused = format!(
        "{head}.{}",
        encode(ring::hmac::sign(&hmac, head.as_bytes()))
    );
    assert_eq!(fault(&verifier, &confused).await, TokenFault::Algorithm);
    let critical = sign(
        0,
        &json!({ "alg": "RS256", "kid": "k1", "crit": ["exp"] }),
        &claims,
    );
    assert_eq!(fault(&verifier, &critical).await, TokenFault::Algorithm);

    for kid in [json!("ec"), json!("k1-hmac"), json!("nobody"), Value::Null] {
        let token = sign(0, &json!({ "alg": "RS256", "kid": kid }), &claims);
        assert_eq!(
            fault(&verifier, &token).await,
            TokenFault::UnknownKey,
            "{kid}"
        );
    }
    for bad in [
        "",
        "a.b",
        "a.b.c",
        "!.!.!",
        &"x".repeat(20_000),
        &format!("{good}.x"),
    ] {
        assert_eq!(fault(&verifier, bad).await, TokenFault::Malformed);
    }
}

#[tokio::test(start_paused = true)]
async fn lifetime_environment_and_audience_count() {
    let verifier = verifier(&publishing());
    let cases = [
        (json!({ "exp": NOW - 59 }), None),
        (json!({ "exp": NOW - 60 }), Some(TokenFault::Expired)),
        (json!({ "exp": 0 }), Some(TokenFault::Expired)),
        (json!({ "exp": null }), Some(TokenFault::Malformed)),
        (json!({ "exp": "9999999999" }), Some(TokenFault::Malformed)),
        (json!({ "exp": -1 }), Some(TokenFault::Malformed)),
        (json!({ "exp": u64::MAX }), None),
        (json!({ "iat": NOW + 60 }), None),
        (json!({ "iat": NOW + 61 }), Some(TokenFault::NotYetValid)),
        (json!({ "nbf": NOW + 61 }), Some(TokenFault::NotYetValid)),
        (
            json!({ "iat": null, "iss": null, "project_id": null }),
            None,
        ),
        (
            json!({ "aud": "env-b" }),
            Some(TokenFault::OtherEnvironment),
        ),
        (json!({ "aud": ["x", "env-a"] }), None),
        (json!({ "aud": null }), Some(TokenFault::OtherEnvironment)),
        (
            json!({ "project_id": "env-b" }),
            Some(TokenFault::OtherEnvironment),
        ),
        (
            json!({ "iss": "https://env-b.ap-shanghai.tcb-api.tencentcloudapi.com" }),
            Some(TokenFault::OtherEnvironment),
        ),
        (
            json!({ "iss": "https://env-abc.x" }),
            Some(TokenFault::OtherEnvironment),
        ),
        (
            json!({ "iss": "https://env-a.@evil.example" }),
            Some(TokenFault::OtherEnvironment),
        ),
        (
            json!({ "iss": "https://env-a.evil.example" }),
            Some(TokenFault::OtherEnvironment),
        ),
        (json!({ "iss": 1 }), Some(TokenFault::Malformed)),
        (json!({ "sub": 19, "meta": "x", "user_id": {} }), None),
        (
            json!({ "project_id": ["env-a"] }),
            Some(TokenFault::Malformed),
        ),
    ];
    for (changes, expected) in cases {
        let token = sign(0, &header(), &with(changes.clone()));
        let found = check(&verifier, &token)
            .await
            .err()
            .map(|error| TokenFault::of(&error).unwrap());
        assert_eq!(found, expected, "{changes}");
    }
}

#[tokio::test(start_paused = true)]
async fn audience_issuer_and_leeway_can_be_set() {
    let strict = builder(&publishing())
        .audience("my-client")
        .issuer("https://env-a.example.org")
        .leeway(Duration::ZERO)
        .build()
        .unwrap();
    let good = json!({ "aud": "my-client", "iss": "https://env-a.example.org" });
    assert!(
        check(&strict, &sign(0, &header(), &with(good)))
            .await
            .is_ok()
    );
    assert_eq!(
        fault(&strict, &sign(0, &header(), &claims())).await,
        TokenFault::Issuer
    );
    let other = with(json!({ "iss": "https://env-a.example.org" }));
    assert_eq!(
        fault(&strict, &sign(0, &header(), &other)).await,
        TokenFault::Audience
    );
    let ended = with(json!({ "exp": NOW }));
    assert_eq!(
        fault(&strict, &sign(0, &header(), &ended)).await,
        TokenFault::Expired
    );

    let mock = MockTransport::new();
    assert_eq!(
        builder(&mock)
            .leeway(Duration::from_secs(301))
            .build()
            .unwrap_err()
            .kind(),
        ErrorKind::Config
    );
    for url in ["", "keys.json", "/keys.json", "ftp://x/y"] {
        let client = verifier_client(&mock);
        let error = TokenVerifier::builder(client, url).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{url}");
    }
}

fn verifier_client(mock: &MockTransport) -> Client {
    Client::builder()
        .env_id("env-a")
        .transport(mock.clone())
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_new_key_is_found_and_made_up_ones_cost_nothing() {
    let served = Arc::new(AtomicUsize::new(0));
    let count = served.clone();
    let mock = MockTransport::new().fallback(move |_| {
        let first = count.fetch_add(1, Ordering::SeqCst) == 0;
        let published: &[_] = if first { &[("k1", 0)] } else { &[("k2", 1)] };
        let body = document(published).to_string();
        async move { Ok(response(200, &[], body).map(Body::from)) }
    });
    let verifier = verifier(&mock);
    let old = sign(0, &header(), &claims());
    let new = sign(1, &json!({ "alg": "RS256", "kid": "k2" }), &claims());
    check(&verifier, &old).await.unwrap();
    // Right after a fetch there is no other: names may be made up.
    for _ in 0..100 {
        assert_eq!(fault(&verifier, &new).await, TokenFault::UnknownKey);
    }
    assert_eq!(served.load(Ordering::SeqCst), 1);
    tokio::time::advance(Duration::from_secs(31)).await;
    check(&verifier, &new).await.unwrap();
    assert_eq!(
        fault(&verifier, &old).await,
        TokenFault::UnknownKey,
        "its key is gone"
    );
    assert_eq!(served.load(Ordering::SeqCst), 2);
    tokio::time::advance(Duration::from_secs(601)).await;
    check(&verifier, &new).await.unwrap();
    // It is fetched behind the token, which does not wait.
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(served.load(Ordering::SeqCst), 3, "kept for ten minutes");
}

#[tokio::test(start_paused = true)]
async fn old_keys_serve_for_a_while_when_there_are_no_new_ones() {
    let mock = publishing().fallback(|_| async { Ok(response(500, &[], "{}").map(Body::from)) });
    let verifier = verifier(&mock);
    let token = sign(0, &header(), &claims());
    check(&verifier, &token).await.unwrap();
    tokio::time::advance(Duration::from_secs(700)).await;
    for _ in 0..10 {
        check(&verifier, &token).await.unwrap();
        // The fetch runs behind the tokens, which do not wait for it.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(
        mock.requests().len(),
        2,
        "asked again once, not for each token"
    );
    tokio::time::advance(Duration::from_secs(3600)).await;
    for _ in 0..3 {
        let error = check(&verifier, &token).await.unwrap_err();
        assert_eq!(
            TokenFault::of(&error),
            None,
            "nothing is known about the token"
        );
    }
    assert_eq!(mock.requests().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_document_is_an_error() {
    for body in ["", "[]", "{}", r#"{"keys":1}"#, "<html>"] {
        let mock = MockTransport::new().response(response(200, &[], body));
        let error = check(&verifier(&mock), &sign(0, &header(), &claims()))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}");
    }
}
