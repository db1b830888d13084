//! Calls share one HTTP/2 connection per host, for as long as it is in no doubt.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]
#![cfg(all(feature = "http2", feature = "rustls-ring"))]
// The verifiers of Apple and Windows have rules of their own for certificates that were added.
#![cfg(any(
    all(feature = "webpki-roots", not(feature = "platform-verifier")),
    all(feature = "platform-verifier", unix, not(target_vendor = "apple"))
))]

#[path = "support/http2.rs"]
mod http2;
#[path = "support/server.rs"]
mod server;
#[path = "support/tls.rs"]
mod tls;

use std::sync::Arc;
use std::time::Duration;

use cloudbase_core::{CallOptions, Client, ErrorKind, Operation, TimeoutPhase};
use futures_util::TryStreamExt as _;
use futures_util::future::join_all;
use tokio::sync::Notify;

use self::http2::*;
use self::server::{Server, get, post};
use self::tls::Authority;

const SHORT: Duration = Duration::from_millis(400);

/// The call with its own limit of one attempt.
fn within(limit: Duration, operation: Operation) -> Operation {
    let options = CallOptions::new().with_attempt_timeout(limit);
    operation.options(options)
}

async fn many(client: &Client, count: usize) -> Vec<cloudbase_core::Result<()>> {
    let calls = (0..count)
        .map(|number| async move { client.fetch(post(&format!("/v1/{number}"))).await.map(drop) });
    join_all(calls).await
}

#[tokio::test]
async fn a_cold_client_opens_one_connection_for_all_its_callers() {
    let (server, client) = start(1, respond_to_all).await;
    for response in many(&client, 200).await {
        response.unwrap();
    }
    assert_eq!(server.seen.connections(), 1);
    assert_eq!(server.seen.heads().len(), 200);
}

#[tokio::test]
async fn callers_open_their_own_where_the_server_speaks_http1() {
    let authority = Authority::new();
    let server = tls::serve(authority.server(&["localhost"])).await;
    let client = client(&server, &authority).max_attempts(1).build().unwrap();
    for response in many(&client, 20).await {
        response.unwrap();
    }
    let opened = server.seen.connections();
    assert!((2..=20).contains(&opened), "{opened}");
    for response in many(&client, 20).await {
        response.unwrap();
    }
    assert_eq!(server.seen.connections(), opened);
}

#[tokio::test]
async fn who_has_waited_for_a_connection_that_failed_does_not_try_one_by_one() {
    let server = Server::start(|socket, _| async move { drop(socket) }).await;
    let authority = Authority::new();
    let client = client(&server, &authority).max_attempts(1).build().unwrap();
    for response in many(&client, 50).await {
        let error = response.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connect, "{error:?}");
        assert!(!error.was_sent() && error.is_retryable(), "{error:?}");
        assert!(error.message().contains("TLS handshake"), "{error:?}");
    }
    assert_eq!(server.seen.connections(), 1);
}

/// The first connection reads everything and responds to nothing; the others respond.
async fn silent_at_first(mut connection: Connection) -> Option<()> {
    if connection.number > 1 {
        return respond_to_all(connection).await;
    }
    connection.read_in_silence().await;
    Some(())
}

#[tokio::test]
async fn a_connection_on_which_an_attempt_timed_out_takes_no_new_calls() {
    let (server, client) = start(2, silent_at_first).await;
    let response = client.fetch(within(SHORT, get("/v1/a"))).await.unwrap();
    assert_eq!(response.attempts(), 2);
    for response in many(&client, 10).await {
        response.unwrap();
    }
    assert_eq!(server.seen.connections(), 2);
}

#[tokio::test]
async fn so_it_is_for_the_total_limit_and_for_one_of_the_callers_own() {
    let (server, client) = start(1, silent_at_first).await;
    let options = CallOptions::new().with_timeout(SHORT);
    let error = client
        .fetch(get("/v1/a").options(options))
        .await
        .unwrap_err();
    assert_eq!(
        error.timeout_phase(),
        Some(TimeoutPhase::Total),
        "{error:?}"
    );
    client.fetch(get("/v1/a")).await.unwrap();
    assert_eq!(server.seen.connections(), 2);

    let (server, client) = start(1, silent_at_first).await;
    let call = client.fetch(within(SHORT, get("/v1/a")));
    assert!(tokio::time::timeout(SHORT * 3 / 4, call).await.is_err());
    client.fetch(get("/v1/a")).await.unwrap();
    assert_eq!(server.seen.connections(), 2);
}

