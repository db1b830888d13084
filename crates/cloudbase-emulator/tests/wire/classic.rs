//! An emulator with what it takes to use its classic storage.

use cloudbase_emulator::{Emulator, EmulatorBuilder};
use serde_json::{Value, json};

use super::{Call, Response, Wire};

pub struct Bench {
    pub emulator: Emulator,
    pub wire: Wire,
}

impl Bench {
    pub async fn new() -> Self {
        Self::with(Emulator::builder()).await
    }

    pub async fn with(builder: EmulatorBuilder) -> Self {
        let emulator = builder.env_id("shop-1a2b").start().await.unwrap();
        Self {
            emulator,
            wire: Wire::new(),
        }
    }

    pub fn post(&self, operation: &str, body: &Value) -> Call {
        let url = format!("{}/v1/storages/{operation}", self.emulator.endpoint());
        self.wire
            .post(&url)
            .bearer(self.emulator.api_key())
            .json(body)
    }

    pub async fn upload_info(&self, key: &str, signed: Value) -> Value {
        let body = json!([{"objectId": key, "signedHeader": signed}]);
        let response = self
            .post("get-objects-upload-info", &body)
            .send()
            .await
            .expect(200);
        response.json()[0].clone()
    }

    pub fn put(&self, info: &Value, content: &'static str) -> Call {
        self.wire
            .put(info["uploadUrl"].as_str().unwrap())
            .header("authorization", info["authorization"].as_str().unwrap())
            .header("x-cos-security-token", info["token"].as_str().unwrap())
            .header(
                "x-cos-meta-fileid",
                info["cloudObjectMeta"].as_str().unwrap(),
            )
            .body(content)
    }

    pub async fn upload(&self, key: &str, content: &'static str) -> Response {
        let info = self.upload_info(key, json!({})).await;
        self.put(&info, content).send().await
    }

    pub fn id(&self, key: &str) -> String {
        format!("cloud://shop-1a2b.{}/{key}", self.emulator.storage_bucket())
    }

    pub async fn url(&self, key: &str, max_age: u64) -> String {
        let body = json!([{"cloudObjectId": self.id(key), "maxAge": max_age}]);
        let response = self
            .post("get-objects-download-info", &body)
            .send()
            .await
            .expect(200);
        response.json()[0]["downloadUrlEncoded"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}
