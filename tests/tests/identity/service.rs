//! A service with two users, which says of each token whose it is, and remembers which call it came
//! with. Whether it accepts a token, or anything, it decides at random or as it is scripted.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use cloudbase_auth::{Auth, BoxFuture, Password};
use cloudbase_core::config::RetryConfig;
use cloudbase_core::{Body, Client, ClientBuilder};
use http::{HeaderMap, Request, Response};
use serde_json::{Value, json};

/// The header in which a call names itself.
pub(crate) const CALL: &str = "x-call";

pub(crate) const KEY: &str = "the-key";

/// What comes before the numbers of a token: the user and the sign-in, as in `lin.3`.
pub(crate) fn lineage(token: &str) -> &str {
    token.rsplit_once('.').map_or(token, |(lineage, _)| lineage)
}

#[derive(Clone)]
pub(crate) struct Service {
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    random: fastrand::Rng,
    /// How likely trouble is, of 100.
    trouble: u8,
    /// How long a response takes at most.
    delay: Duration,
    serial: u32,
    /// The last access token of each sign-in; older ones are rejected.
    valid: HashMap<String, String>,
    /// Which tokens came with which call.
    seen: HashMap<String, Vec<String>>,
    /// The sign-ins that calls have brought.
    begun: HashMap<String, String>,
    /// The sign-ins whose refresh has been rejected.
    rejected: HashSet<String>,
    /// All that came: method, path, token.
    log: Vec<String>,
    /// What is responded to paths that have this in them, first match first.
    said: Vec<(&'static str, u16, Value)>,
    interlude: Option<Interlude>,
}

/// Something that happens while a request waits for its response.
struct Interlude {
    path: &'static str,
    /// Which request to the path it is: 1 is the first.
    nth: usize,
    status: u16,
    action: Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>,
}

impl Service {
    /// One that has no trouble.
    pub(crate) fn new() -> Self {
        Self::with_trouble(0, 0, Duration::ZERO)
    }

    pub(crate) fn with_trouble(seed: u64, trouble: u8, delay: Duration) -> Self {
        let inner = Inner {
            random: fastrand::Rng::with_seed(seed),
            trouble,
            delay,
            serial: 0,
            valid: HashMap::new(),
            seen: HashMap::new(),
            begun: HashMap::new(),
            rejected: HashSet::new(),
            log: Vec::new(),
            said: Vec::new(),
            interlude: None,
        };
        Self {
            inner: Arc::new(Mutex::new(inner)),
        }
    }

    pub(crate) fn builder(&self) -> ClientBuilder {
        let service = self.clone();
        let transport = tower::service_fn(move |request: Request<Body>| {
            let service = service.clone();
            async move {
                let (head, body) = request.into_parts();
                let body = body.into_bytes(1 << 20).await.unwrap_or_default();
                let path = head.uri.path_and_query().unwrap().as_str();
                let (status, body) = service
                    .respond(head.method.as_str(), path, &head.headers, &body)
                    .await;
                let mut response = Response::new(Body::from(body.to_string().into_bytes()));
                *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
                Ok::<_, std::io::Error>(response)
            }
        });
        client().transport(transport)
    }

    /// Responds so to paths that have `path` in them.
    pub(crate) fn say(&self, path: &'static str, status: u16, body: Value) {
        self.lock().said.insert(0, (path, status, body));
    }

    /// Does `action` while the `nth` request to `path` waits, and responds with `status` then: 401
    /// for a token that is over, 503 for trouble, 200 for whatever would be responded else.
    pub(crate) fn interlude<F>(
        &self,
        path: &'static str,
        nth: usize,
        status: u16,
        action: impl Fn() -> F + Send + Sync + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        self.lock().interlude = Some(Interlude {
            path,
            nth,
            status,
            action: Arc::new(move || Box::pin(action())),
        });
    }

    /// A user who is signed in.
    pub(crate) async fn signed_in(&self, name: &str) -> Auth {
        let auth = Auth::new(self.builder().build().unwrap()).unwrap();
        sign_in(&auth, name).await;
        auth
    }

    /// The tokens that came to paths with `path` in them.
    pub(crate) fn tokens(&self, path: &str) -> Vec<String> {
        let log = &self.lock().log;
        let lines = log.iter().filter(|line| line.contains(path));
        lines
            .map(|line| line.rsplit(' ').next().unwrap().to_owned())
            .collect()
    }

    /// The tokens that came with each call.
    pub(crate) fn seen(&self) -> HashMap<String, Vec<String>> {
        self.lock().seen.clone()
    }

    /// The sign-in that a call has brought.
    pub(crate) fn begun_by(&self, call: &str) -> Option<String> {
        self.lock().begun.get(call).cloned()
    }

    /// Whether a refresh of this sign-in has been rejected.
    pub(crate) fn has_rejected(&self, lineage: &str) -> bool {
        self.lock().rejected.contains(lineage)
    }

    /// From now on there is no trouble.
    pub(crate) fn calm(&self) {
        self.lock().trouble = 0;
    }

    /// How many requests came to this path.
    pub(crate) fn count(&self, path: &str) -> usize {
        let log = &self.lock().log;
        log.iter().filter(|line| line.contains(path)).count()
    }

