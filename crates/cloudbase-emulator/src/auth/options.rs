//! Settings of auth, and the builder's methods for them.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use super::users::NewUser;
use crate::EmulatorBuilder;
use crate::error::StartError;

/// What the builder's methods of this area collected.
#[derive(Clone, Debug)]
pub(crate) struct AuthOptions {
    pub(super) access_token_lifetime: Duration,
    pub(super) refresh_token_lifetime: Duration,
    pub(super) max_sessions: usize,
    pub(super) refresh_reuse: RefreshReuse,
    pub(super) anonymous_sign_in: bool,
    pub(super) anonymous_refresh_token: bool,
    pub(super) email_sign_in: bool,
    pub(super) phone_sign_in: bool,
    pub(super) password_sign_in: bool,
    pub(super) password_policy: PasswordPolicy,
    pub(super) captcha_after_failures: u32,
    pub(super) soft_sends_per_minute: usize,
    pub(super) hard_sends_per_hour: usize,
    pub(super) fixed_code: Option<String>,
    pub(super) providers: Vec<Provider>,
    /// The ids of the sources that have a sign-out page.
    pub(super) sign_out_pages: BTreeSet<String>,
    pub(super) ticket_keys: Vec<PathBuf>,
    pub(super) users: Vec<NewUser>,
}

/// A third-party identity source that is switched on.
#[derive(Clone, Debug)]
pub(super) struct Provider {
    pub(super) id: String,
    pub(super) name: String,
}

/// What happens when a refresh token that was already spent comes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefreshReuse {
    /// `invalid_grant`; the session that the token once belonged to lives on. The default.
    Reject,
    /// `invalid_grant`, and the session ends: its newest refresh token dies with it.
    EndSession,
    /// For this long after it was spent it gives a token object again, with the session's newest refresh token.
    Grace(Duration),
}

/// What passwords must look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PasswordPolicy {
    /// Anything that is not empty.
    Any,
    /// 8 to 64 characters with a letter and a digit. The default.
    LetterAndDigit,
    /// 8 to 64 characters with an upper-case letter, a lower-case letter, a digit and a special character.
    Strict,
}

impl Default for AuthOptions {
    fn default() -> Self {
        let provider = |id: &str, name: &str| Provider {
            id: id.into(),
            name: name.into(),
        };
        Self {
            access_token_lifetime: Duration::from_secs(7200),
            refresh_token_lifetime: Duration::from_secs(30 * 24 * 3600),
            max_sessions: 1,
            refresh_reuse: RefreshReuse::Reject,
            anonymous_sign_in: true,
            anonymous_refresh_token: true,
            email_sign_in: true,
            phone_sign_in: true,
            password_sign_in: true,
            password_policy: PasswordPolicy::LetterAndDigit,
            captcha_after_failures: 5,
            soft_sends_per_minute: 5,
            hard_sends_per_hour: 30,
            fixed_code: None,
            providers: vec![
                provider("github", "GitHub"),
                provider("google", "Google"),
                provider("wx_open", "WeChat"),
            ],
            sign_out_pages: BTreeSet::new(),
            ticket_keys: Vec::new(),
            users: Vec::new(),
        }
    }
}

impl AuthOptions {
    /// Rejects what no environment could work with.
    pub(super) fn check(&self) -> Result<(), StartError> {
        let second = Duration::from_secs(1);
        let rule = if self.max_sessions == 0 {
            "max_sessions must be at least 1"
        } else if self.access_token_lifetime < second {
            "access_token_lifetime must be at least 1 s"
        } else if self.refresh_token_lifetime < second {
            "refresh_token_lifetime must be at least 1 s"
        } else if self.fixed_code.as_deref() == Some("") {
            "fixed_code must not be empty"
        } else if self.providers.iter().any(|provider| provider.id.is_empty()) {
            "the id of a provider must not be empty"
        } else if !self.sign_out_pages.iter().all(|id| self.has_provider(id)) {
            "provider_sign_out_page must name a provider that is switched on"
        } else {
            return Ok(());
        };
        Err(StartError::new(rule))
    }

    fn has_provider(&self, id: &str) -> bool {
        self.providers.iter().any(|provider| provider.id == id)
    }
}

impl PasswordPolicy {
    /// What a password must be.
    pub(super) fn rule(self) -> &'static str {
        match self {
            Self::Any => "must not be empty",
            Self::LetterAndDigit => "must have 8 to 64 characters, a letter and a digit among them",
            Self::Strict => {
                "must have 8 to 64 characters, an upper-case letter, a lower-case letter, a digit and a special character \
                 among them"
            }
        }
    }
}

