//! A call on its way: its request, and what the stack knows about it.

use std::mem;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use http::{HeaderValue, Request};
use tokio::time::{Instant, timeout_at};

use super::saved_request::SavedRequest;
use super::{CallIdentity, CallOptions, CredentialUse, Idempotency, Identity, Parts, RequestId};
use crate::body::Body;
use crate::config::DEFAULT_MAX_RESPONSE_SIZE;
use crate::error::{Envelope, Error, TimeoutPhase};

/// What goes through the stack: a request, and the call that it belongs to.
#[derive(Debug)]
pub(crate) struct Call {
    /// What is sent next.
    pub(crate) request: Request<Body>,
    /// What is sent again.
    saved: Option<SavedRequest>,
    pub(crate) info: CallInfo,
    /// Whether the request goes to another host than the gateway, though it was made by hand.
    pub(crate) foreign: bool,
}

impl Call {
    /// The call of an operation; `direct` as in [`CallContext`].
    pub(crate) fn new(mut parts: Box<Parts>, max_response_size: u64, direct: bool) -> Self {
        if let Some(headers) = parts.options.take_headers() {
            parts.request.headers_mut().extend(headers);
        }
        let options = mem::take(&mut parts.options);
        let chosen = options.idempotent();
        let info = CallInfo::new(CallContext {
            name: parts.name,
            template: parts.template,
            idempotent: chosen.unwrap_or_else(|| parts.idempotency.is_repeatable()),
            reads: chosen.unwrap_or(parts.idempotency == Idempotency::Safe),
            credential: parts.credential,
            envelope: parts.envelope,
            transfer: parts.transfer,
            keeps_response: parts.keeps_response,
            external: parts.request.uri().authority().is_some(),
            by_hand: false,
            direct,
            max_response_size,
            request_id: options.sent_request_id(),
            options,
            identity: OnceLock::new(),
            sent: Mutex::new(None),
            attempts: AtomicU32::new(0),
        });
        Self::with(mem::take(&mut parts.request), info)
    }

    fn with(request: Request<Body>, info: CallInfo) -> Self {
        Self {
            request,
            saved: None,
            info,
            foreign: false,
        }
    }

    /// The call of a request that has come through tower. Without a [`CallInfo`] in its extensions it was
    /// made by hand.
    pub(crate) fn of(mut request: Request<Body>) -> Self {
        match request.extensions_mut().remove() {
            Some(info) => Self::with(request, info),
            None => Self::by_hand(request, DEFAULT_MAX_RESPONSE_SIZE, false),
        }
    }

    /// The call of a request that the user has made: for a path on the gateway, or a whole URL.
    pub(crate) fn by_hand(request: Request<Body>, max_response_size: u64, direct: bool) -> Self {
        let options = CallOptions::default();
        let info = CallInfo::new(CallContext {
            name: "",
            template: "",
            idempotent: false,
            reads: false,
            credential: CredentialUse::Optional,
            envelope: Envelope::Gateway,
            transfer: false,
            keeps_response: false,
            external: false,
            by_hand: true,
            direct,
            max_response_size,
            request_id: options.sent_request_id(),
            options,
            identity: OnceLock::new(),
            sent: Mutex::new(None),
            attempts: AtomicU32::new(0),
        });
        Self::with(request, info)
    }

    /// How the call may be repeated. By the request as it is now if it was made by hand: a layer of the
    /// user's may have changed it.
    pub(crate) fn effect(&self) -> Effect {
        let context = self.info.context();
        let method = self.request.method();
        Effect {
            idempotent: context.idempotent || (context.by_hand && method.is_idempotent()),
            reads: context.reads || (context.by_hand && method.is_safe()),
        }
    }

    /// Which credential the request is to carry: another host gets neither the service's nor the caller's.
    pub(crate) fn credential(&self) -> CredentialUse {
        let context = self.info.context();
        let is_url = context.by_hand && self.request.uri().authority().is_some();
        match context.external || is_url {
            true => CredentialUse::None,
            false => context.credential,
        }
    }

    /// Saves the request as it is now, if that has not been done and its body can be sent again.
    pub(crate) fn save(&mut self) {
        if self.saved.is_none() {
            self.saved = SavedRequest::of(&self.request);
        }
    }

    /// Whether the call can be sent again after its request was [saved](Self::save).
    pub(crate) fn is_repeatable(&self) -> bool {
        self.saved.is_some()
    }

    /// Puts the [saved](Self::save) request in the place of the one that was sent, if there is one.
    pub(crate) fn restore(&mut self) -> bool {
        let request = self.saved.as_ref().and_then(SavedRequest::to_request);
        request.map(|request| self.request = request).is_some()
    }
}

/// How a call may be repeated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effect {
    /// After it was sent.
    pub(crate) idempotent: bool,
    /// It only reads, or the caller has said that it may be repeated: the SDK repeats nothing else that
    /// was throttled.
    pub(crate) reads: bool,
}

