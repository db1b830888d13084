//! Signs up, calls a function, writes and reads rows, uploads and downloads an object, signs out.
//!
//! Without configuration it starts the emulator within this process. With `CLOUDBASE_ENV_ID` and
//! `CLOUDBASE_ACCESS_KEY` it talks to the real service, where it needs a table `todos` (`id`
//! auto-incremented, `title`, `done`, `_openid`), a function `hello`, sign-up by e-mail, and
//! `CLOUDBASE_EMAIL`, to which the verification code is sent.

#![allow(clippy::print_stdout)]

use std::time::Duration;

use cloudbase::mysql::desc;
use cloudbase::prelude::*;
use cloudbase_emulator::{Emulator, TablePermission};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Debug, Deserialize)]
struct Todo {
    id: i64,
    title: String,
}

#[derive(Serialize)]
struct NewTodo<'a> {
    title: &'a str,
    done: bool,
}

const SCHEMA: &str = "
    CREATE TABLE todos (
        id BIGINT AUTO_INCREMENT PRIMARY KEY,
        title VARCHAR(255) NOT NULL,
        done TINYINT(1) NOT NULL DEFAULT 0,
        _openid VARCHAR(64) NOT NULL DEFAULT ''
    );
";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let emulator = match std::env::var_os("CLOUDBASE_ENV_ID") {
        Some(_) => None,
        None => Some(start_emulator().await?),
    };
    let app = match &emulator {
        Some(emulator) => CloudBase::builder(emulator.env_id())
            .endpoint(emulator.endpoint())
            .access_key(emulator.publishable_key())
            .build()?,
        None => CloudBase::from_env()?,
    };
    println!(
        "environment   {} ({})",
        app.env_id(),
        app.client().config().endpoint()
    );

    let email = std::env::var("CLOUDBASE_EMAIL").unwrap_or_else(|_| "lin@example.org".to_owned());
    let pending = app
        .auth()
        .sign_up(SignUp::email(&email).password("N3w-pass!"))
        .await?;
    let code = match &emulator {
        Some(emulator) => emulator
            .inbox()
            .code(&email)
            .ok_or_else(|| anyhow::anyhow!("no code came"))?,
        None => ask(&format!("code sent to {email}: "))?,
    };
    let signed_in = pending.verify(code).await?;
    println!("signed up     {} as {}", email, signed_in.session.sub());

    app.auth()
        .sign_in_with_password(Password::email(&email, "N3w-pass!"))
        .await?;
    println!("signed in     with the password");

    let response: Value = app
        .call_function("hello", &json!({ "name": "Lin" }))
        .await?;
    println!("function      {response}");

    let todos = app.mysql();
    for title in ["milk", "bread", "tea"] {
        todos
            .from("todos")
            .insert(&NewTodo {
                title,
                done: title == "tea",
            })
            .await?;
    }
    let open: Vec<Todo> = todos
        .from("todos")
        .select("id,title")
        .eq("done", false)
        .order(desc("id"))
        .limit(20)
        .await?;
    for todo in &open {
        println!("todo          {} {}", todo.id, todo.title);
    }
    todos
        .from("todos")
        .update(&json!({ "done": true }))
        .eq("title", "milk")
        .await?;
    let left = todos.from("todos").count().eq("done", false).await?;
    println!("todos left    {left}");
    todos
        .from("todos")
        .delete()
        .in_("title", ["milk", "bread", "tea"])
        .await?;

    let object = app
        .storage()
        .upload("notes/hello.txt", "Hello from Rust!")
        .content_type("text/plain")
        .on_progress(|progress| match progress.total {
            Some(total) => println!("uploading     {} of {total} bytes", progress.sent),
            None => println!("uploading     {} bytes", progress.sent),
        })
        .await?;
    let content = app.storage().download(&object.file_id).await?;
    println!("downloaded    {}", std::str::from_utf8(&content)?);
    let url = app
        .storage()
        .signed_url(&object.file_id, Duration::from_secs(600))
        .await?;
    println!(
        "signed URL    {}",
        url.split('?').next().unwrap_or_default()
    );
    app.storage().remove([&object.file_id]).await?;

    app.auth().sign_out().await?;
    match app.auth().session().await? {
        Some(session) => anyhow::bail!("still signed in as {}", session.sub()),
        None => println!("signed out    no session is left"),
    }
    Ok(())
}

async fn start_emulator() -> anyhow::Result<Emulator> {
    let emulator = Emulator::builder()
        .schema_sql(SCHEMA)
        .table_permission("todos", TablePermission::OwnerOnly)
        .function("hello", |event, _context| async move {
            let name = event["name"].as_str().unwrap_or("world");
            Ok(json!({ "greeting": format!("Hello, {name}!") }))
        })
        .start()
        .await?;
    Ok(emulator)
}

fn ask(question: &str) -> std::io::Result<String> {
    print!("{question}");
    std::io::Write::flush(&mut std::io::stdout())?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(line.trim().to_owned())
}
