//! The account of the signed-in user: read, changed, deleted.

mod delete;
mod query;
mod update;

use cloudbase_core::Result;

pub use self::query::{FoundUsers, UserQuery};
pub use self::update::{PendingContact, UpdateUser, UpdatedUser};
use super::Auth;
use crate::api::{Call, Caller};
use crate::flows::sign_in::SignedIn;
use crate::value::named::named;
use crate::value::session::Session;
use crate::value::user::User;

/// The call for a profile: that of the bearer of its token.
pub(crate) fn profile_call() -> Call {
    Call::get("auth.user", "/auth/v1/user/me")
}

/// Fetches the user of a session.
pub(crate) async fn fetch(caller: &Caller, call: &Call, session: &Session) -> Result<User> {
    let make = |profile| Ok(User::from_profile(profile, Some(session)));
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
    pub async fn user(&self) -> Result<Option<User>> {
        named("auth.user", async {
            let signed_in = self.fetch_user(false).await?;
            Ok(signed_in.map(|signed_in| signed_in.user))
        })
        .await
    }

    /// The session with its user, fresh from the service; an event says so if it is to `report`.
    pub(crate) async fn fetch_user(&self, report: bool) -> Result<Option<SignedIn>> {
        self.caller().check_user()?;
        let Some(session) = self.session().await? else {
            return Ok(None);
        };
        let caller = self.caller().one_call();
        let lineage = session.lineage();
        let user = fetch(&caller, &profile_call().user(), &session).await?;
        self.manager().update_user(&lineage, &user, report).await;
        let session = self.manager().session_of(&lineage)?;
        let session = session.with_user(user.clone());
        Ok(Some(SignedIn { session, user }))
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
    pub async fn refresh_user(&self) -> Result<SignedIn> {
        named("auth.refresh_user", async {
            let signed_in = self.fetch_user(false).await?;
            signed_in.ok_or_else(crate::value::error::not_signed_in)
        })
        .await
    }
}
