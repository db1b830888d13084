//! Which requests are let in: a developer opens web pages, and none of them may use the emulator unasked.
//!
//! Browsers let any page send requests to 127.0.0.1, and a page whose name is rebound to 127.0.0.1 even reads the
//! responses. `Host`, `Origin` and `Sec-Fetch-Site` are set by the browser and cannot be forged by a page.

use std::net::IpAddr;

use http::header::{self, HeaderName};
use http::uri::Authority;
use http::{HeaderMap, Method, Request};

use super::reached::Reached;
use crate::error::StartError;

mod origin;

use origin::{Host, Origin, allowed_host};

/// Marks a change through the control API as no form's: a page cannot send it without a preflight.
const CONTROL_HEADER: HeaderName = HeaderName::from_static("x-cloudbase-emulator");
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What the builder's `allow_host` and `allow_origin` collected.
#[derive(Clone, Debug, Default)]
pub(crate) struct GuardOptions {
    pub(crate) hosts: Vec<String>,
    pub(crate) origins: Vec<String>,
}

/// The rules of one emulator, for both of its ports.
#[derive(Debug)]
pub(crate) struct Guard {
    hosts: Vec<Host>,
    origins: Vec<Origin>,
}

/// Which rules a path is under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Zone {
    /// What the real service has at the gateway.
    Products,
    /// What the object store has: pages show its images without asking.
    Objects,
    /// `/__emulator`: keys, codes, the request log.
    Control,
}

/// A request that is not let in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rejection {
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Guard {
    /// The rules of an emulator that listens on `listen`.
    pub(crate) fn new(listen: IpAddr, options: &GuardOptions) -> Result<Self, StartError> {
        let mut hosts = vec![Host::Ip(listen.to_canonical())];
        for text in &options.hosts {
            hosts.push(allowed_host(text)?);
        }
        let mut origins = Vec::new();
        for text in &options.origins {
            origins.push(Origin::parse(text).ok_or_else(|| {
                StartError::new(format!(
                    "allow_origin: `{text}` is not an origin; expected `scheme://host` or `scheme://host:port` \
                     without a path, or `null`"
                ))
            })?);
        }
        Ok(Self { hosts, origins })
    }

    /// Whether a request is let in, and by what host it came.
    pub(super) fn admit<B>(&self, zone: Zone, request: &Request<B>) -> Result<Reached, Rejection> {
        let host = self.check_host(request)?;
        match zone {
            Zone::Products => {
                self.check_origin(request.headers(), &host)?;
                check_site(request)?;
            }
            Zone::Objects => self.check_origin(request.headers(), &host)?,
            Zone::Control => check_control(request, &host)?,
        }
        Ok(Reached(host))
    }

    /// `Host`, and the authority of a request line in absolute form: what the browser believes to talk to.
    fn check_host<B>(&self, request: &Request<B>) -> Result<Authority, Rejection> {
        let mut values = request.headers().get_all(header::HOST).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return Err(invalid_host("exactly one Host header is required"));
        };
        let host = Authority::try_from(value.as_bytes())
            .map_err(|_| invalid_host("the Host header is not `host` or `host:port`"))?;
        for authority in [Some(&host), request.uri().authority()]
            .into_iter()
            .flatten()
        {
            let is_allowed = Host::of(authority)
                .is_some_and(|host| host.is_loopback() || self.hosts.contains(&host));
            if !is_allowed {
                let name = authority.host();
                return Err(invalid_host(format!(
                    "host `{name}` is not allowed; start the emulator with --allow-host {name} to allow it"
                )));
            }
        }
        Ok(host)
    }

    fn check_origin(&self, headers: &HeaderMap, host: &Authority) -> Result<(), Rejection> {
        for value in headers.get_all(header::ORIGIN) {
            let text = String::from_utf8_lossy(value.as_bytes());
            let is_allowed = Origin::parse(&text).is_some_and(|origin| {
                origin.is_loopback() || origin.is_of(host) || self.origins.contains(&origin)
            });
            if !is_allowed {
                return Err(foreign_origin(format!(
                    "origin `{text}` is not allowed; start the emulator with --allow-origin {text} to allow it"
                )));
            }
        }
        Ok(())
    }
}

