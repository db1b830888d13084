//! A body that is more than bytes: where its pieces come from, and what is kept about it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;

use super::monitor::BodyMonitor;
use super::{Body, Received};
use crate::error::BoxError;

pub(super) struct Streaming {
    pub(super) source: Source,
    pub(super) monitor: Option<BodyMonitor>,
}

pub(super) enum Source {
    Memory(Bytes),
    Received(Received),
    Stream {
        body: UnsyncBoxBody<Bytes, BoxError>,
        length: Option<u64>,
    },
    Factory {
        make: Arc<dyn Fn() -> Body + Send + Sync>,
        length: Option<u64>,
        current: Option<Body>,
    },
}

impl From<Source> for Streaming {
    fn from(source: Source) -> Self {
        Self {
            source,
            monitor: None,
        }
    }
}

impl Streaming {
    pub(super) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.monitor {
            None => self.source.poll_frame(cx),
            Some(monitor) => monitor.poll_frame(&mut self.source, cx),
        }
    }

    pub(super) fn is_end(&self) -> bool {
        match &self.monitor {
            None => self.source.is_end(),
            Some(monitor) => monitor.is_end(&self.source),
        }
    }

    pub(super) fn size_hint(&self) -> SizeHint {
        let length = self
            .monitor
            .as_ref()
            .and_then(|monitor| monitor.length.as_ref());
        match length {
            Some(length) if length.is_unasked() => SizeHint::default(),
            _ => self.source.size_hint(),
        }
    }
}

impl Source {
    pub(super) fn set_length(&mut self, bytes: u64) {
        match self {
            Self::Stream { length, .. } | Self::Factory { length, .. } => *length = Some(bytes),
            Self::Memory(_) | Self::Received(_) => {}
        }
    }

    pub(super) fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Memory(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub(super) fn try_clone(&self) -> Option<Self> {
        match self {
            Self::Memory(bytes) => Some(Self::Memory(bytes.clone())),
            Self::Factory { make, length, .. } => Some(Self::Factory {
                make: Arc::clone(make),
                length: *length,
                current: None,
            }),
            Self::Received(_) | Self::Stream { .. } => None,
        }
    }

    pub(super) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self {
            Self::Memory(bytes) => {
                let bytes = std::mem::take(bytes);
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
            Self::Received(body) => Pin::new(body).poll_frame(cx),
            Self::Stream { body, .. } => Pin::new(body).poll_frame(cx),
            Self::Factory { make, current, .. } => {
                Pin::new(current.get_or_insert_with(|| make())).poll_frame(cx)
            }
        }
    }

    pub(super) fn is_end(&self) -> bool {
        match self {
            Self::Memory(bytes) => bytes.is_empty(),
            Self::Received(body) => body.is_end_stream(),
            Self::Stream { body, .. } => body.is_end_stream(),
            Self::Factory { current, .. } => {
                current.as_ref().is_some_and(http_body::Body::is_end_stream)
            }
        }
    }

    pub(super) fn size_hint(&self) -> SizeHint {
        match self {
            Self::Memory(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Received(body) => body.size_hint(),
            Self::Stream { body, length } => {
                length.map_or_else(|| body.size_hint(), SizeHint::with_exact)
            }
            Self::Factory {
                length, current, ..
            } => match (length, current) {
                (Some(length), _) => SizeHint::with_exact(*length),
                (None, Some(body)) => body.size_hint(),
                (None, None) => SizeHint::default(),
            },
        }
    }
}
