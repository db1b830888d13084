//! Sign-in at an identity source: where to send the user, and what to do when they come back.

mod callback;
mod callback_url;
mod loopback;
#[cfg(feature = "pkce")]
mod pkce;
mod returned;
pub(crate) mod state;

use std::time::Duration;

use cloudbase_core::sdk::encode_component;
use cloudbase_core::{Error, ErrorKind, Result};
use secrecy::{ExposeSecret as _, SecretString};

pub use self::callback::{VerifiedOAuth, VerifyOAuth};
pub use self::loopback::{LoopbackSignIn, OAuthLoopback};
pub use self::returned::OAuthReturn;
use self::state::Remembered;
use crate::api::Call;
use crate::args::validate;
use crate::flows::Auth;
use crate::flows::sign_in::provider::Options;
use crate::value::named::named;
use crate::value::oauth_purpose::OAuthPurpose;

/// How long a user has for the way to the identity source and back.
pub(crate) const STATE_LIFETIME: Duration = Duration::from_secs(600);

/// Which identity source, and what to ask of it; see [`Auth::sign_in_with_oauth`].
#[doc(alias = "SignInWithOAuthReq")]
#[derive(Clone, Debug)]
pub struct OAuth {
    provider: String,
    redirect_to: Option<String>,
    state: Option<String>,
    scope: Option<String>,
    response_type: Option<String>,
    query_params: Vec<(String, String)>,
    other_params: Vec<(String, String)>,
    provider_params: Vec<(String, SecretString)>,
    purpose: OAuthPurpose,
    options: Options,
}

impl OAuth {
    /// The identity source `provider`: `github`, `google`, `wx_open`, …
    pub fn new(provider: impl Into<String>) -> Self {
        Self {
            provider: provider.into(),
            redirect_to: None,
            state: None,
            scope: None,
            response_type: None,
            query_params: Vec::new(),
            other_params: Vec::new(),
            provider_params: Vec::new(),
            purpose: OAuthPurpose::SignIn,
            options: Options::default(),
        }
    }

    /// Where the user comes back to. Query and fragment are cut off for the identity source, and
    /// told again by [`VerifiedOAuth::redirect_url`].
    #[doc(alias = "redirectTo")]
    #[must_use]
    pub fn redirect_to(mut self, url: impl Into<String>) -> Self {
        self.redirect_to = Some(url.into());
        self
    }

    /// The text that ties the way back to the way there. Default: a random one.
    #[must_use]
    pub fn state(mut self, state: impl Into<String>) -> Self {
        self.state = Some(state.into());
        self
    }

    /// What to ask the identity source for.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// The OAuth response type. Default: the identity source's.
    #[must_use]
    pub fn response_type(mut self, kind: impl Into<String>) -> Self {
        self.response_type = Some(kind.into());
        self
    }

    /// Sets a query parameter of the authorization URL.
    #[doc(alias = "queryParams")]
    #[must_use]
    pub fn query_param(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query_params.push((name.into(), value.into()));
        self
    }

    /// Passes a parameter to the service as `other_params[name]`, for the authorization URL:
    /// `code_challenge` and `code_challenge_method` for PKCE, where the identity source asks for it.
    #[must_use]
    pub fn other_param(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.other_params.push((name.into(), value.into()));
        self
    }

