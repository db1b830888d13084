//! What can stand behind a name: closures, URLs, local commands.

use std::{collections::BTreeMap, fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use axum::body::Body;
use http::{Request, Response, Uri};
use serde_json::Value;
use tokio::sync::Semaphore;

use super::{
    command::{LocalCommand, Process},
    context::FunctionContext,
    error::FunctionError,
};
use crate::error::StartError;

/// Run time of a function that names none. The service's own default for new functions is 3 s.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;
pub(super) type EventHandler =
    Arc<dyn Fn(Value, FunctionContext) -> BoxFuture<Result<Value, FunctionError>> + Send + Sync>;
pub(super) type HttpHandler = Arc<dyn Fn(Request<Body>) -> BoxFuture<Response<Body>> + Send + Sync>;

/// Where requests for a service, an API or a function's own web server go.
#[derive(Clone)]
pub(super) enum Upstream {
    Closure(HttpHandler),
    Url(Uri),
    Command(Arc<Process>),
}

/// What runs when a function is called.
#[derive(Clone)]
pub(super) enum Target {
    Event(EventHandler),
    Upstream(Upstream),
}

/// Which callers a function, service or API admits; a credential is needed in any case.
///
/// It stands in for the service's security rules of functions, which are JSON: those are not evaluated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Access {
    /// Every caller, the publishable key included.
    #[default]
    Everyone,
    /// Users who signed in, anonymously or not, and administrators.
    SignedIn,
    /// Registered users and administrators.
    Registered,
    /// Administrators only.
    Admin,
}

/// A cloud function: what runs, and under which rules.
///
/// ```
/// use std::time::Duration;
/// use cloudbase_emulator::{Function, FunctionError};
/// use serde_json::json;
///
/// let sum = Function::event(|event, _context| async move {
///     let (a, b) = (event["a"].as_i64(), event["b"].as_i64());
///     let sum = a.zip(b).ok_or("a and b must be numbers").map(|(a, b)| a + b)?;
///     Ok(json!({ "sum": sum }))
/// })
/// .timeout(Duration::from_secs(3));
/// # drop(sum);
/// ```
#[derive(Clone)]
#[must_use = "a function does nothing until it is given to the emulator"]
pub struct Function {
    pub(super) target: Target,
    /// An HTTP function: called with `webfn=true`, sees the whole request.
    pub(super) web: bool,
    pub(super) timeout: Duration,
    pub(super) access: Access,
    pub(super) slots: Option<Arc<Semaphore>>,
    pub(super) abnormal: bool,
    pub(super) versions: BTreeMap<String, Function>,
}

impl Function {
    /// An ordinary function: takes the event and the context, returns a JSON value.
    ///
    /// A string is returned as plain text, everything else as JSON. An error, or a panic, becomes
    /// `FUNCTION_INVOCATION_FAILED` unless the [`FunctionError`] says otherwise.
    pub fn event<F, Fut>(handler: F) -> Self
    where
        F: Fn(Value, FunctionContext) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Value, FunctionError>> + Send + 'static,
    {
        let handler: EventHandler =
            Arc::new(move |event, context| Box::pin(handler(event, context)));
        Self::new(Target::Event(handler), false)
    }

    /// An HTTP function: takes the whole request, returns the whole response; both bodies stream.
    pub fn http<F, Fut>(handler: F) -> Self
    where
        F: Fn(Request<Body>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Response<Body>> + Send + 'static,
    {
        Self::new(Target::Upstream(Upstream::closure(handler)), true)
    }

    /// A function behind an `http://` URL. The event is posted there as JSON; with [`web`](Self::web)
    /// the whole request is forwarded.
    ///
    /// # Errors
    ///
    /// If the URL is not an absolute `http://` URL.
    pub fn url(url: &str) -> Result<Self, StartError> {
        Ok(Self::new(Target::Upstream(Upstream::url(url)?), false))
    }

    /// A function that a local command serves, such as `npx tcb-ff`.
    pub fn command(command: LocalCommand) -> Self {
        Self::new(Target::Upstream(Upstream::command(command)), false)
    }

    /// Makes a function behind a URL or command an HTTP function.
    pub fn web(mut self) -> Self {
        self.web |= matches!(self.target, Target::Upstream(_));
        self
    }

    /// How long a call may take before `FUNCTION_TIME_LIMIT_EXCEEDED`. Default: 60 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Who may call it. Default: everyone with a credential.
    pub fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// How many calls may run at once before `FUNCTION_EXCEED_RESOURCE_LIMIT`. Default: no limit.
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.slots = Some(Arc::new(Semaphore::new(calls.min(Semaphore::MAX_PERMITS))));
        self
    }

    /// Fails every call with `FUNCTION_STATUS_ABNORMAL`, like a function that failed to deploy.
    pub fn abnormal(mut self) -> Self {
        self.abnormal = true;
        self
    }

