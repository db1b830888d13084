//! Auth: users, sign-in, sessions, verification, captcha, identities.

use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::routing::{delete, get, patch, post};
use bytes::Bytes;

use crate::clock::Clock;
use crate::error::{AuthError, StartError};
use crate::keys::{Claims, TokenFault};
use crate::state::{AppState, Base};

mod account;
mod captcha;
mod control;
mod extract;
mod identity_source;
mod linked;
mod options;
mod password;
mod persist;
mod provider;
mod redirect;
mod session;
mod sign_in;
mod store;
mod table;
mod ticket;
mod token;
mod users;
mod verification;

pub use captcha::Captcha;
pub(crate) use control::routes as control_routes;
pub use identity_source::Person;
pub(crate) use identity_source::{access_token, id_token, mini_program_code};
pub(crate) use options::AuthOptions;
pub use options::{PasswordPolicy, RefreshReuse};
pub(crate) use store::normal_phone;
pub(crate) use ticket::custom_login_key;
pub use users::{NewUser, UserInfo, Users};

use captcha::Demands;
use persist::Writer;
use store::Store;
use ticket::TicketKey;

/// The area's state.
pub(crate) struct AuthState {
    options: AuthOptions,
    store: Mutex<Store>,
    demands: Demands,
    ticket_keys: Vec<TicketKey>,
    clock: Clock,
    writer: Option<Writer>,
}

/// The area's routes, with their full paths.
pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route("/auth/v1/signup", post(sign_in::sign_up))
        .route("/auth/v1/signin", post(sign_in::sign_in))
        .route("/auth/v1/signin/anonymously", post(sign_in::anonymously))
        .route("/auth/v1/signin/with/provider", post(provider::sign_in))
        .route("/auth/v1/signin/custom", post(ticket::sign_in))
        .route("/auth/v1/provider/uri", get(provider::uri))
        .route(
            "/auth/v1/provider/token",
            post(provider::token).patch(provider::enrich),
        )
        .route("/auth/v1/token", post(token::grant))
        .route("/auth/v1/token/introspect", get(token::introspect))
        .route(
            "/auth/v1/token/clientCredential",
            post(token::client_credential),
        )
        .route("/auth/v1/revoke", post(token::revoke))
        .route("/auth/v1/user/signout", post(token::sign_out))
        .route("/auth/v1/verification", post(verification::send))
        .route("/auth/v1/verification/verify", post(verification::verify))
        .route("/auth/v1/user/me", get(account::me).delete(account::delete))
        .route("/auth/v1/user/basic/edit", post(account::edit))
        .route(
            "/auth/v1/user/profile",
            patch(account::old_edit).put(account::old_edit),
        )
        .route("/auth/v1/user/query", get(account::query))
        .route("/auth/v1/checkIfUserExist", get(account::exists))
        .route("/auth/v1/user/sudo", post(password::sudo))
        .route("/auth/v1/user/password", patch(password::change))
        .route("/auth/v1/user/contact", patch(password::contact))
        .route(
            "/auth/v1/user/reauthenticate",
            post(verification::reauthenticate),
        )
        .route("/auth/v1/reset", post(password::reset))
        .route("/auth/v1/user/provider", get(linked::list))
        .route("/auth/v1/user/provider/bind", post(linked::bind))
        .route(
            "/auth/v1/user/provider/{provider_id}",
            delete(linked::unbind),
        )
        .route("/auth/v1/captcha/init", post(captcha::init))
        .route("/auth/v1/captcha/data", post(captcha::data))
        .route("/auth/v1/captcha/data/verify", post(captcha::verify))
}

