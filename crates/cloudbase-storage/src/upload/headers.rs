//! The headers that become properties of an object, and are part of an upload's signature.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloudbase_core::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE};
use cloudbase_core::http::{HeaderMap, HeaderName, HeaderValue};
use cloudbase_core::sdk::connection_header;
use cloudbase_core::{Error, ErrorKind, Result, to_json};
use serde::Serialize;

/// Custom metadata, base64 of JSON.
pub(crate) const METADATA: HeaderName = HeaderName::from_static("x-cos-metadata-metadata");
const FORBID_OVERWRITE: HeaderName = HeaderName::from_static("x-cos-forbid-overwrite");

/// Properties of an object that is being put. The first invalid one is reported when it is sent.
#[derive(Debug, Default)]
pub(crate) struct ObjectHeaders {
    headers: HeaderMap,
    invalid: Option<Error>,
    always_replace: bool,
}

impl ObjectHeaders {
    pub(crate) fn content_type(&mut self, media_type: &str) {
        self.set("content type", CONTENT_TYPE, media_type);
    }

    pub(crate) fn default_content_type(&mut self, media_type: &'static str) {
        self.headers
            .entry(CONTENT_TYPE)
            .or_insert(HeaderValue::from_static(media_type));
    }

    pub(crate) fn cache_control(&mut self, value: &str) {
        self.set("cache control", CACHE_CONTROL, value);
    }

    pub(crate) fn metadata<T: Serialize + ?Sized>(&mut self, metadata: &T) {
        match encode_metadata(metadata) {
            Ok(value) => {
                self.headers.insert(METADATA, value);
            }
            Err(error) => self.reject(error),
        }
    }

    /// Whatever is said of overwriting later, it is allowed.
    pub(crate) fn always_replace(&mut self) {
        self.always_replace = true;
        self.forbid_overwrite(false);
    }

    pub(crate) fn forbid_overwrite(&mut self, forbid: bool) {
        if forbid && !self.always_replace {
            self.headers
                .insert(FORBID_OVERWRITE, HeaderValue::from_static("true"));
        } else {
            self.headers.remove(FORBID_OVERWRITE);
        }
    }

    pub(crate) fn length(&mut self, bytes: u64) {
        self.headers.insert(CONTENT_LENGTH, bytes.into());
    }

    pub(crate) fn other(&mut self, name: &str, value: &str) {
        match HeaderName::try_from(name) {
            Ok(name) if is_ours(&name) => self.reject(Error::argument(
                "header name",
                format_args!("must not be `{name}`: the upload sets it itself"),
            )),
            Ok(name) => self.set("header value", name, value),
            Err(_) => self.reject(Error::argument("header name", "must be an HTTP token")),
        }
    }

    pub(crate) fn finish(self) -> Result<HeaderMap> {
        match self.invalid {
            Some(error) => Err(error),
            None => Ok(self.headers),
        }
    }

    fn set(&mut self, argument: &str, name: HeaderName, value: &str) {
        match HeaderValue::from_str(value) {
            Ok(value) => {
                self.headers.insert(name, value);
            }
            Err(_) => self.reject(Error::argument(
                argument,
                "must not contain control characters such as CR, LF or NUL",
            )),
        }
    }

    fn reject(&mut self, error: Error) {
        self.invalid.get_or_insert(error);
    }
}

fn is_ours(name: &HeaderName) -> bool {
    name == AUTHORIZATION
        || connection_header(name).is_some()
        || ["x-cos-security-token", "x-cos-meta-fileid"].contains(&name.as_str())
}

/// Base64 of the JSON of `metadata`, as the service keeps it.
pub(crate) fn encode_metadata<T: Serialize + ?Sized>(metadata: &T) -> Result<HeaderValue> {
    let json = to_json("metadata", metadata)?;
    HeaderValue::from_str(&STANDARD.encode(json)).map_err(|error| {
        Error::new(ErrorKind::Encode, "the metadata cannot be sent as a header").with_source(error)
    })
}

/// What [`encode_metadata`] has encoded; whatever else there is was not put as metadata.
pub(crate) fn decode_metadata(value: &HeaderValue) -> Option<serde_json::Value> {
    let json = STANDARD.decode(value.as_bytes()).ok()?;
    serde_json::from_slice(&json).ok()
}

/// Gives a builder with a field `headers: ObjectHeaders` the object's properties as methods.
macro_rules! object_headers {
    ($type:ident) => {
        impl $type {
            /// The object's content type. Default: by the extension of the file's name or of the
            /// object's, else `application/octet-stream`.
            pub fn content_type(mut self, media_type: impl AsRef<str>) -> Self {
                self.headers.content_type(media_type.as_ref());
                self
            }

            /// What the object store sends as `Cache-Control`: `max-age=3600`.
            pub fn cache_control(mut self, value: impl AsRef<str>) -> Self {
                self.headers.cache_control(value.as_ref());
                self
            }

            /// Keeps this value, as JSON, with the object:
            /// [`ObjectInfo::metadata`](crate::ObjectInfo::metadata).
            pub fn metadata<T: serde::Serialize + ?Sized>(mut self, metadata: &T) -> Self {
                self.headers.metadata(metadata);
                self
            }

            /// Whether an object of this name may be replaced. Default: yes. If not, the object
            /// store responds with 409, [`is_conflict`](cloudbase_core::Error::is_conflict), should there
            /// be one.
            pub fn upsert(mut self, upsert: bool) -> Self {
                self.headers.forbid_overwrite(!upsert);
                self
            }

            /// Sends the object store one more header, such as `Content-Disposition` or one of its
            /// own `x-cos-…`. It is part of the signature. (A `header` goes to the gateway alone.)
            #[doc(alias = "headers")]
            pub fn object_header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
                self.headers.other(name.as_ref(), value.as_ref());
                self
            }
        }
    };
}
pub(crate) use object_headers;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_the_upload_and_its_connection_are_rejected() {
        for name in [
            "authorization",
            "Content-Length",
            "host",
            "transfer-encoding",
            "connection",
            "expect",
            "te",
            "proxy-authorization",
            "x-cos-security-token",
        ] {
            let mut headers = ObjectHeaders::default();
            headers.other(name, "1");
            let error = headers.finish().unwrap_err();
            assert!(
                error.message().starts_with("`header name` must not be"),
                "{error}"
            );
        }
        let mut headers = ObjectHeaders::default();
        headers.other("content-disposition", "attachment");
        assert_eq!(headers.finish().unwrap().len(), 1);
    }
}
