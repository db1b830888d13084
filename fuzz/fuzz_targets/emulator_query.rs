//! Any query string is a query to a table, or is refused; nothing panics.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|query: &str| {
    cloudbase_emulator::fuzz_parse(query);
});
