//! The handle of an application: one door per product.

#[cfg(feature = "functions")]
use std::pin::Pin;

use cloudbase_core::{Client, EnvId, Result, SecretString};

use crate::CloudBaseBuilder;

/// An application: one environment, its connections, its session.
///
/// Cheap to clone; clones share everything. Build one per process, outside or inside a runtime. Calls
/// are made on a tokio runtime with timers and I/O enabled, on any number of them: each has connections
/// of its own. Without a runtime a call is an error of kind [`Local`](crate::ErrorKind::Local).
///
/// Where the compiler finds "no method named …", the feature of that product is off:
///
/// | method | feature |
/// |---|---|
/// | `auth` | `auth` |
/// | `mysql` | `mysql` |
/// | `documents` | `documents` |
/// | `models` | `models` |
/// | `functions`, `call_function`, `cloud_run`, `call_container`, `apis` | `functions` |
/// | `storage` | `storage` |
#[derive(Clone, Debug)]
#[doc(alias = "CloudBase.init")]
pub struct CloudBase {
    client: Client,
    #[cfg(feature = "auth")]
    auth: cloudbase_auth::Auth,
}

impl CloudBase {
    /// Starts an application for the environment `env_id`.
    ///
    /// ```
    /// use cloudbase::CloudBase;
    ///
    /// let app = CloudBase::builder("my-env-1a2b3c").endpoint("http://127.0.0.1:8787").build()?;
    /// assert_eq!(app.env_id().as_str(), "my-env-1a2b3c");
    /// # Ok::<(), cloudbase::Error>(())
    /// ```
    #[doc(alias = "init")]
    pub fn builder(env_id: impl Into<String>) -> CloudBaseBuilder {
        CloudBaseBuilder::new(env_id)
    }

    /// An application as the environment variables describe it: `CLOUDBASE_ENV_ID`,
    /// `CLOUDBASE_ACCESS_KEY`, `CLOUDBASE_REGION`, `CLOUDBASE_ENDPOINT`, … (see
    /// [`ConfigKey`](crate::config::ConfigKey)).
    ///
    /// # Errors
    ///
    /// As [`CloudBaseBuilder::build`].
    pub fn from_env() -> Result<Self> {
        CloudBaseBuilder::from_env().build()
    }

    pub(crate) fn from_parts(
        client: Client,
        #[cfg(feature = "auth")] auth: cloudbase_auth::Auth,
    ) -> Self {
        Self {
            client,
            #[cfg(feature = "auth")]
            auth,
        }
    }

    /// The environment.
    pub fn env_id(&self) -> &EnvId {
        self.client.env_id()
    }

    /// The client below all products: for calls that the SDK does not know.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// An application that acts as the user whose access token this is, on the same connections:
    /// for servers that are called by many users. Each of its products sends that token.
    ///
    /// It has no part in this application's session, keeps nothing, and never refreshes the token: when
    /// that has ended, its calls fail. Make one for each request that the server gets.
    ///
    /// # Errors
    ///
    /// [`Argument`](crate::ErrorKind::Argument) if the token is empty or holds characters that a
    /// header must not.
    ///
    /// ```
    /// # fn handle(app: cloudbase::CloudBase, bearer: String) -> cloudbase::Result<()> {
    /// let theirs = app.for_user(bearer)?;
    /// # #[cfg(feature = "functions")]
    /// let call = theirs.functions().call("hello");
    /// # Ok(())
    /// # }
    /// ```
    pub fn for_user(&self, token: impl Into<SecretString>) -> Result<Self> {
        #[cfg(feature = "auth")]
        {
            let auth = self.auth.for_user(token)?;
            Ok(Self::from_parts(auth.client().clone(), auth))
        }
        #[cfg(not(feature = "auth"))]
        Ok(Self::from_parts(self.client.for_user(token)?))
    }

    /// Sign-in, session, account.
    #[cfg(feature = "auth")]
    pub fn auth(&self) -> &cloudbase_auth::Auth {
        &self.auth
    }

