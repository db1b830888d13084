//! Whatever speaks HTTP behind the gateway: hosting services, HTTP functions, APIs.

use std::fmt;

use bytes::Bytes;
use cloudbase_core::http::Method;
use cloudbase_core::{CallOptions, Client, Error, Operation, PathBuilder, Result};

use crate::call::call_methods;
use crate::functions::{lift_attempt_timeout, qualify};
use crate::payload::{Limit, Payload};
use crate::query::{append_encoded, append_members};

/// A hosting service, an HTTP function or an API, by its name. Cheap to clone.
///
/// It is called by HTTP and responds with a body, a stream or [events](crate::sse); a WebSocket of such a
/// service needs a WebSocket client, which this crate is not.
#[derive(Clone, Debug)]
pub struct Service {
    client: Client,
    kind: Kind,
    name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    WebFunction,
    Hosting,
    Api,
}

impl Service {
    pub(crate) fn new(client: Client, kind: Kind, name: String) -> Self {
        Self { client, kind, name }
    }

    /// A GET call. `path` is not encoded yet; what follows a `?` in it is a query that is.
    pub fn get(&self, path: impl Into<String>) -> ServiceCall {
        self.request(Method::GET, path)
    }

    /// A POST call.
    pub fn post(&self, path: impl Into<String>) -> ServiceCall {
        self.request(Method::POST, path)
    }

    /// A PUT call.
    pub fn put(&self, path: impl Into<String>) -> ServiceCall {
        self.request(Method::PUT, path)
    }

    /// A PATCH call.
    pub fn patch(&self, path: impl Into<String>) -> ServiceCall {
        self.request(Method::PATCH, path)
    }

    /// A DELETE call.
    pub fn delete(&self, path: impl Into<String>) -> ServiceCall {
        self.request(Method::DELETE, path)
    }

    /// A HEAD call: its response has headers but no body.
    pub fn head(&self, path: impl Into<String>) -> ServiceCall {
        self.request(Method::HEAD, path)
    }

    /// An OPTIONS call.
    pub fn options(&self, path: impl Into<String>) -> ServiceCall {
        self.request(Method::OPTIONS, path)
    }

    /// A call of any method.
    pub fn request(&self, method: Method, path: impl Into<String>) -> ServiceCall {
        self.call(Some(method), path.into())
    }

    /// A call whose method is to be chosen yet.
    pub(crate) fn call(&self, method: Option<Method>, path: String) -> ServiceCall {
        ServiceCall {
            service: self.clone(),
            method,
            path,
            query: Vec::new(),
            qualifier: None,
            payload: Payload::None,
            max_request_size: None,
            options: CallOptions::default(),
        }
    }
}

/// One call of a [`Service`].
///
/// GET, HEAD and OPTIONS are repeated after passing failures, and so are PUT and DELETE, which HTTP
/// defines as idempotent; POST and PATCH only if nothing was sent. Change that by
/// [`idempotent`](Self::idempotent).
///
/// A status outside 2xx is an error, which has the response, unless the call takes
/// [any status](Self::any_status):
///
/// ```no_run
/// # async fn run(cloud_run: cloudbase_functions::CloudRun) -> cloudbase_core::Result<()> {
/// let item = cloud_run.service("shop").get("/items/7").any_status().await?;
/// match item.status().as_u16() {
///     200 => println!("{}", item.text()?),
///     404 => println!("sold out"),
///     other => println!("status {other}: {}", item.text()?),
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "a call does nothing until it is awaited or sent"]
pub struct ServiceCall {
    service: Service,
    /// GET if none was chosen.
    method: Option<Method>,
    path: String,
    query: Vec<(String, String)>,
    qualifier: Option<String>,
    payload: Payload,
    max_request_size: Option<u64>,
    pub(crate) options: CallOptions,
}

call_methods!(
    ServiceCall,
    Service,
    json: "Sends `data` as JSON. In a call by [`get`](Service::get) or [`head`](Service::head), which \
           have no body, its members become query parameters.",
    body: "Sends bytes or a stream of another content type. The gateway takes up to 20 MB for cloud \
           hosting; for HTTP functions 100 KB of text and 6 MB of anything else. GET and HEAD take none."
);

