//! Everything that auth remembers.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::table::Table;

mod rows;

use rows::person;

/// Users, sessions and every short-lived token. Times are seconds on the emulator's clock.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Store {
    pub(super) users: Table<String, User>,
    /// By id; a larger id is a later sign-in.
    pub(super) sessions: Table<u64, Session>,
    pub(super) next_session: u64,
    /// The access tokens that sessions were given, by `at_hash`.
    pub(super) access: Table<String, Access>,
    /// Refresh tokens that were exchanged for new ones.
    pub(super) spent: Table<String, Spent>,
    /// Access tokens (their `at_hash`) that ended before their time, and spent codes of the identity source, with their `exp`.
    pub(super) revoked: Table<String, i64>,
    /// Codes on their way, by verification id.
    pub(super) verifications: Table<String, Verification>,
    /// Verification, sudo, provider and captcha tokens.
    pub(super) grants: Table<String, Grant>,
    /// Captcha challenges, by challenge token.
    pub(super) challenges: Table<String, Challenge>,
    /// Wrong passwords since the last right one, by user id.
    pub(super) failures: Table<String, u32>,
    /// When codes were sent, by address.
    pub(super) sends: Table<String, Vec<i64>>,
    /// Whether this is what the disk holds, but for the changes of the tables: not so for a store that was just made.
    #[serde(skip)]
    pub(super) is_kept: bool,
}

#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct User {
    pub(super) id: String,
    pub(super) username: Option<String>,
    pub(super) name: Option<String>,
    pub(super) email: Option<String>,
    pub(super) phone: Option<String>,
    pub(super) picture: Option<String>,
    pub(super) gender: Option<String>,
    pub(super) locale: Option<String>,
    pub(super) description: Option<String>,
    pub(super) password: Option<PasswordHash>,
    pub(super) password_updated_at: Option<i64>,
    /// The device that an anonymous user lives on; gone when the user registers.
    pub(super) anonymous_device: Option<String>,
    pub(super) identities: Vec<Identity>,
    pub(super) groups: Vec<String>,
    /// `ACTIVE`, `PENDING` or `BLOCKED`.
    pub(super) status: String,
    pub(super) created_from: String,
    pub(super) created_at: i64,
    pub(super) updated_at: i64,
    pub(super) last_login: Option<i64>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct PasswordHash {
    pub(super) salt: String,
    pub(super) hash: String,
}

/// A person at a third-party identity source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Identity {
    pub(super) provider: String,
    pub(super) sub: String,
    pub(super) name: Option<String>,
    pub(super) picture: Option<String>,
    pub(super) email: Option<String>,
    pub(super) phone: Option<String>,
    pub(super) meta: Map<String, Value>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Session {
    pub(super) user_id: String,
    pub(super) device_id: Option<String>,
    /// How the user signed in: `email`, `phone`, `username`, `anonymous`, `custom`, or a provider's id.
    pub(super) provider: String,
    pub(super) refresh_token: Option<String>,
    pub(super) refresh_expires_at: i64,
    /// Grows with each token object that any session was given.
    pub(super) issued: u64,
}