impl EmulatorBuilder {
    /// How long access tokens live, at least 1 s. Default: 2 hours, as a new environment.
    pub fn access_token_lifetime(mut self, lifetime: Duration) -> Self {
        self.auth.access_token_lifetime = lifetime;
        self
    }

    /// How long refresh tokens live, at least 1 s, from each rotation on. Default: 30 days.
    pub fn refresh_token_lifetime(mut self, lifetime: Duration) -> Self {
        self.auth.refresh_token_lifetime = lifetime;
        self
    }

    /// How many sessions a user may have, at least 1; one more ends the oldest. Default: 1, as a new environment.
    pub fn max_sessions(mut self, sessions: usize) -> Self {
        self.auth.max_sessions = sessions;
        self
    }

    /// What happens to a refresh token that comes a second time. Default: [`RefreshReuse::Reject`].
    pub fn refresh_reuse(mut self, rule: RefreshReuse) -> Self {
        self.auth.refresh_reuse = rule;
        self
    }

    /// Switches anonymous sign-in on or off. Default: on (a real new environment has it off).
    pub fn anonymous_sign_in(mut self, on: bool) -> Self {
        self.auth.anonymous_sign_in = on;
        self
    }

    /// Whether anonymous sessions get a refresh token; real environments differ. Default: yes.
    pub fn anonymous_refresh_token(mut self, on: bool) -> Self {
        self.auth.anonymous_refresh_token = on;
        self
    }

    /// Switches sign-in by e-mail code on or off. Default: on.
    pub fn email_sign_in(mut self, on: bool) -> Self {
        self.auth.email_sign_in = on;
        self
    }

    /// Switches sign-in by SMS code on or off. Default: on.
    pub fn phone_sign_in(mut self, on: bool) -> Self {
        self.auth.phone_sign_in = on;
        self
    }

    /// Switches sign-in by password on or off. Default: on.
    ///
    /// Other reasons for which the service rejects a sign-in do not occur by themselves: a status but `PENDING` and `BLOCKED`
    /// ([`Users::set_status`](crate::Users::set_status)), the lock after too many passwords (`invalid_status`), a second factor
    /// (`phone_required`, `mfa_phone_required`), a review (`under_review`). A fault script
    /// ([`Emulator::faults`](crate::Emulator::faults)) has them.
    pub fn password_sign_in(mut self, on: bool) -> Self {
        self.auth.password_sign_in = on;
        self
    }

    /// What new passwords must look like. Default: [`PasswordPolicy::LetterAndDigit`].
    pub fn password_policy(mut self, policy: PasswordPolicy) -> Self {
        self.auth.password_policy = policy;
        self
    }

    /// After how many wrong passwords for one account a captcha is demanded. Default: 5.
    pub fn captcha_after_failures(mut self, failures: u32) -> Self {
        self.auth.captcha_after_failures = failures;
        self
    }

    /// After how many codes per address and minute a captcha is demanded, and after how many per hour sending is rejected
    /// altogether. Default: 5 and 30; the service does not publish its numbers.
    pub fn send_limits(mut self, captcha_per_minute: usize, reject_per_hour: usize) -> Self {
        self.auth.soft_sends_per_minute = captcha_per_minute;
        self.auth.hard_sends_per_hour = reject_per_hour;
        self
    }

    /// Makes every verification code this one instead of six random digits.
    pub fn fixed_code(mut self, code: impl Into<String>) -> Self {
        self.auth.fixed_code = Some(code.into());
        self
    }

    /// Switches on a third-party identity source. `github`, `google` and `wx_open` are on from the start.
    pub fn provider(mut self, id: impl Into<String>, name: impl Into<String>) -> Self {
        self.auth.providers.push(Provider {
            id: id.into(),
            name: name.into(),
        });
        self
    }

    /// Gives a third-party identity source a sign-out page: `provider/uri` has its address (`signout_uri`), and so has the
    /// sign-out of a user who signed in there (`redirect_uri`). The page redirects to the `redirect_uri` that it is given.
    /// Default: no source has one.
    pub fn provider_sign_out_page(mut self, id: impl Into<String>) -> Self {
        self.auth.sign_out_pages.insert(id.into());
        self
    }

    /// Adds a user at the start and after each reset, unless kept state already has users.
    pub fn user(mut self, user: NewUser) -> Self {
        self.auth.users.push(user);
        self
    }

    /// Accepts custom-login tickets signed by the key of a file: the JSON that the console gives out
    /// (`private_key_id`, `private_key`), or a PEM key, whose id is then the file's name without its ending.
    ///
    /// The development key ([`Emulator::custom_login_key`](crate::Emulator::custom_login_key)) is always accepted.
    pub fn custom_login_key_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.auth.ticket_keys.push(path.into());
        self
    }
}