impl fmt::Debug for ServiceCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.query.iter().map(|(name, _)| name).collect();
        f.debug_struct("ServiceCall")
            .field("service", &self.service)
            .field("method", &self.method)
            .field("path", &self.path)
            .field("query", &names)
            .field("payload", &self.payload)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl ServiceCall {
    /// Calls by this method instead. Default of [`CloudRun::call`](crate::CloudRun::call): GET, which has
    /// no body, so that a body without a method is an error.
    #[doc(alias = "HttpMethod")]
    pub fn method(mut self, method: Method) -> Self {
        self.method = Some(method);
        self
    }

    /// Calls this path instead. It is not encoded yet; what follows a `?` in it is a query that is.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Adds a query parameter; name and value are encoded.
    pub fn query(mut self, name: impl Into<String>, value: impl fmt::Display) -> Self {
        self.query.push((name.into(), value.to_string()));
        self
    }

    /// Calls this version or alias of an HTTP function.
    #[doc(alias = "X-Qualifier")]
    pub fn qualifier(mut self, qualifier: impl Into<String>) -> Self {
        self.qualifier = Some(qualifier.into());
        self
    }

    pub(crate) fn client(&self) -> &Client {
        &self.service.client
    }

    fn build(self) -> Result<Operation> {
        let name = self.service.kind.operation();
        self.request().map_err(|error| error.with_operation(name))
    }

    fn request(self) -> Result<Operation> {
        let Service { client, kind, name } = self.service;
        let (path, encoded_query) = match self.path.split_once('?') {
            Some((path, query)) => (path, query),
            None => (self.path.as_str(), ""),
        };
        let mut target = kind.locate(&name, path)?;
        target = append_encoded(target, encoded_query);
        for (name, value) in &self.query {
            target = target.query(name, value);
        }
        let argument = match &self.payload {
            Payload::Json(_) => Some("json"),
            Payload::Other { .. } => Some("body"),
            Payload::None | Payload::Invalid(_) => None,
        };
        if let (None, Some(argument)) = (&self.method, argument) {
            let rule = "needs a method, such as `.method(Method::POST)`: the default is GET, which has no body";
            return Err(Error::argument(argument, rule));
        }
        let method = self.method.unwrap_or(Method::GET);
        let bodiless = matches!(method, Method::GET | Method::HEAD);
        let payload = match self.payload {
            Payload::Json(json) if bodiless => {
                target = append_members(target, &json)?;
                Payload::None
            }
            Payload::Other { .. } if bodiless => {
                return Err(Error::argument(
                    "body",
                    "must not be given to a GET or HEAD call, which has none",
                ));
            }
            // The official clients send an object to a connector even if the caller gives none.
            Payload::None if kind == Kind::Api && !bodiless && method != Method::OPTIONS => {
                Payload::Json(Bytes::from_static(b"{}"))
            }
            payload => payload,
        };
        if self.qualifier.is_some() && kind != Kind::WebFunction {
            return Err(Error::argument(
                "qualifier",
                "must not be given: only functions have versions",
            ));
        }
        let operation = Operation::new(kind.operation(), kind.template(), method, target.build()?)
            .accept("*/*")
            .keep_error_response()
            .options(lift_attempt_timeout(self.options, &client));
        let operation = qualify(operation, self.qualifier)?;
        let limit = self.max_request_size.map_or(kind.limit(), Limit::Bytes);
        payload.attach(operation, limit)
    }
}

impl Kind {
    fn locate(self, name: &str, path: &str) -> Result<PathBuilder> {
        let (prefix, argument) = match self {
            Self::WebFunction => ("/v1/functions", "function name"),
            Self::Hosting => ("/v1/cloudrun", "service name"),
            Self::Api => ("/v1/apis", "api name"),
        };
        let mut target = PathBuilder::new(prefix).segment(argument, name)?;
        // A function's own root has no slash in the documented URL; the other two always do.
        if self != Self::WebFunction || !matches!(path, "" | "/") {
            target = target.path("path", path)?;
        }
        if self == Self::WebFunction {
            target = target.query("webfn", "true");
        }
        Ok(target)
    }

