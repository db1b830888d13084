//! Development commands: tests, gates, benches and releases.

fn main() {}
