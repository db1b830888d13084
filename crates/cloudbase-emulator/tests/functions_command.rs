//! Functions and services that local commands serve.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]
#![cfg(unix)]

mod wire;

use std::time::Duration;

use cloudbase_emulator::{Emulator, Function, LocalCommand, Service};
use http::Method;
use serde_json::json;
use wire::Wire;

/// A server in a few lines of Python, the one interpreter that these machines all have.
const SERVER: &str = r#"
import http.server, os, socket, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get('content-length', 0)))
        if self.path == '/die':
            os._exit(1)
        if self.path == '/die-slowly':
            # What any process does as it ends, on a machine that is busy.
            self.server.socket.close()
            self.connection.shutdown(socket.SHUT_RDWR)
            time.sleep(0.3)
            os._exit(1)
        text = '{"pid": %d, "event": %s, "mark": "%s"}' % (os.getpid(), body.decode() or 'null', os.environ.get('MARK', ''))
        self.send_response(200)
        self.send_header('content-type', 'application/json')
        self.send_header('content-length', str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())
    def log_message(self, *args):
        pass
http.server.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), Handler).serve_forever()
"#;

fn python(code: &str) -> LocalCommand {
    LocalCommand::new("python3").args(["-c", code])
}

fn alive(pid: i64) -> bool {
    // The process is gone, or a zombie that nobody has waited for yet.
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

#[tokio::test]
async fn a_command_is_started_restarted_and_ended() {
    let emulator = Emulator::builder()
        .function_with("hello", Function::command(python(SERVER).env("MARK", "m")))
        .service("svc", Service::command(python(SERVER)))
        .start()
        .await
        .unwrap();
    let wire = Wire::new();
    let post = |path: &str| {
        let url = format!("{}/v1/{path}", emulator.endpoint());
        wire.call(Method::POST, &url)
            .bearer(emulator.publishable_key())
            .json(&json!({"a": 1}))
    };
    let first = post("functions/hello").send().await.expect(200).json();
    assert_eq!(
        (&first["event"], &first["mark"]),
        (&json!({"a": 1}), &json!("m"))
    );
    let again = post("functions/hello").send().await.expect(200).json();
    assert_eq!(first["pid"], again["pid"], "one process serves all calls");

    let before = post("cloudrun/svc/x").send().await.expect(200).json()["pid"]
        .as_i64()
        .unwrap();
    let mut after = before;
    for death in ["cloudrun/svc/die", "cloudrun/svc/die-slowly"] {
        let before = after;
        post(death).send().await.expect(502);
        after = post("cloudrun/svc/x").send().await.expect(200).json()["pid"]
            .as_i64()
            .unwrap();
        assert_ne!(before, after);
    }

    let pid = first["pid"].as_i64().unwrap();
    assert!(alive(pid) && alive(after));
    emulator.shutdown().await;
    assert!(!alive(pid) && !alive(after));
}

#[tokio::test]
async fn a_port_that_another_process_takes_is_given_up() {
    // The first run leaves a process behind that has the port but does not listen.
    let taken = r#"
import os, signal, socket, sys
if not os.path.exists('taken'):
    holder = socket.socket()
    holder.bind(('127.0.0.1', int(os.environ['PORT'])))
    if os.fork() == 0:
        os.close(1), os.close(2)
        signal.pause()
    open('taken', 'w').write(os.environ['PORT'])
    sys.exit('the port is in use')
"#;
    let dir = tempfile::tempdir().unwrap();
    let server = python(&format!("{taken}{SERVER}")).dir(dir.path());
    let emulator = Emulator::builder()
        .service("svc", Service::command(server))
        .start()
        .await
        .unwrap();
    let wire = Wire::new();
    let url = format!("{}/v1/cloudrun/svc/x", emulator.endpoint());
    let call = wire
        .call(Method::POST, &url)
        .bearer(emulator.publishable_key());
    call.send().await.expect(200);
    // What the first run left behind is gone with it.
    let port = std::fs::read_to_string(dir.path().join("taken")).unwrap();
    let address = format!("127.0.0.1:{port}");
    while tokio::net::TcpListener::bind(&address).await.is_err() {
        tokio::task::yield_now().await;
    }
    emulator.shutdown().await;
}

#[tokio::test]
async fn commands_that_do_not_serve() {
    let silent = python("import time; time.sleep(60)").ready_within(Duration::from_millis(50));
    let emulator = Emulator::builder()
        .function_with(
            "ends",
            Function::command(python("raise SystemExit('no such module')")),
        )
        .function_with(
            "missing",
            Function::command(LocalCommand::new("/no/such/program")),
        )
        .service("silent", Service::command(silent))
        .start()
        .await
        .unwrap();
    let wire = Wire::new();
    let post = |path: &str| {
        let url = format!("{}/v1/{path}", emulator.endpoint());
        wire.call(Method::POST, &url)
            .bearer(emulator.publishable_key())
    };
    for name in ["ends", "missing"] {
        let response = post(&format!("functions/{name}")).send().await.expect(400);
        assert_eq!(response.code(), "FUNCTION_INVOCATION_FAILED", "{name}");
    }
    let why = post("functions/ends").send().await.text();
    assert!(why.contains("no such module"), "{why}");
    assert_eq!(
        post("cloudrun/silent").send().await.expect(503).code(),
        "SERVICE_NOT_READY"
    );
}

#[tokio::test]
async fn a_command_ends_with_the_emulator_even_if_a_handle_lives() {
    let emulator = Emulator::builder()
        .service("svc", Service::command(python(SERVER)))
        .start()
        .await
        .unwrap();
    let url = format!("{}/v1/cloudrun/svc/x", emulator.endpoint());
    let call = Wire::new().post(&url).bearer(emulator.publishable_key());
    let made = call.json(&json!({})).send().await.expect(200).json();
    let pid = made["pid"].as_i64().unwrap();
    let users = emulator.users();
    drop(emulator);
    let ended = async {
        while alive(pid) {
            tokio::task::yield_now().await;
        }
    };
    let ended = tokio::time::timeout(Duration::from_secs(10), ended).await;
    assert!(ended.is_ok(), "it outlives the emulator");
    drop(users);
}