    /// Keeps a parameter for the way back, when the code is traded: the `code_verifier` of a flow
    /// with PKCE. It is remembered with the state: for ten minutes, and for one use.
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth, verifier: String, challenge: String) -> cloudbase_auth::Result<()> {
    /// use cloudbase_auth::{OAuth, OAuthLoopback};
    ///
    /// let to = OAuth::new("my-provider")
    ///     .other_param("code_challenge", challenge)
    ///     .other_param("code_challenge_method", "S256")
    ///     .provider_param("code_verifier", verifier);
    /// let way = OAuthLoopback::new(&auth).begin(to).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn provider_param(
        mut self,
        name: impl Into<String>,
        value: impl Into<SecretString>,
    ) -> Self {
        self.provider_params.push((name.into(), value.into()));
        self
    }

    /// What the user is sent there for. Default [`SignIn`](OAuthPurpose::SignIn).
    #[doc(alias = "type")]
    #[must_use]
    pub fn purpose(mut self, purpose: OAuthPurpose) -> Self {
        self.purpose = purpose;
        self
    }

    /// Fails on the way back instead of registering a user who has no account. Default `false`.
    #[must_use]
    pub fn force_disable_sign_up(mut self, disable: bool) -> Self {
        self.options.force_disable_sign_up = disable;
        self
    }

    /// Overwrites nickname and avatar by those of the identity source. Default `false`.
    #[must_use]
    pub fn sync_profile(mut self, sync: bool) -> Self {
        self.options.sync_profile = sync;
        self
    }

    /// Rejects what cannot be right.
    pub(crate) fn check(&self) -> Result<()> {
        validate::not_empty("provider", &self.provider)?;
        if let Some(url) = &self.redirect_to {
            validate::url("redirect_to", url)?;
        }
        let texts = [
            ("state", &self.state),
            ("scope", &self.scope),
            ("response_type", &self.response_type),
        ];
        for (argument, text) in texts {
            validate::not_empty_if_given(argument, text.as_deref())?;
        }
        for (name, _) in &self.query_params {
            validate::not_empty("query_param", name)?;
        }
        for (name, _) in &self.other_params {
            validate::token("other_param", name)?;
        }
        for (name, _) in &self.provider_params {
            validate::not_empty("provider_param", name)?;
        }
        Ok(())
    }
}

/// Where to send the user.
#[doc(alias = "SignInOAuthRes")]
#[doc(alias = "LinkIdentityRes")]
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OAuthUrl {
    /// The authorization page: open it in the user's browser.
    pub url: String,
    /// The identity source.
    pub provider: String,
    /// The text that comes back with the user.
    pub state: String,
    /// What the user is sent there for.
    pub purpose: OAuthPurpose,
    /// What the identity source was asked for, if that was said.
    #[doc(alias = "scopes")]
    pub scope: Option<String>,
    /// Where the user signs out at the identity source, if it says.
    pub signout_url: Option<String>,
}

impl Auth {
    /// The page where the user signs in at an identity source. When they come back, give the URL to
    /// [`handle_oauth_callback`](Self::handle_oauth_callback).
    ///
    /// The way back is remembered in the session store for ten minutes and can be gone once.
    /// Programs without a web address of their own use [`OAuthLoopback`](crate::OAuthLoopback).
    ///
    /// # Errors
    ///
    /// [`Argument`](ErrorKind::Argument) for what cannot be right;
    /// [`Credentials`](ErrorKind::Credentials) if an identity is to be bound and nobody is signed in;
    /// what the service says of the identity source otherwise: `provider_not_found`,
    /// `provider_not_enabled`.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// use cloudbase_auth::OAuth;
    ///
    /// let to = OAuth::new("github").redirect_to("https://app.example.org/signed-in");
    /// let page = auth.sign_in_with_oauth(to).await?;
    /// println!("open {}", page.url);
    /// # let callback_url = "";
    /// let done = auth.handle_oauth_callback(callback_url).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "signInWithOAuth")]
    pub async fn sign_in_with_oauth(&self, to: OAuth) -> Result<OAuthUrl> {
        to.check()?;
        if to.purpose == OAuthPurpose::SignIn {
            self.check_can_sign_in()?;
        }
        let sub = match to.purpose {
            OAuthPurpose::SignIn => None,
            OAuthPurpose::BindIdentity => {
                Some(named("auth.sign_in_with_oauth", self.sub_to_bind_to()).await?)
            }
        };
        let state = to
            .state
            .unwrap_or_else(|| format!("prd-{}-{}", to.provider, uuid::Uuid::new_v4().simple()));
        let redirect_uri = to.redirect_to.as_deref().map(without_query);
        let mut call = Call::get("auth.sign_in_with_oauth", "/auth/v1/provider/uri")
            .query("provider_id", &to.provider)
            .query_opt("redirect_uri", redirect_uri)
            .query("state", &state)
            .query_opt("scope", to.scope.as_deref())
            .query_opt("response_type", to.response_type.as_deref());
        for (name, value) in &to.other_params {
            call = call.query(&format!("other_params[{name}]"), value);
        }
        let (url, signout_url) = self
            .caller()
            .read(&call, |mut body| {
                let url: String = body.require("uri")?;
                validate::url("uri", &url).map_err(|_| {
                    let message = "the response has no usable `uri` for the authorization page";
                    Error::new(ErrorKind::Decode, message)
                })?;
                Ok((url, body.take(&["signout_uri"])))
            })
            .await?;
        let remembered = Remembered {
            provider: to.provider.clone(),
            redirect_uri: redirect_uri.map(str::to_owned),
            redirect_to: to.redirect_to,
            purpose: to.purpose,
            options: to.options,
            sub,
            params: to
                .provider_params
                .iter()
                .map(|(name, value)| (name.clone(), value.expose_secret().into()))
                .collect(),
        };
        self.oauth().remember(&state, remembered).await?;
        Ok(OAuthUrl {
            url: with_query(&url, &to.query_params),
            provider: to.provider,
            state,
            purpose: to.purpose,
            scope: to.scope,
            signout_url,
        })
    }
}