/// A page may send GETs without an `Origin` (an image, a script, a link), and read nothing of the response. They would still be
/// logged as calls, use up fault scripts, and call functions. No client of the gateway sends such a request.
fn check_site<B>(request: &Request<B>) -> Result<(), Rejection> {
    let headers = request.headers();
    let is_foreign = headers
        .get_all(SEC_FETCH_SITE)
        .iter()
        .any(|site| site == "cross-site");
    if is_foreign && !headers.contains_key(header::ORIGIN) && !is_shown(request) {
        return Err(foreign_origin(
            "a page of another site sent this request without its origin; use `fetch` in the mode `cors`",
        ));
    }
    Ok(())
}

/// An object that pages show or link to by its URL alone.
fn is_shown<B>(request: &Request<B>) -> bool {
    let is_read = [Method::GET, Method::HEAD].contains(request.method());
    let path = request.uri().path();
    let folders = ["/v1/storages/object/public/", "/v1/storages/object/sign/"];
    is_read && folders.iter().any(|folder| path.starts_with(folder))
}

/// The control API is for its own page and for programs that are no browser.
fn check_control<B>(request: &Request<B>, host: &Authority) -> Result<(), Rejection> {
    let headers = request.headers();
    for value in headers.get_all(header::ORIGIN) {
        let text = String::from_utf8_lossy(value.as_bytes());
        if !Origin::parse(&text).is_some_and(|origin| origin.is_of(host)) {
            return Err(foreign_origin(format!(
                "the control API is not open to pages of `{text}`"
            )));
        }
    }
    let is_own = headers
        .get_all(SEC_FETCH_SITE)
        .iter()
        .all(|site| site == "none" || site == "same-origin");
    if !is_own && !is_visit(request) {
        return Err(foreign_origin(
            "the control API is not open to pages of other sites",
        ));
    }
    let changes = ![Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    if changes && !is_json(headers) && !headers.contains_key(CONTROL_HEADER) {
        return Err(Rejection {
            code: "INVALID_REQUEST",
            message: format!(
                "a change needs `content-type: application/json` or the header `{CONTROL_HEADER}`"
            ),
        });
    }
    Ok(())
}

/// A link from another site to something that is made to be looked at, in a tab of its own.
fn is_visit<B>(request: &Request<B>) -> bool {
    let is =
        |name: HeaderName, value: &str| request.headers().get(name).is_some_and(|v| v == value);
    let path = request.uri().path();
    let is_page = path
        .strip_prefix("/__emulator/provider/")
        .and_then(|rest| {
            rest.strip_suffix("/authorize")
                .or_else(|| rest.strip_suffix("/sign_out"))
        })
        .is_some_and(|provider| !provider.contains('/'));
    request.method() == Method::GET
        && (is_page || path == "/__emulator" || path == "/__emulator/")
        && is(SEC_FETCH_MODE, "navigate")
        && is(SEC_FETCH_DEST, "document")
}

/// Forms and unasked `fetch` calls have another type: a page may send this one only after a preflight.
fn is_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let is_json = |value: &http::HeaderValue| {
        let text = value.to_str().unwrap_or_default();
        let essence = text.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("application/json")
    };
    values.next().is_some_and(is_json) && values.all(is_json)
}

fn invalid_host(message: impl Into<String>) -> Rejection {
    Rejection {
        code: "INVALID_HOST",
        message: message.into(),
    }
}

fn foreign_origin(message: impl Into<String>) -> Rejection {
    Rejection {
        code: "ACCESS_DENIED",
        message: message.into(),
    }
}

#[cfg(test)]
mod tests;
