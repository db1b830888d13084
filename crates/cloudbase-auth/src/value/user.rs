//! The user of a session, made from the profile that the service keeps.

use cloudbase_core::open_enum;
use serde_json::{Map, Value};

use crate::value::de::Object;
use crate::value::session::Session;
use cloudbase_core::Timestamp;

open_enum! {
    /// Whether an account may be used.
    pub enum UserStatus {
        /// Nothing special.
        Default = "DEFAULT",
        /// In use.
        Active = "ACTIVE",
        /// Waiting for approval.
        Pending = "PENDING",
        /// Locked.
        Blocked = "BLOCKED",
    }
}

open_enum! {
    /// A user's gender, as far as the service keeps it.
    pub enum Gender {
        /// Male.
        Male = "MALE",
        /// Female.
        Female = "FEMALE",
    }
}

/// A user.
///
/// Two users are equal if their profiles are. Whatever the service sent stands in
/// [`profile`](Self::profile), also what has no field here.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct User {
    /// The user's id.
    pub id: String,
    /// Always `authenticated`.
    pub aud: &'static str,
    /// The ids of the groups the user is in.
    pub role: Vec<String>,
    /// The e-mail address, if there is one.
    pub email: Option<String>,
    /// The phone number, `+86 13800000000`, if there is one.
    pub phone: Option<String>,
    /// When the e-mail address was confirmed; absent if it is known to be unconfirmed.
    pub email_confirmed_at: Option<Timestamp>,
    /// When the phone number was confirmed.
    pub phone_confirmed_at: Option<Timestamp>,
    /// When the account was confirmed.
    pub confirmed_at: Option<Timestamp>,
    /// When the user last signed in.
    pub last_sign_in_at: Option<Timestamp>,
    /// How the user signs in.
    pub app_metadata: AppMetadata,
    /// What the user says of itself.
    pub user_metadata: UserMetadata,
    /// The identities bound to the account.
    pub identities: Vec<UserIdentity>,
    /// When the account was made.
    pub created_at: Option<Timestamp>,
    /// When it was last changed.
    pub updated_at: Option<Timestamp>,
    /// Whether this is an anonymous user.
    pub is_anonymous: bool,
    /// Whether the account may be used.
    pub status: Option<UserStatus>,
    /// The profile as the service sent it.
    pub profile: Map<String, Value>,
}

/// How a user signs in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AppMetadata {
    /// How the account was made: `cloudbase` unless the profile names another way.
    pub provider: String,
    /// The same as a list of one. What is bound to the account stands in
    /// [`identities`](User::identities) and [`Auth::user_identities`](crate::Auth::user_identities).
    pub providers: Vec<String>,
}

/// What a user says of itself.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct UserMetadata {
    /// The display name.
    pub name: Option<String>,
    /// The nickname, or else the display name.
    pub nick_name: Option<String>,
    /// The login name.
    pub username: Option<String>,
    /// The avatar: a URL, or the id of a stored file.
    pub picture: Option<String>,
    /// The avatar under its second name, or else [`picture`](Self::picture).
    pub avatar_url: Option<String>,
    /// The gender.
    pub gender: Option<Gender>,
    /// The language.
    pub locale: Option<String>,
    /// The id under its older name; the user's id if the profile has none.
    pub uid: Option<String>,
    /// Where the user is.
    pub location: Option<Value>,
    /// Whether a password is set.
    pub has_password: Option<bool>,
    /// The WeChat id.
    pub open_id: Option<String>,
    /// The description.
    pub description: Option<String>,
}

/// An identity that is bound to a user, as the profile shows it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct UserIdentity {
    /// The identity source: `github`, `wx_open`, …
    pub id: String,
    /// The same, under its second name.
    pub identity_id: String,
    /// The user's id.
    pub user_id: String,
    /// The user's id at the identity source.
    pub provider_user_id: Option<String>,
    /// The name at the identity source.
    pub name: Option<String>,
    /// The avatar at the identity source.
    pub picture: Option<String>,
    /// The identity source; `cloudbase` if it is not named.
    pub provider: String,
    /// When the user was made.
    pub created_at: Option<Timestamp>,
    /// When the user was last changed.
    pub updated_at: Option<Timestamp>,
    /// When the user last signed in.
    pub last_sign_in_at: Option<Timestamp>,
}

