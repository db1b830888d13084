//! Sign-in, sessions, accounts and verification for the CloudBase SDK.
//!
//! [`Auth`] signs users in and keeps their session fresh for every call of the client it was made
//! with. Flows in two steps are values: [`Auth::sign_up`] returns a [`PendingSignIn`] that goes on
//! when the code is known.
//!
//! ```no_run
//! # async fn example() -> cloudbase_auth::Result<()> {
//! use cloudbase_auth::{Auth, SignUp};
//! use cloudbase_core::Client;
//!
//! // Without a language the service words its error messages in Chinese.
//! let client = Client::builder().env_id("my-env-1a2b3c").language("en-US").build()?;
//! let auth = Auth::new(client)?;
//!
//! let pending = auth.sign_up(SignUp::email("lin@example.org").password("N3w-pass!")).await?;
//! let signed_in = pending.verify("042317").await?;
//! println!("signed in as {}", signed_in.user.id);
//!
//! auth.sign_out().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Requests
//!
//! A method that asks the service for something returns a [`request`], which does nothing until it is
//! awaited or sent. Before that it takes the options of this one call:
//!
//! ```no_run
//! # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
//! use std::time::Duration;
//! use cloudbase_auth::Password;
//!
//! let lin = Password::email("lin@example.org", "N3w-pass!");
//! let response = auth.sign_in_with_password(lin)
//!     .timeout(Duration::from_secs(5))
//!     .send_with_meta()
//!     .await?;
//! println!("{} after {} attempts", response.request_id(), response.attempts());
//! # Ok(())
//! # }
//! ```
//!
//! A limit of time is that of each request, where a call makes several, such as a sign-in and the profile
//! after it. [`session`](Auth::session), [`claims`](Auth::claims) and what works on the session store alone
//! are plain `async` methods: a refresh that they wait for is one for all its callers, and has no options
//! of one of them.
//!
//! # Sessions
//!
//! A session is refreshed when a call needs it: once for however many callers, and once for all
//! processes that share a [`SessionStore`]. It is stored before anybody sees it. Only the service's
//! word that it will not refresh it ends it; a lost connection does not.
//!
//! # Names in the other SDKs
//!
//! Methods have the names of the Flutter and JavaScript SDKs in Rust spelling, without `get`; search
//! the docs for `signInWithPassword` and you find [`Auth::sign_in_with_password`].

#![cfg_attr(docsrs, feature(doc_cfg))]

mod api;
mod args;
mod auth;
mod captcha;
mod events;
mod flows;
mod server;
mod store;
mod token;
mod value;

pub use cloudbase_core::credential::RefreshPolicy;
pub use cloudbase_core::{
    Error, ErrorCode, ErrorKind, ExposeSecret, Result, SecretString, Timestamp,
};
pub use futures_core::future::BoxFuture;

pub use crate::auth::AuthBuilder;
pub use crate::captcha::handler::{CaptchaAnswer, CaptchaChallenge, CaptchaHandler};
pub use crate::captcha::{CaptchaData, CaptchaToken};
pub use crate::events::{AuthEvent, AuthEvents, BoundIdentity, SignOutReason, Subscription};
pub use crate::flows::Auth;
pub use crate::flows::account::{FoundUsers, PendingContact, UpdateUser, UpdatedUser, UserQuery};
pub use crate::flows::identities::Identity;
pub use crate::flows::introspection::Introspection;
pub use crate::flows::oauth::{
    LoopbackSignIn, OAuth, OAuthLoopback, OAuthReturn, OAuthUrl, VerifiedOAuth, VerifyOAuth,
};
pub use crate::flows::password::{PendingPasswordReset, PendingReauthentication, SudoToken};
pub use crate::flows::pending::PendingSignIn;
pub use crate::flows::session::{SetSession, SignOutOutcome};
pub use crate::flows::sign_in::{
    IdToken, Otp, Password, ProviderGrant, ProviderProfile, ProviderToken, SignedIn,
};
pub use crate::flows::sign_up::{ByCode, ByProof, SignUp};
pub use crate::flows::verification::{
    OtpType, Resend, ResendType, SentVerification, VerificationRequest, VerificationTarget,
    VerifiedCode, VerifyOtp,
};
#[cfg(feature = "jwks")]
pub use crate::server::jwks::{TokenFault, TokenVerifier, TokenVerifierBuilder};
#[cfg(feature = "custom-ticket")]
pub use crate::server::ticket::TicketIssuer;
#[cfg(feature = "file-store")]
pub use crate::store::FileStore;
#[cfg(feature = "keyring")]
pub use crate::store::KeyringStore;
#[cfg(feature = "redis")]
pub use crate::store::RedisStore;
pub use crate::store::{MemoryStore, SessionStore, StoreLock};
pub use crate::value::claims::{Claims, TokenClaims, TokenHeader};
pub use crate::value::error::AuthErrorCategory;
pub use crate::value::oauth_purpose::OAuthPurpose;
pub use crate::value::session::Session;
pub use crate::value::user::{AppMetadata, Gender, User, UserIdentity, UserMetadata, UserStatus};

/// The requests that the methods of [`Auth`] and of the pending values return, each named after its
/// method: `Auth::sign_up` returns [`SignUp`](request::SignUp), `PendingSignIn::verify` returns
/// [`PendingSignInVerify`](request::PendingSignInVerify).
///
/// A request owns what it needs and does nothing until it is awaited or sent. All but
/// [`RefreshSession`](request::RefreshSession) and [`SignOut`](request::SignOut) have the options of one
/// call and `send_with_meta`, which returns status, headers, request id and attempts with the value: those
/// of the last request whose response the value stands for, a sign-in's own and not that of the profile that
/// is fetched after it.
pub mod request {
    pub use crate::flows::account::update_request::{
        PendingContactResend, PendingContactVerify, UpdateUser,
    };
    pub use crate::flows::account::{
        DeleteUser, DeleteUserWith, IsUsernameRegistered, QueryUser, RefreshUser, User,
    };
    pub use crate::flows::captcha::{CaptchaToken, CreateCaptchaData, VerifyCaptchaData};
    pub use crate::flows::identities::{
        BindIdentity, IdentityProviders, LinkIdentity, UnlinkIdentity, UserIdentities,
    };
    pub use crate::flows::introspection::{Introspect, IntrospectToken};
    pub use crate::flows::oauth::SignInWithOAuth;
    pub use crate::flows::oauth::callback::request::{HandleOAuthCallback, VerifyOAuth};
    pub use crate::flows::password::{
        PendingPasswordResetResend, PendingPasswordResetUpdateUser, PendingReauthenticationResend,
        PendingReauthenticationUpdateUser, PendingReauthenticationVerify, Reauthenticate,
        ResetPasswordForEmail, ResetPasswordForOld, SetPassword, SudoWithPassword,
        SudoWithVerification,
    };
    pub use crate::flows::pending::{PendingSignInResend, PendingSignInVerify};
    pub use crate::flows::session::SignOut;
    pub use crate::flows::session::request::{RefreshSession, SetSession};
    pub use crate::flows::sign_in::{
        GrantProviderToken, PatchProviderToken, SignInAnonymously, SignInWithCustomTicket,
        SignInWithIdToken, SignInWithOtp, SignInWithPassword, SignInWithVerification,
    };
    pub use crate::flows::sign_up::request::{SignUp, SignUpWithProof};
    pub use crate::flows::verification::otp::request::{Resend, VerifyOtp};
    pub use crate::flows::verification::{SendVerification, Verify};
}

/// The code of the README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
