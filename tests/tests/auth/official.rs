//! What our calls return, in the words of the official JavaScript SDK.

use cloudbase_auth::{
    AuthErrorCategory, CaptchaData, CaptchaToken, Error, ExposeSecret as _, FoundUsers, OAuthUrl,
    PendingPasswordReset, PendingSignIn, ProviderToken, Result, SentVerification, Session,
    SignOutOutcome, SignedIn, SudoToken, TokenClaims, UpdatedUser, User, UserIdentity,
    VerifiedCode, VerifiedOAuth,
};
use cloudbase_tests::fixtures::Outcome;
use serde_json::{Value, json};

/// A result of ours that the official SDK has, too.
pub(super) trait Official {
    fn official(&self) -> Value;
}

/// What became of a call, its category included.
pub(super) fn outcome<T: Official>(result: &Result<T>) -> Outcome {
    match result {
        Ok(returned) => Outcome::Value(returned.official()),
        Err(error) => Outcome::error(error, Some(&category(error))),
    }
}

/// `InvalidParams` is `INVALID_PARAMS` there.
fn category(error: &Error) -> String {
    let mut words = String::new();
    for letter in format!("{:?}", AuthErrorCategory::of(error)).chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push('_');
        }
        words.push(letter.to_ascii_uppercase());
    }
    words
}

/// Without what is not there, which the official SDK leaves out, and with its times: it hands on the
/// service's, which have no fractions.
fn present(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace(".000Z", "Z")),
        Value::Object(members) => members
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name, present(value)))
            .collect(),
        other => other,
    }
}

impl Official for Value {
    fn official(&self) -> Value {
        self.clone()
    }
}

impl Official for bool {
    fn official(&self) -> Value {
        json!(self)
    }
}

impl Official for () {
    fn official(&self) -> Value {
        json!({})
    }
}

impl Official for User {
    fn official(&self) -> Value {
        let metadata = &self.user_metadata;
        present(json!({
            "id": self.id, "aud": self.aud, "role": self.role,
            "email": self.email.as_deref().unwrap_or_default(),
            "phone": self.phone.as_deref().unwrap_or_default(),
            "email_confirmed_at": self.email_confirmed_at,
            "phone_confirmed_at": self.phone_confirmed_at,
            "confirmed_at": self.confirmed_at,
            "app_metadata": {
                "provider": self.app_metadata.provider, "providers": self.app_metadata.providers,
            },
            "user_metadata": {
                "name": metadata.name, "nickName": metadata.nick_name,
                "username": metadata.username, "picture": metadata.picture,
                "avatarUrl": metadata.avatar_url,
                "gender": metadata.gender.as_ref().map(ToString::to_string),
                "locale": metadata.locale, "uid": metadata.uid,
                "hasPassword": metadata.has_password,
            },
            "identities": self.identities.iter().map(identity).collect::<Vec<_>>(),
            "created_at": self.created_at, "updated_at": self.updated_at,
            "is_anonymous": self.is_anonymous,
        }))
    }
}

fn identity(identity: &UserIdentity) -> Value {
    present(json!({
        "id": identity.id, "identity_id": identity.identity_id, "user_id": identity.user_id,
        "identity_data": {
            "provider_id": identity.provider, "provider_user_id": identity.provider_user_id,
            "name": identity.name,
        },
        "provider": identity.provider,
        "created_at": identity.created_at, "updated_at": identity.updated_at,
    }))
}

impl Official for Session {
    fn official(&self) -> Value {
        json!({
            "token_type": self.token_type(),
            "access_token": self.access_token().expose_secret(),
            "refresh_token": self.refresh_token().map(|token| token.expose_secret()),
            "expires_in": self.expires_in().as_secs(), "expires_at": self.expires_at(),
            "scope": self.scope(), "sub": self.sub(), "groups": self.groups(),
            "user": self.user().map(Official::official),
        })
    }
}

impl Official for SignedIn {
    fn official(&self) -> Value {
        json!({ "user": self.user.official(), "session": self.session.official() })
    }
}

impl Official for Option<Session> {
    fn official(&self) -> Value {
        let user = self.as_ref().and_then(Session::user);
        json!({
            "session": self.as_ref().map(Official::official),
            "user": user.map(Official::official),
        })
    }
}

impl Official for Option<User> {
    fn official(&self) -> Value {
        json!({ "user": self.as_ref().map(Official::official) })
    }
}

impl Official for SentVerification {
    fn official(&self) -> Value {
        json!({
            "verification_id": self.verification_id, "expires_in": self.expires_in.as_secs(),
            "is_user": self.is_user,
        })
    }
}

impl Official for VerifiedCode {
    fn official(&self) -> Value {
        json!({
            "verification_token": self.verification_token.expose_secret(),
            "expires_in": self.expires_in.as_secs(),
        })
    }
}

impl Official for PendingSignIn {
    fn official(&self) -> Value {
        json!({ "user": null, "session": null })
    }
}

/// What older methods of the official SDK return of a sign-in.
pub(super) struct Profile(pub(super) SignedIn);

impl Official for Profile {
    fn official(&self) -> Value {
        let mut profile = self.0.user.profile.clone();
        let uid = self.0.user.user_metadata.uid.as_deref();
        profile.insert("uid".to_owned(), json!(uid));
        json!({ "user": profile })
    }
}

impl Official for PendingPasswordReset {
    fn official(&self) -> Value {
        json!({})
    }
}

impl Official for UpdatedUser {
    fn official(&self) -> Value {
        let pending = self.pending.as_ref();
        json!({
            "user": self.user.official(),
            "messageId": pending.map(|pending| pending.message_id()),
        })
    }
}

impl Official for SudoToken {
    fn official(&self) -> Value {
        json!({
            "sudo_token": self.sudo_token.expose_secret(), "expires_in": self.expires_in.as_secs(),
        })
    }
}

impl Official for CaptchaData {
    fn official(&self) -> Value {
        json!({
            "data": self.data, "type": self.kind, "token": self.token.expose_secret(),
            "expires_in": self.expires_in.as_secs(),
        })
    }
}

impl Official for CaptchaToken {
    fn official(&self) -> Value {
        json!({
            "captcha_token": self.captcha_token.expose_secret(),
            "expires_in": self.expires_in.as_secs(),
        })
    }
}

impl Official for TokenClaims {
    fn official(&self) -> Value {
        json!({ "claims": { "sub": self.claims.sub }, "signature": self.signature })
    }
}

impl Official for FoundUsers {
    fn official(&self) -> Value {
        let users = self.users.iter();
        let profiles: Vec<_> = users.map(|user| user.profile.clone()).collect();
        json!({ "total": self.total, "data": profiles })
    }
}

impl Official for SignOutOutcome {
    fn official(&self) -> Value {
        json!({ "redirect_uri": self.redirect_uri.as_deref().unwrap_or_default(), "data": {}, "error": null })
    }
}

impl Official for OAuthUrl {
    fn official(&self) -> Value {
        json!({ "url": self.url, "provider": self.provider })
    }
}

impl Official for VerifiedOAuth {
    fn official(&self) -> Value {
        json!({
            "type": "sign_in", "user": self.signed_in.user.official(),
            "session": self.signed_in.session.official(), "redirectUrl": self.redirect_url,
        })
    }
}

impl Official for ProviderToken {
    fn official(&self) -> Value {
        let profile = self.profile.as_ref();
        present(json!({
            "provider_token": self.provider_token.expose_secret(),
            "expires_in": self.expires_in.as_secs(),
            "provider_profile": profile.map(|profile| json!({ "sub": profile.sub, "name": profile.name })),
        }))
    }
}