impl User {
    /// The user that a profile describes, if need be with what the session says. Reads the service's
    /// form, and that in which other SDKs store users.
    pub(crate) fn from_profile(profile: Object, session: Option<&Session>) -> Self {
        let metadata: Object = profile
            .get(&["userMetadata", "user_metadata"])
            .unwrap_or_default();
        let text = |names: &[&str]| profile.get::<String>(names).or_else(|| metadata.get(names));
        let id = text(&["sub", "uid", "user_id", "id"])
            .or_else(|| session.map(|session| session.sub().to_owned()))
            .unwrap_or_default();
        let email = text(&["email"]);
        let phone = text(&["phone_number", "phone"]);
        let created_at = profile.get(&["created_at", "createdAt"]);
        let updated_at = profile.get(&["updated_at", "updatedAt"]);
        let last_sign_in_at = profile.get(&["last_sign_in_at", "lastSignInAt", "last_login"]);
        let verified = profile.get(&["email_verified"]).unwrap_or(true);
        let provider =
            text(&["loginType"]).map_or_else(|| "cloudbase".to_owned(), |kind| kind.to_lowercase());
        let name = text(&["name"]);
        let identity = |bound: Object| {
            let text = |name: &str| bound.get::<String>(&[name]);
            let provider = text("id").unwrap_or_else(|| "cloudbase".to_owned());
            UserIdentity {
                id: provider.clone(),
                identity_id: provider.clone(),
                user_id: id.clone(),
                provider_user_id: text("provider_user_id"),
                name: text("name"),
                picture: text("picture"),
                provider,
                created_at,
                updated_at,
                last_sign_in_at,
            }
        };
        let bound: Vec<Object> = profile.get(&["providers"]).unwrap_or_default();
        let identities = bound.into_iter().map(identity).collect();
        let by_profile = || {
            profile.get(&["isAnonymous", "is_anonymous"]) == Some(true)
                || name.as_deref() == Some("anonymous")
        };
        let by_scope = session.and_then(Session::has_anonymous_scope);
        let is_anonymous = by_scope.unwrap_or_else(by_profile);
        let user_metadata = UserMetadata {
            nick_name: text(&["nickName", "nickname"]).or_else(|| name.clone()),
            name,
            username: text(&["username"]),
            picture: text(&["picture"]),
            avatar_url: text(&["avatarUrl", "picture"]),
            gender: text(&["gender"]).map(|gender| Gender::from(&*gender)),
            locale: text(&["locale"]),
            uid: text(&["uid"]).or_else(|| Some(id.clone()).filter(|id| !id.is_empty())),
            location: profile
                .get(&["location"])
                .or_else(|| metadata.get(&["location"])),
            has_password: profile
                .get(&["hasPassword", "has_password"])
                .or_else(|| metadata.get(&["hasPassword", "has_password"]))
                .or_else(|| text(&["password"]).map(|state| state == "SET")),
            open_id: text(&["open_id"]),
            description: text(&["user_desc"]),
        };
        Self {
            aud: "authenticated",
            role: profile.get(&["groups"]).unwrap_or_default(),
            email_confirmed_at: created_at.filter(|_| email.is_some() && verified),
            phone_confirmed_at: created_at.filter(|_| phone.is_some()),
            confirmed_at: created_at,
            last_sign_in_at,
            app_metadata: AppMetadata {
                providers: vec![provider.clone()],
                provider,
            },
            user_metadata,
            identities,
            created_at,
            updated_at,
            is_anonymous,
            status: text(&["status"]).map(|status| UserStatus::from(&*status)),
            id,
            email,
            phone,
            profile: profile.into_map(),
        }
    }

    /// The user of a session: as known last, or made of what the token says.
    pub(crate) fn of_session(session: &Session) -> Self {
        let known = session.user().cloned();
        known.unwrap_or_else(|| {
            let profile = Map::from_iter([("sub".to_owned(), Value::from(session.sub()))]);
            Self::from_profile(profile.into(), Some(session))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(profile: Value) -> User {
        User::from_profile(profile.as_object().unwrap().clone().into(), None)
    }

    #[test]
    fn a_profile_becomes_a_user() {
        let user = user(serde_json::json!({
            "sub": "2051", "name": "Lin", "username": "lin_w", "picture": "https://cdn.example.org/lin.png",
            "email": "lin@example.org", "phone_number": "+86 13900001111", "password": "SET",
            "providers": [{"id": "email", "provider_user_id": "lin@example.org", "name": "Email"}],
            "groups": [{"id": "registered"}, "editors"], "status": "ACTIVE", "gender": "FEMALE",
            "created_at": "2026-02-03T04:05:06Z", "last_login": "2026-06-01T09:00:00Z", "shoe_size": 38,
        }));
        assert_eq!((user.id.as_str(), user.aud), ("2051", "authenticated"));
        assert_eq!(user.role, ["registered", "editors"]);
        assert_eq!(user.user_metadata.nick_name.as_deref(), Some("Lin"));
        assert_eq!(user.user_metadata.avatar_url, user.user_metadata.picture);
        assert_eq!(user.user_metadata.has_password, Some(true));
        assert_eq!(user.user_metadata.gender, Some(Gender::Female));
        assert_eq!(user.status, Some(UserStatus::Active));
        assert_eq!(
            user.identities[0].provider_user_id.as_deref(),
            Some("lin@example.org")
        );
        assert_eq!(
            user.last_sign_in_at,
            Some("2026-06-01T09:00:00Z".parse().unwrap())
        );
        assert_eq!(user.email_confirmed_at, user.created_at);
        assert_eq!(user.profile["shoe_size"], 38);
        assert!(!user.is_anonymous);
    }

    #[test]
    fn a_user_that_another_sdk_has_stored_is_read() {
        let user = user(serde_json::json!({
            "id": "19", "email": "lin@example.org", "phone": "+86 13900001111", "isAnonymous": true,
            "createdAt": "2026-02-03T04:05:06Z", "lastSignInAt": 1_770_000_000_000_u64,
            "userMetadata": { "nickName": "Lin", "avatarUrl": "https://c.example/l.png", "gender": "FEMALE" },
        }));
        assert!(user.is_anonymous);
        assert!(user.created_at.is_some() && user.last_sign_in_at.is_some());
        assert_eq!(user.user_metadata.nick_name.as_deref(), Some("Lin"));
        assert_eq!(
            user.user_metadata.avatar_url.as_deref(),
            Some("https://c.example/l.png")
        );
        assert_eq!(user.user_metadata.gender, Some(Gender::Female));
        assert_eq!(
            user.user_metadata.uid.as_deref(),
            Some("19"),
            "the id under its older name"
        );
    }

    #[test]
    fn absent_empty_and_unconfirmed_differ_from_present() {
        let user = user(serde_json::json!({
            "user_id": 7, "name": "anonymous", "email": "", "phone_number": null, "email_verified": false,
            "created_at": "yesterday", "has_password": false, "groups": {},
        }));
        assert_eq!(
            (user.id.as_str(), user.email, user.phone, user.created_at),
            ("7", None, None, None)
        );
        assert_eq!(user.user_metadata.has_password, Some(false));
        assert!(user.is_anonymous);
    }
}
