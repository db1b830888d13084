//! Cloud functions: the handle and one call.

use bytes::Bytes;
use cloudbase_core::config::Timeouts;
use cloudbase_core::http::{HeaderName, HeaderValue, Method};
use cloudbase_core::{CallOptions, Client, Error, Operation, PathBuilder, Result};

use crate::call::call_methods;
use crate::payload::{Limit, Payload};
use crate::service::{Kind, Service};

/// The name of a call, for spans and errors.
const CALL: &str = "functions.call";

/// Cloud functions. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Functions {
    client: Client,
}

impl Functions {
    /// Functions of the environment that `client` talks to.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// A call of the function `name`. Without a body its event is `{}`.
    ///
    /// ```no_run
    /// # async fn run(functions: cloudbase_functions::Functions) -> cloudbase_core::Result<()> {
    /// let numbers = serde_json::json!({ "a": 1, "b": 2 });
    /// let sum: i64 = functions.call("sum").json(&numbers).await?.json()?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "callFunction")]
    pub fn call(&self, name: impl Into<String>) -> FunctionCall {
        FunctionCall {
            client: self.client.clone(),
            name: name.into(),
            qualifier: None,
            payload: Payload::None,
            max_request_size: None,
            options: CallOptions::default(),
        }
    }

    /// The HTTP ("web") function `name`: a function that is a web server and takes any method,
    /// path, query and header.
    ///
    /// ```no_run
    /// # async fn run(functions: cloudbase_functions::Functions) -> cloudbase_core::Result<()> {
    /// let page = functions.http("site").get("/pages/1").query("lang", "en").await?;
    /// println!("{}", page.text()?);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "webfn")]
    pub fn http(&self, name: impl Into<String>) -> Service {
        Service::new(self.client.clone(), Kind::WebFunction, name.into())
    }
}

/// One call of a function; see [`Functions::call`].
#[must_use = "a call does nothing until it is awaited or sent"]
#[derive(Debug)]
pub struct FunctionCall {
    client: Client,
    name: String,
    qualifier: Option<String>,
    payload: Payload,
    max_request_size: Option<u64>,
    pub(crate) options: CallOptions,
}

call_methods!(
    FunctionCall,
    Function,
    json: "Sends `data` as JSON: the function's event, which must be an object (`null` stands for an \
           empty one). The gateway takes up to 6 MB. (The documents say 100 KB for \
           text and 6 MB for anything else, and not which of them JSON is: this reading is \
           unconfirmed. `max_request_size` sets the narrow one, 100 KB.)",
    body: "Sends bytes or a stream of another content type. The gateway takes up to 100 KB of text \
           and up to 6 MB of anything else."
);

