//! The way back from an identity source.

use std::fmt;

use cloudbase_core::{Error, ErrorCode, ErrorKind, Idempotency, Result};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde_json::{Map, Value};

use super::callback_url::{leads_to, query_of};
use super::returned::OAuthReturn;
use super::state::Remembered;
use crate::api::Call;
use crate::args::validate;
use crate::events::{AuthEvent, BoundIdentity};
use crate::flows::Auth;
use crate::flows::sign_in::SignedIn;
use crate::flows::sign_in::{ProviderGrant, grant_provider_token, with_provider_token};
use crate::value::named::named;
use crate::value::oauth_purpose::OAuthPurpose;

/// What came back from an identity source; see [`Auth::verify_oauth`].
#[doc(alias = "VerifyOAuthReq")]
#[derive(Clone)]
pub struct VerifyOAuth {
    code: SecretString,
    state: String,
    provider: Option<String>,
    redirect_uri: Option<String>,
    params: Map<String, Value>,
}

impl VerifyOAuth {
    /// The authorization code and the state that came with it.
    pub fn new(code: impl Into<SecretString>, state: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            state: state.into(),
            provider: None,
            redirect_uri: None,
            params: Map::new(),
        }
    }

    /// The identity source, where the state is not remembered here: another process sent the user.
    /// Whoever sets this has checked the state.
    #[must_use]
    pub fn provider(mut self, provider: impl Into<String>) -> Self {
        self.provider = Some(provider.into());
        self
    }

    /// The redirect URI for which the code was issued, where the state is not remembered here.
    #[must_use]
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uri = Some(uri.into());
        self
    }

    /// A parameter for the identity source, such as the `code_verifier` of a flow with PKCE, where
    /// [`OAuth::provider_param`](crate::OAuth::provider_param) has not been given it on the way there.
    #[must_use]
    pub fn provider_param(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.params.insert(name.into(), value.into());
        self
    }
}

/// Names of parameters without their values, which may be secrets.
impl fmt::Debug for VerifyOAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyOAuth")
            .field("provider", &self.provider)
            .field("redirect_uri", &self.redirect_uri)
            .field("params", &self.params.keys())
            .finish_non_exhaustive()
    }
}

/// What came of the way to an identity source.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct VerifiedOAuth {
    /// The session and its user.
    pub signed_in: SignedIn,
    /// The identity source.
    pub provider: String,
    /// What the user was sent there for.
    pub purpose: OAuthPurpose,
    /// Where the program wanted the user to come back to, query and fragment included.
    pub redirect_url: Option<String>,
}

impl Auth {
    /// Ends the way to an identity source with the code that came back: signs in, or binds the
    /// identity to the account that is signed in.
    ///
    /// # Errors
    ///
    /// [`Argument`](ErrorKind::Argument) if the state is unknown here, used or older than ten
    /// minutes, unless a [`provider`](VerifyOAuth::provider) is named; `provider_error`,
    /// `failed_precondition` if the identity source rejects; `already_exists` if the identity is
    /// bound to another account; [`Credentials`](ErrorKind::Credentials) if an identity was to be
    /// bound to the account of a user who is not signed in any more. [`OAuthReturn::of`] says what the
    /// user was sent there for.
    ///
    /// # Cancel safety
    ///
    /// The code is spent even if the future is dropped.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// use cloudbase_auth::VerifyOAuth;
    ///
    /// let done = auth.verify_oauth(VerifyOAuth::new("code", "state")).await?;
    /// println!("signed in as {}", done.signed_in.user.id);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "verifyOAuth")]
    pub async fn verify_oauth(&self, callback: VerifyOAuth) -> Result<VerifiedOAuth> {
        named("auth.verify_oauth", async {
            validate::not_empty("code", callback.code.expose_secret())?;
            validate::not_empty("state", &callback.state)?;
            validate::not_empty_if_given("provider", callback.provider.as_deref())?;
            if let Some(uri) = &callback.redirect_uri {
                validate::url("redirect_uri", uri)?;
            }
            for name in callback.params.keys() {
                validate::not_empty("provider_param", name)?;
            }
            let remembered = self.oauth().take(&callback.state).await?;
            let to = match (remembered, callback.provider.clone()) {
                (Some(to), Some(provider)) => Remembered { provider, ..to },
                (Some(to), None) => to,
                (None, Some(provider)) => Remembered::sign_in_at(provider),
                (None, None) => return Err(unknown_state()),
            };
            self.come_back(&to, self.trade(callback, &to)).await
        })
        .await
    }

    /// Ends the way to `to`: what the binding of an identity came to is reported, and an error says what
    /// the way was for.
    async fn come_back(
        &self,
        to: &Remembered,
        end: impl Future<Output = Result<SignedIn>>,
    ) -> Result<VerifiedOAuth> {
        let back = OAuthReturn {
            provider: to.provider.clone(),
            purpose: to.purpose,
            redirect_url: to.redirect_to.clone(),
        };
        let result = end.await;
        let with_back = |error: &Error| back.clone().attach_to(error);
        if to.purpose == OAuthPurpose::BindIdentity {
            let event = BoundIdentity {
                provider: back.provider.clone(),
                purpose: back.purpose,
                redirect_url: back.redirect_url.clone(),
                error: result.as_ref().err().map(with_back),
            };
            let bus = self.manager().events();
            bus.publish([AuthEvent::BindIdentity(event)]);
        }
        Ok(VerifiedOAuth {
            signed_in: result.map_err(|error| with_back(&error))?,
            provider: back.provider,
            purpose: back.purpose,
            redirect_url: back.redirect_url,
        })
    }

