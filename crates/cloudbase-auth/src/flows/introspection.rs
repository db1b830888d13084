//! Asks the service whether a token is still good.

use cloudbase_core::{Response, Result};
use secrecy::{ExposeSecret as _, SecretString};

use crate::api::Call;
use crate::args::validate;
use crate::flows::Auth;
use crate::flows::request::request;
use crate::value::de::Object;

/// What the service says of a token that is good.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Introspection {
    /// The user's id.
    pub sub: Option<String>,
    /// What the token is good for: `user sso`, `anonymous`.
    pub scope: Option<String>,
    /// The client id that the token is for: the environment's id unless set otherwise.
    pub client_id: Option<String>,
}

impl Auth {
    /// Asks the service whether the session's access token is still good: `None` if it is not, because
    /// the user has signed out elsewhere for example, or if nobody is signed in.
    ///
    /// # Errors
    ///
    /// As [`session`](Self::session), or if the service cannot be reached.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// if auth.introspect().await?.is_none() {
    ///     println!("sign in again");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "introspectToken")]
    pub fn introspect(&self) -> Introspect {
        Introspect::new(self)
    }

    /// Asks the service whether an access token is still good: `None` if it is malformed, has ended or
    /// was revoked. For servers, which get tokens of many users: unlike a check of the signature, this
    /// knows of sign-outs, and costs a call each time.
    ///
    /// # Errors
    ///
    /// [`Argument`](cloudbase_core::ErrorKind::Argument) if the token is empty or holds characters that
    /// a header must not; otherwise if the service cannot be reached.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth, bearer: String) -> cloudbase_auth::Result<()> {
    /// match auth.introspect_token(bearer).await? {
    ///     Some(token) => println!("called by {}", token.sub.unwrap_or_default()),
    ///     None => println!("401"),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn introspect_token(&self, token: impl Into<SecretString>) -> IntrospectToken {
        IntrospectToken::new(self, token.into())
    }

    async fn ask_about(&self, call: &Call) -> Result<Response<Option<Introspection>>> {
        let make = |body| Ok(Introspection::read(body));
        self.caller().read(call, make).await
    }
}

request! {
    /// Asks whether the session's token is good; see [`Auth::introspect`].
    pub struct Introspect {}
    "auth.introspect" => Option<Introspection>; auth; operation
}

impl Introspect {
    #[expect(clippy::unnecessary_wraps, reason = "as that of every builder")]
    fn call(&self) -> Result<Call> {
        Ok(call().user())
    }

    async fn run(self) -> Result<Response<Option<Introspection>>> {
        self.auth.caller().check_user()?;
        match self.auth.session().await? {
            Some(_) => self.auth.ask_about(&self.call()?).await,
            None => Ok(Response::without_call("auth.introspect", None)),
        }
    }
}

request! {
    /// Asks whether a token is good; see [`Auth::introspect_token`].
    pub struct IntrospectToken { token: SecretString }
    "auth.introspect_token" => Option<Introspection>; auth; operation
}

impl IntrospectToken {
    fn call(&self) -> Result<Call> {
        validate::token("token", self.token.expose_secret())?;
        Ok(call().bearer(&self.token))
    }

    async fn run(self) -> Result<Response<Option<Introspection>>> {
        self.auth.ask_about(&self.call()?).await
    }
}

fn call() -> Call {
    Call::get("auth.introspect", "/auth/v1/token/introspect")
}

impl Introspection {
    /// A token that is not good has an empty object.
    fn read(mut body: Object) -> Option<Self> {
        let token_type: Option<String> = body.take(&["token_type"]);
        let token = Self {
            sub: body.take(&["sub"]),
            scope: body.take(&["scope"]),
            client_id: body.take(&["client_id"]),
        };
        let is_good = token_type.is_some() || token.sub.is_some() || token.client_id.is_some();
        is_good.then_some(token)
    }
}
