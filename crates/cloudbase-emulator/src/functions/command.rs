//! Local commands that serve functions and services: started on demand, restarted, ended with the emulator.

use std::{
    collections::{BTreeMap, VecDeque},
    ffi::OsString,
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    process::Stdio,
    sync::{
        Arc, Mutex as StdMutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    net::{TcpListener, TcpStream},
    process::{Child, Command},
    sync::Mutex,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

use super::process_group::ProcessGroup;

/// Lines of standard error that are kept to explain why a command did not start.
const KEPT_LINES: usize = 12;

/// How many free ports are tried: between finding one and its use another process may take it.
const PORTS: usize = 4;

/// How long a process may take to end once its connections are broken.
const DYING: Duration = Duration::from_secs(1);

/// A server that the emulator starts when it is first needed.
///
/// It gets a free port in an environment variable and must listen there on 127.0.0.1. If it dies it
/// is started again at the next call. It ends with the emulator, on Unix also when the emulator is killed, and so does what it
/// started in its process group.
///
/// ```
/// use cloudbase_emulator::LocalCommand;
///
/// let node = LocalCommand::new("npx").args(["tcb-ff", "--source", "."]).dir("functions/hello");
/// # drop(node);
/// ```
#[derive(Debug, Clone)]
#[must_use = "a command does nothing until it is given to the emulator"]
pub struct LocalCommand {
    program: OsString,
    args: Vec<OsString>,
    dir: Option<PathBuf>,
    env: BTreeMap<OsString, OsString>,
    port_env: OsString,
    port: Option<u16>,
    ready_within: Duration,
}

impl LocalCommand {
    /// A command without arguments.
    pub fn new(program: impl Into<OsString>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            dir: None,
            env: BTreeMap::new(),
            port_env: "PORT".into(),
            port: None,
            ready_within: Duration::from_secs(30),
        }
    }

    /// Adds arguments.
    pub fn args(mut self, args: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// The folder to run in. Default: the emulator's own.
    pub fn dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.dir = Some(dir.into());
        self
    }

    /// Sets an environment variable, next to those of the emulator.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    /// The variable that holds the port. Default: `PORT`.
    pub fn port_env(mut self, name: impl Into<OsString>) -> Self {
        self.port_env = name.into();
        self
    }

    /// A fixed port, for a server that cannot be given one (HTTP functions listen on 9000).
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// How long it may take until the port accepts connections. Default: 30 s.
    pub fn ready_within(mut self, time: Duration) -> Self {
        self.ready_within = time;
        self
    }
}

/// A command and the process that runs it, if one does.
pub(super) struct Process {
    command: LocalCommand,
    running: Mutex<Option<Running>>,
    /// It broke a connection off, and may be about to end.
    doubted: AtomicBool,
}

struct Running {
    child: Child,
    /// So that what a wrapper such as `npx` starts ends with it, and all of it with the emulator.
    group: ProcessGroup,
    address: SocketAddr,
    /// The last lines that it wrote to its standard error.
    complaints: Complaints,
    reader: Option<JoinHandle<()>>,
}

type Complaints = Arc<StdMutex<VecDeque<String>>>;

impl Process {
    pub(super) fn new(command: LocalCommand) -> Self {
        Self {
            command,
            running: Mutex::new(None),
            doubted: AtomicBool::new(false),
        }
    }

    /// Where the server listens; starts it first if it does not run. Callers that come meanwhile wait.
    pub(super) async fn address(&self) -> io::Result<SocketAddr> {
        let mut running = self.running.lock().await;
        let is_doubted = self.doubted.swap(false, Ordering::Relaxed);
        if let Some(process) = running.as_mut()
            && process.lives(is_doubted).await?
        {
            return Ok(process.address);
        }
        *running = None;
        let process = self.start().await?;
        let address = process.address;
        *running = Some(process);
        Ok(address)
    }

    /// Says that the server broke a connection off. If that is because it ends, the next call
    /// must not meet it: its sockets close a little before it has ended.
    pub(super) fn doubt(&self) {
        self.doubted.store(true, Ordering::Relaxed);
    }

    /// Ends the process, if one runs.
    pub(super) async fn stop(&self) {
        if let Some(mut process) = self.running.lock().await.take() {
            process.kill();
            let _ = process.child.wait().await;
            process.group.gone().await;
        }
    }

    /// Ends the process, if one runs, without waiting until it is gone. One that is just being started ends with the call
    /// that starts it.
    pub(super) fn kill(&self) {
        if let Ok(mut running) = self.running.try_lock() {
            *running = None;
        }
    }

    /// Starts the server and waits until it listens.
    async fn start(&self) -> io::Result<Running> {
        let mut tries = if self.command.port.is_none() {
            PORTS
        } else {
            1
        };
        loop {
            let mut process = self.spawn().await?;
            tries -= 1;
            match process.ready(self.command.ready_within).await {
                Ok(()) => return Ok(process),
                Err(_) if tries > 0 && is_taken(process.address).await => {}
                Err(error) => return Err(error),
            }
        }
    }

    async fn spawn(&self) -> io::Result<Running> {
        let LocalCommand {
            program,
            args,
            dir,
            env,
            port_env,
            port,
            ..
        } = &self.command;
        let port = match port {
            Some(port) => *port,
            None => free_port().await?,
        };
        let mut command = Command::new(program);
        command
            .args(args)
            // The functions framework then gives user code the caller's identity.
            .env("EXTENDED_CONTEXT_KEY", super::context::HEADER)
            .env(port_env, port.to_string())
            .envs(env)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let group = ProcessGroup::new()?;
        group.admit(&mut command);
        if let Some(dir) = dir {
            command.current_dir(dir);
        }
        let mut child = command.spawn().map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("`{}`: {error}", program.to_string_lossy()),
            )
        })?;
        let name = program.to_string_lossy().into_owned();
        if let Some(output) = child.stdout.take() {
            tokio::spawn(log(name.clone(), output, None));
        }
        let complaints = Complaints::default();
        let reader = child
            .stderr
            .take()
            .map(|output| tokio::spawn(log(name, output, Some(Arc::clone(&complaints)))));
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Ok(Running {
            child,
            group,
            address,
            complaints,
            reader,
        })
    }
}

