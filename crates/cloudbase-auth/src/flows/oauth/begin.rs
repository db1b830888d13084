//! Begins the way to an identity source: the page where the user signs in.

use cloudbase_core::sdk::encode_component;
use cloudbase_core::{Error, ErrorKind, Response, Result};
use secrecy::ExposeSecret as _;

use super::state::Remembered;
use super::{OAuth, OAuthUrl};
use crate::api::Call;
use crate::args::validate;
use crate::flows::Auth;
use crate::flows::request::request;
use crate::value::oauth_purpose::OAuthPurpose;

impl Auth {
    /// The page where the user signs in at an identity source. When they come back, give the URL to
    /// [`handle_oauth_callback`](Self::handle_oauth_callback).
    ///
    /// The way back is remembered in the session store for ten minutes and can be gone once.
    /// Programs without a web address of their own use [`OAuthLoopback`](crate::OAuthLoopback).
    ///
    /// # Errors
    ///
    /// [`Argument`](cloudbase_core::ErrorKind::Argument) for what cannot be right;
    /// [`Credentials`](cloudbase_core::ErrorKind::Credentials) if an identity is to be bound and nobody is signed in;
    /// what the service says of the identity source otherwise: `provider_not_found`,
    /// `provider_not_enabled`.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// use cloudbase_auth::OAuth;
    ///
    /// let to = OAuth::new("github").redirect_to("https://app.example.org/signed-in");
    /// let page = auth.sign_in_with_oauth(to).await?;
    /// println!("open {}", page.url);
    /// # let callback_url = "";
    /// let done = auth.handle_oauth_callback(callback_url).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "signInWithOAuth")]
    pub fn sign_in_with_oauth(&self, to: OAuth) -> SignInWithOAuth {
        SignInWithOAuth::new(self, to)
    }

    /// Who an identity is to be bound to: the flow ends with this user or not at all.
    async fn sub_to_bind_to(&self) -> Result<String> {
        self.caller().check_user()?;
        let session = self.session().await?;
        let session = session.ok_or_else(crate::value::error::not_signed_in)?;
        Ok(session.sub().to_owned())
    }
}

request! {
    /// Asks for the page where the user signs in; see [`Auth::sign_in_with_oauth`].
    pub struct SignInWithOAuth { to: OAuth }
    "auth.sign_in_with_oauth" => OAuthUrl; auth
}

impl SignInWithOAuth {
    async fn run(self) -> Result<Response<OAuthUrl>> {
        let (auth, to) = (self.auth, self.to);
        to.check()?;
        let sub = match to.purpose {
            OAuthPurpose::SignIn => {
                auth.check_can_sign_in()?;
                None
            }
            OAuthPurpose::BindIdentity => Some(auth.sub_to_bind_to().await?),
        };
        let new_state = || format!("prd-{}-{}", to.provider, uuid::Uuid::new_v4().simple());
        let state = to.state.clone().unwrap_or_else(new_state);
        let (urls, response) = auth
            .caller()
            .read(&page_call(&to, &state), |mut body| {
                let url: String = body.require("uri")?;
                validate::url("uri", &url).map_err(|_| {
                    let message = "the response has no usable `uri` for the authorization page";
                    Error::new(ErrorKind::Decode, message)
                })?;
                Ok((url, body.take(&["signout_uri"])))
            })
            .await?
            .split();
        let (url, signout_url) = urls;
        let remembered = Remembered {
            provider: to.provider.clone(),
            redirect_uri: to.redirect_uri().map(str::to_owned),
            redirect_to: to.redirect_to,
            purpose: to.purpose,
            options: to.options,
            sub,
            params: to
                .provider_params
                .iter()
                .map(|(name, value)| (name.clone(), value.expose_secret().into()))
                .collect(),
        };
        auth.oauth().remember(&state, remembered).await?;
        let page = OAuthUrl {
            url: with_query(&url, &to.query_params),
            provider: to.provider,
            state,
            purpose: to.purpose,
            scope: to.scope,
            signout_url,
        };
        Ok(response.map(|()| page))
    }
}

impl OAuth {
    fn redirect_uri(&self) -> Option<&str> {
        self.redirect_to.as_deref().map(without_query)
    }
}

fn page_call(to: &OAuth, state: &str) -> Call {
    let call = Call::get("auth.sign_in_with_oauth", "/auth/v1/provider/uri")
        .query("provider_id", &to.provider)
        .query_opt("redirect_uri", to.redirect_uri())
        .query("state", state)
        .query_opt("scope", to.scope.as_deref())
        .query_opt("response_type", to.response_type.as_deref());
    let others = to.other_params.iter();
    others.fold(call, |call, (name, value)| {
        call.query(&format!("other_params[{name}]"), value)
    })
}

/// A URL up to its query: what identity sources know programs by.
fn without_query(url: &str) -> &str {
    let end = url.find(['?', '#']).unwrap_or(url.len());
    &url[..end]
}

/// A URL with these parameters set; those it has under the same names are replaced.
fn with_query(url: &str, params: &[(String, String)]) -> String {
    if params.is_empty() {
        return url.to_owned();
    }
    let (rest, fragment) = url
        .split_once('#')
        .map_or((url, None), |(rest, tail)| (rest, Some(tail)));
    let (base, query) = rest.split_once('?').unwrap_or((rest, ""));
    let encoded: Vec<_> = params
        .iter()
        .map(|(name, value)| (encode_component(name), encode_component(value)))
        .collect();
    let replaced = |pair: &str| {
        let name = pair.split('=').next().unwrap_or(pair);
        encoded.iter().any(|(set, _)| set == name)
    };
    let kept = query
        .split('&')
        .filter(|pair| !pair.is_empty() && !replaced(pair))
        .map(str::to_owned);
    let query: Vec<_> = kept
        .chain(
            encoded
                .iter()
                .map(|(name, value)| format!("{name}={value}")),
        )
        .collect();
    let fragment = fragment
        .map(|fragment| format!("#{fragment}"))
        .unwrap_or_default();
    format!("{base}?{}{fragment}", query.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_set_without_touching_the_others() {
        let set = |url, params: &[(&str, &str)]| {
            let params: Vec<_> = params
                .iter()
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
                .collect();
            with_query(url, &params)
        };
        assert_eq!(
            set(
                "https://p.example/a?x=%2520&y=1#f",
                &[("y", "2&3"), ("z", "4")]
            ),
            "https://p.example/a?x=%2520&y=2%263&z=4#f"
        );
        assert_eq!(
            set("https://p.example/a", &[("z", "4")]),
            "https://p.example/a?z=4"
        );
        assert_eq!(set("https://p.example/a?x", &[]), "https://p.example/a?x");
        assert_eq!(
            without_query("https://app.example.com/home?tab=1#top"),
            "https://app.example.com/home"
        );
    }
}
