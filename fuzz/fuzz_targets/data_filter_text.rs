//! Any text is a condition, an order and a selection, or is refused; nothing panics.
#![no_main]

use cloudbase_data::mysql::{Filter, Order};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|texts: (&str, &str)| {
    let (key, text) = texts;
    let _ = Filter::parse(key, text);
    let _ = Filter::parse("or", text);
    let _ = Order::parse(text);
});
