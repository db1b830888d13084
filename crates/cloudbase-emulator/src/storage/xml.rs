//! Responses of the object store: XML errors and its response headers.

use std::fmt::Write as _;

use axum::{body::Body, response::Response};
use http::{HeaderValue, Method, StatusCode, header};

/// An error of the object store, `<Error><Code>..</Code>..</Error>`.
#[derive(Debug, Clone)]
pub(crate) struct CosError {
    status: StatusCode,
    code: &'static str,
    message: &'static str,
}

/// An error response with any code, as a fault may ask for.
pub(crate) fn error(status: StatusCode, code: &str, message: &str, request_id: &str) -> Response {
    let mut response = Response::new(Body::from(xml(code, message, "", request_id)));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/xml"),
    );
    response
}

impl CosError {
    pub(crate) const fn new(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        Self {
            status,
            code,
            message,
        }
    }

    pub(crate) const fn denied(message: &'static str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "AccessDenied", message)
    }

    pub(crate) const fn bad_request(code: &'static str, message: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(crate) const NO_SUCH_KEY: Self = Self::new(
        StatusCode::NOT_FOUND,
        "NoSuchKey",
        "The specified key does not exist.",
    );
    pub(crate) const EXPIRED: Self = Self::denied("Request has expired");
    pub(crate) const INTERNAL: Self = Self::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "InternalError",
        "We encountered an internal error. Please try again.",
    );

    /// The response to a request for `resource`; a response to HEAD has no body.
    pub(crate) fn response(&self, method: &Method, resource: &str, request_id: &str) -> Response {
        let mut response = Response::new(if *method == Method::HEAD {
            Body::empty()
        } else {
            Body::from(xml(self.code, self.message, resource, request_id))
        });
        *response.status_mut() = self.status;
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/xml"),
        );
        response
    }
}

fn xml(code: &str, message: &str, resource: &str, request_id: &str) -> String {
    let mut xml = String::from("<?xml version='1.0' encoding='utf-8' ?>\n<Error>\n");
    for (name, value) in [
        ("Code", code),
        ("Message", message),
        ("Resource", resource),
        ("RequestId", request_id),
    ] {
        element(&mut xml, name, value);
    }
    xml.push_str("</Error>\n");
    xml
}

/// The response to a form upload that asked for `201`.
pub(crate) fn post_response(location: &str, bucket: &str, key: &str, etag: &str) -> String {
    let mut xml = String::from("<?xml version='1.0' encoding='utf-8' ?>\n<PostResponse>\n");
    for (name, value) in [
        ("Location", location),
        ("Bucket", bucket),
        ("Key", key),
        ("ETag", etag),
    ] {
        element(&mut xml, name, value);
    }
    xml.push_str("</PostResponse>\n");
    xml
}

fn element(xml: &mut String, name: &str, value: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(xml, "\t<{name}>{}</{name}>", Escaped(value));
}

struct Escaped<'a>(&'a str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for c in self.0.chars() {
            match c {
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '&' => f.write_str("&amp;")?,
                '"' => f.write_str("&quot;")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_what_the_caller_sent() {
        let xml = xml("NoSuchKey", "", "/a<b>&\"c\"", "id");
        assert!(xml.contains("<Code>NoSuchKey</Code>"));
        assert!(xml.contains("<Resource>/a&lt;b&gt;&amp;&quot;c&quot;</Resource>"));
    }
}
