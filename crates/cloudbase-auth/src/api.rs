//! The one way in which this crate calls the service: device id, client id, credential, captcha.

pub(crate) mod device;
pub(crate) mod session;

use std::sync::Arc;

use bytes::Bytes;
use cloudbase_core::{
    BoxFuture, CallOptions, Client, CredentialUse, Envelope, Error, ErrorKind, Idempotency,
    Operation, PathBuilder, Response, Result,
};
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue, Method};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;

use self::device::Device;
use crate::token::ticket_callback;
use crate::value::de::Object;

const DEVICE_ID: HeaderName = HeaderName::from_static("x-device-id");
const CAPTCHA_TOKEN: HeaderName = HeaderName::from_static("x-captcha-token");

/// One auth call as a value, so that it can be sent again after a captcha.
#[derive(Clone)]
pub(crate) struct Call {
    name: &'static str,
    template: &'static str,
    method: Method,
    path: PathBuilder,
    body: Option<Result<Bytes, Arc<str>>>,
    bearer: Bearer,
    idempotency: Option<Idempotency>,
    captcha_first: bool,
}

/// Whose token a call carries.
#[derive(Clone)]
enum Bearer {
    /// The access key's or none: calls that need no user.
    Nobody,
    /// The signed-in user's.
    User,
    /// This one, for a session that is not (or no longer) the current one.
    Token(SecretString),
}

impl Call {
    pub(crate) fn get(name: &'static str, path: &'static str) -> Self {
        Self::new(name, path, Method::GET, PathBuilder::new(path))
    }

    pub(crate) fn post(name: &'static str, path: &'static str) -> Self {
        Self::new(name, path, Method::POST, PathBuilder::new(path))
    }

    pub(crate) fn new(
        name: &'static str,
        template: &'static str,
        method: Method,
        path: PathBuilder,
    ) -> Self {
        Self {
            name,
            template,
            method,
            path,
            body: None,
            bearer: Bearer::Nobody,
            idempotency: None,
            captcha_first: false,
        }
    }

    pub(crate) fn json(mut self, body: &impl Serialize) -> Self {
        self.body = Some(
            serde_json::to_vec(body)
                .map(Bytes::from)
                .map_err(|error| error.to_string().into()),
        );
        self
    }

    pub(crate) fn query(mut self, name: &str, value: &str) -> Self {
        self.path = self.path.query(name, value);
        self
    }

    pub(crate) fn query_opt(mut self, name: &str, value: Option<&str>) -> Self {
        self.path = self.path.query_opt(name, value);
        self
    }

    /// The call is made for the signed-in user.
    pub(crate) fn user(mut self) -> Self {
        self.bearer = Bearer::User;
        self
    }

    /// The call is made with the token of this very session.
    pub(crate) fn bearer(mut self, token: &SecretString) -> Self {
        self.bearer = Bearer::Token(token.clone());
        self
    }

    pub(crate) fn idempotency(mut self, idempotency: Idempotency) -> Self {
        self.idempotency = Some(idempotency);
        self
    }

    /// A captcha is solved before the service asks for one.
    pub(crate) fn captcha_first(mut self) -> Self {
        self.captcha_first = true;
        self
    }

    /// What a captcha for this call is asked for: method and path below `/auth`.
    pub(crate) fn captcha_state(&self) -> String {
        let path = self.template.strip_prefix("/auth").unwrap_or(self.template);
        format!("{}:{path}", self.method)
    }
}

/// Sends [`Call`]s for one handle.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) client: Client,
    pub(crate) device: Arc<Device>,
    /// Absent where a demand for a captcha is simply an error: in refreshes.
    pub(crate) captcha: Option<Arc<dyn CaptchaSource>>,
    pub(crate) options: CallOptions,
}

/// Where captchas for calls come from.
pub(crate) trait CaptchaSource: Send + Sync {
    /// A token for a call that needs one; another one than `rejected`. `None` if there is no solver, or
    /// the human gave up.
    fn token<'a>(
        &'a self,
        caller: &'a Caller,
        state: &'a str,
        rejected: Option<&'a SecretString>,
    ) -> BoxFuture<'a, Result<Option<SecretString>>>;

    /// Whether there is anybody to solve a captcha.
    fn has_handler(&self) -> bool;
}

impl Caller {
    /// All that is called through the result is one call of the user who is signed in now.
    pub(crate) fn one_call(&self) -> Self {
        let mut caller = self.clone();
        caller.options = match self.client.is_for_user() {
            // Its token says who that is; the session is of the handle that it was made from.
            true => caller.options.as_one_call(),
            false => self.client.credentials().one_call(caller.options),
        };
        caller
    }

    /// Checks that a call for the signed-in user carries the session's token.
    ///
    /// # Errors
    ///
    /// If another token was given for it: what comes of the call would be taken for the session's.
    pub(crate) fn check_user(&self) -> Result<()> {
        if self.options.token().is_none() || self.client.is_for_user() {
            return Ok(());
        }
        let rule = "must not be set for calls of the signed-in user: use for_user";
        Err(Error::argument("options.token", rule))
    }

    /// Checks the options, which a flow does before it spends anything.
    ///
    /// # Errors
    ///
    /// If one is invalid, or says on whose behalf calls are made: what comes of the call would be taken for
    /// the session's.
    pub(crate) fn check_options(&self) -> Result<()> {
        if self.options.headers().contains_key(AUTHORIZATION) {
            let rule = "must not be `authorization`: use for_user for the token of another user";
            return Err(Error::argument("header", rule));
        }
        self.options.check()
    }

