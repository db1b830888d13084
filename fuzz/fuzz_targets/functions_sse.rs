//! Any bytes are the events that the standard makes of them, wherever the stream is cut; nothing
//! panics.
#![no_main]

use std::time::Duration;

use cloudbase_core::sse::Parser;
use libfuzzer_sys::fuzz_target;

type Seen = (String, String, String, Option<Duration>);

fuzz_target!(|input: (u8, &[u8])| {
    let (piece, stream) = input;
    let expected = standard(stream);
    assert_eq!(parsed([stream]), expected);
    assert_eq!(parsed(stream.chunks(usize::from(piece).max(1))), expected);
    assert_eq!(parsed(stream.chunks(1)), expected);
});

fn parsed<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Seen> {
    let mut parser = Parser::default();
    let mut events = Vec::new();
    for piece in pieces {
        parser.push(piece).expect("the input is far below the limit");
        events.extend(std::iter::from_fn(|| parser.next_event()));
    }
    let seen = events.into_iter().map(|event| (event.event, event.data, event.id, event.retry));
    seen.collect()
}

/// The steps of the WHATWG description, over the whole stream at once.
fn standard(stream: &[u8]) -> Vec<Seen> {
    let text = String::from_utf8_lossy(stream);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    // What follows the last line end is no line.
    let lines = text.rsplit_once('\n').map(|(lines, _)| lines.split('\n'));
    let (mut event, mut data, mut id, mut retry) = (String::new(), None, String::new(), None);
    let mut seen = Vec::new();
    for line in lines.into_iter().flatten() {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "" if line.is_empty() => {
                let event = std::mem::take(&mut event);
                if let Some(data) = data.take() {
                    let event = if event.is_empty() { "message".into() } else { event };
                    seen.push((event, data, id.clone(), retry.take()));
                }
            }
            "event" => event = value.to_owned(),
            "data" => match &mut data {
                None => data = Some(value.to_owned()),
                Some(data) => *data = format!("{data}\n{value}"),
            },
            "id" if !value.contains('\0') => id = value.to_owned(),
            "retry" if value.bytes().all(|byte| byte.is_ascii_digit()) => {
                retry = value.parse().map(Duration::from_millis).ok().or(retry);
            }
            _ => {}
        }
    }
    seen
}
