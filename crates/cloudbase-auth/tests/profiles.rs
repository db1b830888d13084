//! A profile that arrives late: it is put into the session that it belongs to, and into no other.

#![allow(clippy::unwrap_used)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use cloudbase_auth::{Auth, MemoryStore, Password, Session, SessionStore as _};
use cloudbase_core::http::Response;
use cloudbase_core::testing::{MockRequest, MockTransport};
use cloudbase_core::{Body, Client, ExposeSecret as _};
use futures_core::future::BoxFuture;
use serde_json::json;

/// What happens while the profile is on its way.
type Meanwhile = Arc<Mutex<Option<BoxFuture<'static, ()>>>>;

/// A process of the users `lin` and `mei`, whose store others share.
struct Process {
    auth: Auth,
    meanwhile: Meanwhile,
}

fn start(store: &Arc<MemoryStore>, issued: &Arc<AtomicUsize>) -> Process {
    let (meanwhile, issued) = (Meanwhile::default(), issued.clone());
    let hook = meanwhile.clone();
    let mock = MockTransport::new().fallback(move |request: MockRequest| {
        let (hook, issued) = (hook.clone(), issued.clone());
        async move {
            let bearer = request.header("authorization").unwrap_or_default();
            let user = if bearer.contains("mei") { "mei" } else { "lin" };
            let session = |user: &str| {
                let number = issued.fetch_add(1, Ordering::SeqCst);
                json!({
                    "access_token": format!("{user}-{number}"),
                    "refresh_token": format!("{user}.{number}"),
                    "sub": user, "scope": "user", "expires_in": 7200,
                })
            };
            let body = match request.path() {
                "/auth/v1/signin" => session(request.json()["username"].as_str().unwrap()),
                "/auth/v1/token" => {
                    let token = request.json()["refresh_token"].as_str().unwrap().to_owned();
                    session(token.split('.').next().unwrap())
                }
                "/auth/v1/user/me" => {
                    let meanwhile = hook.lock().unwrap().take();
                    if let Some(meanwhile) = meanwhile {
                        meanwhile.await;
                    }
                    // Always news, since what is known already is not stored.
                    let number = issued.fetch_add(1, Ordering::SeqCst);
                    json!({ "sub": user, "name": format!("name {number} of {user}") })
                }
                _ => json!({}),
            };
            Ok(Response::new(Body::from(body.to_string())))
        }
    });
    let client = Client::builder().env_id("env").access_key("key");
    let client = client.transport(mock).build().unwrap();
    let auth = Auth::builder(client).session_store(store.clone());
    Process {
        auth: auth.build().unwrap(),
        meanwhile,
    }
}

async fn sign_in(auth: &Auth, user: &str) -> cloudbase_auth::Result<()> {
    let password = Password::username(user, "secret");
    auth.sign_in_with_password(password).await.map(drop)
}

/// The access token in the store.
async fn stored(store: &MemoryStore) -> Option<String> {
    let json = store.load("credentials_env").await.unwrap()?;
    let session = Session::from_json(json.expose_secret()).unwrap();
    Some(session.access_token().expose_secret().to_owned())
}

#[derive(Clone, Copy, Debug)]
enum Change {
    Refresh,
    SignIn,
    SignOut,
}

impl Change {
    async fn make(self, auth: Auth) {
        match self {
            Self::Refresh => drop(auth.refresh_session().await.unwrap()),
            Self::SignIn => sign_in(&auth, "mei").await.unwrap(),
            Self::SignOut => drop(auth.sign_out().await.unwrap()),
        }
    }
}

/// Makes `change` in another process, or in the same one, while a profile is fetched at the sign-in or
/// later, and checks what is in the store and in force then.
async fn check(change: Change, elsewhere: bool, at_sign_in: bool) {
    let case = format!("{change:?}, elsewhere {elsewhere}, at sign-in {at_sign_in}");
    let (store, issued) = (Arc::default(), Arc::default());
    let (ours, other) = (start(&store, &issued), start(&store, &issued));
    if !at_sign_in {
        sign_in(&ours.auth, "lin").await.unwrap();
    }
    let auth = if elsewhere { &other.auth } else { &ours.auth };
    let (changing, left) = (auth.clone(), Arc::new(Mutex::new(None)));
    let (in_store, after) = (store.clone(), left.clone());
    *ours.meanwhile.lock().unwrap() = Some(Box::pin(async move {
        change.make(changing).await;
        *after.lock().unwrap() = stored(&in_store).await;
    }));
    let fetched = match at_sign_in {
        true => sign_in(&ours.auth, "lin").await,
        false => ours.auth.refresh_user().await.map(drop),
    };
    assert!(ours.meanwhile.lock().unwrap().is_none(), "{case}");
    let left = left.lock().unwrap().clone();
    assert_eq!(left.is_some(), !matches!(change, Change::SignOut), "{case}");
    assert_eq!(stored(&store).await, left, "{case}");
    if elsewhere {
        // The own session is in force until the store is read again.
        fetched.unwrap();
        ours.auth.reload_session();
    } else if !matches!(change, Change::Refresh) {
        let error = fetched.unwrap_err();
        assert!(error.message().contains("user changed"), "{case}: {error}");
    }
    let current = ours.auth.session().await.unwrap();
    let current = current.map(|session| session.access_token().expose_secret().to_owned());
    assert_eq!(current, left, "{case}");
}

#[tokio::test]
async fn a_late_profile_replaces_no_newer_session_of_another_process() {
    for change in [Change::Refresh, Change::SignIn, Change::SignOut] {
        for at_sign_in in [false, true] {
            check(change, true, at_sign_in).await;
        }
    }
}

#[tokio::test]
async fn a_late_profile_replaces_no_newer_session_of_this_process() {
    for change in [Change::Refresh, Change::SignIn, Change::SignOut] {
        for at_sign_in in [false, true] {
            check(change, false, at_sign_in).await;
        }
    }
}
