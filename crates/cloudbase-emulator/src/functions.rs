//! Cloud functions, cloud hosting and APIs.

use std::{
    collections::HashMap,
    future::Future,
    path::PathBuf,
    sync::{PoisonError, RwLock},
};

use axum::{
    Router,
    body::Body,
    middleware::{self, Next},
    response::IntoResponse as _,
    routing::any,
};
use bytes::Bytes;
use http::{Request, Response};
use serde_json::Value;

use crate::error::StartError;
use crate::server::missing;
use crate::state::{AppState, Base};

mod command;
mod context;
mod error;
mod file;
mod forward;
mod function;
mod hosting;
mod invoke;
mod process_group;
mod route;

pub use command::LocalCommand;
pub use context::FunctionContext;
pub use error::FunctionError;
use forward::Forwarder;
pub use function::{Access, Function, Service};

/// What the builder's methods of this area collected.
#[derive(Debug, Default)]
pub(crate) struct FunctionsOptions {
    files: Vec<PathBuf>,
    registry: Registry,
    json_is_text: bool,
    /// The first setting that cannot be used; reported at the start.
    mistake: Option<StartError>,
}

/// The area's state.
pub(crate) struct FunctionsState {
    forwarder: Forwarder,
    /// Whether events have the limit of text.
    json_is_text: bool,
    registry: RwLock<Registry>,
    /// What was there at the start, for a reset.
    first: Registry,
}

/// What can be called, by name.
#[derive(Debug, Clone, Default)]
struct Registry {
    functions: HashMap<String, Function>,
    services: HashMap<String, Service>,
    apis: HashMap<String, Service>,
}

/// The area's routes, with their full paths.
pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route("/v1/functions/{*rest}", any(invoke::handle))
        .route("/v1/cloudrun/{*rest}", any(hosting::cloud_run))
        .route("/v1/apis/{*rest}", any(hosting::apis))
        .route_layer(middleware::from_fn(without_web_sockets))
}

/// Without the upgrade, user code would see a strange GET.
async fn without_web_sockets(request: Request<Body>, next: Next) -> axum::response::Response {
    let upgrades = request.headers().get_all(http::header::UPGRADE);
    let is_web_socket = |value: &http::HeaderValue| {
        let value = value.as_bytes().to_ascii_lowercase();
        value.starts_with(b"websocket")
    };
    if upgrades.iter().any(is_web_socket) {
        return missing::web_socket().into_response();
    }
    next.run(request).await
}

impl FunctionsState {
    /// Called once, before the first request.
    pub(crate) async fn start(options: FunctionsOptions, _base: &Base) -> Result<Self, StartError> {
        if let Some(mistake) = options.mistake {
            return Err(mistake);
        }
        let mut registry = options.registry;
        for path in options.files {
            let loaded = file::load(&path)?;
            registry.functions.extend(loaded.functions);
            registry.services.extend(loaded.services);
            registry.apis.extend(loaded.apis);
        }
        registry.check_dirs()?;
        Ok(Self {
            forwarder: Forwarder::new(),
            json_is_text: options.json_is_text,
            first: registry.clone(),
            registry: RwLock::new(registry),
        })
    }

    /// Back to the state right after the start: configuration stays, content goes.
    pub(crate) async fn reset(&self) -> Result<(), StartError> {
        let first = self.first.clone();
        self.change(|registry| *registry = first);
        Ok(())
    }

    /// The whole content, for [`restore`](Self::restore).
    pub(crate) async fn snapshot(&self) -> Result<Bytes, StartError> {
        // Functions are configuration: code cannot be packed.
        Ok(Bytes::new())
    }

    /// Puts the content of a snapshot in place of the present one.
    pub(crate) async fn restore(&self, _snapshot: Bytes) -> Result<(), StartError> {
        Ok(())
    }

    /// Called at shutdown, after the last request: ends the processes.
    pub(crate) async fn close(&self) {
        let registry = self.read(Registry::clone);
        for process in registry.processes().chain(self.first.processes()) {
            process.stop().await;
        }
    }

    /// Ends the processes without waiting until they are gone.
    pub(crate) fn kill(&self) {
        let registry = self.read(Registry::clone);
        for process in registry.processes().chain(self.first.processes()) {
            process.kill();
        }
    }

    fn function(&self, name: &str) -> Option<Function> {
        self.read(|registry| registry.functions.get(name).cloned())
    }

    fn service(&self, name: &str) -> Option<Service> {
        self.read(|registry| registry.services.get(name).cloned())
    }

    fn api(&self, name: &str) -> Option<Service> {
        self.read(|registry| registry.apis.get(name).cloned())
    }

    fn forwarder(&self) -> &Forwarder {
        &self.forwarder
    }

