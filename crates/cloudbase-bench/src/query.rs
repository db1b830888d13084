//! Three ways to read two rows of a MySQL table into structs.

use anyhow::{Result, ensure};
use bytes::Bytes;
use cloudbase_core::Client as Core;
use cloudbase_data::mysql::MySql;
use http::{Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::{Client as Pool, connect::HttpConnector};
use serde::Deserialize;

use crate::{
    contenders::{ID, KEY, REQUEST_ID, pool, reqwest_client, set_common_headers},
    contest::Contender,
};

const COLUMNS: &str = "id,title,done,price";
const LIMIT: u64 = 2;
/// As the SDK writes it.
const TARGET: &str = "/v1/rdb/rest/todos?select=id%2Ctitle%2Cdone%2Cprice&limit=2";

#[derive(Deserialize)]
struct Row {
    id: u64,
    title: String,
    done: u8,
    price: String,
}

fn check(rows: &[Row]) -> Result<()> {
    ensure!(rows.len() == 2, "{} rows came", rows.len());
    for (id, row) in (0..).zip(rows) {
        let is_whole = row.id == id && u64::from(row.done) == id % 2;
        ensure!(
            is_whole && row.title.len() > 20 && row.price.ends_with(".90"),
            "row {id} is wrong"
        );
    }
    Ok(())
}

/// The pooled client of hyper-util and serde_json, with nothing around them: the floor.
#[derive(Debug)]
pub struct HyperUtilRows {
    client: Pool<HttpConnector, Full<Bytes>>,
    uri: Uri,
}

impl HyperUtilRows {
    /// For a server at `endpoint`.
    ///
    /// # Errors
    ///
    /// `endpoint` is no URI.
    pub fn new(endpoint: &str) -> Result<Self> {
        Ok(Self {
            client: pool(),
            uri: format!("{endpoint}{TARGET}").parse()?,
        })
    }
}

impl Contender for HyperUtilRows {
    fn name(&self) -> String {
        "hyper-util".to_owned()
    }

    async fn call(&self) -> Result<()> {
        let mut request = Request::new(Full::default());
        *request.uri_mut() = self.uri.clone();
        set_common_headers(request.headers_mut());
        let response = self.client.request(request).await?;
        ensure!(response.status().is_success(), "{}", response.status());
        let body = response.into_body().collect().await?.to_bytes();
        check(&serde_json::from_slice::<Vec<Row>>(&body)?)
    }
}

/// What someone without an SDK writes.
#[derive(Debug)]
pub struct ReqwestRows {
    client: reqwest::Client,
    url: String,
}

impl ReqwestRows {
    /// For a server at `endpoint`.
    ///
    /// # Errors
    ///
    /// The client cannot be built.
    pub fn new(endpoint: &str) -> Result<Self> {
        Ok(Self {
            client: reqwest_client()?,
            url: format!("{endpoint}{TARGET}"),
        })
    }
}

impl Contender for ReqwestRows {
    fn name(&self) -> String {
        "reqwest".to_owned()
    }

    async fn call(&self) -> Result<()> {
        let request = self.client.get(&self.url).header(REQUEST_ID, ID);
        let response = request.bearer_auth(KEY).send().await?.error_for_status()?;
        check(&response.json::<Vec<Row>>().await?)
    }
}

/// Our own, with every layer that it has by default.
#[derive(Debug)]
pub struct SdkRows {
    mysql: MySql,
}

impl SdkRows {
    /// For a server at `endpoint`.
    ///
    /// # Errors
    ///
    /// The client cannot be built.
    pub fn new(endpoint: &str) -> Result<Self> {
        let client = Core::builder()
            .env_id("bench-env")
            .endpoint(endpoint)
            .access_key(KEY)
            .build()?;
        Ok(Self {
            mysql: MySql::new(client),
        })
    }
}

impl Contender for SdkRows {
    fn name(&self) -> String {
        "cloudbase".to_owned()
    }

    async fn call(&self) -> Result<()> {
        let query = self.mysql.from("todos").select::<Row>(COLUMNS);
        check(&query.limit(LIMIT).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_ask_for_the_same() {
        let sdk = SdkRows::new("http://127.0.0.1:1").unwrap();
        let query = sdk.mysql.from("todos").select::<Row>(COLUMNS).limit(LIMIT);
        assert_eq!(query.operation().unwrap().target().to_string(), TARGET);
    }
}
