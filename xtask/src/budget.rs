//! The numbers that gates compare with.

/// Crates in the tree of `--features auth,functions`, our own included.
pub(crate) const CRATES_SMALL: usize = 70;

/// Crates in the tree of `--features full`, our own included.
pub(crate) const CRATES_FULL: usize = 80;

/// Bytes of the release build of the smallest useful program.
pub(crate) const HELLO_BYTES: u64 = 4_000_000;

/// Bytes of the release build of the stand-alone emulator, its database included.
pub(crate) const EMULATOR_BYTES: u64 = 15_000_000;

/// Bytes of one packaged crate; the registry refuses ten times that.
pub(crate) const PACKAGE_BYTES: u64 = 1_000_000;

/// Lines of one source file.
pub(crate) const FILE_LINES: usize = 600;
