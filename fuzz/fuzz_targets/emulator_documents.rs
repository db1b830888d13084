//! Any text is a filter, an update, a projection or a pipeline, or is rejected; nothing panics.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|json: &[u8]| {
    cloudbase_emulator::fuzz_documents(json);
});
