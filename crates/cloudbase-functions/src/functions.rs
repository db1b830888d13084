//! Cloud functions: the handle and one call.

use std::time::Duration;

use cloudbase_core::http::{HeaderValue, Method};
use cloudbase_core::{
    Body, CallOptions, Client, DataStream, Operation, PathBuilder, Response, Result, call_options,
};
use futures_core::future::BoxFuture;
use serde::Serialize;

use crate::answer::Answer;
use crate::events::{EVENTS_STALL, EventStream};
use crate::payload::{Limit, Payload};
use crate::service::{Kind, Service, ServiceCall};

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
    /// let sum: i64 = functions.call("sum").json(&[1, 2]).await?.json()?;
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

    /// A call of the function-type cloud-hosting service `name`: POST to `/` unless
    /// [`method`](ServiceCall::method) and [`path`](ServiceCall::path) say otherwise.
    #[doc(alias = "cloudrun")]
    pub fn call_hosted(&self, name: impl Into<String>) -> ServiceCall {
        Service::new(self.client.clone(), Kind::Hosting, name.into()).post("/")
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
    options: CallOptions,
}

call_options!(FunctionCall);

impl FunctionCall {
    /// Sends `data` as JSON: the function's event. The gateway takes up to 6 MB.
    #[doc(alias = "data")]
    pub fn json<T: Serialize + ?Sized>(mut self, data: &T) -> Self {
        self.payload = Payload::json(data);
        self
    }

    /// Sends bytes or a stream of another content type. The gateway takes up to 100 KB of text and
    /// up to 6 MB of anything else.
    ///
    /// A stream is sent once: such a call is not repeated, not even with a renewed token.
    pub fn body(mut self, content_type: impl AsRef<str>, body: impl Into<Body>) -> Self {
        self.payload = Payload::other(content_type.as_ref(), body.into());
        self
    }

    /// Calls this version or alias instead of what the environment's traffic rules choose.
    #[doc(alias = "X-Qualifier")]
    pub fn qualifier(mut self, qualifier: impl Into<String>) -> Self {
        self.qualifier = Some(qualifier.into());
        self
    }

    /// Replaces the gateway's documented limit for the body, should it be another one for this
    /// environment.
    pub fn max_request_size(mut self, bytes: u64) -> Self {
        self.max_request_size = Some(bytes);
        self
    }

    /// Ends a streamed body, sent or received, that stands still for so long. Default: the client's
    /// (5 s), and a minute for [`events`](Self::events), which may have nothing to tell.
    pub fn stall_timeout(mut self, limit: Duration) -> Self {
        self.options.stall_timeout = Some(limit);
        self
    }

    /// Reads at most so many bytes of the answer. Default: the client's (10 MiB).
    pub fn max_response_size(mut self, bytes: u64) -> Self {
        self.options.max_response_size = Some(bytes);
        self
    }

    /// Sends the call and reads the answer.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Argument`](cloudbase_core::ErrorKind::Argument) and
    /// [`TooLarge`](cloudbase_core::ErrorKind::TooLarge) before anything is sent;
    /// [`Api`](cloudbase_core::ErrorKind::Api) with a `FUNCTION_…` code if the platform refused or
    /// the function failed; whatever broke the connection.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the call up; the function may run all the same.
    pub async fn send(self) -> Result<Answer> {
        let (client, operation) = self.operation()?;
        client.fetch(operation).await.map(Answer::new)
    }

    /// Sends the call and hands on the answer piece by piece, without a limit for its length. Only
    /// a stalled answer ends it.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send); errors while the answer comes are items of the stream.
    pub async fn stream(self) -> Result<Response<DataStream>> {
        let (client, operation) = self.operation()?;
        let answer = client.execute(operation.transfer()).await?;
        Ok(answer.map(Body::into_data_stream))
    }

    /// Sends the call and reads the answer as [server-sent events](crate::sse).
    ///
    /// # Errors
    ///
    /// As [`stream`](Self::stream); [`Decode`](cloudbase_core::ErrorKind::Decode) if the answer is
    /// no event stream.
    pub async fn events(mut self) -> Result<Response<EventStream>> {
        self.options.stall_timeout.get_or_insert(EVENTS_STALL);
        let (client, operation) = self.operation()?;
        EventStream::open(&client, operation).await
    }

    fn operation(self) -> Result<(Client, Operation)> {
        let target = PathBuilder::new("/v1/functions")
            .segment("function name", &self.name)?
            .build()?;
        let mut operation = Operation::new(
            "functions.call",
            "/v1/functions/{name}",
            Method::POST,
            target,
        )
        .accept("*/*")
        .options(lift_attempt_timeout(self.options));
        if let Some(qualifier) = &self.qualifier {
            let value = HeaderValue::from_str(qualifier).map_err(|_| {
                cloudbase_core::Error::argument(
                    "qualifier",
                    "must not contain control characters such as CR, LF or NUL",
                )
            })?;
            let name = cloudbase_core::http::HeaderName::from_static("x-qualifier");
            operation = operation.header(name, value);
        }
        let payload = match self.payload {
            // Without a body the gateway has no JSON object to make the event of.
            Payload::None => Payload::Json(bytes::Bytes::from_static(b"{}")),
            payload => payload,
        };
        let limit = self.max_request_size.map_or(Limit::Function, Limit::Bytes);
        Ok((self.client, payload.attach(operation, limit)?))
    }
}

/// Somebody's code may take its time: whoever gives a call more of it gives it to its one attempt.
pub(crate) fn lift_attempt_timeout(mut options: CallOptions) -> CallOptions {
    const DEFAULT: Duration = Duration::from_secs(15);
    if options.attempt_timeout.is_none() {
        options.attempt_timeout = options.timeout.filter(|total| *total > DEFAULT);
    }
    options
}

impl IntoFuture for FunctionCall {
    type Output = Result<Answer>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn functions() -> Functions {
        let client = Client::builder()
            .env_id("env")
            .endpoint("http://127.0.0.1:9");
        Functions::new(client.build().unwrap())
    }

    #[test]
    fn a_call_is_a_post_of_its_data() {
        let call = functions().call("sum").json(&[1, 2]).qualifier("v2");
        let (_, operation) = call.operation().unwrap();
        assert_eq!(operation.target(), "/v1/functions/sum");
        assert_eq!(operation.method(), Method::POST);
        assert_eq!(operation.body_bytes().unwrap(), b"[1,2]");
        assert_eq!(operation.headers()["x-qualifier"], "v2");
        assert_eq!(operation.headers()["content-type"], "application/json");
        assert!(!operation.is_repeatable());
    }

    #[test]
    fn without_data_the_event_is_an_empty_object() {
        let (_, operation) = functions().call("hello").operation().unwrap();
        assert_eq!(operation.body_bytes().unwrap(), b"{}");
    }

    #[test]
    fn what_cannot_be_sent_is_refused_by_name() {
        for name in ["", "..", "a\r\nb"] {
            let error = functions().call(name).operation().unwrap_err();
            assert!(error.message().starts_with("`function name`"), "{error}");
        }
        let error = functions().call("a").qualifier("v\n").operation();
        assert!(error.unwrap_err().message().starts_with("`qualifier`"));
    }

    #[test]
    fn more_time_is_given_to_the_attempt() {
        let timeouts = |call: FunctionCall| {
            let options = lift_attempt_timeout(call.options);
            (options.timeout, options.attempt_timeout)
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
    }
}
