//! The identities bound to an account.

use cloudbase_core::{Idempotency, PathBuilder, Response, Result};
use http::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::api::{Call, Caller};
use crate::args::validate;
use crate::flows::Auth;
use crate::flows::oauth::{OAuth, OAuthUrl, SignInWithOAuth};
use crate::flows::request::request;
use crate::value::de::Object;
use crate::value::oauth_purpose::OAuthPurpose;

/// An identity source, as the account stands to it.
#[doc(alias = "GetUserIdentitiesRes")]
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Identity {
    /// The identity source's id: `github`.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// Its picture.
    pub picture: Option<String>,
    /// Its home page.
    pub homepage: Option<String>,
    /// The user's name there.
    pub provider_user_name: Option<String>,
    /// Its kind: `oauth`.
    pub provider_type: Option<String>,
    /// Whether it is bound to the account.
    pub bind: bool,
    /// Whatever else the service sent.
    pub other: Map<String, Value>,
}

impl Identity {
    /// A source without an id cannot be named in any call.
    fn read(mut source: Object) -> Option<Self> {
        Some(Self {
            id: source.take(&["id"])?,
            name: source.take(&["name"]),
            picture: source.take(&["picture"]),
            homepage: source.take(&["homepage"]),
            provider_user_name: source.take(&["provider_user_name"]),
            provider_type: source.take(&["provider_type"]),
            bind: source.take(&["bind"]).unwrap_or_default(),
            other: source.rest(),
        })
    }
}

impl Auth {
    /// The identities bound to the signed-in user's account.
    ///
    /// # Errors
    ///
    /// [`Credentials`](cloudbase_core::ErrorKind::Credentials) if nobody is signed in.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// for identity in auth.user_identities().await? {
    ///     println!("{} as {:?}", identity.id, identity.provider_user_name);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "getUserIdentities")]
    pub fn user_identities(&self) -> UserIdentities {
        UserIdentities::new(self)
    }

    /// All identity sources of the environment, bound or not.
    ///
    /// # Errors
    ///
    /// [`Credentials`](cloudbase_core::ErrorKind::Credentials) if nobody is signed in.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// let all = auth.identity_providers().await?;
    /// let free: Vec<_> = all.iter().filter(|source| !source.bind).collect();
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "getProviders")]
    pub fn identity_providers(&self) -> IdentityProviders {
        IdentityProviders::new(self)
    }

    /// The page where the signed-in user binds an identity to the account. When they come back, give
    /// the URL to [`handle_oauth_callback`](Self::handle_oauth_callback).
    ///
    /// # Errors
    ///
    /// As [`sign_in_with_oauth`](Self::sign_in_with_oauth);
    /// [`Credentials`](cloudbase_core::ErrorKind::Credentials) if nobody is signed in.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// let page = auth.link_identity("github").redirect_to("https://app.example.org/bound").await?;
    /// println!("open {}", page.url);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "linkIdentity")]
    #[doc(alias = "LinkIdentityReq")]
    pub fn link_identity(&self, provider: impl Into<String>) -> LinkIdentity {
        let to = OAuth::new(provider).purpose(OAuthPurpose::BindIdentity);
        LinkIdentity::new(self, to)
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
    pub fn bind_identity(&self, provider_token: impl Into<SecretString>) -> BindIdentity {
        BindIdentity::new(self, provider_token.into())
    }

    /// Unbinds an identity from the account. Keep at least one way to sign in.
    ///
    /// # Errors
    ///
    /// [`Argument`](cloudbase_core::ErrorKind::Argument) for an empty name;
    /// `provider_not_found` if there is no such identity source.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// auth.unlink_identity("github").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "unlinkIdentity")]
    #[doc(alias = "UnlinkIdentityReq")]
    pub fn unlink_identity(&self, provider: impl Into<String>) -> UnlinkIdentity {
        UnlinkIdentity::new(self, provider.into())
    }
}

request! {
    /// Returns the identities bound to the account; see [`Auth::user_identities`].
    pub struct UserIdentities {}
    "auth.user_identities" => Vec<Identity>; auth; operation
}

