//! Users, for tests that are not about signing in.

use cloudbase_emulator::Emulator;
use serde_json::json;

use super::Wire;

/// The token of a new anonymous user.
pub async fn sign_in(wire: &Wire, emulator: &Emulator, device: &str) -> String {
    let url = format!("{}/auth/v1/signin/anonymously", emulator.endpoint());
    let call = wire.post(&url).header("x-device-id", device);
    let session = call.json(&json!({})).send().await.expect(200).json();
    session["access_token"].as_str().unwrap().to_owned()
}
