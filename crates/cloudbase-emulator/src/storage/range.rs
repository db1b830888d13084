//! `Range` and the conditional headers of downloads.

use http::{HeaderMap, header};

/// What part of an object to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// All of it: no range was asked for, or one that must be ignored.
    Whole,
    /// `start..=end`.
    Slice { start: u64, end: u64 },
    /// The range lies outside the object.
    Unsatisfiable,
}

/// Reads a `Range` header for an object of `size` bytes.
///
/// Anything but one well-formed byte range is ignored, as RFC 9110 asks.
pub(crate) fn part(range: Option<&str>, size: u64) -> Part {
    let Some((first, last)) = range
        .and_then(|range| range.trim().strip_prefix("bytes="))
        .and_then(|range| range.trim().split_once('-'))
    else {
        return Part::Whole;
    };
    let number = |text: &str| -> Option<u64> {
        text.bytes()
            .all(|b| b.is_ascii_digit())
            .then(|| text.parse().ok())?
    };
    match (first, last) {
        ("", last) => match number(last) {
            None => Part::Whole,
            Some(0) => Part::Unsatisfiable,
            Some(_) if size == 0 => Part::Unsatisfiable,
            Some(tail) => Part::Slice {
                start: size.saturating_sub(tail),
                end: size - 1,
            },
        },
        (first, "") => match number(first) {
            None => Part::Whole,
            Some(start) if start >= size => Part::Unsatisfiable,
            Some(start) => Part::Slice {
                start,
                end: size - 1,
            },
        },
        (first, last) => match (number(first), number(last)) {
            (Some(start), Some(end)) if start <= end => {
                if start >= size {
                    Part::Unsatisfiable
                } else {
                    Part::Slice {
                        start,
                        end: end.min(size - 1),
                    }
                }
            }
            _ => Part::Whole,
        },
    }
}

/// The verdict of the conditional headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    Proceed { honour_range: bool },
    NotModified,
    Failed,
}

/// Evaluates `If-Match`, `If-Unmodified-Since`, `If-None-Match`, `If-Modified-Since`, `If-Range`.
///
/// `etag` carries its quotes; `modified` is in Unix seconds.
pub(crate) fn condition(headers: &HeaderMap, etag: &str, modified: u64) -> Condition {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let seconds = |name| text(name).and_then(date);
    if let Some(list) = text(header::IF_MATCH) {
        if !lists(list, etag) {
            return Condition::Failed;
        }
    } else if seconds(header::IF_UNMODIFIED_SINCE).is_some_and(|limit| modified > limit) {
        return Condition::Failed;
    }
    if let Some(list) = text(header::IF_NONE_MATCH) {
        if lists(list, etag) {
            return Condition::NotModified;
        }
    } else if seconds(header::IF_MODIFIED_SINCE).is_some_and(|limit| modified <= limit) {
        return Condition::NotModified;
    }
    let honour_range = match text(header::IF_RANGE) {
        None => true,
        Some(tag) if tag.starts_with('"') => tag == etag,
        Some(when) => date(when) == Some(modified),
    };
    Condition::Proceed { honour_range }
}

fn lists(list: &str, etag: &str) -> bool {
    list.trim() == "*"
        || list
            .split(',')
            .any(|tag| tag.trim().trim_start_matches("W/") == etag)
}

fn date(text: &str) -> Option<u64> {
    let time = httpdate::parse_http_date(text).ok()?;
    time.duration_since(std::time::UNIX_EPOCH)
        .ok()
        .map(|age| age.as_secs())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn ranges() {
        let slice = |start, end| Part::Slice { start, end };
        for (range, expected) in [
            ("bytes=0-0", slice(0, 0)),
            ("bytes=2-", slice(2, 9)),
            ("bytes=2-99", slice(2, 9)),
            ("bytes=-3", slice(7, 9)),
            ("bytes=-99", slice(0, 9)),
            ("bytes=10-", Part::Unsatisfiable),
            ("bytes=10-11", Part::Unsatisfiable),
            ("bytes=-0", Part::Unsatisfiable),
            ("bytes=3-2", Part::Whole),
            ("bytes=0-1,3-4", Part::Whole),
            ("bytes=+1-2", Part::Whole),
            ("items=0-1", Part::Whole),
            ("bytes=-", Part::Whole),
        ] {
            assert_eq!(part(Some(range), 10), expected, "{range}");
        }
        assert_eq!(part(None, 10), Part::Whole);
        assert_eq!(part(Some("bytes=0-"), 0), Part::Unsatisfiable);
        assert_eq!(part(Some("bytes=-1"), 0), Part::Unsatisfiable);
    }

    #[test]
    fn conditions() {
        let check = |name: header::HeaderName, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_str(value).unwrap());
            condition(&headers, "\"e\"", 784_111_777)
        };
        let go = |honour_range| Condition::Proceed { honour_range };
        assert_eq!(check(header::IF_MATCH, "\"x\", \"e\""), go(true));
        assert_eq!(check(header::IF_MATCH, "\"x\""), Condition::Failed);
        assert_eq!(check(header::IF_NONE_MATCH, "*"), Condition::NotModified);
        assert_eq!(check(header::IF_NONE_MATCH, "\"x\""), go(true));
        let (same, earlier) = (
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:36 GMT",
        );
        assert_eq!(
            check(header::IF_MODIFIED_SINCE, same),
            Condition::NotModified
        );
        assert_eq!(check(header::IF_MODIFIED_SINCE, earlier), go(true));
        assert_eq!(
            check(header::IF_UNMODIFIED_SINCE, earlier),
            Condition::Failed
        );
        assert_eq!(check(header::IF_RANGE, "\"e\""), go(true));
        assert_eq!(check(header::IF_RANGE, "\"x\""), go(false));
        assert_eq!(check(header::IF_RANGE, same), go(true));
    }
}
