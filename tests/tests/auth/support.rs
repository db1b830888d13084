//! An emulator with a handle that talks to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use cloudbase_auth::{
    Auth, AuthBuilder, BoxFuture, CaptchaAnswer, CaptchaChallenge, CaptchaHandler,
    ExposeSecret as _, Password, Result, SignedIn,
};
use cloudbase_core::Client;
use cloudbase_emulator::{Captcha, Emulator, EmulatorBuilder, NewUser};

pub(crate) const PASSWORD: &str = "N3w-pass!";
pub(crate) const EMAIL: &str = "lin@example.org";

/// An emulator with one user, and a client without a session.
pub(crate) struct World {
    pub(crate) emulator: Emulator,
    pub(crate) auth: Auth,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|emulator| emulator, |auth| auth).await
    }

    pub(crate) async fn with(
        emulator: impl FnOnce(EmulatorBuilder) -> EmulatorBuilder,
        auth: impl FnOnce(AuthBuilder) -> AuthBuilder,
    ) -> Self {
        let lin = NewUser::username("lin")
            .with_email(EMAIL)
            .with_phone("+86 13900001111");
        let builder = Emulator::builder()
            .env_id("auth-tests")
            .user(lin.password(PASSWORD).name("Lin"));
        let emulator = emulator(builder).start().await.unwrap();
        let auth = auth(Auth::builder(client(&emulator))).build().unwrap();
        Self { emulator, auth }
    }

    /// Another device of the same program.
    pub(crate) fn device(&self) -> Auth {
        Auth::new(client(&self.emulator)).unwrap()
    }

    pub(crate) async fn sign_in(&self) -> SignedIn {
        sign_in(&self.auth).await
    }

    pub(crate) fn code(&self, to: &str) -> String {
        self.emulator.inbox().code(to).unwrap()
    }

    pub(crate) fn count(&self, pattern: &str) -> usize {
        self.emulator.requests().count(pattern)
    }
}

pub(crate) async fn sign_in(auth: &Auth) -> SignedIn {
    auth.sign_in_with_password(Password::email(EMAIL, PASSWORD))
        .await
        .unwrap()
}

pub(crate) fn client(emulator: &Emulator) -> Client {
    Client::builder()
        .env_id(emulator.env_id())
        .endpoint(emulator.endpoint())
        .access_key(emulator.publishable_key())
        .build()
        .unwrap()
}

/// Solves captchas by asking the emulator, and counts them.
#[derive(Clone, Default)]
pub(crate) struct Human {
    pub(crate) solved: Arc<AtomicU32>,
    pub(crate) emulator: Arc<std::sync::OnceLock<Captcha>>,
    /// How many wrong answers come first.
    pub(crate) mistakes: u32,
}

impl CaptchaHandler for Human {
    fn solve<'a>(
        &'a self,
        challenge: &'a CaptchaChallenge,
    ) -> BoxFuture<'a, Result<CaptchaAnswer>> {
        Box::pin(async move {
            self.solved.fetch_add(1, Ordering::SeqCst);
            assert_eq!(challenge.was_wrong, challenge.round > 1);
            if challenge.round <= self.mistakes {
                return Ok(CaptchaAnswer::Text("zzzz".to_owned()));
            }
            let captcha = self.emulator.get().unwrap();
            Ok(CaptchaAnswer::Text(
                captcha
                    .answer(challenge.data.token.expose_secret())
                    .unwrap(),
            ))
        })
    }
}