    fn read<T>(&self, with: impl FnOnce(&Registry) -> T) -> T {
        with(&self.registry.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn change(&self, with: impl FnOnce(&mut Registry)) {
        with(
            &mut self
                .registry
                .write()
                .unwrap_or_else(PoisonError::into_inner),
        );
    }
}

impl Registry {
    /// Says at the start, and not at the first call, that a command has no folder to run in.
    fn check_dirs(&self) -> Result<(), StartError> {
        let missing = |kind: &str, name: &str, error: String| {
            StartError::caused_by(format!("the {kind} `{name}` cannot be started"), error)
        };
        for (name, function) in &self.functions {
            for process in function.processes() {
                process
                    .check_dir()
                    .map_err(|error| missing("function", name, error))?;
            }
        }
        for (kind, services) in [("service", &self.services), ("API", &self.apis)] {
            for (name, service) in services {
                if let Some(process) = service.process() {
                    process
                        .check_dir()
                        .map_err(|error| missing(kind, name, error))?;
                }
            }
        }
        Ok(())
    }

    fn processes(&self) -> impl Iterator<Item = std::sync::Arc<command::Process>> + '_ {
        let services = self.services.values().chain(self.apis.values());
        let functions = self.functions.values().flat_map(Function::processes);
        functions.chain(services.filter_map(Service::process))
    }
}

impl crate::EmulatorBuilder {
    /// Loads functions, cloud-hosting services and APIs from a JSON file.
    ///
    /// ```json
    /// {
    ///   "functions": {
    ///     "hello": {"command": ["npx", "tcb-ff", "--target", "main"], "dir": "functions/hello"},
    ///     "sum": {"url": "http://127.0.0.1:3000", "timeoutSeconds": 3, "access": "signedIn"},
    ///     "site": {"url": "http://127.0.0.1:9000", "web": true}
    ///   },
    ///   "services": {"api": {"url": "http://127.0.0.1:8080"}},
    ///   "apis": {"weather": {"url": "http://127.0.0.1:8081"}}
    /// }
    /// ```
    ///
    /// Each entry has a `url`, or a `command` with `dir` (relative to the file), `env`, `portEnv` and
    /// `port`; any may have `timeoutSeconds` and `access` (`everyone`, `signedIn`, `registered`,
    /// `admin`), functions also `web`, `concurrency` and `versions`.
    pub fn functions_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.functions.files.push(path.into());
        self
    }

    /// Whether JSON counts as text for the limit of what a function is called with: 100 KB instead of 6 MB. The service's documents
    /// name both limits and not which of them is that of JSON. Default: `false`.
    pub fn json_is_text(mut self, json_is_text: bool) -> Self {
        self.functions.json_is_text = json_is_text;
        self
    }

    /// Adds an ordinary cloud function written as a closure; see [`Function::event`].
    ///
    /// ```
    /// use cloudbase_emulator::Emulator;
    /// use serde_json::json;
    ///
    /// let builder = Emulator::builder().function("hello", |event, _context| async move {
    ///     Ok(json!({ "greeting": format!("Hello, {}", event["name"]) }))
    /// });
    /// # drop(builder);
    /// ```
    pub fn function<F, Fut>(self, name: &str, handler: F) -> Self
    where
        F: Fn(Value, FunctionContext) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Value, FunctionError>> + Send + 'static,
    {
        self.function_with(name, Function::event(handler))
    }

    /// Adds an HTTP function written as a closure; see [`Function::http`].
    pub fn http_function<F, Fut>(self, name: &str, handler: F) -> Self
    where
        F: Fn(Request<Body>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Response<Body>> + Send + 'static,
    {
        self.function_with(name, Function::http(handler))
    }

    /// Adds a cloud function with its own rules.
    pub fn function_with(mut self, name: &str, function: Function) -> Self {
        self.functions.name(name);
        self.functions
            .registry
            .functions
            .insert(name.to_owned(), function);
        self
    }

    /// Adds a cloud-hosting service.
    pub fn service(mut self, name: &str, service: Service) -> Self {
        self.functions.name(name);
        self.functions
            .registry
            .services
            .insert(name.to_owned(), service);
        self
    }

    /// Adds an API.
    pub fn api(mut self, name: &str, service: Service) -> Self {
        self.functions.name(name);
        self.functions
            .registry
            .apis
            .insert(name.to_owned(), service);
        self
    }
}

impl FunctionsOptions {
    fn name(&mut self, name: &str) {
        if self.mistake.is_none() && !route::is_name(name) {
            self.mistake = Some(StartError::new(format!(
                "`{name}` is not a valid name (2 to 60 letters, digits, `-` and `_`, starting with a \
                 letter and ending with a letter or digit)"
            )));
        }
    }
}

impl crate::Emulator {
    /// Adds or replaces a cloud function while the emulator runs.
    pub fn set_function(&self, name: &str, function: Function) {
        self.state().functions.change(|registry| {
            registry.functions.insert(name.to_owned(), function);
        });
    }

    /// Adds or replaces a cloud-hosting service while the emulator runs.
    pub fn set_service(&self, name: &str, service: Service) {
        self.state().functions.change(|registry| {
            registry.services.insert(name.to_owned(), service);
        });
    }

    /// Adds or replaces an API while the emulator runs.
    pub fn set_api(&self, name: &str, service: Service) {
        self.state().functions.change(|registry| {
            registry.apis.insert(name.to_owned(), service);
        });
    }
}
