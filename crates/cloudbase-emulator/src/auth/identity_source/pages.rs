//! The pages of the development identity source. They ask nothing and redirect at once.

use std::collections::BTreeMap;

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use form_urlencoded::Serializer;

use super::{Person, authorization_code, redirect};
use crate::error::GatewayError;
use crate::state::AppState;

/// The sign-in page: redirects as the person of `login_hint`, or with an error for `deny`.
pub(in crate::auth) async fn authorize(
    State(state): State<AppState>,
    Path(provider): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Response, GatewayError> {
    let given = |name: &str| query.get(name).filter(|value| !value.is_empty()).cloned();
    let redirect_uri = given("redirect_uri")
        .ok_or_else(|| GatewayError::bad_request("INVALID_PARAM", "redirect_uri is required."))?;
    check(&redirect_uri)?;
    let mut pairs = Serializer::new(String::new());
    let challenge = given("code_challenge");
    let method = query.get("code_challenge_method").map(String::as_str);
    if challenge.is_some() && method != Some("S256") {
        pairs.append_pair("error", "invalid_request");
        pairs.append_pair("error_description", "code_challenge_method must be S256");
    } else if query.contains_key("deny") {
        pairs.append_pair("error", "access_denied");
        pairs.append_pair("error_description", "the user said no");
    } else {
        let sub = given("login_hint").unwrap_or_else(|| "dev-user".to_owned());
        let email = given("email").or_else(|| sub.contains('@').then(|| sub.clone()));
        let person = Person {
            name: given("name").or_else(|| Some(sub.clone())),
            email,
            picture: given("picture"),
            sub,
            ..Person::default()
        };
        let code = authorization_code(&state, person.at(&provider), &redirect_uri, challenge);
        pairs.append_pair("code", &code);
    }
    if let Some(given_state) = given("state") {
        pairs.append_pair("state", &given_state);
    }
    Ok(lead_to(&redirect_uri, &pairs.finish()))
}

/// The sign-out page: redirects with the `state` if it was given a `redirect_uri`.
pub(in crate::auth) async fn sign_out(
    State(state): State<AppState>,
    Path(provider): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Response, GatewayError> {
    if !state.auth.options.sign_out_pages.contains(&provider) {
        return Err(GatewayError::not_found(
            "RESOURCE_NOT_FOUND",
            "The identity source has no sign-out page.",
        ));
    }
    let given = |name: &str| query.get(name).filter(|value| !value.is_empty());
    let Some(redirect_uri) = given("redirect_uri") else {
        return Ok("Signed out.".into_response());
    };
    check(redirect_uri)?;
    let mut pairs = Serializer::new(String::new());
    if let Some(given_state) = given("state") {
        pairs.append_pair("state", given_state);
    }
    Ok(lead_to(redirect_uri, &pairs.finish()))
}

fn check(redirect_uri: &str) -> Result<(), GatewayError> {
    redirect::check(redirect_uri)
        .map_err(|rule| GatewayError::bad_request("INVALID_PARAM", format!("{rule}.")))
}

/// Redirects to a URI with more in its query.
fn lead_to(uri: &str, query: &str) -> Response {
    if query.is_empty() {
        return Redirect::to(uri).into_response();
    }
    let (target, fragment) = match uri.split_once('#') {
        Some((target, fragment)) => (target, format!("#{fragment}")),
        None => (uri, String::new()),
    };
    let separator = if target.contains('?') { '&' } else { '?' };
    Redirect::to(&format!("{target}{separator}{query}{fragment}")).into_response()
}
