//! Users as the library's handle and the control API see them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::account::claim_contact;
use super::options::{AuthOptions, PasswordPolicy};
use super::password::{check_new_password, hash_password};
use super::sign_in::{check_username, new_user};
use super::store::{Contact, Store, User, normal_phone};
use crate::error::{AuthError, StartError};
use crate::state::AppState;

/// The users of a running emulator.
#[derive(Clone)]
pub struct Users {
    state: AppState,
}

/// A user to be added without the detour through a code.
#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[must_use = "a user exists only after it was added"]
pub struct NewUser {
    username: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    password: Option<String>,
    name: Option<String>,
    groups: Vec<String>,
}

/// What the emulator knows of a user.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct UserInfo {
    /// The user's id (`sub`).
    pub id: String,
    /// The login name.
    pub username: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The phone number, as `+86 13900001111`.
    pub phone: Option<String>,
    /// The display name.
    pub name: Option<String>,
    /// `ACTIVE`, `PENDING` or `BLOCKED`.
    pub status: String,
    /// Whether it is the anonymous user of a device.
    pub anonymous: bool,
    /// How many sessions it has that can still be refreshed.
    pub sessions: usize,
}

impl Users {
    pub(crate) fn new(state: AppState) -> Self {
        Self { state }
    }

    /// All users, oldest id first.
    pub fn all(&self) -> Vec<UserInfo> {
        self.state
            .auth
            .read(|store| store.users.values().map(|user| info(store, user)).collect())
    }

    /// The user of a login name, e-mail address, phone number or id.
    pub fn find(&self, name: &str) -> Option<UserInfo> {
        self.state.auth.read(|store| {
            let user = store.users.get(name).or_else(|| store.user_by_login(name));
            user.map(|user| info(store, user))
        })
    }

    /// Adds a user and returns its id.
    ///
    /// # Errors
    ///
    /// If a name or contact is malformed or taken, or the password does not meet the policy.
    pub fn add(&self, user: NewUser) -> Result<String, StartError> {
        let id = self.insert(user)?;
        self.state.auth.flush().map_err(|error| {
            StartError::caused_by("the user was added, but cannot be kept", error)
        })?;
        Ok(id)
    }

    /// Like [`add`](Self::add), but not yet on disk: the server waits for that.
    pub(super) fn insert(&self, user: NewUser) -> Result<String, StartError> {
        let now = self.state.auth.now();
        self.state
            .auth
            .write(|store| add(store, user, self.state.auth.options.password_policy, now))
    }

    /// Sets a user's status: `ACTIVE`, `PENDING` or `BLOCKED`. Returns whether there is such a user.
    pub fn set_status(&self, id: &str, status: &str) -> bool {
        self.state
            .auth
            .write(|store| match store.users.get_mut(id) {
                Some(mut user) => {
                    user.status = status.to_owned();
                    true
                }
                None => false,
            })
    }

    /// Ends all sessions of a user, access tokens included, as an administrator would.
    pub fn end_sessions(&self, id: &str) {
        self.state
            .auth
            .write(|store| store.end_other_sessions(id, None));
    }

    /// Removes a user and all its sessions.
    pub fn remove(&self, id: &str) {
        self.state.auth.write(|store| {
            store.end_other_sessions(id, None);
            store.users.remove(id);
        });
    }
}

impl NewUser {
    /// A user with a login name.
    pub fn username(name: impl Into<String>) -> Self {
        Self {
            username: Some(name.into()),
            ..Self::default()
        }
    }

    /// A user with an e-mail address.
    pub fn email(email: impl Into<String>) -> Self {
        Self {
            email: Some(email.into()),
            ..Self::default()
        }
    }

    /// A user with a phone number, as `+86 13900001111`.
    pub fn phone(phone: impl Into<String>) -> Self {
        Self {
            phone: Some(phone.into()),
            ..Self::default()
        }
    }

    /// Adds a login name.
    pub fn with_username(mut self, name: impl Into<String>) -> Self {
        self.username = Some(name.into());
        self
    }

    /// Adds an e-mail address.
    pub fn with_email(mut self, email: impl Into<String>) -> Self {
        self.email = Some(email.into());
        self
    }

    /// Adds a phone number.
    pub fn with_phone(mut self, phone: impl Into<String>) -> Self {
        self.phone = Some(phone.into());
        self
    }

    /// Sets the password, which must meet the password policy.
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// Sets the display name.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Adds a role or group next to `registered`.
    pub fn group(mut self, id: impl Into<String>) -> Self {
        self.groups.push(id.into());
        self
    }
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.all()).finish()
    }
}

impl fmt::Debug for NewUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewUser")
            .field("username", &self.username)
            .field("email", &self.email)
            .field("phone", &self.phone)
            .finish_non_exhaustive()
    }
}

/// Adds the configured users.
pub(super) fn seed(store: &mut Store, options: &AuthOptions, now: i64) -> Result<(), StartError> {
    for user in &options.users {
        add(store, user.clone(), options.password_policy, now)?;
    }
    Ok(())
}

fn add(
    store: &mut Store,
    new: NewUser,
    policy: PasswordPolicy,
    now: i64,
) -> Result<String, StartError> {
    if let Some(password) = &new.password
        && check_new_password(policy, password).is_err()
    {
        let name = [&new.username, &new.email, &new.phone];
        let name = name.into_iter().flatten().next().map_or("", String::as_str);
        let rule = policy.rule();
        return Err(StartError::new(format!(
            "the user cannot be added: the password of `{name}` {rule} (password policy {policy:?})"
        )));
    }
    insert(store, new, now).map_err(not_added)
}

fn insert(store: &mut Store, new: NewUser, now: i64) -> Result<String, AuthError> {
    let mut user = new_user(now);
    if let Some(name) = &new.username {
        check_username(store, name, &user.id)?;
    }
    if let Some(email) = new.email {
        claim_contact(store, &mut user, Contact::Email(email))?;
    }
    if let Some(phone) = new.phone {
        claim_contact(store, &mut user, Contact::Phone(normal_phone(&phone)))?;
    }
    user.password_updated_at = new.password.is_some().then_some(now);
    user.password = new.password.as_deref().map(hash_password);
    user.username = new.username;
    user.name = new.name;
    user.groups = vec!["registered".to_owned()];
    user.groups.extend(new.groups);
    user.created_from = "admin".to_owned();
    let id = user.id.clone();
    store.users.insert(id.clone(), user);
    Ok(id)
}

fn info(store: &Store, user: &User) -> UserInfo {
    UserInfo {
        id: user.id.clone(),
        username: user.username.clone(),
        email: user.email.clone(),
        phone: user.phone.clone(),
        name: user.name.clone(),
        status: user.status.clone(),
        anonymous: user.is_anonymous(),
        sessions: store.sessions_of(&user.id).count(),
    }
}

fn not_added(error: AuthError) -> StartError {
    StartError::new(format!("the user cannot be added: {error}"))
}
