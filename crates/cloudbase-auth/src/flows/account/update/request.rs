//! The methods that change the signed-in user.

use cloudbase_core::{Idempotency, Response, Result};
use secrecy::SecretString;
use serde::Serialize;

use super::UpdatedUser;
use crate::api::{Call, Caller};
use crate::flows::Auth;
use crate::flows::request::request;
use crate::flows::verification::{SentCode, VerificationRequest, waits_for_code};
use crate::value::error::not_signed_in;
use crate::value::user::User;

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
    pub fn update_user(&self, update: super::UpdateUser) -> UpdateUser {
        UpdateUser::new(self, update)
    }

    /// The user after what has been done: it counts, even if the profile cannot be fetched. The user
    /// is then as `known`. A change is reported.
    async fn user_after(&self, has_changed: bool, known: &User) -> User {
        let error = match self.fetch_user(has_changed).await {
            Ok(Some(response)) => return response.into_value().user,
            Ok(None) => not_signed_in(),
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

request! {
    /// Changes the signed-in user; see [`Auth::update_user`].
    pub struct UpdateUser { update: super::UpdateUser }
    "auth.update_user" => UpdatedUser; auth
}

impl UpdateUser {
    async fn run(self) -> Result<Response<UpdatedUser>> {
        let (contact, others) = self.update.checked()?;
        let auth = self.auth.one_call()?;
        let caller = auth.caller();
        let session = self.auth.session().await?;
        let session = session.ok_or_else(not_signed_in)?;
        let known = User::of_session(&session);
        let mut pending = None;
        let mut response = Response::without_call("auth.update_user", ());
        if let Some(contact) = contact {
            let request = VerificationRequest::new(contact)
                .within_session()
                .usage("reauthentication");
            let code;
            (code, response) = SentCode::send(caller, request.checked()?).await?.split();
            pending = Some(PendingContact {
                auth: auth.for_later_requests(),
                code,
                known: known.clone(),
            });
        }
        if others {
            response = edit(caller, &self.update.fields).await?;
        }
        let user = match others || session.user().is_none() {
            true => auth.user_after(others, &known).await,
            false => known,
        };
        Ok(response.map(|()| UpdatedUser { user, pending }))
    }
}

/// A new address or number that waits for a code. A wrong code costs nothing.
#[derive(Clone, Debug)]
pub struct PendingContact {
    auth: Auth,
    code: SentCode,
    /// The user known last.
    known: User,
}

waits_for_code! {
    PendingContact, PendingContactResend, "auth.pending_contact.resend",
    "Sends another code; see [`PendingContact::resend`](crate::PendingContact::resend)."
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
    pub fn verify(&self, code: impl Into<SecretString>) -> PendingContactVerify {
        PendingContactVerify::new(&self.auth, self.clone(), code.into())
    }
}

request! {
    /// Puts a new address or number in force by its code; see [`PendingContact::verify`].
    pub struct PendingContactVerify { pending: PendingContact, code: SecretString }
    "auth.pending_contact.verify" => User; auth
}

impl PendingContactVerify {
    async fn run(self) -> Result<Response<User>> {
        #[derive(Serialize)]
        struct Body<'a> {
            // `phone` here, `phone_number` everywhere else.
            #[serde(skip_serializing_if = "Option::is_none")]
            phone: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            email: Option<&'a str>,
        }
        let (caller, sent) = (self.auth.caller(), &self.pending.code);
        sent.verify(caller, &self.code).await?;
        let contact = sent.contact();
        let text = Some(contact.as_str());
        let is_email = contact.is_email();
        let body = Body {
            phone: text.filter(|_| !is_email),
            email: text.filter(|_| is_email),
        };
        let changed = edit(caller, &body).await?;
        sent.forget();
        let user = self.auth.user_after(true, &self.pending.known).await;
        Ok(changed.map(|()| user))
    }
}

/// Writes fields of the profile. Twice is the same as once.
async fn edit(caller: &Caller, fields: &impl Serialize) -> Result<Response<()>> {
    let call = Call::post("auth.update_user", "/auth/v1/user/basic/edit")
        .user()
        .idempotency(Idempotency::Idempotent)
        .json(fields);
    caller.unit(&call).await
}