    /// For a call that nobody waits for: one attempt, and no captcha.
    pub(crate) fn for_revocation(&self) -> Self {
        let mut caller = self.clone();
        caller.captcha = None;
        caller.options = caller.options.with_max_attempts(1);
        caller
    }

    /// Sends the call and makes a value of the fields of the response.
    pub(crate) async fn read<T>(
        &self,
        call: &Call,
        make: impl FnOnce(Object) -> Result<T>,
    ) -> Result<Response<T>> {
        read(self.send(call).await?, make)
    }

    /// For responses that say nothing: `{}`, or an empty body.
    pub(crate) async fn unit(&self, call: &Call) -> Result<Response<()>> {
        Ok(self.send(call).await?.confirm()?.map(drop))
    }

    /// Sends the call; where the service demands a captcha, once more with one. After
    /// `captcha_invalid` one fresh captcha is tried, then the error stands.
    pub(crate) async fn send(&self, call: &Call) -> Result<Response<Bytes>> {
        match call.bearer {
            // When a captcha is solved, or the device id has been read, another user may be signed in.
            Bearer::User => {
                self.check_user()
                    .map_err(|error| error.with_operation(call.name))?;
                self.one_call().send_until_solved(call).await
            }
            _ => self.send_until_solved(call).await,
        }
    }

    async fn send_until_solved(&self, call: &Call) -> Result<Response<Bytes>> {
        let Some(captchas) = &self.captcha else {
            return self.send_once(call, None).await;
        };
        let mut used = match call.captcha_first {
            true => self.captcha(&**captchas, call, None).await?,
            false => None,
        };
        let (mut required, mut invalid) = (false, false);
        loop {
            let error = match self.send_once(call, used.as_ref()).await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            let again = match error.code().map(|code| code.as_str()) {
                Some("captcha_required") => !std::mem::replace(&mut required, true),
                Some("captcha_invalid") => !std::mem::replace(&mut invalid, true),
                _ => false,
            };
            if !again {
                return Err(error);
            }
            match self.captcha(&**captchas, call, used.as_ref()).await? {
                Some(token) => used = Some(token),
                // Nobody here can solve one: the program must see what the service said.
                None if captchas.has_handler() => return Err(error),
                None => {
                    let hint = "set a `captcha_handler` to have captchas solved";
                    let message = format!("{} ({hint})", error.message());
                    return Err(error.with_message(message));
                }
            }
        }
    }

    /// A captcha for `call`, in the place of `used`. It is a step of the call.
    async fn captcha(
        &self,
        captchas: &dyn CaptchaSource,
        call: &Call,
        used: Option<&SecretString>,
    ) -> Result<Option<SecretString>> {
        let solved = captchas.token(self, &call.captcha_state(), used).await;
        solved.map_err(|error| error.within(call.name))
    }

    /// Sends the call without ever asking for a captcha.
    pub(crate) async fn send_once(
        &self,
        call: &Call,
        captcha: Option<&SecretString>,
    ) -> Result<Response<Bytes>> {
        let mut operation = self
            .operation(call)?
            .header(DEVICE_ID, self.device.header().await);
        if let Some(token) = captcha {
            let mut value = HeaderValue::from_str(token.expose_secret()).map_err(|_| {
                Error::argument("captcha token", "must consist of visible ASCII characters")
            })?;
            value.set_sensitive(true);
            operation = operation.header(CAPTCHA_TOKEN, value);
        }
        self.client.fetch(operation).await
    }

    /// The call as it is sent, but for what is known only then: device id and captcha.
    pub(crate) fn operation(&self, call: &Call) -> Result<Operation> {
        self.check_options()
            .map_err(|error| error.with_operation(call.name))?;
        let mut options = self.options.clone();
        let mut path = call.path.clone();
        let credential = match &call.bearer {
            Bearer::User => CredentialUse::Session,
            Bearer::Token(token) => {
                options = options.with_token(token.clone());
                CredentialUse::Optional
            }
            Bearer::Nobody => {
                options = options.without_token();
                path = path.query("client_id", self.client.env_id().as_str());
                CredentialUse::AccessKey
            }
        };
        let mut operation =
            Operation::new(call.name, call.template, call.method.clone(), path.build()?)
                .credential(credential)
                .envelope(Envelope::Auth)
                .accept("application/json")
                .options(options);
        if let Some(idempotency) = call.idempotency {
            operation = operation.idempotency(idempotency);
        }
        match &call.body {
            None => Ok(operation),
            Some(Ok(bytes)) => Ok(operation
                .header(
                    http::header::CONTENT_TYPE,
                    HeaderValue::from_static("application/json"),
                )
                .body(bytes.clone())),
            Some(Err(error)) => {
                let message = format!("the body cannot be written as JSON: {error}");
                Err(Error::new(ErrorKind::Encode, message).with_operation(call.name))
            }
        }
    }
}

/// Makes a value of the fields of a response; an error names the call.
pub(crate) fn read<T>(
    response: Response<Bytes>,
    make: impl FnOnce(Object) -> Result<T>,
) -> Result<Response<T>> {
    response.into_json::<Object>()?.try_map(make)
}

/// Runs `work` to its end even if the caller goes away: it spends something that cannot be had
/// twice, or stores something that must not be lost.
///
/// # Errors
///
/// [`ErrorKind::Interrupted`] if the runtime shuts down meanwhile.
pub(crate) async fn detached<T, F>(work: F) -> Result<T>
where
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    use tracing::Instrument as _;
    let work = ticket_callback::within(ticket_callback::is_asking(), work.in_current_span());
    match tokio::spawn(work).await {
        Ok(result) => result,
        Err(error) => {
            Err(Error::new(ErrorKind::Interrupted, "the runtime shut down").with_source(error))
        }
    }
}