impl AuthState {
    pub(crate) async fn start(options: AuthOptions, base: &Base) -> Result<Self, StartError> {
        options.check()?;
        let (connection, mut store) = match base.part_dir("auth") {
            Some(dir) => {
                let (connection, store) = persist::open(&dir.join("auth.sqlite3"))?;
                (Some(connection), store)
            }
            None => (None, Store::default()),
        };
        if store.users.is_empty() {
            users::seed(&mut store, &options, base.clock.now_secs())?;
        }
        let ticket_keys = ticket::load_keys(&options.ticket_keys)?;
        let writer = connection.map(Writer::start).transpose()?;
        if let Some(writer) = &writer {
            writer.send(persist::take_changes(&mut store));
            writer
                .wait()
                .map_err(|error| StartError::caused_by("cannot keep the users", error))?;
        }
        Ok(Self {
            options,
            store: Mutex::new(store),
            demands: Demands::default(),
            ticket_keys,
            clock: base.clock.clone(),
            writer,
        })
    }

    /// Whether a token with a good signature still counts: its user exists and it was not revoked.
    pub(crate) fn is_live(&self, claims: &Claims) -> bool {
        let Some(user_id) = &claims.user_id else {
            return true;
        };
        let store = self.lock();
        store.users.contains_key(user_id) && !store.revoked.contains_key(&claims.at_hash)
    }

    /// The claims of a token that an auth endpoint was called with.
    fn check_token(&self, state: &AppState, token: &str) -> Result<Claims, AuthError> {
        let claims = state
            .keys
            .verify(token, self.clock.now_secs())
            .map_err(|fault| {
                AuthError::unauthenticated(match fault {
                    TokenFault::Expired => "the access token has expired",
                    TokenFault::Kid => "the access token is of another environment",
                    TokenFault::Malformed | TokenFault::Signature => "the access token is invalid",
                })
            })?;
        if self.is_live(&claims) {
            Ok(claims)
        } else {
            Err(AuthError::unauthenticated("the access token was revoked"))
        }
    }

    fn now(&self) -> i64 {
        self.clock.now_secs()
    }

    /// Looks at the store.
    fn read<R>(&self, look: impl FnOnce(&Store) -> R) -> R {
        look(&self.lock())
    }

    /// Changes the store. If state is kept, what changed is on disk once [`kept`](Self::kept) or [`flush`](Self::flush)
    /// returned; the server waits for that before it sends a response.
    fn write<R>(&self, change: impl FnOnce(&mut Store) -> R) -> R {
        let mut store = self.lock();
        let outcome = change(&mut store);
        store.prune(self.clock.now_secs());
        let changes = persist::take_changes(&mut store);
        if let Some(writer) = &self.writer {
            writer.send(changes);
        }
        outcome
    }

    fn lock(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) async fn reset(&self) -> Result<(), StartError> {
        self.demands.clear();
        let mut fresh = Store::default();
        users::seed(&mut fresh, &self.options, self.now())?;
        self.write(|store| *store = fresh);
        self.all_kept().await
    }

    pub(crate) async fn snapshot(&self) -> Result<Bytes, StartError> {
        self.read(serde_json::to_vec)
            .map(Bytes::from)
            .map_err(|error| StartError::caused_by("cannot write users and sessions", error))
    }

    pub(crate) async fn restore(&self, snapshot: Bytes) -> Result<(), StartError> {
        let restored = serde_json::from_slice(&snapshot)
            .map_err(|error| StartError::caused_by("cannot read users and sessions", error))?;
        self.write(|store| *store = restored);
        self.all_kept().await
    }

    async fn all_kept(&self) -> Result<(), StartError> {
        self.kept()
            .await
            .map_err(|error| StartError::caused_by("cannot keep users and sessions", error))
    }

    /// Returns once every change so far is on disk.
    pub(crate) async fn kept(&self) -> Result<(), String> {
        match &self.writer {
            Some(writer) => writer.reached().await,
            None => Ok(()),
        }
    }

    /// Like [`kept`](Self::kept), for callers that cannot await. The writer has a thread of its own and needs no runtime.
    pub(crate) fn flush(&self) -> Result<(), String> {
        match &self.writer {
            Some(writer) => writer.wait(),
            None => Ok(()),
        }
    }

    /// Writes every change so far, and none that comes later.
    pub(crate) fn close(&self) {
        if let Some(writer) = &self.writer {
            writer.close();
        }
    }
}
