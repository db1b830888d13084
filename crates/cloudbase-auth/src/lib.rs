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
//! # Sessions
//!
//! A session is renewed when a call needs it: once for however many callers, and once for all
//! processes that share a [`SessionStore`]. It is stored before anybody sees it. Only the service's
//! word that it will not renew it ends it; a lost connection does not.
//!
//! # Names in the other SDKs
//!
//! Methods have the names of the Flutter and JavaScript SDKs in Rust spelling, without `get`; search
//! the docs for `signInWithPassword` and you find [`Auth::sign_in_with_password`].

#![cfg_attr(docsrs, feature(doc_cfg))]

mod auth;
mod caller;
mod captcha;
mod check;
mod claims;
mod clock;
mod contact;
mod de;
mod device;
mod error;
mod identities;
mod introspection;
#[cfg(feature = "jwks")]
mod jwks;
mod jwt;
mod named;
mod oauth;
mod password;
mod pending;
mod phone;
mod result;
mod server;
mod session;
mod sign_in;
mod sign_up;
mod store;
#[cfg(feature = "custom-ticket")]
mod ticket;
mod user;
mod verification;

pub use cloudbase_core::credential::RefreshPolicy;
pub use cloudbase_core::{
    Error, ErrorCode, ErrorKind, ExposeSecret, Result, SecretString, Timestamp,
};
pub use futures_core::future::BoxFuture;

pub use crate::auth::{Auth, AuthBuilder};
pub use crate::captcha::handler::{CaptchaAnswer, CaptchaChallenge, CaptchaHandler};
pub use crate::captcha::{CaptchaData, CaptchaToken};
pub use crate::claims::{Claims, TokenClaims, TokenHeader};
pub use crate::error::AuthErrorCategory;
pub use crate::identities::{Identity, LinkIdentity};
pub use crate::introspection::Introspection;
#[cfg(feature = "jwks")]
pub use crate::jwks::{TokenFault, TokenVerifier, TokenVerifierBuilder};
pub use crate::oauth::{
    LoopbackSignIn, OAuth, OAuthLoopback, OAuthPurpose, OAuthReturn, OAuthUrl, VerifiedOAuth,
    VerifyOAuth,
};
pub use crate::password::{
    PendingPasswordReset, PendingReauthentication, ResetPassword, SudoToken,
};
pub use crate::pending::PendingSignIn;
pub use crate::result::SignedIn;
pub use crate::session::events::{
    AuthEvent, AuthEvents, BoundIdentity, SignOutReason, Subscription,
};
pub use crate::session::{RefreshSession, Session, SetSession, SignOut, SignOutOutcome};
pub use crate::sign_in::{
    IdToken, Otp, Password, ProviderGrant, ProviderProfile, ProviderToken, SignInAnonymously,
};
pub use crate::sign_up::{ByCode, ByProof, SignUp};
#[cfg(feature = "file-store")]
pub use crate::store::FileStore;
#[cfg(feature = "keyring")]
pub use crate::store::KeyringStore;
#[cfg(feature = "redis")]
pub use crate::store::RedisStore;
pub use crate::store::{MemoryStore, SessionStore, StoreLock};
#[cfg(feature = "custom-ticket")]
pub use crate::ticket::TicketIssuer;
pub use crate::user::{
    AppMetadata, FoundUsers, Gender, PendingContact, UpdateUser, UpdatedUser, User, UserIdentity,
    UserMetadata, UserQuery, UserStatus,
};
pub use crate::verification::{
    OtpType, Resend, ResendType, SentVerification, VerificationRequest, VerificationTarget,
    VerifiedCode, VerifyOtp,
};

/// The code of the README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
