//! Captchas: challenges, tokens, and the demand for one at will.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::extract::{Path, State};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::AuthState;
use super::extract::{Body, Call, Text};
use super::store::{Challenge, Grant, Right, Store};
use crate::clock::Clock;
use crate::error::{AuthError, GatewayError};
use crate::keys::random_token;
use crate::pattern::Pattern;
use crate::state::AppState;

mod picture;

/// Seconds that a challenge lives.
const CHALLENGE_LIFETIME: i64 = 300;

/// Seconds that a captcha token lives.
const TOKEN_LIFETIME: i64 = 600;

/// Characters of an answer: no 0, 1, I, L, O, which look alike.
const ALPHABET: &[u8] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ";

/// The calls that are rejected until a captcha was solved, whatever they did.
#[derive(Clone, Debug, Default)]
pub(super) struct Demands(Arc<Mutex<Vec<Demand>>>);

#[derive(Debug)]
struct Demand {
    pattern: Pattern,
    /// Rejections left; `None` demands until the list is cleared.
    left: Option<u32>,
}

/// The captchas of a running emulator: the answers, and the demand for one at will.
#[derive(Clone)]
pub struct Captcha {
    state: AppState,
}

impl Captcha {
    pub(crate) fn new(state: AppState) -> Self {
        Self { state }
    }

    /// Rejects the next `calls` calls of an auth operation with `captcha_required`, unless they bring a good captcha token;
    /// `None` rejects until [`clear`](Self::clear). The pattern is `METHOD /path`, with `*` for any text.
    #[track_caller]
    pub fn demand(&self, pattern: &str, calls: Option<u32>) {
        self.state.auth.demands.add(pattern, calls);
    }

    /// Takes all demands back.
    pub fn clear(&self) {
        self.state.auth.demands.clear();
    }

    /// What is written in the picture of a challenge, by the challenge's token.
    pub fn answer(&self, challenge_token: &str) -> Option<String> {
        let find = |store: &Store| {
            Some(
                store
                    .challenges
                    .get(challenge_token)?
                    .captcha_answer
                    .clone(),
            )
        };
        self.state.auth.read(find)
    }

    /// Makes every captcha token that was given out invalid, so that a cached one is rejected with `captcha_invalid`.
    pub fn invalidate_tokens(&self) {
        self.state.auth.write(|store| {
            store
                .grants
                .retain(|_, grant| !matches!(grant.right, Right::Captcha));
        });
    }
}

impl fmt::Debug for Captcha {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Captcha")
            .field("demands", &self.state.auth.demands)
            .finish()
    }
}

impl Demands {
    #[track_caller]
    fn add(&self, pattern: &str, calls: Option<u32>) {
        self.lock().push(Demand {
            pattern: Pattern::new(pattern),
            left: calls,
        });
    }

    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Demand>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AuthState {
    /// Rejects a call that a captcha is demanded for and that has not solved one. A call with a good token passes and leaves
    /// the demand's count alone.
    pub(super) fn meet_demand(
        &self,
        method: &Method,
        path: &str,
        token: Option<&str>,
        clock: &Clock,
    ) -> Result<(), AuthError> {
        if path.starts_with("/auth/v1/captcha/") {
            return Ok(());
        }
        let mut demands = self.demands.lock();
        let demanded = demands
            .iter_mut()
            .find(|demand| demand.left != Some(0) && demand.pattern.fits(method, path));
        let Some(demand) = demanded else {
            return Ok(());
        };
        let solved = self.read(|store| check_solved(store, token, clock.now_secs()));
        if solved.is_err()
            && let Some(left) = &mut demand.left
        {
            *left -= 1;
        }
        solved
    }
}

/// The image challenge.
pub(super) async fn data(
    State(state): State<AppState>,
    _call: Call,
) -> Result<Json<Value>, AuthError> {
    let answer: String = random_answer();
    let token = format!("cc.{}", random_token(24));
    let picture = picture::gif(&answer);
    let now = state.auth.now();
    state.auth.write(|store| {
        let challenge = Challenge {
            captcha_answer: answer,
            expires_at: now + CHALLENGE_LIFETIME,
            used: false,
        };
        store.challenges.insert(token.clone(), challenge);
    });
    Ok(Json(json!({
        "data": format!("data:image/gif;base64,{}", STANDARD.encode(picture)),
        "type": "image",
        "token": token,
        "expires_in": CHALLENGE_LIFETIME,
    })))
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Answer {
    token: Text,
    key: Text,
}

/// A wrong answer does not end the challenge.
pub(super) async fn verify(
    State(state): State<AppState>,
    _call: Call,
    Body(body): Body<Answer>,
) -> Result<Json<Value>, AuthError> {
    let token = body.token.required("token")?;
    let key = body.key.required("key")?;
    let now = state.auth.now();
    state.auth.write(|store| {
        let mut challenge = store
            .challenges
            .get_mut(token)
            .ok_or_else(|| AuthError::new("invalid_captcha", "there is no such challenge"))?;
        if challenge.used {
            return Err(AuthError::new(
                "captcha_used",
                "the challenge was already solved",
            ));
        }
        if challenge.expires_at <= now {
            return Err(AuthError::new(
                "captcha_expired",
                "the challenge has expired",
            ));
        }
        if !challenge.captcha_answer.eq_ignore_ascii_case(key.trim()) {
            return Err(AuthError::new("invalid_captcha", "the answer is wrong"));
        }
        challenge.used = true;
        drop(challenge);
        Ok(Json(new_token(store, now)))
    })
}

/// What a test types in place of a person.
pub(super) async fn reveal(
    State(state): State<AppState>,
    Path(token): Path<String>,
) -> Result<Json<Value>, GatewayError> {
    match Captcha::new(state).answer(&token) {
        Some(answer) => Ok(Json(json!({"answer": answer}))),
        None => Err(GatewayError::not_found(
            "RESOURCE_NOT_FOUND",
            "There is no such challenge.",
        )),
    }
}

/// The legacy start, which here never asks a question.
pub(super) async fn init(
    State(state): State<AppState>,
    _call: Call,
) -> Result<Json<Value>, AuthError> {
    let now = state.auth.now();
    Ok(Json(state.auth.write(|store| new_token(store, now))))
}

/// Whether a captcha token is good, where one is demanded.
pub(super) fn check_solved(store: &Store, token: Option<&str>, now: i64) -> Result<(), AuthError> {
    match token.map(|token| store.right(token, now)) {
        Some(Some(Right::Captcha)) => Ok(()),
        Some(_) => Err(AuthError::new(
            "captcha_invalid",
            "captcha_token is invalid or expired",
        )),
        None => Err(AuthError::new(
            "captcha_required",
            "captcha_token is required",
        )),
    }
}

fn new_token(store: &mut Store, now: i64) -> Value {
    let token = format!("v1.{}", random_token(24));
    let grant = Grant {
        expires_at: now + TOKEN_LIFETIME,
        right: Right::Captcha,
    };
    store.grants.insert(token.clone(), grant);
    json!({"captcha_token": token, "expires_in": TOKEN_LIFETIME})
}

fn random_answer() -> String {
    let random = uuid::Uuid::new_v4();
    let letter = |byte: &u8| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]);
    random.as_bytes()[..4].iter().map(letter).collect()
}
