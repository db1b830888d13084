//! The stand-alone program: what it prints, and that it serves what its options name.
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
        let setting = line.split_once('=').or_else(|| line.split_once(": "));
        if let Some((name, value)) = setting {
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
async fn it_serves_the_hosts_and_pages_of_its_options() {
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

/// Phones and containers reach this machine by a host and a port of their own: URLs must lead them back there.
#[tokio::test]
async fn urls_have_the_host_by_which_a_client_came() {
    let arguments = [
        "--host",
        "0.0.0.0",
        "--allow-host",
        "10.0.2.2",
        "--allow-host",
        "fd00::7",
    ];
    let (mut child, settings) = start(&arguments).await;
    let (endpoint, key) = (
        &settings["CLOUDBASE_ENDPOINT"],
        &settings["CLOUDBASE_API_KEY"],
    );
    let objects = settings["object store"]
        .strip_prefix("http://127.0.0.1:")
        .unwrap();
    let wire = Wire::new();
    let url = |path: &str| format!("{endpoint}{path}");
    let create = wire.post(&url("/v1/storages/bucket/")).bearer(key);
    create.json(&json!({"id": "docs"})).send().await.expect(200);
    let put = wire.put(&url("/v1/storages/object/docs/a")).bearer(key);
    put.body("x").send().await.expect(200);
    for (host, object_host) in [
        ("127.0.0.1:8787", "127.0.0.1"),
        ("localhost", "localhost"),
        ("10.0.2.2:18787", "10.0.2.2"),
        ("[fd00::7]:1", "[fd00::7]"),
    ] {
        let post = |path: &str, body: serde_json::Value| {
            let call = wire.post(&url(path)).header("host", host).bearer(key);
            async move { call.json(&body).send().await.expect(200).json() }
        };
        let gateway = format!("http://{host}/v1/storages/object/");
        let objects = format!("http://{object_host}:{objects}/");
        let starts = |value: &serde_json::Value, start: &str| {
            assert!(
                value.as_str().unwrap().starts_with(start),
                "{host}: {value}, not {start}"
            );
        };
        let body = json!([{"objectId": "b"}]);
        let info = &post("/v1/storages/get-objects-upload-info", body).await[0];
        for name in ["uploadUrl", "downloadUrl", "downloadUrlEncoded"] {
            starts(&info[name], &objects);
        }
        let body = json!([{"cloudObjectId": info["cloudObjectId"], "maxAge": 60}]);
        let info = &post("/v1/storages/get-objects-download-info", body).await[0];
        starts(&info["downloadUrl"], &objects);
        starts(&info["downloadUrlEncoded"], &objects);
        let signed = post("/v1/storages/object/sign/docs/a", json!({"expiresIn": 60})).await;
        starts(&signed["fullSignedURL"], &gateway);
        let body = json!({"expiresIn": 60, "paths": ["a"]});
        let signed = post("/v1/storages/object/sign/docs", body).await;
        starts(&signed[0]["fullSignedURL"], &gateway);
        let signed = post("/v1/storages/object/upload/sign/docs/b", json!({})).await;
        starts(&signed["fullURL"], &gateway);
        let sign_in =
            url("/auth/v1/provider/uri?provider_id=github&redirect_uri=http%3A%2F%2Flocalhost%2F");
        let sign_in = wire
            .get(&sign_in)
            .header("host", host)
            .header("x-device-id", "d");
        let page = format!("http://{host}/__emulator/provider/github/authorize");
        starts(&sign_in.send().await.expect(200).json()["uri"], &page);
        let info = wire.get(&url("/__emulator/info")).header("host", host);
        let info = info
            .header("accept", "application/json")
            .send()
            .await
            .expect(200)
            .json();
        assert_eq!(info["endpoint"], format!("http://{host}"));
    }
    child.kill().await.unwrap();
}

#[tokio::test]
async fn the_url_of_the_object_store_can_be_given() {
    let (mut child, settings) = start(&["--object-url", "http://10.0.2.2:9001/"]).await;
    assert_eq!(settings["object store"], "http://10.0.2.2:9001");
    let url = format!(
        "{}/v1/storages/get-objects-upload-info",
        settings["CLOUDBASE_ENDPOINT"]
    );
    let call = Wire::new()
        .post(&url)
        .bearer(&settings["CLOUDBASE_API_KEY"]);
    let info = call
        .json(&json!([{"objectId": "b"}]))
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(info[0]["uploadUrl"], "http://10.0.2.2:9001/b");
    child.kill().await.unwrap();
    for bad in [
        "10.0.2.2:9001",
        "http://h/path",
        "ftp://h",
        "http://u@h",
        "http://h?q",
        "",
        "http://",
    ] {
        let output = program()
            .args(["--port", "0", "--object-url", bad])
            .output();
        let output = output.await.unwrap();
        assert!(!output.status.success(), "{bad}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("object_url"), "{bad}: {said}");
    }
}

/// A user who got a response to a sign-up can sign in after the power was cut.
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
                        Ok(response) if response.status == 201 => acknowledged.push(name),
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
