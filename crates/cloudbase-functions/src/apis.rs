//! APIs: connectors that the environment keeps to other services.

use cloudbase_core::Client;

use crate::service::{Kind, Service};

/// API connectors. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Apis {
    client: Client,
}

impl Apis {
    /// APIs of the environment that `client` talks to.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// The API with this identifier, as the console shows it.
    ///
    /// ```no_run
    /// # async fn run(apis: cloudbase_functions::Apis) -> cloudbase_core::Result<()> {
    /// let question = serde_json::json!({ "city": "Shenzhen" });
    /// let forecast = apis.api("weather").post("/forecast").json(&question).await?;
    /// println!("{}", forecast.text()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn api(&self, name: impl Into<String>) -> Service {
        Service::new(self.client.clone(), Kind::Api, name.into())
    }
}
