//! People who use the auth endpoints from a device of their own.
#![allow(dead_code, reason = "each test binary uses its own part")]

use cloudbase_emulator::Emulator;
use http::Method;
use serde_json::{Value, json};

use crate::wire::{Call, Response, Wire};

pub(crate) const PASSWORD: &str = "Passw0rd!";

/// One device.
#[derive(Clone)]
pub(crate) struct Device {
    wire: Wire,
    endpoint: String,
    id: String,
}

impl Device {
    pub(crate) fn new(emulator: &Emulator, id: &str) -> Self {
        Self {
            wire: Wire::new(),
            endpoint: emulator.endpoint().to_owned(),
            id: id.to_owned(),
        }
    }

    /// A call of a path below `/auth/v1`.
    pub(crate) fn call(&self, method: Method, path: &str) -> Call {
        let url = format!("{}/auth/v1{path}", self.endpoint);
        self.wire
            .call(method, &url)
            .header("x-device-id", &self.id)
            .header("accept-language", "en-US")
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Response {
        self.call(Method::POST, path).json(&body).send().await
    }

    pub(crate) async fn post_as(&self, token: &str, path: &str, body: Value) -> Response {
        self.call(Method::POST, path)
            .bearer(token)
            .json(&body)
            .send()
            .await
    }

    pub(crate) async fn get_as(&self, token: &str, path: &str) -> Response {
        self.call(Method::GET, path).bearer(token).send().await
    }

    /// Sends a code and returns the verification id.
    pub(crate) async fn send_code(&self, contact: Value) -> String {
        let response = self.post("/verification", contact).await.expect(200);
        text(&response.json(), "verification_id")
    }

    /// A verification token for an address, with the code from the inbox.
    pub(crate) async fn prove(&self, emulator: &Emulator, contact: Value) -> String {
        let address = contact["email"]
            .as_str()
            .or(contact["phone_number"].as_str())
            .unwrap();
        let address = address.to_owned();
        let id = self.send_code(contact).await;
        let code = emulator.inbox().code(&address).unwrap();
        let body = json!({"verification_id": id, "verification_code": code});
        let response = self.post("/verification/verify", body).await.expect(200);
        text(&response.json(), "verification_token")
    }

    /// Registers a user by e-mail and returns the token object.
    pub(crate) async fn sign_up(&self, emulator: &Emulator, email: &str) -> Value {
        let proof = self.prove(emulator, json!({"email": email})).await;
        let body = json!({"email": email, "verification_token": proof, "password": PASSWORD});
        self.post("/signup", body).await.expect(200).json()
    }

    pub(crate) async fn sign_in(&self, username: &str, password: &str) -> Response {
        self.post(
            "/signin",
            json!({"username": username, "password": password}),
        )
        .await
    }

    pub(crate) async fn refresh(&self, refresh_token: &str) -> Response {
        let body = json!({"grant_type": "refresh_token", "refresh_token": refresh_token});
        self.post("/token", body).await
    }

    pub(crate) async fn sudo(&self, token: &str, password: &str) -> String {
        let response = self
            .post_as(token, "/user/sudo", json!({"password": password}))
            .await;
        text(&response.expect(200).json(), "sudo_token")
    }
}

/// A string field that must be there.
#[track_caller]
pub(crate) fn text(object: &Value, field: &str) -> String {
    let value = object[field].as_str();
    value
        .unwrap_or_else(|| panic!("no {field} in {object}"))
        .to_owned()
}

#[track_caller]
pub(crate) fn access(tokens: &Value) -> String {
    text(tokens, "access_token")
}

#[track_caller]
pub(crate) fn refresh(tokens: &Value) -> String {
    text(tokens, "refresh_token")
}

/// Checks status, `error` and `error_code` (or its absence) of the auth service's envelope.
#[track_caller]
pub(crate) fn assert_error(
    response: Response,
    status: u16,
    error: &str,
    code: impl Into<Option<u64>>,
) {
    let body = response.json();
    let found = (
        response.status.as_u16(),
        body["error"].as_str(),
        body["error_code"].as_u64(),
    );
    assert_eq!(found, (status, Some(error), code.into()), "{body}");
    assert!(
        body["error_description"]
            .as_str()
            .is_some_and(|text| !text.is_empty())
    );
    assert!(!response.header("x-request-id").is_empty());
}