    /// Trades the code that came back.
    async fn trade(&self, callback: VerifyOAuth, to: &Remembered) -> Result<SignedIn> {
        let redirect_uri = callback.redirect_uri.or_else(|| to.redirect_uri.clone());
        let mut grant = ProviderGrant::code_for(&to.provider, callback.code, redirect_uri);
        for (name, value) in to.params.clone().into_iter().chain(callback.params) {
            grant = grant.param(name, value);
        }
        if to.purpose == OAuthPurpose::BindIdentity {
            return self.bind(to.sub.as_deref(), &grant).await;
        }
        self.check_can_sign_in()?;
        let caller = self.caller();
        let proof = grant_provider_token(caller, &grant).await?;
        let session = with_provider_token(caller, &proof.provider_token, to.options).await?;
        self.manager().sign_in(caller, session, None).await
    }

    /// Ends the way to an identity source with the URL at which the user came back.
    ///
    /// Its origin and path must be those of the `redirect_to` that the user was sent there with. A
    /// server that sees the path and query of a request alone may give these: `/signed-in?code=…`.
    ///
    /// # Errors
    ///
    /// The error that the identity source put into the URL, with its code;
    /// [`Argument`](ErrorKind::Argument) if there is no code in it, or if it is not the URL of
    /// `redirect_to`: the state is used up by that. Otherwise as
    /// [`verify_oauth`](Self::verify_oauth).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// let done = auth.handle_oauth_callback("https://app.example.org/signed-in?code=c1&state=s1").await?;
    /// println!("{} by {}", done.signed_in.user.id, done.provider);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "detectSessionInUrl")]
    pub async fn handle_oauth_callback(&self, url: &str) -> Result<VerifiedOAuth> {
        named("auth.handle_oauth_callback", async {
        let params = query_of(url);
        let get = |name: &str| {
            params
                .iter()
                .find(|(key, value)| key == name && !value.trim().is_empty())
                .map(|(_, value)| value.clone())
        };
        let missing =
            |name: &str| Error::argument("url", format_args!("must hold `{name}` in its query"));
        let (code, rejection, state) = (get("code"), get("error"), get("state"));
        if code.is_none() && rejection.is_none() {
            return Err(missing("code"));
        }
        // The way back has been gone, whatever comes of it.
        let remembered = match &state {
            Some(state) => self.oauth().take(state).await?,
            None => None,
        };
        let rejected = |code: String| {
            let message = get("error_description").unwrap_or_else(|| {
                "the user or the identity source declined the sign-in".to_owned()
            });
            let error = Error::new(ErrorKind::Api, message).with_code(ErrorCode::from(code));
            error.with_operation("auth.handle_oauth_callback")
        };
        let Some(to) = remembered else {
            return Err(match (rejection, state) {
                (Some(code), _) => rejected(code),
                (None, Some(_)) => unknown_state(),
                (None, None) => missing("state"),
            });
        };
        let end = async {
            if to
                .redirect_to
                .as_deref()
                .is_some_and(|to| !leads_to(url, to))
            {
                let rule = "must have the origin and path of the `redirect_to` that the user was sent with";
                return Err(Error::argument("url", rule));
            }
            if let Some(code) = rejection {
                return Err(rejected(code));
            }
            let code = code.ok_or_else(|| missing("code"))?;
            self.trade(VerifyOAuth::new(code, state.unwrap_or_default()), &to)
                .await
        };
        self.come_back(&to, end).await
        })
        .await
    }

    /// Binds an identity to the account that is signed in.
    ///
    /// # Errors
    ///
    /// `invalid_grant` if the provider token is wrong or too old; `already_exists` or
    /// `failed_precondition` if the identity is bound to another account.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// use cloudbase_auth::ProviderGrant;
    ///
    /// let grant = ProviderGrant::code("wx_open", "code", "https://app.example.org/bound");
    /// let proof = auth.grant_provider_token(grant).await?;
    /// auth.bind_identity(proof.provider_token).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "bindWithProvider")]
    pub async fn bind_identity(&self, provider_token: impl Into<SecretString>) -> Result<()> {
        #[derive(Serialize)]
        struct Body<'a> {
            provider_token: &'a str,
        }
        let token = provider_token.into();
        validate::token("provider_token", token.expose_secret())?;
        let call = Call::post("auth.bind_identity", "/auth/v1/user/provider/bind")
            .user()
            .idempotency(Idempotency::Unsafe)
            .json(&Body {
                provider_token: token.expose_secret(),
            });
        self.caller().unit(&call).await
    }

    /// Binds to the account of `sub`, and of nobody else.
    async fn bind(&self, sub: Option<&str>, grant: &ProviderGrant) -> Result<SignedIn> {
        self.caller().check_user()?;
        self.session()
            .await?
            .ok_or_else(crate::value::error::not_signed_in)?;
        // Whose token the calls carry, even if the user changes at this moment.
        let auth = self.one_call()?;
        let signed_in = auth.signed_in_as_caller().await?;
        if sub != Some(signed_in.session.sub()) {
            return Err(crate::value::error::user_changed());
        }
        let proof = grant_provider_token(auth.caller(), grant).await?;
        auth.bind_identity(proof.provider_token).await?;
        Ok(signed_in)
    }
}

fn unknown_state() -> Error {
    let rule = "is unknown here, used already, or older than ten minutes";
    Error::argument("state", rule)
}