/// What a call says about itself to the user's layers and transport, which find it in the extensions of
/// a request.
///
/// ```
/// use cloudbase_core::{Body, CallInfo};
/// use http::Request;
///
/// fn name(request: &Request<Body>) -> &'static str {
///     CallInfo::of(request).map_or("unknown", |call| call.operation())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct CallInfo {
    context: Arc<CallContext>,
    /// Of this pass: a layer of the user's may repeat the call.
    deadline: Option<Deadline>,
}

/// What all attempts of a call share.
#[derive(Debug)]
pub(crate) struct CallContext {
    pub(crate) name: &'static str,
    pub(crate) template: &'static str,
    pub(crate) idempotent: bool,
    /// Whether it only reads, or the caller has said that it may be repeated: the SDK repeats nothing
    /// else that was throttled.
    pub(crate) reads: bool,
    pub(crate) credential: CredentialUse,
    pub(crate) envelope: Envelope,
    pub(crate) transfer: bool,
    pub(crate) keeps_response: bool,
    pub(crate) external: bool,
    /// Whether the user has made the request, without an operation.
    pub(crate) by_hand: bool,
    /// Whether neither the session nor the user's call layers take part: what refreshes the session must
    /// not wait for it.
    pub(crate) direct: bool,
    /// For a call that does not choose one itself.
    pub(crate) max_response_size: u64,
    pub(crate) options: CallOptions,
    /// Of a call that is one request; further requests of one call share that in the options.
    identity: OnceLock<Identity>,
    /// The `Authorization` that the session gave for the last attempt: the service may repeat it.
    sent: Mutex<Option<HeaderValue>>,
    pub(crate) request_id: RequestId,
    attempts: AtomicU32,
}

impl CallInfo {
    fn new(context: CallContext) -> Self {
        Self {
            context: Arc::new(context),
            deadline: None,
        }
    }

    /// The call that this request belongs to; `None` if the user made the request without an operation.
    pub fn of(request: &Request<Body>) -> Option<&Self> {
        let info: Option<&Self> = request.extensions().get();
        info.filter(|info| !info.context.by_hand)
    }

    /// The name of the operation: `mysql.select`.
    pub fn operation(&self) -> &'static str {
        self.context.name
    }

    /// The path without values: `/v1/functions/{name}`.
    pub fn template(&self) -> &'static str {
        self.context.template
    }

    /// Whether the call may be repeated after it was sent.
    pub fn is_idempotent(&self) -> bool {
        self.context.idempotent
    }

    /// Which credential the call carries.
    pub fn credential(&self) -> CredentialUse {
        self.context.credential
    }

    /// Whether the call goes to another host than the gateway: no credential, no SDK headers.
    pub fn is_external(&self) -> bool {
        self.context.external
    }

    /// How many times the call was put on the wire so far.
    pub fn attempts(&self) -> u32 {
        self.context.attempts.load(Ordering::Relaxed)
    }

    /// The id that this call sends as `x-request-id`, the same for all its attempts.
    pub fn request_id(&self) -> &str {
        self.context.request_id.as_str()
    }

    pub(crate) fn context(&self) -> &CallContext {
        &self.context
    }

    pub(crate) fn options(&self) -> &CallOptions {
        &self.context.options
    }

    /// Counts an attempt, and returns its number, from 1.
    pub(crate) fn count_attempt(&self) -> u32 {
        self.context.attempts.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// On whose behalf the call is made, once an attempt has settled it.
    pub(crate) fn identity(&self) -> &OnceLock<Identity> {
        let shared = self.context.options.identity();
        shared.map_or(&self.context.identity, CallIdentity::cell)
    }

    /// Keeps the session's token of an attempt.
    pub(crate) fn set_sent(&self, authorization: HeaderValue) {
        *self.lock_sent() = Some(authorization);
    }

    /// The session's token of the last attempt.
    pub(crate) fn sent(&self) -> Option<HeaderValue> {
        self.lock_sent().clone()
    }

    fn lock_sent(&self) -> std::sync::MutexGuard<'_, Option<HeaderValue>> {
        let sent = &self.context.sent;
        sent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn deadline(&self) -> Option<Deadline> {
        self.deadline
    }

    pub(crate) fn set_deadline(&mut self, deadline: Option<Deadline>) {
        self.deadline = deadline;
    }

    /// What `work` gives, unless the deadline of the call comes first.
    pub(crate) async fn within_deadline<T>(
        &self,
        work: impl Future<Output = T>,
    ) -> Result<T, Error> {
        match self.deadline {
            None => Ok(work.await),
            Some(deadline) => {
                let result = timeout_at(deadline.at, work).await;
                result.map_err(|_| deadline.exceeded())
            }
        }
    }
}

/// When a call has to be done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    pub(crate) at: Instant,
    limit: Duration,
}

impl Deadline {
    /// `limit` from now; none if that is beyond what clocks can count.
    pub(crate) fn after(limit: Duration) -> Option<Self> {
        let at = Instant::now().checked_add(limit)?;
        Some(Self { at, limit })
    }

    /// What a call ends with that is not done by then.
    pub(crate) fn exceeded(self) -> Error {
        Error::timeout(TimeoutPhase::Total, self.limit)
    }
}
