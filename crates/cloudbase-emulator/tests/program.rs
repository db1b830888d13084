//! The stand-alone program: what it prints, and that it serves what it was told to.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod wire;

use std::collections::HashMap;
use std::process::Stdio;

use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use wire::Wire;

fn program() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_cloudbase-emulator"));
    program.kill_on_drop(true).stderr(Stdio::piped());
    program
}

/// Starts the program and reads the settings that it prints.
async fn start(arguments: &[&str]) -> (Child, HashMap<String, String>) {
    let mut child = program()
        .args(["--port", "0"])
        .args(arguments)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut settings = HashMap::new();
    loop {
        let line = lines.next_line().await.unwrap().expect("it gets ready");
        if line == "ready" {
            return (child, settings);
        }
        if let Some((name, value)) = line.split_once('=') {
            settings.insert(name.to_owned(), value.to_owned());
        }
    }
}

#[tokio::test]
async fn it_serves_the_tables_of_a_schema_and_keeps_them_in_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let schema = folder.path().join("schema.sql");
    let sql = "CREATE TABLE IF NOT EXISTS todos (id BIGINT AUTO_INCREMENT PRIMARY KEY, title TEXT)";
    std::fs::write(&schema, sql).unwrap();
    let data = folder.path().join("data");
    let arguments = [
        "--env-id",
        "of-the-program",
        "--schema",
        schema.to_str().unwrap(),
        "--data-dir",
        data.to_str().unwrap(),
    ];
    let wire = Wire::new();
    for run in 1..=2 {
        let (mut child, settings) = start(&arguments).await;
        assert_eq!(settings["CLOUDBASE_ENV_ID"], "of-the-program");
        let todos = format!("{}/v1/rdb/rest/todos", settings["CLOUDBASE_ENDPOINT"]);
        let key = &settings["CLOUDBASE_API_KEY"];
        let insert = wire.post(&todos).bearer(key);
        insert
            .json(&json!({"title": "milk"}))
            .send()
            .await
            .expect(201);
        let rows = wire.get(&todos).bearer(key).send().await.expect(200).json();
        assert_eq!(rows.as_array().map(Vec::len), Some(run));
        wire.get(&todos).send().await.expect(401);
        child.kill().await.unwrap();
    }
}

#[tokio::test]
async fn what_it_cannot_do_it_says() {
    for (arguments, word) in [
        (&["--env-id", "two words"][..], "env_id"),
        (&["--schema", "there/is/none.sql"], "none.sql"),
    ] {
        let output = program()
            .args(["--port", "0"])
            .args(arguments)
            .output()
            .await
            .unwrap();
        assert!(!output.status.success(), "{arguments:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(word), "{said}");
    }
}

/// As a phone on the same network would: it calls the machine by a name or address that only the developer knows.
#[tokio::test]
async fn it_serves_the_hosts_and_pages_that_it_is_told_to() {
    let arguments = [
        "--host",
        "0.0.0.0",
        "--allow-host",
        "my-laptop.local",
        "--allow-host",
        "10.0.2.2",
        "--allow-origin",
        "https://app.example",
    ];
    let (mut child, settings) = start(&arguments).await;
    let wire = Wire::new();
    let url = format!("{}/v1/nothing", settings["CLOUDBASE_ENDPOINT"]);
    for (host, origin, status) in [
        ("my-laptop.local:8787", "http://my-laptop.local:8787", 404),
        ("10.0.2.2", "https://app.example", 404),
        ("0.0.0.0", "http://localhost:5173", 404),
        ("localhost", "http://my-laptop.local:8787", 403),
        ("192.168.1.5", "https://app.example", 403),
        ("evil.example", "http://evil.example", 403),
    ] {
        let call = wire.get(&url).header("host", host).header("origin", origin);
        call.send().await.expect(status);
    }
    child.kill().await.unwrap();
    for arguments in [["--allow-host", "http://x"], ["--allow-origin", "x/"]] {
        let output = program().args(["--port", "0"]).args(arguments).output();
        let output = output.await.unwrap();
        assert!(!output.status.success());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("allow_"), "{said}");
    }
}

/// Whoever got a response to a sign-up can sign in after the power was cut.
#[tokio::test]
async fn a_user_that_was_acknowledged_is_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let arguments = ["--data-dir", data.to_str().unwrap()];
    let (mut child, settings) = start(&arguments).await;
    let id = child.id().unwrap();
    let error = program()
        .args(["--port", "0"])
        .args(arguments)
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&error.stderr);
    assert!(said.contains(&format!("process id {id}")), "{said}");

    let users = |settings: &HashMap<String, String>| {
        format!("{}/__emulator/users", settings["CLOUDBASE_ENDPOINT"])
    };
    let url = users(&settings);
    let adders: Vec<_> = (0..8)
        .map(|adder| {
            let url = url.clone();
            tokio::spawn(async move {
                let wire = Wire::new();
                let mut acknowledged = Vec::new();
                for number in 0.. {
                    let name = format!("user-{adder}-{number}");
                    let call = wire.post(&url).json(&json!({"username": name}));
                    match call.try_send().await {
                        Ok(answer) if answer.status == 201 => acknowledged.push(name),
                        _ => break,
                    }
                }
                acknowledged
            })
        })
        .collect();
    let mut count = 0;
    while count < 40 {
        let listed = Wire::new().get(&url).send().await.expect(200).json();
        count = listed.as_array().unwrap().len();
    }
    child.kill().await.unwrap();
    let mut acknowledged = Vec::new();
    for adder in adders {
        acknowledged.extend(adder.await.unwrap());
    }
    let (mut child, settings) = start(&arguments).await;
    let listed = Wire::new()
        .get(&users(&settings))
        .send()
        .await
        .expect(200)
        .json();
    let kept: std::collections::HashSet<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|user| user["username"].as_str())
        .collect();
    let lost: Vec<_> = acknowledged
        .iter()
        .filter(|name| !kept.contains(name.as_str()))
        .collect();
    assert!(lost.is_empty(), "{lost:?} of {}", acknowledged.len());
    assert!(acknowledged.len() >= 32);
    child.kill().await.unwrap();
}