    /// Ends all access tokens before their time.
    pub(crate) fn expire_all(&self) {
        for token in self.lock().valid.values_mut() {
            token.clear();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    pub(crate) async fn respond(
        &self,
        method: &str,
        path: &str,
        headers: &HeaderMap,
        body: &[u8],
    ) -> (u16, Value) {
        let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap());
        let bearer = header("authorization").map_or("none", |value| &value["Bearer ".len()..]);
        let (before, after) = {
            let mut inner = self.lock();
            inner.log.push(format!("{method} {path} {bearer}"));
            if let Some(call) = header(CALL) {
                let seen = inner.seen.entry(call.to_owned()).or_default();
                seen.push(bearer.to_owned());
            }
            (inner.pause(), inner.pause())
        };
        pause(before).await;
        let due = {
            let mut inner = self.lock();
            let came = |path: &str| inner.log.iter().filter(|line| line.contains(path)).count();
            let due = inner
                .interlude
                .as_ref()
                .is_some_and(|it| path.contains(it.path) && came(it.path) == it.nth);
            due.then(|| inner.interlude.take()).flatten()
        };
        if let Some(due) = due {
            (due.action)().await;
            match due.status {
                401 => {
                    return (
                        401,
                        json!({"code": "ACCESS_TOKEN_EXPIRED", "error": "unauthenticated", "message": "x"}),
                    );
                }
                503 => {
                    return (
                        503,
                        json!({"code": "UNAVAILABLE", "error": "unavailable", "message": "x"}),
                    );
                }
                _ => {}
            }
        }
        let body = serde_json::from_slice(body).unwrap_or_default();
        let response = self.lock().decide(path, bearer, &body);
        if let (Some(call), "/auth/v1/signin") = (header(CALL), path.split('?').next().unwrap()) {
            let token = response.1["access_token"].as_str().unwrap();
            let begun = lineage(token).to_owned();
            self.lock().begun.insert(call.to_owned(), begun);
        }
        pause(after).await;
        response
    }
}

pub(crate) async fn sign_in(auth: &Auth, name: &str) {
    let password = Password::username(name, "secret");
    auth.sign_in_with_password(password).await.unwrap();
}

async fn pause(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}

/// A client of the service, which waits less between attempts than others do.
pub(crate) fn client() -> ClientBuilder {
    let mut retry = RetryConfig::default();
    retry.base = Duration::from_millis(5);
    Client::builder()
        .env_id("two-users")
        .access_key(KEY)
        .retry(retry)
}

impl Inner {
    fn pause(&mut self) -> Duration {
        let most = u64::try_from(self.delay.as_micros()).unwrap();
        Duration::from_micros(self.random.u64(0..=most))
    }

    fn has_trouble(&mut self) -> bool {
        self.random.u8(0..100) < self.trouble
    }

    fn decide(&mut self, path: &str, bearer: &str, body: &Value) -> (u16, Value) {
        if let Some((_, status, said)) = self.said.iter().find(|(it, ..)| path.contains(it)) {
            return (*status, said.clone());
        }
        let path = path.split('?').next().unwrap();
        match path {
            "/auth/v1/signin" => {
                self.serial += 1;
                let user = body["username"].as_str().unwrap();
                self.issue(&format!("{user}.{}", self.serial))
            }
            "/auth/v1/token" => {
                let token = body["refresh_token"].as_str().unwrap();
                let lineage = lineage(token.strip_prefix("r-").unwrap_or(token)).to_owned();
                if self.has_trouble() {
                    if self.random.bool() {
                        return (503, json!({"error": "unavailable"}));
                    }
                    self.rejected.insert(lineage);
                    return (400, json!({"error": "invalid_grant"}));
                }
                self.issue(&lineage)
            }
            "/auth/v1/revoke" => (200, json!({})),
            "/auth/v1/user/me" => {
                let user = bearer.split('.').next().unwrap();
                (200, json!({ "sub": user }))
            }
            _ => {
                let is_user = bearer != KEY && bearer != "none";
                let is_valid = self
                    .valid
                    .get(lineage(bearer))
                    .is_some_and(|it| it == bearer);
                if is_user && !is_valid {
                    return (
                        401,
                        json!({"code": "ACCESS_TOKEN_EXPIRED", "message": "over"}),
                    );
                }
                if self.has_trouble() {
                    return match self.random.bool() && is_user {
                        true => (401, json!({"code": "ACCESS_TOKEN_EXPIRED", "message": "x"})),
                        false => (503, json!({"code": "UNAVAILABLE", "message": "x"})),
                    };
                }
                (200, json!([{ "of": bearer }]))
            }
        }
    }

    fn issue(&mut self, lineage: &str) -> (u16, Value) {
        self.serial += 1;
        let token = format!("{lineage}.{}", self.serial);
        self.valid.insert(lineage.to_owned(), token.clone());
        let user = lineage.split('.').next().unwrap();
        // Some are over on arrival.
        let lifetime = if self.has_trouble() { 0 } else { 7200 };
        let session = json!({
            "access_token": token, "refresh_token": format!("r-{token}"), "expires_in": lifetime, "sub": user,
        });
        (200, session)
    }
}
