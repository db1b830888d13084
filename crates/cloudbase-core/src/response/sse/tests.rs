//! Streams cut anywhere, line ends, odd fields, and the limit of an event.

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};

use super::*;
use crate::body::Body;

fn parse<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Event> {
    let mut parser = Parser::default();
    let mut events = Vec::new();
    for piece in pieces {
        parser.push(piece).unwrap();
        events.extend(std::iter::from_fn(|| parser.next_event()));
    }
    events
}

fn event(event: &str, data: &str, id: &str) -> Event {
    Event {
        event: event.into(),
        data: data.into(),
        id: id.into(),
        retry: None,
    }
}

const STREAM: &str = "\u{feff}: heartbeat\r\n\r\nevent: greeting\r\ndata: 你好\ndata:  two\r\
                      data\nid: 7\n\r\n:\n\nretry: 1500\n\ndata:{\"a\": 1}\r\n\r\nid\nunknown: x\n\
                      data: 😀\n\ndata: lost";

fn expected() -> Vec<Event> {
    let mut second = event("message", "{\"a\": 1}", "7");
    second.retry = Some(Duration::from_millis(1500));
    vec![
        event("greeting", "你好\n two\n", "7"),
        second,
        event("message", "😀", ""),
    ]
}

#[test]
fn every_cut_gives_the_same_events() {
    let bytes = STREAM.as_bytes();
    assert_eq!(parse([bytes]), expected());
    for cut in 0..=bytes.len() {
        let (head, tail) = bytes.split_at(cut);
        assert_eq!(parse([head, tail]), expected(), "cut at {cut}");
        assert_eq!(parse([head, b"", tail]), expected(), "cut at {cut}");
    }
    assert_eq!(parse(bytes.chunks(1)), expected());
}

#[test]
fn all_line_ends_are_line_ends() {
    let lines = "data: a\ndata: b\n\ndata: c\n\n";
    let two = vec![event("message", "a\nb", ""), event("message", "c", "")];
    for end in ["\n", "\r", "\r\n"] {
        let stream = lines.replace('\n', end);
        assert_eq!(parse(stream.as_bytes().chunks(1)), two, "{end:?}");
        assert_eq!(parse([stream.as_bytes()]), two, "{end:?}");
    }
}

#[test]
fn an_event_without_data_is_dropped() {
    assert_eq!(parse([&b"event: ping\n\nid: 3\n\n\n\n"[..]]), []);
    assert_eq!(parse([&b"data\n\n"[..]]), [event("message", "", "")]);
    assert_eq!(
        parse([&b"event: a\n\ndata: x\n\n"[..]]),
        [event("message", "x", "")]
    );
}

#[test]
fn odd_fields_are_passed_over() {
    let odd = b"retry: soon\nid: a\0b\n data: x\nDATA: y\ndata: z\n\n";
    assert_eq!(parse([&odd[..]]), [event("message", "z", "")]);
    assert_eq!(
        parse([&b"data: \xff\n\n"[..]]),
        [event("message", "\u{fffd}", "")]
    );
    let mut waits = event("message", "x", "");
    waits.retry = Some(Duration::from_millis(7));
    let odd = b"retry: 7\nretry:\nretry: 99999999999999999999\ndata: x\n\n";
    assert_eq!(parse([&odd[..]]), [waits]);
}

#[test]
fn an_endless_event_is_rejected() {
    let mut parser = Parser::with_limit(16);
    assert!(parser.push(b"data: 12345\n").is_ok());
    assert!(parser.push(b"data: 67890").is_ok());
    let error = parser.push(b"1").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
}

#[tokio::test]
async fn endless_comments_leave_time_for_others() {
    let comments = stream::repeat_with(|| Ok::<_, Error>(Bytes::from_static(b": no event\n\n")));
    let mut events = EventStream::new(Body::stream(comments));
    let limit = Duration::from_millis(50);
    assert!(tokio::time::timeout(limit, events.next()).await.is_err());
}

#[tokio::test]
async fn whole_events_come_before_the_error_that_cuts_the_next() {
    let pieces = [
        Ok(Bytes::from_static(b"data: 1\n\ndata: 2\n\nda")),
        Err(Error::new(ErrorKind::Reset, "cut")),
    ];
    let mut events = EventStream::new(Body::stream(stream::iter(pieces)));
    assert_eq!(events.next_event().await.unwrap().unwrap().data, "1");
    assert_eq!(events.next_event().await.unwrap().unwrap().data, "2");
    let error = events.next_event().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Reset);
    assert!(events.next().await.is_none());
}
