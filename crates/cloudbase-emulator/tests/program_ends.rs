//! However the program ends, the functions that it started end with it.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
#![cfg(target_os = "linux")]

mod wire;

use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use wire::Wire;

/// A function that starts a process of its own, which holds the function's port too.
const FUNCTION: &str = r#"
import http.server, os, subprocess
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        text = os.environ['PORT']
        self.send_response(200)
        self.send_header('content-type', 'application/json')
        self.send_header('content-length', str(len(text)))
        self.send_header('connection', 'close')
        self.end_headers()
        self.wfile.write(text.encode())
        self.close_connection = True
    def log_message(self, *args):
        pass
server = http.server.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), Handler)
server.socket.set_inheritable(True)
subprocess.Popen(['sleep', '1000'], close_fds=False)
server.serve_forever()
"#;

struct Program {
    child: Child,
    endpoint: String,
    key: String,
    _folder: tempfile::TempDir,
}

/// Starts the program by a shell, which first runs `before`.
async fn start(before: &str) -> Program {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("functions.json");
    let functions = json!({"functions": {"hello": {"command": ["python3", "-c", FUNCTION]}}});
    std::fs::write(&file, functions.to_string()).unwrap();
    let mut child = Command::new("/bin/sh")
        .args(["-c", &format!("{before} exec \"$@\""), "sh"])
        .arg(env!("CARGO_BIN_EXE_cloudbase-emulator"))
        .args(["--port", "0", "--functions"])
        .arg(&file)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (mut endpoint, mut key) = (String::new(), String::new());
    loop {
        let line = lines.next_line().await.unwrap().expect("it gets ready");
        match line.split_once('=') {
            Some(("CLOUDBASE_ENDPOINT", value)) => value.clone_into(&mut endpoint),
            Some(("CLOUDBASE_API_KEY", value)) => value.clone_into(&mut key),
            _ if line == "ready" => break,
            _ => {}
        }
    }
    Program {
        child,
        endpoint,
        key,
        _folder: folder,
    }
}

impl Program {
    async fn call(&self) -> Value {
        let url = format!("{}/v1/functions/hello", self.endpoint);
        let call = Wire::new().post(&url).bearer(&self.key).json(&json!({}));
        call.send().await.expect(200).json()
    }

    /// Two connections to the function: one that it accepts, and one that waits behind it in the port's queue, which is closed
    /// once no process has the port any more.
    async fn watch(&self) -> [TcpStream; 2] {
        let port = u16::try_from(self.call().await.as_u64().unwrap()).unwrap();
        let accepted = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        [
            accepted,
            TcpStream::connect(("127.0.0.1", port)).await.unwrap(),
        ]
    }

    fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
    }
}

#[tokio::test]
async fn functions_end_with_it_whatever_ends_it() {
    for signal in [Signal::HUP, Signal::KILL, Signal::TERM, Signal::ABORT] {
        let mut program = start("").await;
        let watched = program.watch().await;
        program.signal(signal);
        let status = program.child.wait().await.unwrap();
        assert_eq!(
            status.success(),
            [Signal::HUP, Signal::TERM].contains(&signal),
            "{signal:?}"
        );
        for mut connection in watched {
            // Returns only because the processes ended.
            let _ = connection.read(&mut [0]).await;
        }
    }
}

#[tokio::test]
async fn under_nohup_it_outlives_its_terminal() {
    let program = start("trap \'\' HUP;").await;
    program.signal(Signal::HUP);
    program.call().await;
    program.signal(Signal::TERM);
}
