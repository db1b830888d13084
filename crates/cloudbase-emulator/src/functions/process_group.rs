//! A group of processes that ends with the emulator, however the emulator ends.

use std::io;
#[cfg(unix)]
use std::process::Stdio;

#[cfg(unix)]
use rustix::process::{Pid, Signal, kill_process_group};
#[cfg(unix)]
use tokio::process::Child;
use tokio::process::Command;

/// Reads a pipe whose other end is open as long as the emulator lives, also if it is killed, and then ends its own group.
/// Being a member keeps the group's id from being given to strangers meanwhile.
#[cfg(unix)]
const WATCH: &str = "trap '' HUP INT QUIT TERM; read -r _; kill -s KILL 0";

/// A process group with a watcher in it, that a command and all that it starts belong to.
pub(super) struct ProcessGroup {
    /// Holds the emulator's end of the pipe.
    #[cfg(unix)]
    watcher: Child,
    /// Absent once the group was killed.
    #[cfg(unix)]
    id: Option<Pid>,
}

#[cfg(unix)]
impl ProcessGroup {
    pub(super) fn new() -> io::Result<Self> {
        let watcher = Command::new("/bin/sh")
            .args(["-c", WATCH])
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| {
                let text = format!("`/bin/sh`, which watches over commands: {error}");
                io::Error::new(error.kind(), text)
            })?;
        let id = watcher
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(Pid::from_raw);
        Ok(Self { watcher, id })
    }

    /// Makes the command start in this group.
    pub(super) fn admit(&self, command: &mut Command) {
        if let Some(id) = self.id {
            command.process_group(id.as_raw_nonzero().get());
        }
    }

    /// Ends every process of the group.
    pub(super) fn kill(&mut self) {
        if let Some(id) = self.id.take() {
            let _ = kill_process_group(id, Signal::KILL);
        }
    }

    /// Returns once the watcher of a killed group is gone.
    pub(super) async fn gone(&mut self) {
        let _ = self.watcher.wait().await;
    }
}

/// There are no process groups: a command ends when its handle is dropped.
#[cfg(not(unix))]
impl ProcessGroup {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {})
    }

    pub(super) fn admit(&self, _command: &mut Command) {}

    pub(super) fn kill(&mut self) {}

    pub(super) async fn gone(&mut self) {}
}
