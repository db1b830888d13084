//! An emulator with what it takes to use its PG-mode storage.

use cloudbase_emulator::{Emulator, EmulatorBuilder};
use http::Method;

use super::{Call, Response, Wire, user};

pub struct Bench {
    pub emulator: Emulator,
    pub wire: Wire,
}

impl Bench {
    pub async fn new() -> Self {
        Self::with(
            Emulator::builder()
                .bucket("docs", false)
                .bucket("open", true),
        )
        .await
    }

    pub async fn with(builder: EmulatorBuilder) -> Self {
        Self {
            emulator: builder.start().await.unwrap(),
            wire: Wire::new(),
        }
    }

    pub fn bare(&self, method: &str, path: &str) -> Call {
        let url = format!("{}/v1/storages{path}", self.emulator.endpoint());
        self.wire
            .call(Method::from_bytes(method.as_bytes()).unwrap(), &url)
    }

    pub fn admin(&self, method: &str, path: &str) -> Call {
        self.bare(method, path).bearer(self.emulator.api_key())
    }

    pub async fn put(&self, path: &str, content: &'static str) -> Response {
        self.admin("PUT", &format!("/object/{path}"))
            .body(content)
            .send()
            .await
            .expect(200)
    }

    /// The token of a new anonymous user.
    pub async fn user(&self, device: &str) -> String {
        user::sign_in(&self.wire, &self.emulator, device).await
    }
}

#[track_caller]
pub fn assert_error(response: Response, status: u16, error: &str) {
    let response = response.expect(status);
    let body = response.json();
    assert_eq!(body["statusCode"], status.to_string());
    assert_eq!(body["error"], error);
    assert!(body["message"].is_string());
}