impl FunctionCall {
    /// Calls this version or alias instead of what the environment's traffic rules choose.
    #[doc(alias = "X-Qualifier")]
    pub fn qualifier(mut self, qualifier: impl Into<String>) -> Self {
        self.qualifier = Some(qualifier.into());
        self
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    fn build(self) -> Result<Operation> {
        self.request().map_err(|error| error.with_operation(CALL))
    }

    fn request(self) -> Result<Operation> {
        let target = PathBuilder::new("/v1/functions")
            .segment("function name", &self.name)?
            .build()?;
        let operation = Operation::new(CALL, "/v1/functions/{name}", Method::POST, target)
            .accept("*/*")
            .keep_error_response()
            .options(lift_attempt_timeout(self.options, &self.client));
        let operation = qualify(operation, self.qualifier)?;
        let payload = match self.payload {
            // Without a body the gateway has no JSON object to make the event of.
            Payload::None => Payload::Json(Bytes::from_static(b"{}")),
            Payload::Json(json) if json == "null" => Payload::Json(Bytes::from_static(b"{}")),
            Payload::Json(json) if !json.starts_with(b"{") => {
                return Err(Error::argument(
                    "json",
                    "must be an object: it becomes the function's event",
                ));
            }
            payload => payload,
        };
        let limit = self.max_request_size.map_or(Limit::Function, Limit::Bytes);
        payload.attach(operation, limit)
    }
}

/// Puts the version or alias of a function into `operation`.
pub(crate) fn qualify(operation: Operation, qualifier: Option<String>) -> Result<Operation> {
    let Some(qualifier) = qualifier else {
        return Ok(operation);
    };
    let value = HeaderValue::from_str(&qualifier).map_err(|_| {
        Error::argument(
            "qualifier",
            "must not contain control characters such as CR, LF or NUL",
        )
    })?;
    Ok(operation.header(HeaderName::from_static("x-qualifier"), value))
}

/// The user's code may take its time: a call that is given more of it gives it to each attempt. A
/// client whose attempts have a limit of their own choosing keeps that.
pub(crate) fn lift_attempt_timeout(options: CallOptions, client: &Client) -> CallOptions {
    let default = Timeouts::default().attempt;
    let unset =
        options.attempt_timeout().is_none() && client.config().timeouts().attempt == default;
    match options.timeout() {
        Some(total) if unset && total > default => options.with_attempt_timeout(total),
        _ => options,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn functions() -> Functions {
        let client = Client::builder()
            .env_id("env")
            .endpoint("http://127.0.0.1:9");
        Functions::new(client.build().unwrap())
    }

    #[test]
    fn a_call_is_a_post_of_its_data() {
        let data = serde_json::json!({ "a": 1 });
        let call = functions().call("sum").json(&data).qualifier("v2");
        let operation = call.operation().unwrap();
        assert_eq!(operation.target(), "/v1/functions/sum");
        assert_eq!(operation.method(), Method::POST);
        assert_eq!(operation.body_bytes().unwrap(), b"{\"a\":1}");
        assert_eq!(operation.headers()["x-qualifier"], "v2");
        assert_eq!(operation.headers()["content-type"], "application/json");
        assert!(!operation.is_repeatable());
    }

    #[test]
    fn without_data_the_event_is_an_empty_object() {
        let call = || functions().call("hello");
        for call in [call(), call().json(&()), call().json(&None::<u8>)] {
            let operation = call.operation().unwrap();
            assert_eq!(operation.body_bytes().unwrap(), b"{}");
        }
    }

    #[test]
    fn what_cannot_be_sent_is_rejected_by_name() {
        for name in ["", "..", "a\r\nb"] {
            let error = functions().call(name).operation().unwrap_err();
            assert!(error.message().starts_with("`function name`"), "{error}");
        }
        let error = functions().call("a").qualifier("v\n").operation();
        assert!(error.unwrap_err().message().starts_with("`qualifier`"));
        // The gateway would reject it as FUNCTION_PARAM_INVALID.
        for event in [serde_json::json!([1, 2]), serde_json::json!("{}")] {
            let error = functions().call("a").json(&event).operation().unwrap_err();
            assert!(error.message().starts_with("`json`"), "{error}");
        }
    }

    #[test]
    fn more_time_is_given_to_the_attempt() {
        let timeouts = |call: FunctionCall| {
            let options = lift_attempt_timeout(call.options, &call.client);
            (options.timeout(), options.attempt_timeout())
        };
        let seconds = |n| Some(Duration::from_secs(n));
        let call = || functions().call("a");
        assert_eq!(timeouts(call()), (None, None));
        assert_eq!(
            timeouts(call().timeout(Duration::from_secs(300))),
            (seconds(300), seconds(300))
        );
        assert_eq!(
            timeouts(call().timeout(Duration::from_secs(5))),
            (seconds(5), None)
        );
        let both = call()
            .attempt_timeout(Duration::from_secs(20))
            .timeout(Duration::from_secs(90));
        assert_eq!(timeouts(both), (seconds(90), seconds(20)));
        // A limit of the client's own stands, longer or shorter than the default.
        for own in [5, 14, 16, 40] {
            let client = Client::builder()
                .env_id("env")
                .endpoint("http://127.0.0.1:9")
                .attempt_timeout(Duration::from_secs(own));
            let functions = Functions::new(client.build().unwrap());
            let call = functions.call("a").timeout(Duration::from_secs(20));
            assert_eq!(timeouts(call), (seconds(20), None), "{own}");
        }
    }
}
