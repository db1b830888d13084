//! The methods that end the way to an identity source.

use cloudbase_core::{Error, ErrorCode, ErrorKind, Response, Result};
use secrecy::ExposeSecret as _;

use super::VerifiedOAuth;
use crate::args::validate;
use crate::events::{AuthEvent, BoundIdentity};
use crate::flows::Auth;
use crate::flows::oauth::callback_url::{leads_to, query_of};
use crate::flows::oauth::returned::OAuthReturn;
use crate::flows::oauth::state::Remembered;
use crate::flows::request::request;
use crate::flows::sign_in::{ProviderGrant, SignedIn, grant_provider_token, provider_token_call};
use crate::value::oauth_purpose::OAuthPurpose;

impl Auth {
    /// Ends the way to an identity source with the code that came back: signs in, or binds the
    /// identity to the account that is signed in.
    ///
    /// # Errors
    ///
    /// [`Argument`](cloudbase_core::ErrorKind::Argument) if the state is unknown here, used or older than ten
    /// minutes, unless a [`provider`](crate::VerifyOAuth::provider) is named; `provider_error`,
    /// `failed_precondition` if the identity source rejects; `already_exists` if the identity is
    /// bound to another account; [`Credentials`](cloudbase_core::ErrorKind::Credentials) if an identity was to be
    /// bound to the account of a user who is not signed in any more. [`OAuthReturn::of`](crate::OAuthReturn::of) says what the
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
    pub fn verify_oauth(&self, callback: super::VerifyOAuth) -> VerifyOAuth {
        VerifyOAuth::new(self, callback)
    }

    /// Ends the way to an identity source with the URL at which the user came back.
    ///
    /// Its origin and path must be those of the `redirect_to` that the user was sent there with. A
    /// server that sees the path and query of a request alone may give these: `/signed-in?code=…`.
    ///
    /// # Errors
    ///
    /// The error that the identity source put into the URL, with its code;
    /// [`Argument`](cloudbase_core::ErrorKind::Argument) if there is no code in it, or if it is not the URL of
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
    pub fn handle_oauth_callback(&self, url: impl Into<String>) -> HandleOAuthCallback {
        HandleOAuthCallback::new(self, url.into())
    }
}

request! {
    /// Ends the way to an identity source with a code; see [`Auth::verify_oauth`].
    pub struct VerifyOAuth { callback: super::VerifyOAuth }
    "auth.verify_oauth" => VerifiedOAuth; auth
}

impl VerifyOAuth {
    async fn run(self) -> Result<Response<VerifiedOAuth>> {
        let (auth, callback) = (self.auth, self.callback);
        callback.check()?;
        let remembered = auth.oauth().take(&callback.state).await?;
        let to = match (remembered, callback.provider.clone()) {
            (Some(to), Some(provider)) => Remembered { provider, ..to },
            (Some(to), None) => to,
            (None, Some(provider)) => Remembered::sign_in_at(provider),
            (None, None) => return Err(unknown_state()),
        };
        auth.come_back(&to, auth.trade(callback, &to)).await
    }
}

request! {
    /// Ends the way to an identity source with a URL; see [`Auth::handle_oauth_callback`].
    pub struct HandleOAuthCallback { url: String }
    "auth.handle_oauth_callback" => VerifiedOAuth; auth
}

impl HandleOAuthCallback {
    async fn run(self) -> Result<Response<VerifiedOAuth>> {
        let auth = self.auth;
        let params = query_of(&self.url);
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
            Some(state) => auth.oauth().take(state).await?,
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
                .is_some_and(|to| !leads_to(&self.url, to))
            {
                let rule = "must have the origin and path of the `redirect_to` that the user was sent with";
                return Err(Error::argument("url", rule));
            }
            if let Some(code) = rejection {
                return Err(rejected(code));
            }
            let code = code.ok_or_else(|| missing("code"))?;
            let callback = super::VerifyOAuth::new(code, state.unwrap_or_default());
            auth.trade(callback, &to).await
        };
        auth.come_back(&to, end).await
    }
}

impl super::VerifyOAuth {
    fn check(&self) -> Result<()> {
        validate::not_empty("code", self.code.expose_secret())?;
        validate::not_empty("state", &self.state)?;
        validate::not_empty_if_given("provider", self.provider.as_deref())?;
        if let Some(uri) = &self.redirect_uri {
            validate::url("redirect_uri", uri)?;
        }
        for name in self.params.keys() {
            validate::not_empty("provider_param", name)?;
        }
        Ok(())
    }
}

impl Auth {
    /// Ends the way to `to`: what the binding of an identity came to is reported, and an error says what
    /// the way was for.
    async fn come_back(
        &self,
        to: &Remembered,
        end: impl Future<Output = Result<Response<SignedIn>>>,
    ) -> Result<Response<VerifiedOAuth>> {
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
        let response = result.map_err(|error| with_back(&error))?;
        Ok(response.map(|signed_in| VerifiedOAuth {
            signed_in,
            provider: back.provider,
            purpose: back.purpose,
            redirect_url: back.redirect_url,
        }))
    }

    /// Trades the code that came back.
    async fn trade(
        &self,
        callback: super::VerifyOAuth,
        to: &Remembered,
    ) -> Result<Response<SignedIn>> {
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
        let proof = grant_provider_token(caller, &grant).await?.into_value();
        let call = provider_token_call(&proof.provider_token, to.options);
        self.sign_in_by(&call).await
    }

    /// Binds to the account of `sub`, and of nobody else.
    async fn bind(&self, sub: Option<&str>, grant: &ProviderGrant) -> Result<Response<SignedIn>> {
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
        let proof = proof.into_value().provider_token;
        let bound = auth.bind_identity(proof).send_with_meta().await?;
        Ok(bound.map(|()| signed_in))
    }
}

fn unknown_state() -> Error {
    let rule = "is unknown here, used already, or older than ten minutes";
    Error::argument("state", rule)
}
