//! A server that is not ours: own directory, free port, gone when dropped.

use std::{
    fs::{self, File},
    io::Write as _,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

use crate::tools::{DBUS, DBUS_SEND, GNOME_KEYRING, MARIADB_INSTALL, MARIADBD, REDIS};

const STARTS_WITHIN: Duration = Duration::from_secs(60);
const LOOKS_EVERY: Duration = Duration::from_millis(50);

/// A running server. Its files and its process go with it.
pub(super) struct Server {
    /// What a client connects to.
    pub(super) address: String,
    processes: Vec<Child>,
    directory: TempDir,
}

impl Server {
    /// MariaDB with one empty database and one user who owns it.
    pub(super) fn mariadb() -> Result<Self> {
        let directory = TempDir::new()?;
        let path = directory.path();
        let data = path.join("data");
        let init = path.join("init.sql");
        fs::write(
            &init,
            "CREATE DATABASE cloudbase CHARACTER SET utf8mb4;\n\
             CREATE USER cloudbase@'%' IDENTIFIED BY 'cloudbase';\n\
             GRANT ALL ON *.* TO cloudbase@'%';\n",
        )?;

        let created = Command::new(MARIADB_INSTALL.find()?)
            .args([
                "--no-defaults",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
            ])
            .arg(format!("--datadir={}", data.display()))
            .args(as_root())
            .stdin(Stdio::null())
            .output()?;
        ensure!(
            created.status.success(),
            "mariadb-install-db failed: {}",
            String::from_utf8_lossy(&created.stderr)
        );

        let port = free_port()?;
        let mut command = Command::new(MARIADBD.find()?);
        command
            .args([
                "--no-defaults",
                "--bind-address=127.0.0.1",
                "--skip-name-resolve",
            ])
            .args([
                "--skip-log-bin",
                "--innodb-buffer-pool-size=64M",
                "--innodb-flush-log-at-trx-commit=0",
            ])
            .arg(format!("--port={port}"))
            .arg(format!("--datadir={}", data.display()))
            .arg(format!("--socket={}", path.join("socket").display()))
            .arg(format!("--pid-file={}", path.join("pid").display()))
            .arg(format!("--init-file={}", init.display()))
            .args(as_root());
        let address = format!("mysql://cloudbase:cloudbase@127.0.0.1:{port}/cloudbase");
        Self::start(command, directory, port, address)
    }

    /// Redis that keeps nothing on disk.
    pub(super) fn redis() -> Result<Self> {
        let directory = TempDir::new()?;
        let port = free_port()?;
        let mut command = Command::new(REDIS.find()?);
        command
            .args([
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
                "--port",
            ])
            .arg(port.to_string())
            .arg("--dir")
            .arg(directory.path());
        Self::start(
            command,
            directory,
            port,
            format!("redis://127.0.0.1:{port}"),
        )
    }

    /// A bus with GNOME Keyring, whose one collection is empty and unlocked.
    pub(super) fn secret_service() -> Result<Self> {
        let directory = TempDir::new()?;
        let path = directory.path();
        let address = format!("unix:path={}", path.join("bus").display());
        let bus = Command::new(DBUS.find()?)
            .args(["--session", "--nofork", "--nopidfile"])
            .arg(format!("--address={address}"))
            .stdin(Stdio::null())
            .spawn()?;
        let mut server = Self {
            address,
            processes: vec![bus],
            directory,
        };
        server.wait_on_bus("org.freedesktop.DBus")?;
        let path = server.directory.path().to_owned();
        let mut keyring = Command::new(GNOME_KEYRING.find()?)
            .args(["--foreground", "--unlock", "--components=secrets"])
            .env("DBUS_SESSION_BUS_ADDRESS", &server.address)
            .env("HOME", &path)
            .env("XDG_DATA_HOME", &path)
            .env("XDG_RUNTIME_DIR", &path)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()?;
        // It reads the password up to the end of its input.
        let mut input = keyring.stdin.take().context("the keyring has no input")?;
        server.processes.push(keyring);
        input.write_all(b"password")?;
        drop(input);
        server.wait_on_bus("org.freedesktop.secrets")?;
        Ok(server)
    }

    /// Waits until a program of this name is on the bus.
    fn wait_on_bus(&self, name: &str) -> Result<()> {
        let deadline = Instant::now() + STARTS_WITHIN;
        loop {
            let response = Command::new(DBUS_SEND.find()?)
                .arg(format!("--bus={}", self.address))
                .args(["--print-reply", "--dest=org.freedesktop.DBus", "/"])
                .arg("org.freedesktop.DBus.NameHasOwner")
                .arg(format!("string:{name}"))
                .stdin(Stdio::null())
                .output()?;
            if String::from_utf8_lossy(&response.stdout).contains("boolean true") {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "no {name} on its bus");
            thread::sleep(LOOKS_EVERY);
        }
    }

    fn start(mut command: Command, directory: TempDir, port: u16, address: String) -> Result<Self> {
        let log = directory.path().join("log");
        let output = File::create(&log)?;
        let process = command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        let mut server = Self {
            address,
            processes: vec![process],
            directory,
        };
        server.wait(port, &log)?;
        Ok(server)
    }

    /// Waits for the port: both servers listen only once they can respond.
    fn wait(&mut self, port: u16, log: &Path) -> Result<()> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let deadline = Instant::now() + STARTS_WITHIN;
        while TcpStream::connect_timeout(&address, LOOKS_EVERY).is_err() {
            let log = || fs::read_to_string(log).unwrap_or_default();
            if let Some(status) = self.processes[0].try_wait()? {
                bail!("the server stopped at once with {status}:\n{}", log());
            }
            ensure!(
                Instant::now() < deadline,
                "the server does not listen:\n{}",
                log()
            );
            thread::sleep(LOOKS_EVERY);
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Its data is thrown away, so there is nothing to shut down in order.
        for process in self.processes.iter_mut().rev() {
            drop(process.kill());
            drop(process.wait());
        }
    }
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

/// MariaDB does not run as root by accident; in a container it is no accident.
fn as_root() -> Option<&'static str> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;

        let own = fs::metadata("/proc/self").ok()?;
        (own.uid() == 0).then_some("--user=root")
    }
    #[cfg(not(unix))]
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_server_that_stops_is_reported_with_its_log() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo no room left; exit 3"]);
        let port = free_port().unwrap();
        let started = Server::start(command, TempDir::new().unwrap(), port, String::new());
        let error = started.err().unwrap().to_string();
        assert!(
            error.contains("no room left") && error.contains('3'),
            "{error}"
        );
    }
}