#[tokio::test]
async fn a_call_that_is_given_up_soon_leaves_its_connection_in_use() {
    let (server, client) = start(1, |mut connection| async move {
        connection.request().await?;
        respond_to_all(connection).await
    })
    .await;
    let call = client.fetch(get("/v1/a"));
    let soon = async {
        while server.seen.heads().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! { biased; _ = call => panic!("there is no response"), () = soon => {} }
    client.fetch(get("/v1/b")).await.unwrap();
    assert_eq!(server.seen.connections(), 1);
}

#[tokio::test]
async fn a_body_that_stalls_casts_doubt_as_well() {
    let (server, client) = start(1, |mut connection| async move {
        if connection.number > 1 {
            return respond_to_all(connection).await;
        }
        let stream = connection.request().await?;
        connection.head(stream, 0, &[]).await;
        connection.send(DATA, 0, stream, b"{").await;
        connection.read_in_silence().await;
        Some(())
    })
    .await;
    let options = CallOptions::new().with_stall_timeout(SHORT);
    let call = get("/v1/a").transfer().options(options);
    let body = client.execute(call).await.unwrap().into_value();
    let pieces = body.into_data_stream().try_collect::<Vec<_>>();
    let error = pieces.await.unwrap_err();
    assert_eq!(
        error.timeout_phase(),
        Some(TimeoutPhase::Stall),
        "{error:?}"
    );
    client.fetch(get("/v1/a")).await.unwrap();
    assert_eq!(server.seen.connections(), 2);
}

#[tokio::test]
async fn what_is_under_way_on_a_connection_in_doubt_goes_on() {
    let go_on = Arc::new(Notify::new());
    let signal = go_on.clone();
    let (server, client) = start(1, move |mut connection| {
        let signal = signal.clone();
        async move {
            if connection.number > 1 {
                return respond_to_all(connection).await;
            }
            let first = connection.request().await?;
            connection.request().await?;
            signal.notified().await;
            connection.respond(first).await;
            connection.drain().await;
            Some(())
        }
    })
    .await;
    let patient = client.fetch(post("/v1/a"));
    let others = async {
        while server.seen.heads().is_empty() {
            tokio::task::yield_now().await;
        }
        let error = client
            .fetch(within(SHORT, post("/v1/b")))
            .await
            .unwrap_err();
        assert_eq!(
            error.timeout_phase(),
            Some(TimeoutPhase::Attempt),
            "{error:?}"
        );
        client.fetch(post("/v1/c")).await.unwrap();
        go_on.notify_one();
    };
    let (response, ()) = tokio::join!(patient, others);
    response.unwrap();
    assert_eq!(server.seen.connections(), 2);
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_one_in_use_is_not() {
    let idle = Duration::from_millis(100);
    let closed = Arc::new(Notify::new());
    let signal = closed.clone();
    let script = move |mut connection: Connection| {
        let signal = signal.clone();
        async move {
            let stream = connection.request().await?;
            tokio::time::sleep(idle * 3).await;
            connection.respond(stream).await;
            respond_to_all(connection).await;
            signal.notify_one();
            Some(())
        }
    };
    let (server, client) = prepare(1, script).await;
    let client = client.pool_idle_timeout(idle).build().unwrap();
    let slow = client.fetch(get("/v1/a"));
    let other = async {
        tokio::time::sleep(idle * 2).await;
        client.fetch(get("/v1/b")).await.unwrap();
    };
    let (response, ()) = tokio::join!(slow, other);
    response.unwrap();
    assert_eq!(server.seen.connections(), 1);
    // Nobody calls now.
    tokio::time::timeout(Duration::from_secs(30), closed.notified())
        .await
        .expect("the connection is closed");
    // And one that nobody has closed yet is not used either.
    client.fetch(get("/v1/c")).await.unwrap();
    assert_eq!(server.seen.connections(), 2);
}

#[tokio::test]
async fn informational_responses_are_bounded() {
    let (server, client) = start(1, |mut connection| async move {
        let stream = connection.request().await?;
        for _ in 0..16 {
            connection.informational(stream).await?;
        }
        connection.respond(stream).await;
        let (one, other) = (connection.request().await?, connection.request().await?);
        loop {
            connection.informational(one).await?;
            connection.informational(other).await?;
        }
    })
    .await;
    client.fetch(get("/v1/a")).await.unwrap();
    let (one, other) = tokio::join!(client.fetch(post("/v1/a")), client.fetch(post("/v1/b")));
    for error in [one.unwrap_err(), other.unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::Decode, "{error:?}");
        assert_eq!(
            error.message(),
            "the server sent too many informational responses"
        );
        assert!(error.was_sent() && !error.is_retryable(), "{error:?}");
    }
    assert_eq!(server.seen.heads().len(), 3);
}

#[tokio::test]
async fn large_header_fields_are_said_to_be_the_fault_and_the_call_to_be_sent() {
    // A head and its continuations hold 16 KiB each.
    for (pieces, fits) in [(2, true), (5, false), (40, false)] {
        let (server, client) = start(3, move |mut connection| async move {
            loop {
                let stream = connection.request().await?;
                connection.large_head(stream, pieces).await;
                connection.send(DATA, END_STREAM, stream, b"{}").await;
            }
        })
        .await;
        let result = client.fetch(post("/v1/a")).await;
        assert_eq!(server.seen.heads().len(), 1, "{pieces}");
        let Err(error) = result else {
            assert!(fits, "{pieces}");
            continue;
        };
        assert!(!fits, "{error:?}");
        assert!(error.was_sent() && !error.is_retryable(), "{error:?}");
        assert!(
            error
                .message()
                .contains("header fields are larger than 64 KiB"),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_stream_that_nobody_reads_does_not_stop_other_calls() {
    let script = |mut connection: Connection| async move {
        let paused = connection.request().await?;
        connection.head(paused, 0, &[]).await;
        let piece = [7; 16 * 1024];
        let mut sent = 0;
        // All that may be sent.
        while sent + piece.len() <= connection.stream_window.min(connection.window) {
            connection.send(DATA, 0, paused, &piece).await;
            sent += piece.len();
        }
        let other = connection.request().await?;
        if sent + piece.len() <= connection.window {
            connection.respond(other).await;
        }
        connection.drain().await;
        Some(())
    };
    let (server, client) = start(1, script).await;
    let paused = client.execute(get("/v1/paused").transfer()).await.unwrap();
    let other = client.fetch(within(SHORT * 5, get("/v1/a"))).await;
    other.unwrap();
    assert_eq!(server.seen.connections(), 1);
    drop(paused);
}
