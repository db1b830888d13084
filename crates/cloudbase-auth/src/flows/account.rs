//! The account of the signed-in user: read, changed, deleted.

mod delete;
mod query;
mod update;

use cloudbase_core::{Response, Result};

pub use self::delete::{DeleteUser, DeleteUserWith};
pub use self::query::{FoundUsers, IsUsernameRegistered, QueryUser, UserQuery};
pub(crate) use self::update::request as update_request;
pub use self::update::{PendingContact, UpdateUser, UpdatedUser};
use super::Auth;
use crate::api::{Call, Caller};
use crate::flows::request::request;
use crate::flows::sign_in::SignedIn;
use crate::value::error::not_signed_in;
use crate::value::session::Session;
use crate::value::user::User as Profile;

/// The call for a profile: that of the bearer of its token.
pub(crate) fn profile_call() -> Call {
    Call::get("auth.user", "/auth/v1/user/me")
}

/// Fetches the user of a session.
pub(crate) async fn fetch(
    caller: &Caller,
    call: &Call,
    session: &Session,
) -> Result<Response<Profile>> {
    let make = |profile| Ok(Profile::from_profile(profile, Some(session)));
    caller.read(call, make).await
}

impl Auth {
    /// The signed-in user, fresh from the service. `None` if nobody is signed in; a call with only
    /// an access key is nobody.
    ///
    /// # Errors
    ///
    /// If the service cannot be reached or rejects. The user known last stands in
    /// [`peek_session`](Self::peek_session).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// if let Some(user) = auth.user().await? {
    ///     println!("{} {:?}", user.id, user.email);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "getUser")]
    #[doc(alias = "GetUserRes")]
    #[doc(alias = "currentUser")]
    pub fn user(&self) -> User {
        User::new(self)
    }

    /// Fetches the profile of the signed-in user again and returns the session with it.
    ///
    /// # Errors
    ///
    /// [`Credentials`](cloudbase_core::ErrorKind::Credentials) if nobody is signed in; otherwise as
    /// [`user`](Self::user).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// let signed_in = auth.refresh_user().await?;
    /// println!("{:?}", signed_in.user.user_metadata.nick_name);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "refreshUser")]
    pub fn refresh_user(&self) -> RefreshUser {
        RefreshUser::new(self)
    }

    /// The session with its user, fresh from the service; an event says so if it is to `report`.
    pub(crate) async fn fetch_user(&self, report: bool) -> Result<Option<Response<SignedIn>>> {
        self.caller().check_user()?;
        let Some(session) = self.session().await? else {
            return Ok(None);
        };
        let caller = self.caller().one_call();
        let lineage = session.lineage();
        let (user, response) = fetch(&caller, &profile_call().user(), &session)
            .await?
            .split();
        self.manager().update_user(&lineage, &user, report).await;
        let session = self.manager().session_of(&lineage)?;
        let session = session.with_user(user.clone());
        Ok(Some(response.map(|()| SignedIn { session, user })))
    }
}

request! {
    /// Fetches the signed-in user; see [`Auth::user`].
    pub struct User {}
    "auth.user" => Option<Profile>; auth; operation
}

impl User {
    #[expect(clippy::unnecessary_wraps, reason = "as that of every builder")]
    fn call(&self) -> Result<Call> {
        Ok(profile_call().user())
    }

    async fn run(self) -> Result<Response<Option<Profile>>> {
        Ok(match self.auth.fetch_user(false).await? {
            Some(response) => response.map(|signed_in| Some(signed_in.user)),
            None => Response::without_call("auth.user", None),
        })
    }
}

request! {
    /// Fetches the signed-in user again; see [`Auth::refresh_user`].
    pub struct RefreshUser {}
    "auth.refresh_user" => SignedIn; auth; operation
}

impl RefreshUser {
    #[expect(clippy::unnecessary_wraps, reason = "as that of every builder")]
    fn call(&self) -> Result<Call> {
        Ok(profile_call().user())
    }

    async fn run(self) -> Result<Response<SignedIn>> {
        let signed_in = self.auth.fetch_user(false).await?;
        signed_in.ok_or_else(not_signed_in)
    }
}
