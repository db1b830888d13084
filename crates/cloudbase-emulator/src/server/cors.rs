//! The headers that make a browser let a page read a response.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};

const REQUEST_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-request-private-network");
const ALLOW_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-allow-private-network");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// What a page asked for.
#[derive(Debug)]
pub(super) struct Cors {
    origin: Option<HeaderValue>,
    preflight: Option<Preflight>,
}

/// A browser's question whether a page may send a request.
#[derive(Debug)]
struct Preflight {
    method: HeaderValue,
    headers: Option<HeaderValue>,
    private_network: bool,
}

impl Cors {
    pub(super) fn of<B>(request: &Request<B>) -> Self {
        let headers = request.headers();
        let method = headers.get(header::ACCESS_CONTROL_REQUEST_METHOD);
        let preflight = method
            .filter(|_| request.method() == Method::OPTIONS)
            .map(|method| Preflight {
                method: method.clone(),
                headers: headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS).cloned(),
                private_network: headers.contains_key(REQUEST_PRIVATE_NETWORK),
            });
        Self {
            origin: headers.get(header::ORIGIN).cloned(),
            preflight,
        }
    }

    /// Lets the page read the response, and send what it asked to send: functions and hosted services define headers of their
    /// own.
    pub(super) fn apply(self, headers: &mut HeaderMap) {
        const EXPOSED: HeaderValue = HeaderValue::from_static(
            "x-request-id, content-range, content-disposition, etag, x-cos-request-id, \
             x-cos-hash-crc64ecma",
        );
        /// What the official SDKs send, for a preflight that names nothing.
        const USUAL: HeaderValue = HeaderValue::from_static(
            "authorization, content-type, x-sdk-version, x-request-id, x-seqid, x-device-id, \
             accept-language, accept-profile, content-profile, x-db-instance, prefer, range, range-unit, \
             x-upsert, x-metadata, cache-control, x-captcha-token, x-cos-security-token, \
             x-cos-meta-fileid, x-cos-metadata-metadata, x-cos-forbid-overwrite, content-md5, if-match, \
             if-none-match, x-client-timestamp, x-tcb-source, x-tcb-region, x-tcb-trace",
        );
        let Some(origin) = self.origin else {
            return;
        };
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, yes());
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        headers.append(header::VARY, HeaderValue::from_static("origin"));
        let Some(preflight) = self.preflight else {
            return;
        };
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, preflight.method);
        let requested = preflight.headers.unwrap_or(USUAL);
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, requested);
        if preflight.private_network {
            headers.insert(ALLOW_PRIVATE_NETWORK, yes());
        }
    }
}

/// For browsers that do not send `Sec-Fetch-Site`: the response is of no use to a page of another origin.
pub(super) fn keep_to_itself(headers: &mut HeaderMap) {
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
}

fn yes() -> HeaderValue {
    HeaderValue::from_static("true")
}
