//! The service that processes of a schedule call.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cloudbase_core::{Body, Client};
use fastrand::Rng;
use http::{Request, Response};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::Auth;
use crate::store::SessionStore;

/// A service that grants everything to anyone with a name, after a pause that may outlast a lock. It
/// can be set to reject some refreshes for good.
pub(in crate::flows::session) struct Service {
    rng: Mutex<Rng>,
    /// How many refreshes of a hundred are rejected.
    rejects: AtomicU32,
    /// Whose refreshes have been rejected.
    rejected: Mutex<HashSet<String>>,
}

impl Service {
    pub(in crate::flows::session) fn new(rng: Rng) -> Arc<Self> {
        Arc::new(Self {
            rng: Mutex::new(rng),
            rejects: AtomicU32::default(),
            rejected: Mutex::default(),
        })
    }

    /// From now on so many refreshes of a hundred are rejected.
    pub(super) fn rejects(&self, percent: u32) {
        self.rejects.store(percent, Ordering::SeqCst);
    }

    pub(super) fn has_rejected(&self, name: &str) -> bool {
        self.rejected.lock().unwrap().contains(name)
    }

    /// A client of its own over `store`, which hears nothing more once it is dead.
    pub(in crate::flows::session) fn auth(
        self: &Arc<Self>,
        store: Arc<dyn SessionStore>,
        is_dead: Arc<AtomicBool>,
    ) -> Auth {
        let service = self.clone();
        let transport = tower::service_fn(move |request: Request<Body>| {
            let (service, is_dead) = (service.clone(), is_dead.clone());
            async move {
                let response = service.respond(request).await;
                if is_dead.load(Ordering::SeqCst) {
                    std::future::pending::<()>().await;
                }
                let body = Body::from(response.to_string().into_bytes());
                Ok::<_, std::io::Error>(Response::new(body))
            }
        });
        let client = Client::builder()
            .env_id("schedule-env")
            .transport(transport);
        let auth = Auth::builder(client.build().unwrap()).session_store(store);
        auth.build().unwrap()
    }

    async fn respond(&self, request: Request<Body>) -> Value {
        let (head, body) = request.into_parts();
        let pause = {
            let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
            rng.u64(0..90)
        };
        sleep(Duration::from_millis(pause)).await;
        let body = body.into_bytes(1 << 20).await.unwrap_or_default();
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let name = match head.uri.path() {
            "/auth/v1/signin" => body["username"].as_str().map(str::to_owned),
            // A refresh token may be used again, as within the grace time of the service.
            "/auth/v1/token" => body["refresh_token"].as_str().map(user_of),
            "/auth/v1/user/me" => {
                let bearer = head.headers["authorization"].to_str().unwrap();
                let name = fastrand::u64(..).to_string(); // always news
                return json!({"sub": user_of(&bearer["Bearer ".len()..]), "name": name});
            }
            _ => return json!({}),
        };
        let name = name.unwrap();
        if head.uri.path() == "/auth/v1/token" && self.decides_to_reject() {
            self.rejected.lock().unwrap().insert(name);
            return json!({"error": "invalid_grant"});
        }
        let serial = fastrand::u64(..);
        json!({
            "access_token": format!("{name}-{serial}"), "refresh_token": format!("{name}-{serial}"),
            "expires_in": 7200, "sub": name,
        })
    }

    fn decides_to_reject(&self) -> bool {
        let percent = self.rejects.load(Ordering::SeqCst);
        let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
        rng.u32(0..100) < percent
    }
}

fn user_of(token: &str) -> String {
    token.split('-').next().unwrap().to_owned()
}
