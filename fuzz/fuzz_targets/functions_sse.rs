//! Any bytes are a stream of events, the same ones wherever the stream is cut; nothing panics.
#![no_main]

use cloudbase_functions::Event;
use cloudbase_functions::sse::Parser;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &[u8])| {
    let (piece, stream) = input;
    let whole = events([stream]);
    assert_eq!(events(stream.chunks(usize::from(piece).max(1))), whole);
    assert_eq!(events(stream.chunks(1)), whole);
});

fn events<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Event> {
    let mut parser = Parser::default();
    let mut events = Vec::new();
    for piece in pieces {
        parser.push(piece).expect("the input is far below the limit");
        events.extend(std::iter::from_fn(|| parser.next_event()));
    }
    events
}
