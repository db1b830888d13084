//! Calls a service that responds with server-sent events, and shows each as it comes.
//!
//! Without configuration it starts the emulator within this process, with a service that counts
//! down. With `CLOUDBASE_ENV_ID` and `CLOUDBASE_ACCESS_KEY` it talks to the hosting service `chat` of
//! that environment.

#![allow(clippy::print_stdout)]

use std::time::Duration;

use axum::body::Body;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse as _, Response};
use cloudbase::prelude::*;
use cloudbase_emulator::{Emulator, Service};
use futures_util::stream;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let emulator = match std::env::var_os("CLOUDBASE_ENV_ID") {
        Some(_) => None,
        None => Some(
            Emulator::builder()
                .service("chat", Service::http(countdown))
                .start()
                .await?,
        ),
    };
    let app = match &emulator {
        Some(emulator) => CloudBase::builder(emulator.env_id())
            .endpoint(emulator.endpoint())
            .access_key(emulator.publishable_key())
            .build()?,
        None => CloudBase::from_env()?,
    };

    let response = app
        .cloud_run()
        .service("chat")
        .post("/")
        .json(&serde_json::json!({ "from": 5 }))
        .stall_timeout(Duration::from_secs(30))
        .events()
        .await?;
    println!("request {}", response.request_id());
    let mut events = response.into_value();
    while let Some(event) = events.next_event().await? {
        println!("{:>8}: {}", event.event, event.data);
    }
    Ok(())
}

/// What runs behind the emulator: one event every 200 ms.
async fn countdown(request: axum::extract::Request) -> Response<Body> {
    let body = axum::body::to_bytes(request.into_body(), 1024).await;
    let asked: Option<serde_json::Value> = body
        .ok()
        .and_then(|body| serde_json::from_slice(&body).ok());
    let from = asked.and_then(|asked| asked["from"].as_u64()).unwrap_or(3);
    let events = stream::unfold(Some(from), |left| async move {
        let left = left?;
        tokio::time::sleep(Duration::from_millis(200)).await;
        let (event, next) = match left {
            0 => (Event::default().event("end").data("lift-off"), None),
            left => (Event::default().data(left.to_string()), Some(left - 1)),
        };
        Some((Ok::<_, std::convert::Infallible>(event), next))
    });
    Sse::new(events).into_response()
}