impl Running {
    /// Whether the process runs, and goes on running if that is doubted.
    async fn lives(&mut self, is_doubted: bool) -> io::Result<bool> {
        if !is_doubted {
            return Ok(self.child.try_wait()?.is_none());
        }
        match timeout(DYING, self.child.wait()).await {
            Ok(ended) => ended.map(|_| false),
            Err(_) => Ok(true),
        }
    }

    /// Waits until the port accepts a connection.
    async fn ready(&mut self, within: Duration) -> io::Result<()> {
        let deadline = Instant::now() + within;
        let mut pause = Duration::from_millis(5);
        loop {
            if let Some(status) = self.child.try_wait()? {
                let why = self.last_words().await;
                let text = format!("it ended before it was ready: {status}{why}");
                return Err(io::Error::other(text));
            }
            if TcpStream::connect(self.address).await.is_ok() {
                return Ok(());
            }
            if Instant::now() >= deadline {
                let text = format!("nothing listens on {} after {within:?}", self.address);
                return Err(io::Error::new(io::ErrorKind::TimedOut, text));
            }
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(100));
        }
    }

    /// What an ended process last wrote to its standard error.
    async fn last_words(&mut self) -> String {
        if let Some(reader) = self.reader.take() {
            // A grandchild may keep the pipe open; what came so far is enough then.
            let _ = timeout(Duration::from_secs(1), reader).await;
        }
        let lines = self
            .complaints
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        lines.iter().map(|line| format!("\n{line}")).collect()
    }

    fn kill(&mut self) {
        // It may have ended by itself, but not what it started.
        self.group.kill();
        let _ = self.child.start_kill();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Process {
    /// Whether the folder that the command is to run in is there.
    pub(super) fn check_dir(&self) -> Result<(), String> {
        match &self.command.dir {
            Some(dir) if !dir.is_dir() => Err(format!("no such folder: {}", dir.display())),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Process")
            .field(&self.command.program)
            .finish()
    }
}

async fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await?
        .local_addr()?
        .port())
}

/// Whether another process has the port that the server was to have.
async fn is_taken(address: SocketAddr) -> bool {
    let bound = TcpListener::bind(address).await;
    bound.is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse)
}

/// Passes on what a process prints, line by line, and keeps the last lines for `complaints`.
async fn log(program: String, output: impl AsyncRead + Unpin, complaints: Option<Complaints>) {
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        tracing::info!(target: "cloudbase_emulator::command", program, "{line}");
        if let Some(complaints) = &complaints {
            let mut kept = complaints.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() == KEPT_LINES {
                kept.pop_front();
            }
            kept.push_back(line);
        }
    }
}