    fn operation(self) -> &'static str {
        match self {
            Self::WebFunction => "functions.http",
            Self::Hosting => "cloudrun.call",
            Self::Api => "apis.call",
        }
    }

    fn template(self) -> &'static str {
        match self {
            Self::WebFunction => "/v1/functions/{name}/{path}",
            Self::Hosting => "/v1/cloudrun/{service}/{path}",
            Self::Api => "/v1/apis/{api}/{path}",
        }
    }

    fn limit(self) -> Limit {
        match self {
            Self::WebFunction => Limit::Function,
            Self::Hosting => Limit::Hosting,
            Self::Api => Limit::Gateway,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(kind: Kind) -> Service {
        let client = Client::builder()
            .env_id("env")
            .endpoint("http://127.0.0.1:9");
        Service::new(client.build().unwrap(), kind, "svc".into())
    }

    fn target(call: ServiceCall) -> String {
        call.operation().unwrap().target().to_string()
    }

    #[test]
    fn paths_and_queries() {
        let hosting = service(Kind::Hosting);
        assert_eq!(target(hosting.get("")), "/v1/cloudrun/svc/");
        assert_eq!(target(hosting.get("a b/c")), "/v1/cloudrun/svc/a%20b/c");
        let call = hosting
            .get("/items?sort=asc")
            .query("page", 2)
            .json(&serde_json::json!({ "q": "x y" }));
        assert_eq!(
            target(call),
            "/v1/cloudrun/svc/items?sort=asc&page=2&q=x%20y"
        );
        assert_eq!(target(service(Kind::Api).post("v1")), "/v1/apis/svc/v1");
        let web = service(Kind::WebFunction);
        assert_eq!(target(web.get("/")), "/v1/functions/svc?webfn=true");
        assert_eq!(target(web.post("mcp")), "/v1/functions/svc/mcp?webfn=true");
    }

    #[test]
    fn a_body_needs_a_method() {
        let call = || service(Kind::Hosting).call(None, "/".to_owned());
        let operation = call().operation().unwrap();
        assert_eq!(operation.method(), Method::GET);
        let data = serde_json::json!({ "a": 1 });
        for (argument, call) in [
            ("json", call().json(&data)),
            ("body", call().body("text/plain", "a")),
        ] {
            let error = call.operation().unwrap_err();
            let rule = format!("`{argument}` needs a method");
            assert!(error.message().starts_with(&rule), "{error}");
        }
        let operation = call().json(&data).method(Method::POST).operation().unwrap();
        assert_eq!(operation.body_bytes(), Some(&b"{\"a\":1}"[..]));
    }

    #[test]
    fn data_goes_where_the_method_has_room_for_it() {
        let data = serde_json::json!({ "a": 1 });
        let body = |call: ServiceCall| {
            let operation = call.json(&data).operation().unwrap();
            operation.body_bytes().unwrap().to_vec()
        };
        let hosting = service(Kind::Hosting);
        assert_eq!(body(hosting.get("/")), b"");
        assert_eq!(body(hosting.head("/")), b"");
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            assert_eq!(body(hosting.request(method, "/")), b"{\"a\":1}");
        }
        let empty = hosting.post("/").operation().unwrap();
        assert_eq!(empty.body_bytes().unwrap(), b"");
        let api = service(Kind::Api).delete("/").operation().unwrap();
        assert_eq!(api.body_bytes().unwrap(), b"{}");
        for method in [Method::GET, Method::HEAD] {
            let call = hosting.request(method, "/").body("text/plain", "x");
            let error = call.operation().unwrap_err();
            assert!(error.message().starts_with("`body`"), "{error}");
        }
    }

    #[test]
    fn nothing_leaves_its_place() {
        let hosting = service(Kind::Hosting);
        assert!(hosting.get("/../other").operation().is_err());
        assert!(hosting.get("/a\nb").operation().is_err());
        assert_eq!(
            target(hosting.get("/a#b%2f")),
            "/v1/cloudrun/svc/a%23b%252f"
        );
        for call in [
            service(Kind::WebFunction).get("/").qualifier("a\nb"),
            hosting.get("/").qualifier("v1"),
        ] {
            let error = call.operation().unwrap_err();
            assert!(error.message().starts_with("`qualifier`"), "{error}");
        }
    }

    #[test]
    fn repetition_follows_the_method() {
        let hosting = service(Kind::Hosting);
        let repeatable = |call: ServiceCall| call.operation().unwrap().is_repeatable();
        assert!(repeatable(hosting.get("/")));
        assert!(repeatable(hosting.put("/")));
        assert!(!repeatable(hosting.post("/")));
        assert!(!repeatable(hosting.patch("/")));
        assert!(repeatable(hosting.post("/").idempotent(true)));
    }
}
