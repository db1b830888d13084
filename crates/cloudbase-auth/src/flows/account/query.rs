//! Looks users up: by what they are known by, and whether a login name is taken.

use cloudbase_core::{Error, Response, Result};

use crate::api::Call;
use crate::args::{phone, validate};
use crate::flows::Auth;
use crate::flows::request::request;
use crate::value::de::Object;
use crate::value::user::User;

/// Which users to look for; see [`Auth::query_user`]. Users are found that fit all that is set.
#[doc(alias = "QueryUserProfileRequest")]
#[derive(Clone, Debug, Default)]
#[must_use = "nobody is looked for until this is given to `Auth::query_user`"]
pub struct UserQuery {
    ids: Vec<String>,
    username: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    limit: Option<u32>,
    offset: Option<u64>,
}

impl UserQuery {
    /// All users that the caller may see.
    pub fn new() -> Self {
        Self::default()
    }

    /// Users with one of these ids.
    #[doc(alias = "id")]
    pub fn ids(mut self, ids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.ids.extend(ids.into_iter().map(Into::into));
        self
    }

    /// The user with this login name.
    pub fn username(mut self, name: impl Into<String>) -> Self {
        self.username = Some(name.into());
        self
    }

    /// The user with this e-mail address.
    pub fn email(mut self, address: impl Into<String>) -> Self {
        self.email = Some(address.into());
        self
    }

    /// The user with this phone number, in the forms that [`Password::phone`](crate::Password::phone)
    /// takes.
    #[doc(alias = "phone_number")]
    pub fn phone(mut self, number: impl Into<String>) -> Self {
        self.phone = Some(number.into());
        self
    }

    /// How many users to return at most. Default: as many as the service likes.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// How many users to pass over first. Default: none.
    pub fn offset(mut self, offset: u64) -> Self {
        self.offset = Some(offset);
        self
    }

    fn call(&self) -> Result<Call> {
        for id in &self.ids {
            validate::token("ids", id)?;
            if id.contains(',') {
                return Err(Error::argument(
                    "ids",
                    "must hold one id each, without a comma",
                ));
            }
        }
        validate::not_empty_if_given("username", self.username.as_deref())?;
        if let Some(address) = &self.email {
            validate::email("email", address)?;
        }
        let phone = self.phone.as_deref();
        let phone = phone
            .map(|number| phone::normalise("phone", number))
            .transpose()?;
        if self.limit == Some(0) {
            return Err(Error::argument("limit", "must be at least 1"));
        }
        let ids = (!self.ids.is_empty()).then(|| self.ids.join(","));
        Ok(Call::get("auth.query_user", "/auth/v1/user/query")
            .user()
            .query_opt("id", ids.as_deref())
            .query_opt("username", self.username.as_deref())
            .query_opt("email", self.email.as_deref())
            .query_opt("phone_number", phone.as_deref())
            .query_opt("limit", self.limit.map(|n| n.to_string()).as_deref())
            .query_opt("offset", self.offset.map(|n| n.to_string()).as_deref()))
    }
}

/// The users that were found.
#[doc(alias = "QueryUserProfileResponse")]
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FoundUsers {
    /// How many there are, whatever the limit.
    pub total: u64,
    /// Those of them that were asked for.
    #[doc(alias = "data")]
    pub users: Vec<User>,
}

impl Auth {
    /// Looks for users of the environment, as the signed-in user.
    ///
    /// # Errors
    ///
    /// [`Argument`](cloudbase_core::ErrorKind::Argument) for what cannot be an id, an address or a
    /// number; [`Credentials`](cloudbase_core::ErrorKind::Credentials) if nobody is signed in;
    /// `permission_denied` if the user may not look at others.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// use cloudbase_auth::UserQuery;
    ///
    /// let found = auth.query_user(UserQuery::new().username("lin").limit(10)).await?;
    /// for user in found.users {
    ///     println!("{} {:?}", user.id, user.user_metadata.name);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "queryUser")]
    pub fn query_user(&self, query: UserQuery) -> QueryUser {
        QueryUser::new(self, query)
    }

    /// Whether there is a user with this login name. Needs no user.
    ///
    /// # Errors
    ///
    /// [`Argument`](cloudbase_core::ErrorKind::Argument) for an empty name; `invalid_argument` for
    /// one that the service does not take.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// if auth.is_username_registered("lin").await? {
    ///     println!("taken: choose another name");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "isUsernameRegistered")]
    #[doc(alias = "checkIfUserExist")]
    pub fn is_username_registered(&self, username: impl Into<String>) -> IsUsernameRegistered {
        IsUsernameRegistered::new(self, username.into())
    }
}

request! {
    /// Looks for users; see [`Auth::query_user`].
    pub struct QueryUser { query: UserQuery }
    "auth.query_user" => FoundUsers; auth; operation
}

impl QueryUser {
    fn call(&self) -> Result<Call> {
        self.query.call()
    }

    async fn run(self) -> Result<Response<FoundUsers>> {
        let make = |mut body: Object| {
            let profiles: Vec<Object> = body.take(&["data"]).unwrap_or_default();
            let user = |profile| User::from_profile(profile, None);
            let users: Vec<_> = profiles.into_iter().map(user).collect();
            Ok(FoundUsers {
                total: body.take(&["total"]).unwrap_or(users.len() as u64),
                users,
            })
        };
        self.auth.caller().read(&self.call()?, make).await
    }
}

request! {
    /// Asks whether a login name is taken; see [`Auth::is_username_registered`].
    pub struct IsUsernameRegistered { username: String }
    "auth.is_username_registered" => bool; auth; operation
}

impl IsUsernameRegistered {
    fn call(&self) -> Result<Call> {
        validate::not_empty("username", &self.username)?;
        let path = "/auth/v1/checkIfUserExist";
        let call = Call::get("auth.is_username_registered", path);
        Ok(call.query("username", &self.username))
    }

    async fn run(self) -> Result<Response<bool>> {
        let exists = |mut body: Object| body.require("exist");
        self.auth.caller().read(&self.call()?, exists).await
    }
}
