//! A panic of the user's code in a request body is the error of that call, and of no other.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "support/server.rs"]
mod server;

use bytes::Bytes;
use cloudbase_core::layers::{self, BaseUriLayer};
use cloudbase_core::{Body, Client, ClientBuilder, Config, Error, ErrorKind};
use futures_util::stream;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tower::ServiceBuilder;

use self::server::{Server, get, ok, post, read_head};

/// A body that panics after so many pieces.
fn panicking(pieces: usize) -> Body {
    Body::stream(stream::unfold(0, move |n| async move {
        assert!(n < pieces, "user code");
        Some((Ok::<_, Error>(Bytes::from_static(b"piece")), n + 1))
    }))
}

/// Responds to requests without a body, and swallows the bodies of others.
async fn serve() -> Server {
    Server::start(|mut socket, _| async move {
        while let Some(head) = read_head(&mut socket).await {
            if head.starts_with("GET") {
                socket.write_all(ok("{}").as_bytes()).await.unwrap();
            } else {
                let mut rest = Vec::new();
                let _ = socket.read_to_end(&mut rest).await;
            }
        }
    })
    .await
}

fn assert_panicked(error: &Error) {
    assert_eq!(error.kind(), ErrorKind::Body, "{error:?}");
    assert_eq!(
        error.message(),
        "user code panicked while it produced the request body"
    );
    assert!(error.was_sent() && !error.is_retryable() && !error.is_transient());
}

#[tokio::test]
async fn a_panic_is_the_error_of_its_call() {
    let server = serve().await;
    let client = server.client().max_attempts(3).build().unwrap();
    for body in [
        panicking(0),
        panicking(2),
        Body::factory(|| panicking(1)),
        Body::factory(|| panic!("user code")),
    ] {
        let error = client.fetch(post("/v1/a").body(body)).await.unwrap_err();
        assert_panicked(&error);
        assert_eq!(error.attempts(), 1);
    }
    let transfer = post("/v1/a").body(panicking(1)).transfer();
    assert_panicked(&client.fetch(transfer).await.unwrap_err());
    client.fetch(get("/v1/a")).await.unwrap();
}

#[tokio::test]
async fn in_a_stack_of_ones_own_as_well() {
    let server = serve().await;
    let config = Config::builder()
        .env_id("demo-1a2b3c")
        .endpoint(server.url())
        .build()
        .unwrap();
    let stack = ServiceBuilder::new()
        .layer(BaseUriLayer::new(&config))
        .service(layers::transport(&config).unwrap());
    let client: Client = ClientBuilder::from_service(stack)
        .config(config)
        .build()
        .unwrap();
    let error = client
        .fetch(post("/v1/a").body(panicking(1)))
        .await
        .unwrap_err();
    assert_panicked(&error);
}