impl UserIdentities {
    #[expect(clippy::unnecessary_wraps, reason = "as that of every builder")]
    fn call(&self) -> Result<Call> {
        Ok(list_call())
    }

    async fn run(self) -> Result<Response<Vec<Identity>>> {
        let all = fetch(self.auth.caller()).await?;
        Ok(all.map(|mut identities| {
            identities.retain(|identity| identity.bind);
            identities
        }))
    }
}

request! {
    /// Returns the identity sources; see [`Auth::identity_providers`].
    pub struct IdentityProviders {}
    "auth.identity_providers" => Vec<Identity>; auth; operation
}

impl IdentityProviders {
    #[expect(clippy::unnecessary_wraps, reason = "as that of every builder")]
    fn call(&self) -> Result<Call> {
        Ok(list_call())
    }

    async fn run(self) -> Result<Response<Vec<Identity>>> {
        fetch(self.auth.caller()).await
    }
}

request! {
    /// Asks for the page where an identity is bound; see [`Auth::link_identity`].
    pub struct LinkIdentity { to: OAuth }
    "auth.link_identity" => OAuthUrl; auth
}

impl LinkIdentity {
    /// Where the user comes back to.
    pub fn redirect_to(self, url: impl Into<String>) -> Self {
        self.map(|to| to.redirect_to(url))
    }

    /// The text that ties the way back to the way there. Default: a random one.
    pub fn state(self, state: impl Into<String>) -> Self {
        self.map(|to| to.state(state))
    }

    /// Sets a query parameter of the authorization URL.
    pub fn query_param(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.map(|to| to.query_param(name, value))
    }

    pub(crate) fn map(mut self, change: impl FnOnce(OAuth) -> OAuth) -> Self {
        self.to = change(self.to);
        self
    }

    async fn run(self) -> Result<Response<OAuthUrl>> {
        self.to.check()?;
        SignInWithOAuth::new(&self.auth, self.to).respond().await
    }
}

request! {
    /// Binds an identity; see [`Auth::bind_identity`].
    pub struct BindIdentity { token: SecretString }
    "auth.bind_identity" => (); auth; operation
}

impl BindIdentity {
    fn call(&self) -> Result<Call> {
        #[derive(Serialize)]
        struct Body<'a> {
            provider_token: &'a str,
        }
        let token = self.token.expose_secret();
        validate::token("provider_token", token)?;
        let path = "/auth/v1/user/provider/bind";
        Ok(Call::post("auth.bind_identity", path)
            .user()
            .idempotency(Idempotency::Unsafe)
            .json(&Body {
                provider_token: token,
            }))
    }

    async fn run(self) -> Result<Response<()>> {
        self.auth.caller().unit(&self.call()?).await
    }
}

request! {
    /// Unbinds an identity; see [`Auth::unlink_identity`].
    pub struct UnlinkIdentity { provider: String }
    "auth.unlink_identity" => (); auth, write; operation
}

impl UnlinkIdentity {
    fn call(&self) -> Result<Call> {
        validate::not_empty("provider", &self.provider)?;
        let path =
            PathBuilder::new("/auth/v1/user/provider").segment("provider", &self.provider)?;
        let template = "/auth/v1/user/provider/{provider_id}";
        Ok(Call::new("auth.unlink_identity", template, Method::DELETE, path).user())
    }

    async fn run(self) -> Result<Response<()>> {
        self.auth.caller().unit(&self.call()?).await
    }
}

fn list_call() -> Call {
    Call::get("auth.user_identities", "/auth/v1/user/provider").user()
}

async fn fetch(caller: &Caller) -> Result<Response<Vec<Identity>>> {
    let list = |mut body: Object| body.take::<Vec<Object>>(&["data"]).unwrap_or_default();
    let all = caller.read(&list_call(), |body| Ok(list(body))).await?;
    Ok(all.map(|all| all.into_iter().filter_map(Identity::read).collect()))
}
