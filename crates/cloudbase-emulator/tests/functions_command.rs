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
import http.server, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get('content-length', 0)))
        if self.path == '/die':
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
    post("cloudrun/svc/die").send().await.expect(502);
    let after = post("cloudrun/svc/x").send().await.expect(200).json()["pid"]
        .as_i64()
        .unwrap();
    assert_ne!(before, after);

    let pid = first["pid"].as_i64().unwrap();
    assert!(alive(pid) && alive(after));
    emulator.shutdown().await;
    assert!(!alive(pid) && !alive(after));
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
        let answer = post(&format!("functions/{name}")).send().await.expect(400);
        assert_eq!(answer.code(), "FUNCTION_INVOCATION_FAILED", "{name}");
    }
    let why = post("functions/ends").send().await.text();
    assert!(why.contains("no such module"), "{why}");
    assert_eq!(
        post("cloudrun/silent").send().await.expect(503).code(),
        "SERVICE_NOT_READY"
    );
}
