//! Changes the signed-in user's profile, address or number.

use cloudbase_core::{Error, Idempotency, Result};
use serde::Serialize;

use crate::api::{Call, Caller};
use crate::args::contact::Contact;
use crate::args::validate;
use crate::flows::Auth;
use crate::flows::verification::{SentCode, VerificationRequest, waits_for_code};
use crate::value::named::named;
use crate::value::user::{Gender, User};

/// What to change; see [`Auth::update_user`].
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

/// A new address or number that waits for a code. A wrong code costs nothing.
#[derive(Debug)]
pub struct PendingContact {
    auth: Auth,
    code: SentCode,
    /// The user known last.
    known: User,
}

waits_for_code!(PendingContact, "auth.pending_contact.resend");

impl Auth {
    /// Changes the profile of the signed-in user. A new address or number takes effect when the
    /// [pending value](UpdatedUser::pending) has got its code; everything else at once.
    ///
    /// Once something has changed, or a code is on its way, the call succeeds: if the profile cannot be
    /// fetched then, which is a warning in the trace, the user is returned as known last.
    ///
    /// # Errors
    ///
    /// [`Argument`](cloudbase_core::ErrorKind::Argument) if nothing is changed, a field is empty, or
    /// address and number are to be changed together; `username_already_exists`,
    /// `failed_precondition` and the like if something is taken.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// use cloudbase_auth::UpdateUser;
    ///
    /// let updated = auth.update_user(UpdateUser::new().nickname("Lin").phone("13900001111")).await?;
    /// if let Some(pending) = updated.pending {
    ///     let user = pending.verify("042317").await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "updateUser")]
    pub async fn update_user(&self, update: UpdateUser) -> Result<UpdatedUser> {
        named("auth.update_user", async {
            let (contact, others) = update.checked()?;
            let auth = self.one_call()?;
            let caller = auth.caller();
            let session = self
                .session()
                .await?
                .ok_or_else(crate::value::error::not_signed_in)?;
            let known = User::of_session(&session);
            let mut pending = None;
            if let Some(contact) = contact {
                let request = VerificationRequest::new(contact)
                    .within_session()
                    .usage("reauthentication");
                pending = Some(PendingContact {
                    auth: auth.clone(),
                    code: SentCode::send(caller, request).await?,
                    known: known.clone(),
                });
            }
            if others {
                edit(caller, &update.fields).await?;
            }
            let user = match others || session.user().is_none() {
                true => auth.user_after(others, &known).await,
                false => known,
            };
            Ok(UpdatedUser { user, pending })
        })
        .await
    }

    /// The user after what has been done: it counts, even if the profile cannot be fetched. The user
    /// is then as `known`. A change is reported.
    async fn user_after(&self, has_changed: bool, known: &User) -> User {
        let error = match self.fetch_user(has_changed).await {
            Ok(Some(signed_in)) => return signed_in.user,
            Ok(None) => crate::value::error::not_signed_in(),
            Err(error) => error,
        };
        tracing::warn!(%error, "the profile could not be fetched after an update");
        if has_changed && let Ok(signed_in) = self.signed_in_as_caller().await {
            let lineage = signed_in.session.lineage();
            self.manager().update_user(&lineage, known, true).await;
        }
        known.clone()
    }
}

impl PendingContact {
    /// Checks the code, puts the new address or number in force, and returns the user: as known last,
    /// if the profile cannot be fetched.
    ///
    /// # Errors
    ///
    /// As [`Auth::verify`]; nothing is changed then. `failed_precondition` or
    /// `contact_already_exists` if the address or number is taken.
    #[doc(alias = "verifyOtp")]
    #[doc(alias = "UpdateUserVerifyParams")]
    pub async fn verify(&self, code: impl AsRef<str>) -> Result<User> {
        named("auth.pending_contact.verify", async {
            #[derive(Serialize)]
            struct Body<'a> {
                // `phone` here, `phone_number` everywhere else.
                #[serde(skip_serializing_if = "Option::is_none")]
                phone: Option<&'a str>,
                #[serde(skip_serializing_if = "Option::is_none")]
                email: Option<&'a str>,
            }
            let caller = self.auth.caller();
            self.code.verify(caller, code.as_ref()).await?;
            let contact = self.code.contact();
            let text = Some(contact.as_str());
            let is_email = contact.is_email();
            edit(
                caller,
                &Body {
                    phone: text.filter(|_| !is_email),
                    email: text.filter(|_| is_email),
                },
            )
            .await?;
            self.code.forget();
            Ok(self.auth.user_after(true, &self.known).await)
        })
        .await
    }
}

/// Writes fields of the profile. Twice is the same as once.
async fn edit(caller: &Caller, fields: &impl Serialize) -> Result<()> {
    let call = Call::post("auth.update_user", "/auth/v1/user/basic/edit")
        .user()
        .idempotency(Idempotency::Idempotent)
        .json(fields);
    caller.unit(&call).await
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
