//! Which mutant is in force. This file is no part of the program: it becomes a module of each mutated crate's copy.

use std::{
    env,
    fs::{File, OpenOptions},
    io::Write as _,
    sync::{
        LazyLock,
        atomic::{AtomicBool, Ordering},
    },
};

static ACTIVE: LazyLock<Option<u32>> =
    LazyLock::new(|| env::var("CLOUDBASE_MUTANT").ok()?.parse().ok());

/// Where a run on the sources as they are writes which mutants it reaches.
static REACHED: LazyLock<Option<File>> = LazyLock::new(|| {
    let path = env::var_os("CLOUDBASE_MUTANTS_REACHED")?;
    OpenOptions::new().append(true).open(path).ok()
});

static SEEN: [AtomicBool; 8192] = [const { AtomicBool::new(false) }; 8192];

pub(crate) fn is_active(mutant: u32) -> bool {
    if let Some(mut file) = REACHED.as_ref()
        && !SEEN[mutant as usize].swap(true, Ordering::Relaxed)
    {
        let _ = file.write_all(&mutant.to_le_bytes());
    }
    *ACTIVE == Some(mutant)
}
