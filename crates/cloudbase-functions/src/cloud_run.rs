//! Cloud hosting: containers behind the gateway.

use cloudbase_core::Client;

use crate::service::{Kind, Service, ServiceCall};

/// Cloud hosting (CloudRun). Cheap to clone.
#[derive(Clone, Debug)]
pub struct CloudRun {
    client: Client,
}

impl CloudRun {
    /// Hosting services of the environment that `client` talks to.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// The hosting service `name`.
    ///
    /// ```no_run
    /// # async fn run(cloud_run: cloudbase_functions::CloudRun) -> cloudbase_core::Result<()> {
    /// let page = cloud_run.service("api").get("/items").query("page", 2).await?;
    /// let items: Vec<serde_json::Value> = page.json()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn service(&self, name: impl Into<String>) -> Service {
        Service::new(self.client.clone(), Kind::Hosting, name.into())
    }

    /// A call of the hosting service `name`, also of one that is a function: GET `/` unless
    /// [`method`](ServiceCall::method) and [`path`](ServiceCall::path) say otherwise. A body without a
    /// method is an error (the JavaScript SDK sends a POST then).
    ///
    /// ```no_run
    /// # async fn run(cloud_run: cloudbase_functions::CloudRun) -> cloudbase_core::Result<()> {
    /// use cloudbase_core::http::Method;
    ///
    /// let order = serde_json::json!({ "item": 7 });
    /// let call = cloud_run.call("shop").method(Method::POST).path("/orders").json(&order);
    /// println!("{}", call.await?.status());
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "callContainer")]
    #[doc(alias = "cloudrun")]
    pub fn call(&self, name: impl Into<String>) -> ServiceCall {
        self.service(name).call(None, "/".to_owned())
    }
}