    /// Adds a version or alias, called with `X-Qualifier`. Its own rules apply, not this function's.
    pub fn version(mut self, qualifier: impl Into<String>, function: Function) -> Self {
        self.versions.insert(qualifier.into(), function);
        self
    }

    fn new(target: Target, web: bool) -> Self {
        Self {
            target,
            web,
            timeout: DEFAULT_TIMEOUT,
            access: Access::default(),
            slots: None,
            abnormal: false,
            versions: BTreeMap::new(),
        }
    }

    /// The version that a qualifier names; none, or `$LATEST`, is the function itself.
    pub(super) fn qualified(&self, qualifier: Option<&str>) -> Option<&Self> {
        match qualifier {
            None | Some("" | "$LATEST") => Some(self),
            Some(name) => self.versions.get(name),
        }
    }

    pub(super) fn processes(&self) -> Vec<Arc<Process>> {
        let mut found: Vec<_> = self
            .versions
            .values()
            .flat_map(|version| version.processes())
            .collect();
        if let Target::Upstream(Upstream::Command(process)) = &self.target {
            found.push(Arc::clone(process));
        }
        found
    }
}

/// A cloud-hosting service or an API: where its requests go, and who may make them.
///
/// ```
/// use cloudbase_emulator::{Access, Service};
///
/// let api = Service::url("http://127.0.0.1:3000")?.access(Access::SignedIn);
/// # drop(api);
/// # Ok::<(), cloudbase_emulator::StartError>(())
/// ```
#[derive(Clone)]
#[must_use = "a service does nothing until it is given to the emulator"]
pub struct Service {
    pub(super) upstream: Upstream,
    pub(super) access: Access,
    pub(super) timeout: Option<Duration>,
}

impl Service {
    /// A closure that takes the whole request and returns the whole response; both bodies stream.
    pub fn http<F, Fut>(handler: F) -> Self
    where
        F: Fn(Request<Body>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Response<Body>> + Send + 'static,
    {
        Self::new(Upstream::closure(handler))
    }

    /// A server behind an `http://` URL.
    ///
    /// # Errors
    ///
    /// If the URL is not an absolute `http://` URL.
    pub fn url(url: &str) -> Result<Self, StartError> {
        Ok(Self::new(Upstream::url(url)?))
    }

    /// A server that a local command runs.
    pub fn command(command: LocalCommand) -> Self {
        Self::new(Upstream::command(command))
    }

    /// Who may call it. Default: everyone with a credential.
    pub fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// How long the head of a response may take. Default: 60 s, the service's own limit.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    fn new(upstream: Upstream) -> Self {
        Self {
            upstream,
            access: Access::default(),
            timeout: None,
        }
    }

    pub(super) fn process(&self) -> Option<Arc<Process>> {
        match &self.upstream {
            Upstream::Command(process) => Some(Arc::clone(process)),
            Upstream::Closure(_) | Upstream::Url(_) => None,
        }
    }
}

impl Upstream {
    fn closure<F, Fut>(handler: F) -> Self
    where
        F: Fn(Request<Body>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Response<Body>> + Send + 'static,
    {
        Self::Closure(Arc::new(move |request| Box::pin(handler(request))))
    }

    fn command(command: LocalCommand) -> Self {
        Self::Command(Arc::new(Process::new(command)))
    }

    fn url(url: &str) -> Result<Self, StartError> {
        let uri: Uri = url
            .parse()
            .map_err(|error| StartError::caused_by(format!("`{url}` is not a URL"), error))?;
        if uri.scheme_str() != Some("http") || uri.host().is_none() {
            return Err(StartError::new(format!(
                "`{url}` must be an absolute http:// URL"
            )));
        }
        if uri.query().is_some() {
            return Err(StartError::new(format!("`{url}` must not have a query")));
        }
        Ok(Self::Url(uri))
    }
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closure(_) => f.write_str("Closure"),
            Self::Url(uri) => f.debug_tuple("Url").field(uri).finish(),
            Self::Command(process) => f.debug_tuple("Command").field(process).finish(),
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event(_) => f.write_str("Event"),
            Self::Upstream(upstream) => upstream.fmt(f),
        }
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Function")
            .field("target", &self.target)
            .field("web", &self.web)
            .field("versions", &self.versions)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("upstream", &self.upstream)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_must_be_plain_http() {
        assert!(Function::url("http://127.0.0.1:3000/base").is_ok());
        for bad in [
            "https://x",
            "127.0.0.1:3000",
            "/a",
            "http://x/?a=1",
            "not a url",
        ] {
            assert!(Service::url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn qualifiers() {
        let handler = |_, _| async { Ok(Value::Null) };
        let function = Function::event(handler).version("2", Function::event(handler));
        assert!(function.qualified(None).is_some());
        assert!(function.qualified(Some("$LATEST")).is_some());
        assert!(function.qualified(Some("2")).is_some());
        assert!(function.qualified(Some("3")).is_none());
    }
}
