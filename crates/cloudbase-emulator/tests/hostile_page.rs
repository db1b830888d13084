//! What a web page that the developer opens can do to the emulator: nothing, unless it is the developer's own.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod wire;

use cloudbase_emulator::{Emulator, Fault, NewUser};
use http::Method;
use serde_json::json;
use wire::{Response, Wire};

const EVIL: &str = "https://evil.example";
const OWN_APP: &str = "http://localhost:5173";

async fn start() -> (Emulator, Wire) {
    let builder = Emulator::builder()
        .user(NewUser::email("lin@example.org").password("Passw0rd!"))
        .function("hello", |_, _| async { Ok(json!("called")) })
        .allow_host("phone.test")
        .allow_origin("https://app.example");
    (builder.start().await.unwrap(), Wire::new())
}

/// The ports and paths of a kind each.
fn products(emulator: &Emulator) -> [String; 4] {
    let gateway = emulator.endpoint();
    [
        format!("{gateway}/v1/functions/hello"),
        format!("{gateway}/auth/v1/signin/anonymously"),
        format!("{gateway}/nothing"),
        format!("{}/images/a.png", emulator.object_origin()),
    ]
}

#[track_caller]
fn assert_kept_out(response: &Response) {
    assert_eq!(response.status, 403, "{}", response.text());
    for (name, _) in &response.headers {
        assert!(!name.as_str().starts_with("access-control-"), "{name}");
    }
}

#[tokio::test]
async fn pages_of_other_sites_use_no_product() {
    let (emulator, wire) = start().await;
    for url in products(&emulator) {
        for origin in [EVIL, "null", "http://127.0.0.1.evil.example", "file://"] {
            let simple = wire.post(&url).header("origin", origin);
            let simple = simple.header("content-type", "text/plain").body("{}");
            assert_kept_out(&simple.bearer(emulator.api_key()).send().await);
            let preflight = wire.call(Method::OPTIONS, &url).header("origin", origin);
            let preflight = preflight.header("access-control-request-method", "PUT");
            assert_kept_out(&preflight.send().await);
        }
    }
    assert!(
        emulator.users().all().iter().all(|user| !user.anonymous),
        "the sign-in ran"
    );
    let log = emulator.requests().matching("POST /v1/functions/hello");
    assert_eq!(
        log[0].status,
        Some(403),
        "a developer sees why a page is not served"
    );
}

#[tokio::test]
async fn nor_do_they_use_up_what_a_test_has_prepared() {
    let (emulator, wire) = start().await;
    let url = format!("{}/v1/functions/hello", emulator.endpoint());
    let fault = Fault::on("* /v1/functions/*").times(1).status(503, "BUSY");
    let fault = emulator.faults().add(fault);
    for method in [Method::GET, Method::HEAD, Method::POST] {
        let unasked = wire.call(method, &url).bearer(emulator.api_key());
        let unasked = unasked.header("sec-fetch-site", "cross-site");
        let unasked = unasked.header("sec-fetch-mode", "no-cors");
        assert_kept_out(&unasked.send().await);
    }
    assert_eq!(emulator.faults().hits(fault), 0);
    // Images of an app's own page are loaded without an origin too.
    let object = format!(
        "{}/v1/storages/object/public/docs/a.png",
        emulator.endpoint()
    );
    let image = wire.get(&object).header("sec-fetch-site", "cross-site");
    assert_eq!(image.send().await.status, 404);
    let own = wire
        .post(&url)
        .bearer(emulator.api_key())
        .header("origin", OWN_APP);
    let own = own.header("sec-fetch-site", "cross-site").body("{}");
    assert_eq!(own.send().await.status, 503);
}

#[tokio::test]
async fn a_name_that_is_rebound_to_this_machine_reaches_nothing() {
    let (emulator, wire) = start().await;
    let control = format!("{}/__emulator/info", emulator.endpoint());
    for url in products(&emulator).iter().chain([&control]) {
        for host in [
            "evil.example",
            "evil.example:80",
            "localhost.evil.example",
            "192.168.7.7",
        ] {
            let response = wire.get(url).header("host", host).send().await;
            assert_kept_out(&response);
            assert!(
                response.text().contains("--allow-host"),
                "{}",
                response.text()
            );
        }
        for host in ["localhost", "phone.test:1", "[::1]:8787"] {
            let response = wire.get(url).header("host", host).send().await;
            assert_ne!(response.status, 403, "{url} {host}: {}", response.text());
        }
    }
}

#[tokio::test]
async fn no_page_but_its_own_uses_the_control_api() {
    let (emulator, wire) = start().await;
    let at = |path: &str| format!("{}/__emulator{path}", emulator.endpoint());
    for path in [
        "/inbox",
        "/requests",
        "/info",
        "/custom-login-key.json",
        "/users",
        "/nothing",
    ] {
        for origin in [EVIL, "null", OWN_APP, "https://app.example"] {
            assert_kept_out(&wire.get(&at(path)).header("origin", origin).send().await);
        }
        for site in ["cross-site", "same-site"] {
            assert_kept_out(
                &wire
                    .get(&at(path))
                    .header("sec-fetch-site", site)
                    .send()
                    .await,
            );
        }
        let own = wire.get(&at(path)).header("origin", emulator.endpoint());
        let own = own.header("sec-fetch-site", "same-origin").send().await;
        assert_ne!(own.status, 403, "{}", own.text());
        assert_eq!(own.header("cross-origin-resource-policy"), "same-origin");
    }
}

