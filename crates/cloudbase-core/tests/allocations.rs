//! How many allocations a call costs: a budget, not a wish.

#![allow(clippy::unwrap_used)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;

use cloudbase_core::{Body, BoxError, Client, Operation, PathBuilder};
use http::{Method, Request, Response};
use serde_json::json;
use tower::service_fn;

/// What the response is decoded into; decoding it costs one allocation.
#[derive(serde::Deserialize)]
struct Hello {
    text: String,
}

const RESPONSE: &str = r#"{"text":"a hundred bytes or so of JSON, as a small response of the gateway would be, padding"}"#;

/// Responds to every request on every connection, from threads that are not measured.
fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                loop {
                    let mut length = 0;
                    loop {
                        let mut line = String::new();
                        if reader.read_line(&mut line).unwrap_or(0) == 0 {
                            return;
                        }
                        if let Some(value) =
                            line.to_ascii_lowercase().strip_prefix("content-length:")
                        {
                            length = value.trim().parse().unwrap();
                        }
                        if line == "\r\n" {
                            break;
                        }
                    }
                    let mut body = vec![0; length];
                    reader.read_exact(&mut body).unwrap();
                    let head = format!(
                        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n",
                        RESPONSE.len()
                    );
                    stream
                        .write_all(format!("{head}{RESPONSE}").as_bytes())
                        .unwrap();
                }
            });
        }
    });
    format!("http://{address}")
}

fn operation() -> Operation {
    let uri = PathBuilder::new("/v1/functions")
        .segment("name", "hello")
        .unwrap()
        .build()
        .unwrap();
    Operation::new("functions.call", "/v1/functions/{name}", Method::POST, uri)
        .json(&json!(1234567))
        .unwrap()
}

async fn call(client: &Client) {
    let response = client.fetch_json::<Hello>(operation()).await.unwrap();
    assert!(response.value().text.starts_with("a hundred"));
}

/// Allocations of one warm call, as the mean over many.
fn per_call(client: &Client) -> f64 {
    const CALLS: u64 = 200;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        for _ in 0..20 {
            call(client).await;
        }
    });
    let measured = allocation_counter::measure(|| {
        runtime.block_on(async {
            for _ in 0..CALLS {
                call(client).await;
            }
        });
    });
    measured.count_total as f64 / CALLS as f64
}

#[test]
fn a_call_over_a_socket_costs_at_most_thirty_allocations() {
    let client = Client::builder()
        .env_id("test-env")
        .endpoint(serve())
        .access_key("an-access-key")
        .build()
        .unwrap();
    let count = per_call(&client);
    assert!(count <= 30.0, "{count} allocations a call");
}

#[test]
fn our_own_share_is_at_most_eleven_allocations() {
    let mock = service_fn(|_: Request<Body>| async {
        Ok::<_, BoxError>(Response::new(Body::from(RESPONSE)))
    });
    let client = Client::builder()
        .env_id("test-env")
        .access_key("an-access-key")
        .transport(mock)
        .build()
        .unwrap();
    // What the caller's own part costs: the path, the body and the decoded string.
    let own = allocation_counter::measure(|| {
        let operation = operation();
        let response: Hello = serde_json::from_str(RESPONSE).unwrap();
        let _ = std::hint::black_box((operation, response));
    });
    let count = per_call(&client) - own.count_total as f64;
    assert!(count <= 11.0, "{count} allocations a call");
}
