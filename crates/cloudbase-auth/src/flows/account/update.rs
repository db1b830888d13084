//! Changes the signed-in user's profile, address or number.

pub(crate) mod request;

use cloudbase_core::{Error, Result};
use serde::Serialize;

pub use self::request::PendingContact;
use crate::args::contact::Contact;
use crate::args::validate;
use crate::value::user::{Gender, User};

/// What to change; see [`Auth::update_user`](crate::Auth::update_user).
#[doc(alias = "UpdateUserReq")]
#[derive(Clone, Debug, Default)]
pub struct UpdateUser {
    email: Option<String>,
    phone: Option<String>,
    fields: Fields,
}

#[derive(Clone, Debug, Default, Serialize)]
struct Fields {
    #[serde(skip_serializing_if = "Option::is_none")]
    nickname: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avatar_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gender: Option<Gender>,
}

impl UpdateUser {
    /// Changes nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The new e-mail address, which a code must confirm.
    #[must_use]
    pub fn email(mut self, address: impl Into<String>) -> Self {
        self.email = Some(address.into());
        self
    }

    /// The new phone number, which a code must confirm.
    #[must_use]
    pub fn phone(mut self, number: impl Into<String>) -> Self {
        self.phone = Some(number.into());
        self
    }

    /// The display name, 2 to 48 characters.
    #[must_use]
    pub fn nickname(mut self, name: impl Into<String>) -> Self {
        self.fields.nickname = Some(name.into());
        self
    }

    /// The login name.
    #[must_use]
    pub fn username(mut self, name: impl Into<String>) -> Self {
        self.fields.username = Some(name.into());
        self
    }

    /// The description.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.fields.description = Some(text.into());
        self
    }

    /// The avatar's URL.
    #[doc(alias = "avatarUrl")]
    #[must_use]
    pub fn avatar_url(mut self, url: impl Into<String>) -> Self {
        self.fields.avatar_url = Some(url.into());
        self
    }

    /// The gender.
    #[must_use]
    pub fn gender(mut self, gender: Gender) -> Self {
        self.fields.gender = Some(gender);
        self
    }

    /// The contact to confirm, and whether there is anything else.
    fn checked(&self) -> Result<(Option<Contact>, bool)> {
        let contact = match (self.email.clone(), self.phone.clone()) {
            (Some(_), Some(_)) => {
                let rule = "cannot be changed together with `email`: each needs a code of its own";
                return Err(Error::argument("phone", rule));
            }
            (Some(email), None) => Some(Contact::Email(email).normalised()?),
            (None, Some(phone)) => Some(Contact::Phone(phone).normalised()?),
            (None, None) => None,
        };
        let fields = &self.fields;
        let texts = [
            ("nickname", &fields.nickname),
            ("username", &fields.username),
            ("description", &fields.description),
            ("avatar_url", &fields.avatar_url),
        ];
        for (argument, text) in texts {
            validate::not_empty_if_given(argument, text.as_deref())?;
        }
        validate::not_empty_if_given("gender", fields.gender.as_ref().map(Gender::as_str))?;
        let others = texts.iter().any(|(_, text)| text.is_some()) || fields.gender.is_some();
        if contact.is_none() && !others {
            return Err(Error::argument("update", "must change something"));
        }
        Ok((contact, others))
    }
}

/// The user after a change.
#[doc(alias = "UpdateUserRes")]
#[derive(Debug)]
#[non_exhaustive]
pub struct UpdatedUser {
    /// The user, with everything that took effect at once.
    pub user: User,
    /// The new address or number, which takes effect when its code is known.
    pub pending: Option<PendingContact>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_nothing_or_too_much_is_rejected() {
        let rejected = |update: UpdateUser| update.checked().unwrap_err().message().to_owned();
        assert!(rejected(UpdateUser::new()).starts_with("`update` must"));
        assert!(rejected(UpdateUser::new().nickname(" ")).starts_with("`nickname` must"));
        assert!(rejected(UpdateUser::new().email("nobody")).starts_with("`email` must"));
        assert!(rejected(UpdateUser::new().email("a@b").phone("1")).starts_with("`phone` cannot"));
        let (contact, others) = UpdateUser::new()
            .phone("139")
            .gender(Gender::Male)
            .checked()
            .unwrap();
        assert_eq!(
            (contact, others),
            (Some(Contact::Phone("+86 139".to_owned())), true)
        );
    }
}
