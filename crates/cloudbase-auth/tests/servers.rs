//! What programs on servers and on the command line need, against the emulator: redirects to a port
//! of this machine, tickets, verified tokens, acting for one user of many.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use cloudbase_auth::{Auth, ErrorKind, ExposeSecret as _, OAuth, OAuthLoopback, Password};
use cloudbase_core::Client;
use cloudbase_emulator::{Emulator, NewUser};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

async fn emulator() -> Emulator {
    Emulator::builder()
        .env_id("server-env")
        .provider("github", "GitHub")
        .max_sessions(5)
        .user(NewUser::username("lin").password("Passw0rd!"))
        .user(NewUser::username("mei").password("Passw0rd!"))
        .start()
        .await
        .unwrap()
}

fn auth(emulator: &Emulator) -> Auth {
    let client = Client::builder()
        .env_id(emulator.env_id())
        .endpoint(emulator.endpoint())
        .access_key(emulator.publishable_key())
        .build()
        .unwrap();
    Auth::new(client).unwrap()
}

/// Sends `request` as it is to `host` and reads all of the response.
async fn send(host: &str, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(host).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut response = Vec::new();
    // A connection that is turned away may be reset: what came before that counts.
    let _ = stream.read_to_end(&mut response).await;
    String::from_utf8_lossy(&response).into_owned()
}

fn host_and_path(url: &str) -> (String, String) {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    (host.to_owned(), format!("/{path}"))
}

/// Opens a page as a browser does.
async fn open(url: &str) -> String {
    let (host, path) = host_and_path(url);
    let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    send(&host, request.as_bytes()).await
}

/// Where a page sends the browser.
async fn redirect(url: &str) -> String {
    let page = open(url).await;
    let location = page
        .lines()
        .find_map(|line| line.strip_prefix("location: "));
    location.unwrap_or_else(|| panic!("{page}")).to_owned()
}

#[tokio::test]
async fn a_user_comes_back_to_a_port_of_this_machine() {
    let emulator = emulator().await;
    let auth = auth(&emulator);
    let way = OAuthLoopback::new(&auth)
        .success_page("<p>welcome")
        .begin(OAuth::new("github").query_param("login_hint", "octo@example.org"))
        .await
        .unwrap();
    let back = redirect(&way.page().url).await;
    let (host, _) = host_and_path(&back);
    let waiting = tokio::spawn(way.finish());

    // Whatever else calls the port does not end the wait.
    let silent = TcpStream::connect(&host).await.unwrap();
    for (request, status) in [
        (&b"GET /favicon.ico HTTP/1.1\r\n\r\n"[..], "404"),
        (b"GET /callback HTTP/1.1\r\n\r\n", "400"),
        (b"GET /callback?code=c&state=other HTTP/1.1\r\n\r\n", "400"),
        (b"GET /callback?error=access_denied HTTP/1.1\r\n\r\n", "400"),
        (b"POST /callback?code=c HTTP/1.1\r\n\r\n", "405"),
        (b"\x16\x03\x01\xff\xfe\r\n\r\n", "400"),
        (b"\r\n\r\n", "400"),
        (&[b'x'; 40_000], "400"),
    ] {
        let response = send(&host, request).await;
        let expected = format!("HTTP/1.1 {status}");
        assert!(response.starts_with(&expected), "{status}: {response}");
    }
    let page = open(&back).await;
    assert!(
        page.starts_with("HTTP/1.1 200") && page.ends_with("<p>welcome"),
        "{page}"
    );
    assert!(page.contains("cache-control: no-store"), "{page}");
    let done = waiting.await.unwrap().unwrap();
    assert_eq!(done.provider, "github");
    assert_eq!(
        auth.session().await.unwrap().unwrap().sub(),
        done.signed_in.user.id
    );
    drop(silent);
    assert!(
        TcpStream::connect(&host).await.is_err(),
        "the port is closed"
    );
}

