//! The identities bound to an account.

use std::future::IntoFuture;

use cloudbase_core::{PathBuilder, Result};
use futures_core::future::BoxFuture;
use http::Method;
use serde_json::{Map, Value};

use crate::api::{Call, Caller};
use crate::args::validate;
use crate::flows::Auth;
use crate::flows::oauth::{OAuth, OAuthUrl};
use crate::value::de::Object;
use crate::value::named::named;
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
    pub async fn user_identities(&self) -> Result<Vec<Identity>> {
        named("auth.user_identities", async {
            let mut identities = self.identity_providers().await?;
            identities.retain(|identity| identity.bind);
            Ok(identities)
        })
        .await
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
    pub async fn identity_providers(&self) -> Result<Vec<Identity>> {
        named("auth.identity_providers", async {
            fetch(self.caller()).await
        })
        .await
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
        LinkIdentity {
            auth: self.clone(),
            to,
        }
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
    pub async fn unlink_identity(&self, provider: impl AsRef<str>) -> Result<()> {
        unlink(self.caller(), provider.as_ref()).await
    }
}

/// Binds an identity; see [`Auth::link_identity`].
#[derive(Debug)]
#[must_use = "nothing is sent until `send` is called or it is awaited"]
pub struct LinkIdentity {
    auth: Auth,
    to: OAuth,
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

    /// Asks for the page.
    ///
    /// # Errors
    ///
    /// See [`Auth::link_identity`].
    pub async fn send(self) -> Result<OAuthUrl> {
        named("auth.link_identity", async {
            self.to.check()?;
            self.auth.sign_in_with_oauth(self.to).await
        })
        .await
    }
}

impl IntoFuture for LinkIdentity {
    type Output = Result<OAuthUrl>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

pub(crate) async fn fetch(caller: &Caller) -> Result<Vec<Identity>> {
    let call = Call::get("auth.user_identities", "/auth/v1/user/provider").user();
    let list = |mut body: Object| body.take::<Vec<Object>>(&["data"]).unwrap_or_default();
    let all = caller.read(&call, |body| Ok(list(body))).await?;
    Ok(all.into_iter().filter_map(Identity::read).collect())
}

pub(crate) async fn unlink(caller: &Caller, provider: &str) -> Result<()> {
    validate::not_empty("provider", provider)?;
    let path = PathBuilder::new("/auth/v1/user/provider").segment("provider", provider)?;
    let template = "/auth/v1/user/provider/{provider_id}";
    let call = Call::new("auth.unlink_identity", template, Method::DELETE, path).user();
    caller.unit(&call).await
}
