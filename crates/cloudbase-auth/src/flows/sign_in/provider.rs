//! Provider tokens: what an identity source says, in CloudBase's own form.

use std::fmt;
use std::time::Duration;

use cloudbase_core::{Idempotency, PathBuilder, Response, Result};
use http::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::api::{Call, Caller};
use crate::args::validate;
use crate::flows::Auth;
use crate::flows::request::request;
use crate::value::de::Object;

/// What an identity source gave the program; see [`Auth::grant_provider_token`].
#[derive(Clone)]
pub struct ProviderGrant {
    provider: String,
    redirect_uri: Option<String>,
    code: Option<SecretString>,
    access_token: Option<SecretString>,
    id_token: Option<SecretString>,
    params: Map<String, Value>,
}

impl ProviderGrant {
    /// An authorization code, with the redirect URI for which it was issued.
    pub fn code(
        provider: impl Into<String>,
        code: impl Into<SecretString>,
        redirect_uri: impl Into<String>,
    ) -> Self {
        Self::code_for(provider, code, Some(redirect_uri.into()))
    }

    pub(crate) fn code_for(
        provider: impl Into<String>,
        code: impl Into<SecretString>,
        redirect_uri: Option<String>,
    ) -> Self {
        let mut grant = Self::new(provider);
        grant.code = Some(code.into());
        grant.redirect_uri = redirect_uri;
        grant
    }

    /// An access token of the identity source.
    pub fn access_token(provider: impl Into<String>, token: impl Into<SecretString>) -> Self {
        let mut grant = Self::new(provider);
        grant.access_token = Some(token.into());
        grant
    }

    /// An OpenID Connect id token of the identity source.
    pub fn id_token(provider: impl Into<String>, token: impl Into<SecretString>) -> Self {
        let mut grant = Self::new(provider);
        grant.id_token = Some(token.into());
        grant
    }

    /// Only parameters: mini programs (`provider_code_type`, `appid`, `code`).
    pub fn params(provider: impl Into<String>, params: Map<String, Value>) -> Self {
        let mut grant = Self::new(provider);
        grant.params = params;
        grant
    }

    /// A further parameter, such as the `code_verifier` of a flow with PKCE.
    #[must_use]
    pub fn param(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.params.insert(name.into(), value.into());
        self
    }

    fn new(provider: impl Into<String>) -> Self {
        Self {
            provider: provider.into(),
            redirect_uri: None,
            code: None,
            access_token: None,
            id_token: None,
            params: Map::new(),
        }
    }
}

/// Names of parameters without their values, which may be secrets.
impl fmt::Debug for ProviderGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderGrant")
            .field("provider", &self.provider)
            .field("redirect_uri", &self.redirect_uri)
            .field("params", &self.params.keys())
            .finish_non_exhaustive()
    }
}

/// Proof of an identity at an identity source, to sign in with or to bind to an account.
#[derive(Clone)]
#[non_exhaustive]
pub struct ProviderToken {
    /// The proof.
    pub provider_token: SecretString,
    /// How long it is good for.
    pub expires_in: Duration,
    /// Who it is, as far as the identity source says.
    pub profile: Option<ProviderProfile>,
}

impl fmt::Debug for ProviderToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderToken")
            .field("expires_in", &self.expires_in)
            .field("profile", &self.profile)
            .finish_non_exhaustive()
    }
}

/// A user, as an identity source knows them.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ProviderProfile {
    /// The identity source's id in the environment.
    pub provider_id: Option<String>,
    /// The identity source.
    pub provider: Option<String>,
    /// The id at the identity source.
    pub sub: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// The avatar's URL.
    pub picture: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The phone number.
    pub phone_number: Option<String>,
    /// Whatever else the service sent.
    pub other: Map<String, Value>,
}

/// How a provider token signs in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Options {
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) force_disable_sign_up: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) sync_profile: bool,
}

impl Options {
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_false(value: &bool) -> bool {
    !*value
}

impl Auth {
    /// Trades what an identity source gave for a provider token. [`verify_oauth`](Self::verify_oauth)
    /// does so by itself.
    ///
    /// # Errors
    ///
    /// `invalid_client` if the environment does not know the identity source;
    /// `failed_precondition` or `provider_error` if the identity source rejects.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// use cloudbase_auth::{IdToken, ProviderGrant};
    ///
    /// let grant = ProviderGrant::code("github", "code", "https://app.example.org/signed-in");
    /// let proof = auth.grant_provider_token(grant).await?;
    /// auth.sign_in_with_id_token(IdToken::provider_token(proof.provider_token)).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "grantProviderToken")]
    pub fn grant_provider_token(&self, grant: ProviderGrant) -> GrantProviderToken {
        GrantProviderToken::new(self, grant)
    }

