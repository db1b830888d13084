//! Opens an object for reading: finds its URL, follows redirects, checks what came.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use cloudbase_core::http::header::{
    ETAG, IF_MATCH, IF_NONE_MATCH, IF_UNMODIFIED_SINCE, LAST_MODIFIED, RANGE,
};
use cloudbase_core::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use cloudbase_core::{
    Body, CallOptions, Client, CredentialUse, Envelope, Error, ErrorKind, Operation, Response,
    Result,
};

use super::range::{ContentRange, Span};
use crate::{FileId, signed_url, url};

/// How many redirects of the object store are followed.
const MAX_REDIRECTS: usize = 3;

/// How long a URL for a download is asked for, as by the other SDKs.
const LIFETIME: Duration = Duration::from_secs(600);

/// The name of a request for an object.
pub(crate) const OPERATION: &str = "storage.get";

/// Where an object is read from.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// The built-in bucket: the gateway is asked for a URL.
    File(FileId),
    /// A signed URL.
    Url(Uri),
    /// The gateway itself, at this path.
    Gateway(Uri),
}

/// One object and how to get at it, as often as a download has to.
pub(crate) struct Source {
    client: Client,
    place: Place,
    options: CallOptions,
    /// The URL that the gateway gave.
    url: Mutex<Option<Uri>>,
}

impl Source {
    pub(crate) fn new(client: Client, place: Place, options: CallOptions) -> Self {
        Self {
            client,
            place,
            // What is resumed is resumed as the user that it was begun as.
            options: options.as_one_call(),
            url: Mutex::new(None),
        }
    }

    /// Sends GET or HEAD with these headers. What comes is an object, or the requested part of one.
    pub(crate) async fn request(
        &self,
        method: Method,
        headers: &HeaderMap,
    ) -> Result<Response<Body>> {
        let response = self.send(method, headers).await?;
        check_status(response, headers.contains_key(RANGE))
    }

    /// A URL that was used before may have expired since: it is asked for once more if it is
    /// rejected.
    async fn send(&self, method: Method, headers: &HeaderMap) -> Result<Response<Body>> {
        let file = match &self.place {
            Place::Gateway(path) => return self.ask_gateway(method, path, headers).await,
            Place::Url(url) => return self.ask_store(method, url.clone(), headers).await,
            Place::File(file) => file,
        };
        let known = self.known_url().clone();
        if let Some(url) = known {
            let response = self.ask_store(method.clone(), url, headers).await;
            match response {
                Err(error) if error.status() == Some(StatusCode::FORBIDDEN) => {}
                other => return other,
            }
        }
        let text = signed_url::request(&self.client, file, LIFETIME, self.options.clone());
        let url = url::parse(text.await?.value())?;
        *self.known_url() = Some(url.clone());
        self.ask_store(method, url, headers).await
    }

    fn known_url(&self) -> std::sync::MutexGuard<'_, Option<Uri>> {
        self.url.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first request for the object: for its URL, or for its bytes.
    pub(crate) fn first(&self, method: Method, headers: &HeaderMap) -> Result<Operation> {
        Ok(match &self.place {
            Place::File(file) => signed_url::operation(file, LIFETIME, self.options.clone())?,
            Place::Url(url) => self.of_store(method, url.clone(), headers),
            Place::Gateway(path) => self.of_gateway(method, path.clone(), headers),
        })
    }

    fn of_gateway(&self, method: Method, path: Uri, headers: &HeaderMap) -> Operation {
        let template = "/v1/storages/object/{bucket}/{key}";
        let operation = Operation::new(OPERATION, template, method, path)
            .accept("*/*")
            .credential(CredentialUse::Optional)
            .envelope(Envelope::ObjectStore)
            .options(self.options.clone());
        with_headers(operation.transfer(), headers)
    }

    fn of_store(&self, method: Method, url: Uri, headers: &HeaderMap) -> Operation {
        let operation = Operation::new(OPERATION, "/{key}", method, url)
            .credential(CredentialUse::None)
            .envelope(Envelope::ObjectStore)
            .options(self.options.limits());
        with_headers(operation.transfer(), headers)
    }

    async fn ask_gateway(
        &self,
        method: Method,
        path: &Uri,
        headers: &HeaderMap,
    ) -> Result<Response<Body>> {
        let operation = self.of_gateway(method.clone(), path.clone(), headers);
        match self.client.execute(operation).await {
            Err(error) if location(&error).is_some() => {
                let to = self.redirected(&error, &self.gateway_url(path)?)?;
                self.ask_store(method, to, headers).await
            }
            other => other,
        }
    }

    fn gateway_url(&self, path: &Uri) -> Result<Uri> {
        url::parse(&format!("{}{path}", self.client.config().endpoint()))
    }

    /// To the object store, or wherever it sends us: nothing secret goes along.
    async fn ask_store(
        &self,
        method: Method,
        mut url: Uri,
        headers: &HeaderMap,
    ) -> Result<Response<Body>> {
        let mut redirects = 0;
        loop {
            let operation = self.of_store(method.clone(), url.clone(), headers);
            match self.client.execute(operation).await {
                Err(error) if location(&error).is_some() => {
                    if redirects == MAX_REDIRECTS {
                        // Without the place that it leads to: that may be signed.
                        return Err(error.with_details(serde_json::Value::Null));
                    }
                    redirects += 1;
                    url = self.redirected(&error, &url)?;
                }
                other => return other,
            }
        }
    }

