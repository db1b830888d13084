//! A gateway on Node whose upstream dies: no response that was cut is taken for the whole one. Runs where
//! `CLOUDBASE_TEST_NODE` names the program; `cargo xtask interop` sets it.

#![allow(clippy::print_stderr, clippy::unwrap_used, reason = "helpers of tests")]

use std::process::Stdio;
use std::time::Duration;

use cloudbase_core::{Client, CredentialUse, Error, ErrorKind, Operation};
use cloudbase_data::mysql::MySql;
use cloudbase_functions::Functions;
use cloudbase_storage::Storage;
use futures_util::TryStreamExt as _;
use http::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// A process of Node with the gateway, and a certificate for it.
struct Gateway {
    _process: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    port: u16,
    certificate: String,
}

impl Gateway {
    async fn start(node: &str) -> Self {
        let identity = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = identity.cert.pem();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/node-gateway/gateway.mjs");
        let mut process = Command::new(node)
            .arg(script)
            .env("KEY", identity.signing_key.serialize_pem())
            .env("CERTIFICATE", &certificate)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let input = process.stdin.take().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = output.next_line().await.unwrap().unwrap().parse().unwrap();
        Self {
            _process: process,
            input,
            output,
            port,
            certificate,
        }
    }

    fn client(&self) -> Client {
        Client::builder()
            .env_id("demo-1a2b3c")
            .endpoint(format!("https://localhost:{}", self.port))
            .ca_certificates(&self.certificate)
            .access_key("the-access-key")
            .max_attempts(1)
            .stall_timeout(Duration::from_secs(1))
            .build()
            .unwrap()
    }

    /// Lets the next responses die this way; whether there is such a way.
    async fn die(&mut self, way: usize, length: bool, body: &str) -> bool {
        let line = json!({ "way": way, "length": length, "body": body }).to_string() + "\n";
        self.input.write_all(line.as_bytes()).await.unwrap();
        self.output.next_line().await.unwrap().unwrap() == "ok"
    }
}

fn get() -> Operation {
    let target = "/v1/anything".parse().unwrap();
    Operation::new("test.get", "/v1/anything", Method::GET, target).credential(CredentialUse::None)
}

/// Reads a response in each of the ways that the products have, and says what came of it.
async fn read(client: &Client, file: &std::path::Path) -> Vec<(&'static str, Option<Error>)> {
    let functions = Functions::new(client.clone());
    let call = || functions.call("f");
    let streamed = async {
        let stream = call().stream().await?.into_value();
        stream.try_collect::<Vec<_>>().await
    };
    let events = async {
        let events = call().events().await?.into_value();
        events.try_collect::<Vec<_>>().await
    };
    let bucket = Storage::new(client.clone()).bucket("docs");
    let object = bucket.clone().download("a").max_resumes(0);
    let to_file = bucket.download("a").max_resumes(0).to_file(file);
    let rows = MySql::new(client.clone());
    let rows = rows.from("books").select("*").rows::<Value>();
    vec![
        ("text", client.fetch(get()).await.err()),
        ("function", call().await.err()),
        ("stream", streamed.await.err()),
        ("events", events.await.err()),
        ("rows", rows.await.err()),
        ("bytes", object.await.err()),
        ("file", to_file.await.err()),
    ]
}

#[tokio::test]
async fn no_response_that_was_cut_is_taken_for_the_whole() {
    let Ok(node) = std::env::var("CLOUDBASE_TEST_NODE") else {
        eprintln!("skipped: CLOUDBASE_TEST_NODE is not set");
        return;
    };
    let mut gateway = Gateway::start(&node).await;
    let client = gateway.client();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("object");
    let mut ways = 0;
    while gateway.die(ways, false, "").await {
        // Each beginning but the first is a whole value for one who believes in its end.
        for body in ["", "[]", "{\"a\":1}", "data: 1\n\n"] {
            for length in [false, true] {
                assert!(gateway.die(ways, length, body).await);
                for (how, error) in read(&client, &file).await {
                    let what = format!("way {ways}, {how} of {body:?}, length: {length}");
                    let error = error.unwrap_or_else(|| panic!("{what} is taken for the whole"));
                    let fits = matches!(error.kind(), ErrorKind::Reset | ErrorKind::Decode);
                    assert!(fits, "{what}: {error:?}");
                    assert!(!file.exists(), "{what}");
                }
            }
        }
        ways += 1;
    }
    assert_eq!(ways, 13);
}
