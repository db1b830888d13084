//! Codes by e-mail and SMS, which arrive in the inbox.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::captcha::check_solved;
use super::extract::{Body, Call, Text, UserCall};
use super::options::AuthOptions;
use super::sign_in::given_contact;
use super::store::{Contact, Grant, Right, Store, Verification, is_email, is_phone};
use crate::error::AuthError;
use crate::inbox::InboxMessage;
use crate::keys::random_token;
use crate::state::AppState;

/// Seconds that a code and a verification token live.
const LIFETIME: i64 = 600;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Send {
    email: Text,
    phone_number: Text,
    target: Text,
    usage: Text,
    email_redirect_to: Text,
}

pub(super) async fn send(
    State(state): State<AppState>,
    call: Call,
    Body(body): Body<Send>,
) -> Result<Json<Value>, AuthError> {
    let contact = given_contact(&body.email, &body.phone_number)?
        .ok_or_else(|| AuthError::invalid_argument("email or phone_number is required"))?;
    if let Some(phone) = body.phone_number.get()
        && !is_phone(phone)
    {
        return Err(AuthError::new(
            "invalid_phone_number",
            "phone_number must look like +86 13900001111",
        ));
    }
    check_contact(&state.auth.options, &contact)?;
    let now = state.auth.now();
    let (id, is_user, code) = state.auth.write(|store| {
        let is_user = check_target(store, &contact, body.target.get(), call.user_id())?;
        check_rate(
            store,
            &state.auth.options,
            &contact,
            call.captcha_token.as_deref(),
            now,
        )?;
        let (id, code) = begin(store, &state.auth.options, contact.clone(), LIFETIME, now);
        Ok((id, is_user, code))
    })?;
    let link = body.email_redirect_to.get().map(|target| {
        let separator = if target.contains('?') { '&' } else { '?' };
        format!("{target}{separator}verification_id={id}&verification_code={code}")
    });
    deliver(
        &state,
        &contact,
        &id,
        code,
        body.usage.owned().unwrap_or_default(),
        link,
    );
    Ok(Json(
        json!({"verification_id": id, "expires_in": LIFETIME, "is_user": is_user}),
    ))
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Verify {
    verification_id: Text,
    verification_code: Text,
}

pub(super) async fn verify(
    State(state): State<AppState>,
    _call: Call,
    Body(body): Body<Verify>,
) -> Result<Json<Value>, AuthError> {
    let id = body.verification_id.required("verification_id")?;
    let code = body.verification_code.required("verification_code")?;
    let now = state.auth.now();
    state.auth.write(|store| {
        let pending = store
            .verifications
            .get(id)
            .ok_or_else(|| AuthError::invalid_argument("verification id is invalid or expired"))?;
        if pending.expires_at <= now {
            return Err(AuthError::invalid_argument("verification code is expired"));
        }
        if pending.code != code {
            return Err(AuthError::invalid_argument("verification code is invalid"));
        }
        let right = Right::Verified(pending.contact.clone());
        store.verifications.remove(id);
        let token = format!("vt.{}", random_token(24));
        store.grants.insert(
            token.clone(),
            Grant {
                expires_at: now + LIFETIME,
                right,
            },
        );
        Ok(Json(
            json!({"verification_token": token, "expires_in": LIFETIME}),
        ))
    })
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Reauthenticate {
    verify_opt: Text,
}

/// Sends a code to the user's own contact. The response is empty: the documents do not say how such a code is redeemed, so
/// the id to redeem it with is in the inbox only.
pub(super) async fn reauthenticate(
    State(state): State<AppState>,
    caller: UserCall,
    Body(body): Body<Reauthenticate>,
) -> Result<Json<Value>, AuthError> {
    let now = state.auth.now();
    let (contact, id, code) = state.auth.write(|store| {
        let user = store.users.get(&caller.user_id);
        let contact = match body.verify_opt.get() {
            Some("email_code") => user.and_then(|user| user.email.clone()).map(Contact::Email),
            Some("phone_code") => user.and_then(|user| user.phone.clone()).map(Contact::Phone),
            _ => {
                return Err(AuthError::invalid_argument(
                    "verify_opt must be email_code or phone_code",
                ));
            }
        };
        let contact = contact.ok_or_else(|| {
            AuthError::new(
                "failed_precondition",
                "no such contact is bound to the user",
            )
        })?;
        let token = caller.call.captcha_token.as_deref();
        check_rate(store, &state.auth.options, &contact, token, now)?;
        let (id, code) = begin(store, &state.auth.options, contact.clone(), 300, now);
        Ok((contact, id, code))
    })?;
    deliver(
        &state,
        &contact,
        &id,
        code,
        "reauthentication".to_owned(),
        None,
    );
    Ok(Json(json!({})))
}

/// The form of the address, and whether codes of its kind are switched on.
fn check_contact(options: &AuthOptions, contact: &Contact) -> Result<(), AuthError> {
    match contact {
        Contact::Email(email) if !is_email(email) => {
            Err(AuthError::invalid_argument("email is malformed"))
        }
        Contact::Email(_) if !options.email_sign_in => Err(AuthError::new(
            "login_type_disabled",
            "sign-in by e-mail is not enabled",
        )),
        Contact::Phone(_) if !options.phone_sign_in => Err(AuthError::new(
            "login_type_disabled",
            "sign-in by phone is not enabled",
        )),
        _ => Ok(()),
    }
}

/// Whether the contact belongs to a user, after the target's condition.
fn check_target(
    store: &Store,
    contact: &Contact,
    target: Option<&str>,
    caller: Option<&str>,
) -> Result<bool, AuthError> {
    let owner = store.user_by_contact(contact);
    match target.unwrap_or("ANY") {
        "ANY" => {}
        "USER" if owner.is_none() => {
            return Err(AuthError::new("not_found", "the user does not exist"));
        }
        // The quick-start guide spells it NON_USER.
        "NOT_USER" | "NON_USER" if owner.is_some() => {
            return Err(AuthError::new(
                "failed_precondition",
                "the user already exists",
            ));
        }
        "CUR_USER" => {
            let caller =
                caller.ok_or_else(|| AuthError::unauthenticated("an access token is required"))?;
            if owner.is_none_or(|owner| owner.id != caller) {
                return Err(AuthError::new(
                    "failed_precondition",
                    "this is not the signed-in user's contact",
                ));
            }
        }
        "USER" | "NOT_USER" | "NON_USER" => {}
        _ => {
            return Err(AuthError::invalid_argument(
                "target must be ANY, USER, NOT_USER or CUR_USER",
            ));
        }
    }
    Ok(owner.is_some())
}

/// First a captcha, then nothing at all.
fn check_rate(
    store: &Store,
    options: &AuthOptions,
    contact: &Contact,
    captcha_token: Option<&str>,
    now: i64,
) -> Result<(), AuthError> {
    let sends = store.sends.get(contact.address());
    let sends: Vec<i64> = sends
        .into_iter()
        .flatten()
        .copied()
        .filter(|at| now - at < 3600)
        .collect();
    if let Some(&first) = sends.first()
        && sends.len() >= options.hard_sends_per_hour
    {
        let wait = u64::try_from(first + 3600 - now).unwrap_or(1);
        return Err(
            AuthError::new("resource_exhausted", "too many codes were sent")
                .retry_after(wait.max(1)),
        );
    }
    let recent = sends.iter().filter(|at| now - **at < 60).count();
    if recent >= options.soft_sends_per_minute {
        check_solved(store, captcha_token, now)?;
    }
    Ok(())
}

/// Makes a code; earlier ones for the same contact die.
fn begin(
    store: &mut Store,
    options: &AuthOptions,
    contact: Contact,
    lifetime: i64,
    now: i64,
) -> (String, String) {
    store.forget_codes(&contact);
    let mut sends = store.sends.get_or_default(contact.address().to_owned());
    sends.retain(|at| now - at < 3600);
    sends.push(now);
    drop(sends);
    let code = options.fixed_code.clone().unwrap_or_else(six_digits);
    let id = format!("vi.{}", random_token(48));
    let pending = Verification {
        contact,
        code: code.clone(),
        expires_at: now + lifetime,
    };
    store.verifications.insert(id.clone(), pending);
    (id, code)
}

fn deliver(
    state: &AppState,
    contact: &Contact,
    id: &str,
    code: String,
    usage: String,
    link: Option<String>,
) {
    let channel = match contact {
        Contact::Email(_) => "email",
        Contact::Phone(_) => "sms",
    };
    state.inbox.deliver(InboxMessage {
        to: contact.address().to_owned(),
        channel: channel.to_owned(),
        code,
        verification_id: id.to_owned(),
        usage,
        link,
        sent_at: state.clock.rfc3339(),
    });
}

fn six_digits() -> String {
    let number = uuid::Uuid::new_v4().as_u128() % 1_000_000;
    format!("{number:06}")
}