impl Auth {
    /// Who an identity is to be bound to: the flow ends with this user or not at all.
    async fn sub_to_bind_to(&self) -> Result<String> {
        self.caller().check_user()?;
        let session = self.session().await?;
        let session = session.ok_or_else(crate::value::error::not_signed_in)?;
        Ok(session.sub().to_owned())
    }
}

/// A URL up to its query: what identity sources know programs by.
fn without_query(url: &str) -> &str {
    let end = url.find(['?', '#']).unwrap_or(url.len());
    &url[..end]
}

/// A URL with these parameters set; those it has under the same names are replaced.
fn with_query(url: &str, params: &[(String, String)]) -> String {
    if params.is_empty() {
        return url.to_owned();
    }
    let (rest, fragment) = url
        .split_once('#')
        .map_or((url, None), |(rest, tail)| (rest, Some(tail)));
    let (base, query) = rest.split_once('?').unwrap_or((rest, ""));
    let encoded: Vec<_> = params
        .iter()
        .map(|(name, value)| (encode_component(name), encode_component(value)))
        .collect();
    let replaced = |pair: &str| {
        let name = pair.split('=').next().unwrap_or(pair);
        encoded.iter().any(|(set, _)| set == name)
    };
    let kept = query
        .split('&')
        .filter(|pair| !pair.is_empty() && !replaced(pair))
        .map(str::to_owned);
    let query: Vec<_> = kept
        .chain(
            encoded
                .iter()
                .map(|(name, value)| format!("{name}={value}")),
        )
        .collect();
    let fragment = fragment
        .map(|fragment| format!("#{fragment}"))
        .unwrap_or_default();
    format!("{base}?{}{fragment}", query.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_set_without_touching_the_others() {
        let set = |url, params: &[(&str, &str)]| {
            let params: Vec<_> = params
                .iter()
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
                .collect();
            with_query(url, &params)
        };
        assert_eq!(
            set(
                "https://p.example/a?x=%2520&y=1#f",
                &[("y", "2&3"), ("z", "4")]
            ),
            "https://p.example/a?x=%2520&y=2%263&z=4#f"
        );
        assert_eq!(
            set("https://p.example/a", &[("z", "4")]),
            "https://p.example/a?z=4"
        );
        assert_eq!(set("https://p.example/a?x", &[]), "https://p.example/a?x");
        assert_eq!(
            without_query("https://app.example.com/home?tab=1#top"),
            "https://app.example.com/home"
        );
    }
}