/// An access token of a session.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Access {
    pub(super) session: u64,
    pub(super) exp: i64,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Spent {
    pub(super) session: u64,
    pub(super) at: i64,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Verification {
    pub(super) contact: Contact,
    pub(super) code: String,
    pub(super) expires_at: i64,
}

/// Where a code can be sent to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Contact {
    Email(String),
    Phone(String),
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Grant {
    pub(super) expires_at: i64,
    pub(super) right: Right,
}

/// What a short-lived token proves.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum Right {
    /// A contact was verified.
    Verified(Contact),
    /// This user proved again who they are.
    Sudo(String),
    /// A third party vouches for this person.
    Provider(Identity),
    /// A captcha was solved.
    Captcha,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Challenge {
    #[serde(rename = "answer")]
    pub(super) captcha_answer: String,
    pub(super) expires_at: i64,
    pub(super) used: bool,
}

impl Store {
    fn user_with(&self, property: &'static str, value: &str) -> Option<&User> {
        self.users
            .with(property, value)
            .map(|(_, user)| user)
            .next()
    }

    pub(super) fn user_by_email(&self, email: &str) -> Option<&User> {
        self.user_with("email", &email.to_ascii_lowercase())
    }

    pub(super) fn user_by_phone(&self, phone: &str) -> Option<&User> {
        self.user_with("phone", phone)
    }

    pub(super) fn user_by_username(&self, name: &str) -> Option<&User> {
        self.user_with("username", name)
    }

    pub(super) fn user_by_contact(&self, contact: &Contact) -> Option<&User> {
        match contact {
            Contact::Email(email) => self.user_by_email(email),
            Contact::Phone(phone) => self.user_by_phone(phone),
        }
    }

    pub(super) fn user_by_identity(&self, provider: &str, sub: &str) -> Option<&User> {
        self.user_with("identity", &person(provider, sub))
    }

    pub(super) fn anonymous_on(&self, device_id: &str) -> Option<&User> {
        self.user_with("device", device_id)
    }

    /// The user of a sign-in name: user name, e-mail address or phone number.
    pub(super) fn user_by_login(&self, login: &str) -> Option<&User> {
        self.user_by_username(login)
            .or_else(|| self.user_by_email(login))
            .or_else(|| self.user_by_phone(&normal_phone(login)))
    }

    /// The sessions of a user, the oldest sign-in first.
    pub(super) fn sessions_of(
        &self,
        user_id: &str,
    ) -> impl Iterator<Item = (u64, &Session)> + use<'_> {
        self.sessions
            .with("user", user_id)
            .map(|(&id, session)| (id, session))
    }

    /// The session whose newest refresh token this is.
    pub(super) fn session_by_refresh_token(&self, token: &str) -> Option<(u64, &Session)> {
        let mut sessions = self.sessions.with("refresh_token", token);
        sessions.next().map(|(&id, session)| (id, session))
    }

    /// The session that an access token belongs to.
    pub(super) fn session_of(&self, at_hash: &str) -> Option<u64> {
        let id = self.access.get(at_hash)?.session;
        self.sessions.contains_key(&id).then_some(id)
    }

    /// Ends a session; its access tokens die too if `with_access`.
    pub(super) fn end_session(&mut self, id: u64, with_access: bool) {
        self.sessions.remove(&id);
        let tokens = self.access.with("session", &id.to_string());
        let tokens: Vec<_> = tokens.map(|(hash, _)| hash.clone()).collect();
        for hash in tokens {
            if let Some(access) = self.access.remove(&hash)
                && with_access
            {
                self.revoked.insert(hash, access.exp);
            }
        }
    }

    /// Ends all sessions of a user but one, access tokens included.
    pub(super) fn end_other_sessions(&mut self, user_id: &str, keep: Option<u64>) {
        let ended: Vec<_> = self.sessions_of(user_id).map(|(id, _)| id).collect();
        for id in ended {
            if Some(id) != keep {
                self.end_session(id, true);
            }
        }
    }

    /// Makes the codes on their way to a contact worthless.
    pub(super) fn forget_codes(&mut self, contact: &Contact) {
        let codes = self.verifications.with(contact.kind(), contact.address());
        let codes: Vec<_> = codes.map(|(id, _)| id.clone()).collect();
        for id in codes {
            self.verifications.remove(&id);
        }
    }

    /// What a token proves, if it has not ended.
    pub(super) fn right(&self, token: &str, now: i64) -> Option<&Right> {
        self.grants
            .get(token)
            .filter(|grant| grant.expires_at > now)
            .map(|grant| &grant.right)
    }

    /// Throws out what has ended, once there is much of it.
    pub(super) fn prune(&mut self, now: i64) {
        self.grants.prune(|_, grant| grant.expires_at > now);
        self.verifications
            .prune(|_, verification| verification.expires_at > now);
        self.challenges
            .prune(|_, challenge| challenge.expires_at > now);
        self.access.prune(|_, access| access.exp > now);
        self.revoked.prune(|_, exp| *exp > now);
        self.sends
            .prune(|_, sends| sends.last().is_some_and(|at| now - at < 3600));
        let sessions = &self.sessions;
        self.spent
            .prune(|_, spent| sessions.contains_key(&spent.session));
    }
}

impl User {
    pub(super) fn is_anonymous(&self) -> bool {
        self.anonymous_device.is_some()
    }

    pub(super) fn owns(&self, contact: &Contact) -> bool {
        match contact {
            Contact::Email(email) => self
                .email
                .as_deref()
                .is_some_and(|own| own.eq_ignore_ascii_case(email)),
            Contact::Phone(phone) => self.phone.as_deref() == Some(phone),
        }
    }

    pub(super) fn set_contact(&mut self, contact: Contact) {
        match contact {
            Contact::Email(email) => self.email = Some(email),
            Contact::Phone(phone) => self.phone = Some(phone),
        }
    }
}

impl Contact {
    pub(super) fn address(&self) -> &str {
        match self {
            Self::Email(address) | Self::Phone(address) => address,
        }
    }

    /// The name that tokens and profiles call it by.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Email(_) => "email",
            Self::Phone(_) => "phone",
        }
    }
}

/// `+86 13900001111`, also from the bare digits that the JS SDK sends in two places.
pub(crate) fn normal_phone(phone: &str) -> String {
    let phone = phone.trim();
    if !phone.is_empty() && phone.bytes().all(|byte| byte.is_ascii_digit()) {
        format!("+86 {phone}")
    } else if let Some(number) = phone.strip_prefix("+86")
        && number.bytes().all(|byte| byte.is_ascii_digit())
    {
        format!("+86 {number}")
    } else {
        phone.to_owned()
    }
}

/// Whether a phone number has the one form that the service takes: `+`, country code, one space, digits.
pub(super) fn is_phone(phone: &str) -> bool {
    let Some((country, number)) = phone
        .strip_prefix('+')
        .and_then(|rest| rest.split_once(' '))
    else {
        return false;
    };
    let digits = |text: &str, least: usize, most: usize| {
        (least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    digits(country, 1, 3) && digits(number, 4, 14)
}

/// Whether an e-mail address is one at all; the mail server would judge the rest.
pub(super) fn is_email(email: &str) -> bool {
    let Some((name, host)) = email.rsplit_once('@') else {
        return false;
    };
    !name.is_empty()
        && host.contains('.')
        && !host.starts_with('.')
        && !host.ends_with('.')
        && !email.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phones_need_their_space() {
        assert!(is_phone("+86 13900001111"));
        for phone in [
            "13900001111",
            "+8613900001111",
            "+86  139",
            "+86 ",
            "+ 1234567",
            "+86 1390000x111",
        ] {
            assert!(!is_phone(phone), "{phone}");
        }
        assert_eq!(normal_phone("13900001111"), "+86 13900001111");
        assert_eq!(normal_phone("+8613900001111"), "+86 13900001111");
        assert_eq!(normal_phone("+852 51234567"), "+852 51234567");
    }

    #[test]
    fn emails_have_two_parts() {
        assert!(is_email("lin@example.org"));
        for email in [
            "lin",
            "@example.org",
            "lin@example",
            "lin@.org",
            "l n@example.org",
            "",
        ] {
            assert!(!is_email(email), "{email}");
        }
    }
}