#[tokio::test]
async fn no_form_and_no_simple_request_changes_anything() {
    let (emulator, wire) = start().await;
    let at = |path: &str| format!("{}/__emulator{path}", emulator.endpoint());
    let user = r#"{"username": "mallory", "password": "Passw0rd!"}"#;
    let lin = emulator.users().find("lin@example.org").unwrap().id;
    for (method, path, body) in [
        (Method::POST, "/users".to_owned(), user),
        (Method::POST, "/reset".to_owned(), ""),
        (Method::POST, "/clock".to_owned(), r#"{"advance_ms": 1}"#),
        (Method::DELETE, format!("/users/{lin}"), ""),
        (
            Method::PATCH,
            format!("/users/{lin}"),
            r#"{"status": "BLOCKED"}"#,
        ),
    ] {
        let call = || wire.call(method.clone(), &at(&path)).body(body);
        for content_type in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "text/plain; application/json",
        ] {
            assert_kept_out(&call().header("content-type", content_type).send().await);
        }
        assert_kept_out(&call().send().await);
        let json = call().header("content-type", "application/json");
        assert_kept_out(&json.header("origin", EVIL).send().await);
        let marked = call().header("x-cloudbase-emulator", "1");
        assert_kept_out(&marked.header("sec-fetch-site", "cross-site").send().await);
        let preflight = wire
            .call(Method::OPTIONS, &at(&path))
            .header("origin", EVIL);
        let preflight = preflight.header("access-control-request-method", method.as_str());
        assert_kept_out(&preflight.send().await);
    }
    assert_eq!(emulator.clock().offset_ms(), 0);
    assert_eq!(emulator.users().all().len(), 1);
    assert_eq!(
        emulator.users().find("lin@example.org").unwrap().status,
        "ACTIVE"
    );
    let call = wire.post(&at("/users")).header("x-cloudbase-emulator", "1");
    call.body(user).send().await.expect(201);
}

#[tokio::test]
async fn the_developers_own_pages_send_any_header() {
    let (emulator, wire) = start().await;
    for url in products(&emulator) {
        for origin in [
            OWN_APP,
            "http://127.0.0.1:3000",
            "https://app.example",
            emulator.endpoint(),
        ] {
            for headers in ["authorization,x-custom", "x-of-my-gateway"] {
                let preflight = wire
                    .call(Method::OPTIONS, &url)
                    .header("origin", origin)
                    .header("access-control-request-method", "POST")
                    .header("access-control-request-headers", headers)
                    .header("access-control-request-private-network", "true");
                let response = preflight.send().await.expect(204);
                assert_eq!(response.header("access-control-allow-origin"), origin);
                assert_eq!(response.header("access-control-allow-credentials"), "true");
                assert_eq!(response.header("access-control-allow-methods"), "POST");
                assert_eq!(response.header("access-control-allow-headers"), headers);
                assert_eq!(
                    response.header("access-control-allow-private-network"),
                    "true"
                );
            }
        }
    }
    let url = format!("{}/v1/functions/hello", emulator.endpoint());
    let call = wire
        .post(&url)
        .header("origin", OWN_APP)
        .header("x-custom", "1");
    let response = call
        .bearer(emulator.api_key())
        .json(&json!({}))
        .send()
        .await;
    assert_eq!(response.header("access-control-allow-origin"), OWN_APP);
    assert_eq!(response.expect(200).text(), "called");
}

/// The identity source plays another site's page: it is opened from the developer's page, and changes nothing by being opened.
#[tokio::test]
async fn the_sign_in_page_is_opened_in_a_tab_and_leads_to_no_script() {
    let (emulator, wire) = start().await;
    let open = |redirect: &str, dest: &str| {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("redirect_uri", redirect)
            .finish();
        wire.get(&format!(
            "{}/__emulator/provider/github/authorize?{query}",
            emulator.endpoint()
        ))
        .header("sec-fetch-site", "cross-site")
        .header("sec-fetch-mode", "navigate")
        .header("sec-fetch-dest", dest)
        .send()
    };
    open(&format!("{OWN_APP}/callback"), "document")
        .await
        .expect(303);
    open("com.example.app:/callback", "document")
        .await
        .expect(303);
    assert_kept_out(&open(&format!("{OWN_APP}/callback"), "iframe").await);
    for redirect in [
        "javascript:alert(1)",
        "javascript://%0aalert(1)",
        "data:text/html,x",
        "//evil.example",
        "http://localhost/\r\nx: y",
    ] {
        let response = open(redirect, "document").await.expect(400);
        assert_eq!(response.header("location"), "");
        assert!(
            response.text().contains("redirect_uri"),
            "{}",
            response.text()
        );
    }
}

#[tokio::test]
async fn hosts_and_origins_that_can_match_nothing_are_no_settings() {
    let host = Emulator::builder().allow_host("http://phone.test").start();
    assert!(host.await.unwrap_err().to_string().contains("allow_host"));
    let origin = Emulator::builder()
        .allow_origin("https://app.example/")
        .start();
    assert!(
        origin
            .await
            .unwrap_err()
            .to_string()
            .contains("allow_origin")
    );
}
