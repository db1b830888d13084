//! A response in memory: as JSON, as text, as bytes.

use bytes::Bytes;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::de::value::{Error as ValueError, StrDeserializer};
use serde::de::{DeserializeOwned, IgnoredAny};

use super::Response;
use super::decode::{claims_json, decode};
use crate::error::{Error, ErrorKind, ErrorResponse, Result};

impl Response<Bytes> {
    /// Reads the body as JSON, whatever its content type says.
    ///
    /// An empty body is read as `null`, whatever the status: a function that returns nothing sends nothing. A
    /// body that is not JSON and does not claim to be is read as a string: functions send the strings that
    /// they return either way.
    ///
    /// # Errors
    ///
    /// [`Decode`](ErrorKind::Decode) with the JSON path of the first value that does not fit, or with the
    /// content type of what is not JSON. Of a call of the user's own code it has the
    /// [response](Error::response).
    #[doc(alias = "result")]
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        self.read_json()
            .or_else(|error| self.read_plain().ok_or_else(|| self.attach(error)))
    }

    /// Reads what is not JSON: nothing as `null`, text as a string.
    fn read_plain<T: DeserializeOwned>(&self) -> Option<T> {
        if self.value.is_empty() {
            return serde_json::from_str("null").ok();
        }
        let content_type = self.meta.headers.get(CONTENT_TYPE);
        if content_type.is_some_and(claims_json) {
            return None;
        }
        let text = std::str::from_utf8(&self.value).ok()?;
        T::deserialize(StrDeserializer::<ValueError>::new(text)).ok()
    }

    /// Returns the body as text.
    ///
    /// # Errors
    ///
    /// [`Decode`](ErrorKind::Decode) if it is not UTF-8. Of a call of the user's own code it has the
    /// [response](Error::response).
    pub fn text(&self) -> Result<&str> {
        std::str::from_utf8(&self.value).map_err(|cause| {
            let error = Error::new(ErrorKind::Decode, "the response is not UTF-8");
            self.attach(self.complete(error.with_source(cause)))
        })
    }

    /// Returns the body; [`into_value`](Self::into_value) without the rest.
    pub fn bytes(&self) -> &Bytes {
        &self.value
    }

    /// Reads the body as JSON alone: the response of a product, which is never text.
    #[doc(hidden)]
    pub fn read_json<T: DeserializeOwned>(&self) -> Result<T> {
        decode(&self.value, self.meta.headers.get(CONTENT_TYPE))
            .map_err(|error| self.complete(error))
    }

    /// As [`read_json`](Self::read_json), in place of the bytes.
    #[doc(hidden)]
    pub fn into_json<T: DeserializeOwned>(self) -> Result<Response<T>> {
        let value = self.read_json()?;
        Ok(self.map(|_| value))
    }

    /// The response of a call whose response is empty, or JSON that nobody needs.
    ///
    /// # Errors
    ///
    /// [`Decode`](crate::ErrorKind::Decode) for anything else: it was not the service that said 2xx, but
    /// something on the way to it, such as the page of a proxy. 201 and 204 say enough by themselves.
    #[doc(hidden)]
    pub fn confirm(self) -> Result<Self> {
        let plain = matches!(
            self.meta.status,
            StatusCode::CREATED | StatusCode::NO_CONTENT
        );
        if !plain && !self.value.trim_ascii().is_empty() {
            self.read_json::<IgnoredAny>()?;
        }
        Ok(self)
    }

    /// Puts the response itself into `error`, if it is one of the user's own code.
    fn attach(&self, error: Error) -> Error {
        if !self.meta.keeps_response {
            return error;
        }
        let (status, headers) = (self.meta.status, self.meta.headers.clone());
        error.with_response(ErrorResponse::new(status, headers, &self.value))
    }
}