    /// Adds to what a provider token proves: a phone number, a nickname.
    ///
    /// # Errors
    ///
    /// As [`grant_provider_token`](Self::grant_provider_token).
    #[doc(alias = "patchProviderToken")]
    pub fn patch_provider_token(
        &self,
        provider_token: impl Into<SecretString>,
        params: Map<String, Value>,
    ) -> PatchProviderToken {
        PatchProviderToken::new(self, provider_token.into(), params)
    }
}

request! {
    /// Trades what an identity source gave; see [`Auth::grant_provider_token`].
    pub struct GrantProviderToken { grant: ProviderGrant }
    "auth.grant_provider_token" => ProviderToken; auth; operation
}

impl GrantProviderToken {
    fn call(&self) -> Result<Call> {
        grant_call(&self.grant)
    }

    async fn run(self) -> Result<Response<ProviderToken>> {
        grant_provider_token(self.auth.caller(), &self.grant).await
    }
}

request! {
    /// Adds to what a provider token proves; see [`Auth::patch_provider_token`].
    pub struct PatchProviderToken { token: SecretString, params: Map<String, Value> }
    "auth.patch_provider_token" => ProviderToken; auth; operation
}

impl PatchProviderToken {
    fn call(&self) -> Result<Call> {
        #[derive(Serialize)]
        struct Body<'a> {
            provider_token: &'a str,
            provider_params: &'a Map<String, Value>,
        }
        let token = self.token.expose_secret();
        validate::token("provider_token", token)?;
        let path = "/auth/v1/provider/token";
        let name = "auth.patch_provider_token";
        Ok(Call::new(name, path, Method::PATCH, PathBuilder::new(path))
            .idempotency(Idempotency::Unsafe)
            .json(&Body {
                provider_token: token,
                provider_params: &self.params,
            }))
    }

    async fn run(self) -> Result<Response<ProviderToken>> {
        let call = self.call()?;
        let make = |body| read_token(body, Some(self.token));
        self.auth.caller().read(&call, make).await
    }
}

/// Trades what an identity source gave for a provider token.
pub(crate) async fn grant_provider_token(
    caller: &Caller,
    grant: &ProviderGrant,
) -> Result<Response<ProviderToken>> {
    let call = grant_call(grant)?;
    caller.read(&call, |body| read_token(body, None)).await
}

fn grant_call(grant: &ProviderGrant) -> Result<Call> {
    #[derive(Serialize)]
    struct Body<'a> {
        provider_id: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        provider_redirect_uri: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        provider_code: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        provider_access_token: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        provider_id_token: Option<&'a str>,
        #[serde(skip_serializing_if = "Map::is_empty")]
        provider_params: &'a Map<String, Value>,
    }
    validate::not_empty("provider", &grant.provider)?;
    if let Some(code) = &grant.code {
        validate::not_empty("code", code.expose_secret())?;
    }
    if let Some(uri) = &grant.redirect_uri {
        validate::url("redirect_uri", uri)?;
    }
    for name in grant.params.keys() {
        validate::not_empty("provider_param", name)?;
    }
    for token in [&grant.access_token, &grant.id_token].into_iter().flatten() {
        validate::token("token", token.expose_secret())?;
    }
    let secret = |value: &'_ Option<SecretString>| {
        let value = value.as_ref();
        value.map(|value| value.expose_secret().to_owned())
    };
    let path = "/auth/v1/provider/token";
    Ok(Call::post("auth.grant_provider_token", path)
        .idempotency(Idempotency::Unsafe)
        .json(&Body {
            provider_id: &grant.provider,
            provider_redirect_uri: grant.redirect_uri.as_deref(),
            provider_code: secret(&grant.code).as_deref(),
            provider_access_token: secret(&grant.access_token).as_deref(),
            provider_id_token: secret(&grant.id_token).as_deref(),
            provider_params: &grant.params,
        }))
}

/// Signs in with a provider token.
pub(crate) fn provider_token_call(token: &SecretString, options: Options) -> Call {
    #[derive(Serialize)]
    struct Body<'a> {
        provider_token: &'a str,
        #[serde(flatten)]
        options: Options,
    }
    let path = "/auth/v1/signin/with/provider";
    Call::post("auth.sign_in_with_provider", path)
        .idempotency(Idempotency::Unsafe)
        .json(&Body {
            provider_token: token.expose_secret(),
            options,
        })
}

/// Reads a provider token; the one that is `known` if the response does not repeat it.
fn read_token(mut body: Object, known: Option<SecretString>) -> Result<ProviderToken> {
    let profile = body.take(&["provider_profile"]);
    Ok(ProviderToken {
        provider_token: match known {
            Some(known) => body.take(&["provider_token"]).unwrap_or(known),
            None => body.require("provider_token")?,
        },
        expires_in: body.expires_in(3600),
        profile: profile.map(ProviderProfile::read),
    })
}

impl ProviderProfile {
    fn read(mut profile: Object) -> Self {
        Self {
            provider_id: profile.take(&["provider_id"]),
            provider: profile.take(&["provider"]),
            sub: profile.take(&["sub"]),
            name: profile.take(&["name"]),
            picture: profile.take(&["picture"]),
            email: profile.take(&["email"]),
            phone_number: profile.take(&["phone_number"]),
            other: profile.rest(),
        }
    }
}
