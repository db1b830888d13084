//! Asks the service whether a token is still good.

use cloudbase_core::Result;
use secrecy::{ExposeSecret as _, SecretString};

use crate::api::Call;
use crate::args::validate;
use crate::flows::Auth;
use crate::value::de::Object;
use crate::value::named::named;

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
    pub async fn introspect(&self) -> Result<Option<Introspection>> {
        named("auth.introspect", async {
            self.caller().check_user()?;
            match self.session().await? {
                Some(_) => self.ask_about(call().user()).await,
                None => Ok(None),
            }
        })
        .await
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
    pub async fn introspect_token(
        &self,
        token: impl Into<SecretString>,
    ) -> Result<Option<Introspection>> {
        named("auth.introspect_token", async {
            let token = token.into();
            validate::token("token", token.expose_secret())?;
            self.ask_about(call().bearer(&token)).await
        })
        .await
    }

    async fn ask_about(&self, call: Call) -> Result<Option<Introspection>> {
        self.caller()
            .read(&call, |body| Ok(Introspection::read(body)))
            .await
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