    /// MySQL tables over REST.
    #[cfg(feature = "mysql")]
    #[doc(alias = "rdb")]
    pub fn mysql(&self) -> cloudbase_data::MySql {
        cloudbase_data::MySql::new(self.client.clone())
    }

    /// The document database.
    #[cfg(feature = "documents")]
    #[doc(alias = "database")]
    pub fn documents(&self) -> cloudbase_data::Documents {
        cloudbase_data::Documents::new(self.client.clone())
    }

    /// Data models and data sources.
    #[cfg(feature = "models")]
    pub fn models(&self) -> cloudbase_data::Models {
        cloudbase_data::Models::new(self.client.clone())
    }

    /// Cloud functions.
    #[cfg(feature = "functions")]
    pub fn functions(&self) -> cloudbase_functions::Functions {
        cloudbase_functions::Functions::new(self.client.clone())
    }

    /// Cloud hosting.
    #[cfg(feature = "functions")]
    pub fn cloud_run(&self) -> cloudbase_functions::CloudRun {
        cloudbase_functions::CloudRun::new(self.client.clone())
    }

    /// APIs: connectors that are configured in the console.
    #[cfg(feature = "functions")]
    pub fn apis(&self) -> cloudbase_functions::Apis {
        cloudbase_functions::Apis::new(self.client.clone())
    }

    /// Objects.
    #[cfg(feature = "storage")]
    #[doc(alias = "from")]
    pub fn storage(&self) -> cloudbase_storage::Storage {
        cloudbase_storage::Storage::new(self.client.clone())
    }

    /// Calls the function `name` with `data` as JSON and reads its JSON response: the short form of
    /// [`functions().call(name)`](cloudbase_functions::Functions::call). `data` is written at once, so the
    /// call can outlive it.
    ///
    /// ```no_run
    /// # async fn run(app: cloudbase::CloudBase) -> cloudbase::Result<()> {
    /// use serde_json::{Value, json};
    ///
    /// let (sum, name) = futures_util::future::try_join(
    ///     app.call_function::<Value>("sum", &json!({ "a": 1, "b": 2 })),
    ///     app.call_function::<String>("name", &json!({})),
    /// )
    /// .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`FunctionCall::send`](cloudbase_functions::FunctionCall::send);
    /// [`Decode`](crate::ErrorKind::Decode) if the response does not fit `T`.
    #[cfg(feature = "functions")]
    #[doc(alias = "callFunction")]
    pub fn call_function<T: serde::de::DeserializeOwned>(
        &self,
        name: impl Into<String>,
        data: &(impl serde::Serialize + ?Sized),
    ) -> Pin<Box<dyn Future<Output = Result<T>> + Send>> {
        let call = self.functions().call(name).json(data);
        Box::pin(async move { call.send().await?.json() })
    }

    /// A call of the hosting service `name`, GET `/` unless the call says otherwise; a body without a
    /// method is an error. The short form of
    /// [`cloud_run().call(name)`](cloudbase_functions::CloudRun::call).
    #[cfg(feature = "functions")]
    #[doc(alias = "callContainer")]
    pub fn call_container(&self, name: impl Into<String>) -> cloudbase_functions::ServiceCall {
        self.cloud_run().call(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_handle_and_its_doors_are_shareable() {
        fn shareable<T: Clone + Send + Sync + 'static>() {}
        shareable::<CloudBase>();
        #[cfg(feature = "auth")]
        shareable::<cloudbase_auth::Auth>();
        #[cfg(feature = "mysql")]
        shareable::<cloudbase_data::MySql>();
        #[cfg(feature = "documents")]
        shareable::<cloudbase_data::Documents>();
        #[cfg(feature = "models")]
        shareable::<cloudbase_data::Models>();
        #[cfg(feature = "functions")]
        shareable::<cloudbase_functions::Functions>();
        #[cfg(feature = "functions")]
        shareable::<cloudbase_functions::CloudRun>();
        #[cfg(feature = "functions")]
        shareable::<cloudbase_functions::Apis>();
        #[cfg(feature = "storage")]
        shareable::<cloudbase_storage::Storage>();
    }
}
