//! The part of an object that is requested, and the part that came.

use std::ops::{Bound, RangeBounds};

use cloudbase_core::http::{HeaderMap, HeaderValue};
use cloudbase_core::{Error, Result};

/// A part of an object: bytes `start..` or `start..end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u64,
    /// One past the last byte.
    pub(crate) end: Option<u64>,
}

impl Span {
    pub(crate) fn new(range: impl RangeBounds<u64>) -> Result<Self> {
        let start = match range.start_bound() {
            Bound::Included(start) => Some(*start),
            Bound::Excluded(before) => before.checked_add(1),
            Bound::Unbounded => Some(0),
        };
        let end = match range.end_bound() {
            Bound::Included(last) => Some(last.checked_add(1)),
            Bound::Excluded(end) => Some(Some(*end)),
            Bound::Unbounded => None,
        };
        match (start, end) {
            (Some(start), None) => Ok(Self { start, end: None }),
            (Some(start), Some(Some(end))) if start < end => Ok(Self {
                start,
                end: Some(end),
            }),
            _ => Err(Error::argument("range", "must hold at least one byte")),
        }
    }

    pub(crate) fn is_whole(self) -> bool {
        self.start == 0 && self.end.is_none()
    }

    /// The `Range` header for it.
    pub(crate) fn header(self) -> Option<HeaderValue> {
        if self.is_whole() {
            return None;
        }
        let text = match self.end {
            Some(end) => format!("bytes={}-{}", self.start, end - 1),
            None => format!("bytes={}-", self.start),
        };
        HeaderValue::try_from(text).ok()
    }
}

/// What a 206 says that it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ContentRange {
    pub(crate) start: u64,
    /// One past the last byte.
    pub(crate) end: u64,
    /// The length of the whole object.
    pub(crate) total: Option<u64>,
}

impl ContentRange {
    /// Reads `Content-Range: bytes 5-9/10`.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get("content-range")?.to_str().ok()?;
        let (range, total) = value.trim().strip_prefix("bytes ")?.split_once('/')?;
        let (first, last) = range.trim().split_once('-')?;
        let start: u64 = first.parse().ok()?;
        let end = last.parse::<u64>().ok()?.checked_add(1)?;
        let total = match total.trim() {
            "*" => None,
            total => Some(total.parse().ok()?),
        };
        (start < end && total.is_none_or(|total| end <= total)).then_some(Self {
            start,
            end,
            total,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_become_headers() {
        let header = |span: Span| {
            span.header()
                .map(|value| value.to_str().unwrap().to_owned())
        };
        assert_eq!(header(Span::new(..).unwrap()), None);
        assert_eq!(header(Span::new(0..).unwrap()), None);
        assert_eq!(header(Span::new(..5).unwrap()).unwrap(), "bytes=0-4");
        assert_eq!(header(Span::new(2..=5).unwrap()).unwrap(), "bytes=2-5");
        assert_eq!(header(Span::new(7..).unwrap()).unwrap(), "bytes=7-");
        let empty = Span::new(3..3).unwrap_err();
        assert_eq!(empty.message(), "`range` must hold at least one byte");
        assert!(Span::new(0..=u64::MAX).is_err());
    }

    #[test]
    fn content_ranges_are_read_or_rejected() {
        let read = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("content-range", text.parse().unwrap());
            ContentRange::of(&headers).map(|range| (range.start, range.end, range.total))
        };
        assert_eq!(read("bytes 5-9/10"), Some((5, 10, Some(10))));
        assert_eq!(read("bytes 0-0/*"), Some((0, 1, None)));
        for bad in [
            "",
            "bytes */10",
            "bytes 9-5/10",
            "bytes 5-10/10",
            "items 1-2/3",
            "bytes a-b/c",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
