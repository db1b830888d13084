//! The numbers that gates compare with.

/// Crates in the tree of `--features auth,functions`, our own included.
pub(crate) const CRATES_SMALL: usize = 70;

/// Crates in the tree of `--features full`, our own included.
pub(crate) const CRATES_FULL: usize = 80;

/// Bytes of the release build of the smallest useful program.
pub(crate) const HELLO_BYTES: u64 = 4_000_000;

/// Bytes of the release build of the stand-alone emulator, its database included.
pub(crate) const EMULATOR_BYTES: u64 = 16_000_000;

/// Instructions of one JSON call over a mock service, the caller's own JSON included.
///
/// `cargo xtask bench instructions` said 15,023 on 2026-11-29, x86-64, with Rust 1.95.0; runs differ by one instruction.
/// A change that makes calls cheaper lowers it. What may raise it is a compiler, C library or dependency that moves
/// hyper-util's number as well, or a feature that is worth its price; the commit says which.
pub(crate) const MOCK_CALL_INSTRUCTIONS: u64 = 15_418;

/// Instructions of one JSON call over a connection, the server's not counted, as a multiple of hyper-util's in the same
/// run: what moves both is nobody's fault.
pub(crate) const CALL_OF_HYPER_UTIL: f64 = 1.10;

/// Bytes of one packaged crate; the registry rejects ten times that.
pub(crate) const PACKAGE_BYTES: u64 = 1_000_000;

/// Of 100 viable mutants, how many the tests must kill.
pub(crate) const KILLED_PER_CENT: usize = 90;

/// Lines of one source file.
pub(crate) const FILE_LINES: usize = 600;

/// Lines of one source file of the SDK, tests aside.
pub(crate) const SDK_FILE_LINES: usize = 400;