    fn redirected(&self, error: &Error, from: &Uri) -> Result<Uri> {
        let to = url::resolve(from, location(error).unwrap_or_default())?;
        if from.scheme_str() == Some("https") && to.scheme_str() != Some("https") {
            return Err(Error::new(
                ErrorKind::Decode,
                "the object store redirects from https to http, which is not followed",
            )
            .with_operation(OPERATION)
            .with_sent(true));
        }
        Ok(to)
    }
}

fn with_headers(operation: Operation, headers: &HeaderMap) -> Operation {
    headers.iter().fold(operation, |operation, (name, value)| {
        operation.header(name.clone(), value.clone())
    })
}

/// Only 200 is an object, and 206 the part that was requested: whatever else succeeds has other
/// bytes than the object's, or none.
fn check_status(response: Response<Body>, part: bool) -> Result<Response<Body>> {
    let problem = match response.status() {
        StatusCode::OK => return Ok(response),
        StatusCode::PARTIAL_CONTENT if part => return Ok(response),
        StatusCode::PARTIAL_CONTENT => {
            "the response holds a part of the object that was not requested".to_owned()
        }
        status => format!("the response holds no object: its status is {status}, not 200"),
    };
    Err(response.complete(Error::new(ErrorKind::Decode, problem)))
}

/// Where a response that was a redirect leads.
fn location(error: &Error) -> Option<&str> {
    let redirects = [301, 302, 303, 307, 308];
    let status = error.status()?.as_u16();
    error
        .details()
        .filter(|_| redirects.contains(&status))?
        .get("location")?
        .as_str()
}

/// A response that begins at the byte that was asked for.
pub(crate) struct Opened {
    pub(crate) response: Response<Body>,
    /// The first byte that comes.
    pub(crate) start: u64,
    /// The length of the whole object, if known.
    pub(crate) total: Option<u64>,
}

impl Source {
    /// Opens the object at `span`, if it is still the version that `validator` names, and another one
    /// than `known`.
    pub(crate) async fn open(
        &self,
        span: Span,
        validator: Option<&Validator>,
        known: Option<HeaderValue>,
    ) -> Result<Opened> {
        let headers = conditions(span, validator, known);
        let response = self.request(Method::GET, &headers).await?;
        let opened = Opened::of(response)?;
        if let Some(validator) = validator
            && let Err(error) = validator.check(opened.response.headers())
        {
            return Err(opened.response.complete(error));
        }
        Ok(opened)
    }
}

/// The headers that say which part and which version of the object is meant.
pub(crate) fn conditions(
    span: Span,
    validator: Option<&Validator>,
    known: Option<HeaderValue>,
) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Some(known) = known {
        headers.insert(IF_NONE_MATCH, known);
    }
    if let Some(range) = span.header() {
        headers.insert(RANGE, range);
    }
    if let Some(validator) = validator {
        headers.insert(validator.condition.clone(), validator.value.clone());
    }
    headers
}

impl Opened {
    fn of(response: Response<Body>) -> Result<Self> {
        let headers = response.headers();
        if response.status() == StatusCode::PARTIAL_CONTENT {
            let Some(range) = ContentRange::of(headers) else {
                let error = Error::new(ErrorKind::Decode, "a part came without saying which");
                return Err(response.complete(error));
            };
            return Ok(Self {
                start: range.start,
                total: range.total,
                response,
            });
        }
        let length = headers
            .get("content-length")
            .and_then(|length| length.to_str().ok()?.parse().ok());
        Ok(Self {
            start: 0,
            total: length,
            response,
        })
    }
}

pub(crate) fn changed() -> Error {
    Error::new(
        ErrorKind::Body,
        "the object changed while it was downloaded",
    )
}

/// What distinguishes one version of an object from another.
#[derive(Clone, Debug)]
pub(crate) struct Validator {
    condition: HeaderName,
    named_by: HeaderName,
    value: HeaderValue,
    /// A weak tag beside the date: no condition can name it, but it must stay the same.
    weak_tag: Option<HeaderValue>,
}

impl Validator {
    /// The version that `headers` speak of: by its strong ETag, else by its date.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let (tag, weak_tag) = match headers.get(ETAG) {
            Some(tag) if tag.as_bytes().starts_with(b"W/") => (None, Some(tag.clone())),
            tag => (tag, None),
        };
        if let Some(tag) = tag {
            return Some(Self::etag(tag.clone()));
        }
        headers.get(LAST_MODIFIED).map(|date| Self {
            condition: IF_UNMODIFIED_SINCE,
            named_by: LAST_MODIFIED,
            value: date.clone(),
            weak_tag,
        })
    }

    pub(crate) fn etag(etag: HeaderValue) -> Self {
        Self {
            condition: IF_MATCH,
            named_by: ETAG,
            value: etag,
            weak_tag: None,
        }
    }

    /// Checks that a response is of this version. A server that ignores the condition must not
    /// pass, so the response has to name the version itself (RFC 9110, 15.3.7).
    fn check(&self, headers: &HeaderMap) -> Result<()> {
        let Some(named) = headers.get(&self.named_by) else {
            let problem = format!(
                "the response does not say which version of the object it is: `{}` is missing",
                self.named_by
            );
            return Err(Error::new(ErrorKind::Body, problem));
        };
        let tag = headers.get(ETAG);
        let other_tag = self
            .weak_tag
            .as_ref()
            .is_some_and(|before| tag != Some(before));
        if named != self.value || other_tag {
            return Err(changed());
        }
        Ok(())
    }
}
