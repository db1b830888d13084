//! Settings that cannot work or can match nothing are rejected at the start, and errors say where they come from.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod wire;

use std::time::Duration;

use cloudbase_emulator::{
    Emulator, EmulatorBuilder, Fault, Function, FunctionError, LocalCommand, NewUser,
    PasswordPolicy, Service, TablePermission,
};
use serde_json::json;
use wire::Wire;

async fn rejection(builder: EmulatorBuilder) -> String {
    match builder.start().await {
        Ok(_) => panic!("it started"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn what_cannot_work_is_rejected_with_its_rule() {
    let new = Emulator::builder;
    let schema = "CREATE TABLE todos (id INT PRIMARY KEY)";
    for (builder, words) in [
        (new().max_sessions(0), ["max_sessions", "at least 1"]),
        (
            new().access_token_lifetime(Duration::ZERO),
            ["access_token_lifetime", "1 s"],
        ),
        (
            new().access_token_lifetime(Duration::from_millis(999)),
            ["access_token_lifetime", "1 s"],
        ),
        (
            new().refresh_token_lifetime(Duration::ZERO),
            ["refresh_token_lifetime", "1 s"],
        ),
        (new().idle_timeout(Duration::ZERO), ["idle_timeout", "zero"]),
        (new().fixed_code(""), ["fixed_code", "empty"]),
        (new().provider("", "Nobody"), ["provider", "empty"]),
        (new().env_id("É"), ["env_id", "ASCII"]),
        (new().env_id("two words"), ["env_id", "hyphens"]),
        (new().env_id(""), ["env_id", "1 to 63"]),
        (new().env_id("-a"), ["env_id", "hyphen at either end"]),
        (new().env_id("a.b"), ["env_id", "host name"]),
        (new().env_id("a".repeat(64)), ["env_id", "63"]),
        (
            new().table_permission("ghost", TablePermission::Open),
            ["table_permission", "`ghost`"],
        ),
        (
            new()
                .schema_sql(schema)
                .table_permission("todo", TablePermission::Open),
            ["table_permission", "`todo`"],
        ),
        (
            new().user(NewUser::username("lin1").password("short1")),
            ["`lin1`", "8 to 64 characters"],
        ),
        (
            new()
                .password_policy(PasswordPolicy::Strict)
                .user(NewUser::email("lin@example.org").password("Passw0rd")),
            ["`lin@example.org`", "special character"],
        ),
        (
            new().user(NewUser::username("lin1").password("")),
            ["`lin1`", "LetterAndDigit"],
        ),
    ] {
        let error = rejection(builder).await;
        for word in words {
            assert!(error.contains(word), "`{word}` is not in: {error}");
        }
    }
    let builder = new()
        .env_id("a")
        .schema_sql(schema)
        .table_permission("todos", TablePermission::Open)
        .password_policy(PasswordPolicy::Any)
        .user(NewUser::username("lin1").password("x"));
    builder.start().await.unwrap();
}

#[tokio::test]
async fn a_password_against_the_policy_is_rejected_later_too() {
    let emulator = Emulator::builder().start().await.unwrap();
    let user = || NewUser::username("lin1").password("short1");
    let error = emulator.users().add(user()).unwrap_err().to_string();
    assert!(error.contains("8 to 64"), "{error}");
    let call = Wire::new().post(&format!("{}/__emulator/users", emulator.endpoint()));
    let body = json!({"username": "lin1", "password": "short1"});
    let error = call.json(&body).send().await.expect(400).text();
    assert!(error.contains("8 to 64"), "{error}");
    assert!(emulator.users().all().is_empty());
}

#[tokio::test]
async fn a_pattern_that_can_match_nothing_is_none() {
    let emulator = Emulator::builder().start().await.unwrap();
    let wire = Wire::new();
    let at = |path: &str| format!("{}/__emulator{path}", emulator.endpoint());
    for pattern in [
        "nonsense pattern",
        "GET v1/x",
        "PSOT /v1/x",
        "GET /x?a=b",
        "",
    ] {
        let fault = std::panic::catch_unwind(|| Fault::on(pattern));
        let said = fault.unwrap_err().downcast::<String>().unwrap();
        assert!(said.contains("can match nothing"), "{said}");
        for path in ["/faults", "/captcha"] {
            let call = wire.post(&at(path)).json(&json!({"match": pattern}));
            let error = call.send().await.expect(400).text();
            assert!(error.contains("can match nothing"), "{error}");
        }
    }
    let call = wire.get(&at("/requests?match=nonsense"));
    call.send().await.expect(400);
    wire.get(&at("/requests")).send().await.expect(200);
}

#[tokio::test]
async fn a_command_without_its_folder_is_reported_at_the_start() {
    let command = || LocalCommand::new("true").dir("/no/such/folder");
    let version = Function::url("http://127.0.0.1:9").unwrap();
    let new = Emulator::builder;
    for (builder, name) in [
        (
            new().function_with("hello", Function::command(command())),
            "function `hello`",
        ),
        (
            new().function_with("sum", version.version("1", Function::command(command()))),
            "function `sum`",
        ),
        (
            new().service("web", Service::command(command())),
            "service `web`",
        ),
        (
            new().api("weather", Service::command(command())),
            "API `weather`",
        ),
    ] {
        let error = rejection(builder).await;
        assert!(
            error.contains(name) && error.contains("/no/such/folder"),
            "{error}"
        );
    }
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("functions.json");
    let functions = json!({"functions": {"hello": {"command": ["true"], "dir": "helo"}}});
    std::fs::write(&file, functions.to_string()).unwrap();
    let error = rejection(new().functions_file(&file)).await;
    assert!(error.contains("hello") && error.contains("helo"), "{error}");
}

#[tokio::test]
async fn texts_end_where_the_next_begins() {
    const LINK: &str = "For more information";
    let function = |_, _| async { Err(FunctionError::new("BROKEN", "kaputt")) };
    let emulator = Emulator::builder()
        .function("hello", function)
        .start()
        .await
        .unwrap();
    let wire = Wire::new();
    let message = |url: &str| {
        let call = wire.post(&format!("{}{url}", emulator.endpoint()));
        let call = call
            .bearer(emulator.api_key())
            .json(&json!({"advance_ms": "x"}));
        async move {
            call.send().await.json()["message"]
                .as_str()
                .unwrap()
                .to_owned()
        }
    };
    let own = message("/v1/functions/hello").await;
    assert!(own.contains(&format!("kaputt. {LINK}")), "{own}");
    let service = message("/v1/nothing").await;
    assert!(service.contains(&format!("path. {LINK}")), "{service}");
    for path in ["/", "/__emulator/nothing", "/__emulator/clock"] {
        let message = message(path).await;
        assert!(
            !message.contains(LINK) && message.ends_with('.'),
            "{message}"
        );
    }
}

#[tokio::test]
async fn everything_in_a_schema_that_cannot_be_used_is_reported_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, sql: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, sql).unwrap();
        path
    };
    let first = write("good.sql", "CREATE TABLE good (id INT PRIMARY KEY);");
    let named = write(
        "table-named.sql",
        "CREATE TABLE a (id INT);\nCREATE TABLE b (x GEOMETRY);\nINSERT INTO nope VALUES (1);\n",
    );
    let error = rejection(Emulator::builder().schema_file(first).schema_file(&named)).await;
    let file = named.to_str().unwrap();
    for words in [
        &[file][..],
        &[
            "line 2",
            "`CREATE TABLE b (x GEOMETRY)`",
            "table `b`",
            "column `x`",
            "GEOMETRY",
        ],
        &["line 3", "`INSERT INTO nope VALUES (1)`", "nope"],
    ] {
        let found = error
            .lines()
            .any(|line| words.iter().all(|word| line.contains(word)));
        assert!(found, "{words:?} is not in: {error}");
    }

    // What follows from a reported error is not reported; what the parser cannot read is, and so is what comes after it.
    let sql = "-- a comment; it has a semicolon\n\nCREATE TABLE `b` (\n  id INT PRIMARY KEY,\n  shape POLYGON\n);\n\
               INSERT INTO b VALUES (1, NULL);\nCREATE TABL c (id INT);\nCREATE TABLE d (id INT PRIMARY KEY);\n\
               INSERT INTO d (id, no_such) VALUES (1, 2);";
    let error = rejection(Emulator::builder().schema_sql(sql)).await;
    let reports: Vec<_> = error.lines().skip(1).collect();
    assert_eq!(reports.len(), 3, "{error}");
    assert!(error.starts_with("schema_sql:"), "{error}");
    for (report, words) in reports.iter().zip([
        ["line 3", "table `b`", "column `shape`"],
        ["line 8", "`CREATE TABL c (id INT)`", "TABL"],
        [
            "line 10",
            "`INSERT INTO d (id, no_such) VALUES (1, 2)`",
            "no_such",
        ],
    ]) {
        assert!(words.iter().all(|word| report.contains(word)), "{report}");
    }
}