#[tokio::test]
async fn a_user_who_says_no_or_stays_away_is_an_error() {
    let emulator = emulator().await;
    let auth = auth(&emulator);
    let way = OAuthLoopback::new(&auth)
        .begin(OAuth::new("github").query_param("deny", "1"))
        .await
        .unwrap();
    let back = redirect(&way.page().url).await;
    let (error, page) = tokio::join!(way.finish(), open(&back));
    let error = error.unwrap_err();
    assert_eq!(error.code().unwrap().as_str(), "access_denied");
    assert!(
        page.starts_with("HTTP/1.1 400") && !page.contains("said no"),
        "{page}"
    );

    let way = OAuthLoopback::new(&auth)
        .time_limit(Duration::ZERO)
        .begin(OAuth::new("github"))
        .await
        .unwrap();
    assert_eq!(way.finish().await.unwrap_err().kind(), ErrorKind::Timeout);
    assert!(auth.session().await.unwrap().is_none());
}

#[tokio::test]
async fn each_user_is_acted_for_apart() {
    let emulator = emulator().await;
    let (server, phone) = (auth(&emulator), auth(&emulator));
    let mut tokens = Vec::new();
    for name in ["lin", "mei"] {
        let signed_in = phone
            .sign_in_with_password(Password::username(name, "Passw0rd!"))
            .await
            .unwrap();
        tokens.push((signed_in.user.id, signed_in.session.access_token().clone()));
    }
    let calls = (0..20).map(|n| {
        let (id, token) = tokens[n % 2].clone();
        let theirs = server.for_user(token).unwrap();
        tokio::spawn(async move {
            assert_eq!(theirs.refresh_user().await.unwrap().user.id, id);
            assert_eq!(theirs.session().await.unwrap().unwrap().sub(), id);
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
    assert!(
        server.session().await.unwrap().is_none(),
        "the server is nobody"
    );

    // A token that has ended stays ended: nothing is refreshed, and nobody else is acted for.
    let theirs = server.for_user(tokens[0].1.clone()).unwrap();
    emulator.clock().advance(Duration::from_secs(7201));
    emulator.requests().clear();
    let error = theirs.refresh_user().await.unwrap_err();
    assert!(error.is_unauthenticated(), "{error:?}");
    assert_eq!(emulator.requests().count("POST /auth/v1/token"), 0);
    assert_eq!(
        emulator
            .requests()
            .count("POST /auth/v1/signin/anonymously"),
        0
    );
    let shown = format!("{:?} {error:?}", theirs.client());
    assert!(!shown.contains(tokens[0].1.expose_secret()), "{shown}");
}

#[cfg(feature = "jwks")]
#[tokio::test]
async fn tokens_of_the_service_are_verified_here() {
    use cloudbase_auth::{TokenFault, TokenVerifier};

    let emulator = emulator().await;
    let auth = auth(&emulator);
    let signed_in = auth
        .sign_in_with_password(Password::username("lin", "Passw0rd!"))
        .await
        .unwrap();
    let url = format!("{}/__emulator/jwks.json", emulator.endpoint());
    let verifier = TokenVerifier::builder(auth.client().clone(), &url)
        .build()
        .unwrap();
    let token = signed_in.session.access_token();
    let claims = verifier.verify(token.clone()).await.unwrap();
    assert_eq!(claims.sub.as_deref(), Some(&*signed_in.user.id));
    assert!(verifier.verify(emulator.publishable_key()).await.is_ok());
    assert!(verifier.verify(emulator.api_key()).await.is_ok());

    let elsewhere = Client::builder()
        .env_id("other-env")
        .endpoint(emulator.endpoint())
        .build()
        .unwrap();
    let other = TokenVerifier::builder(elsewhere, &url).build().unwrap();
    let error = other.verify(token.clone()).await.unwrap_err();
    assert_eq!(TokenFault::of(&error), Some(TokenFault::OtherEnvironment));
}

#[cfg(feature = "custom-ticket")]
#[tokio::test]
async fn a_ticket_issued_here_signs_in() {
    use cloudbase_auth::TicketIssuer;

    let emulator = emulator().await;
    let issuer = TicketIssuer::new(emulator.env_id(), emulator.custom_login_key()).unwrap();
    let auth = auth(&emulator);
    let mut ids = Vec::new();
    for uid in ["user-4711", "user-4711", "user-4712"] {
        let issuer = issuer.clone();
        let signed_in = auth
            .sign_in_with_custom_ticket(move || {
                let ticket = issuer.issue(uid);
                async move { ticket }
            })
            .await
            .unwrap();
        ids.push(signed_in.user.id);
    }
    assert_eq!(ids[0], ids[1]);
    assert_ne!(ids[0], ids[2]);
}
