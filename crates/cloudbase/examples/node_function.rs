//! Runs a cloud function of yours, written for Node.js, on this machine and calls it.
//!
//! The emulator starts it under `@cloudbase/functions-framework`, as cloud hosting does. Needs
//! Node.js 18 or later; the framework is fetched by `npx` at the first run.
//!
//! ```text
//! cargo run -p cloudbase --example node_function --features functions -- ./functions/hello
//! ```
//!
//! Without a folder it writes a small function into a temporary one.

#![allow(clippy::print_stdout)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use cloudbase::prelude::*;
use cloudbase_emulator::{Emulator, Function, LocalCommand};
use serde_json::{Value, json};

const FUNCTION: &str = r#"
exports.main = async (event, context) => {
  return { greeting: `Hello, ${event.name}, from Node.js ${process.version}` };
};
"#;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let folder = match std::env::args().nth(1) {
        Some(folder) => PathBuf::from(folder),
        None => small_function()?,
    };
    let function = Function::command(
        LocalCommand::new("npx")
            .args([
                "--yes",
                "--package",
                "@cloudbase/functions-framework",
                "tcb-ff",
            ])
            .args(["--source", "."])
            .dir(&folder)
            .ready_within(Duration::from_secs(120)),
    )
    .timeout(Duration::from_secs(150));
    let emulator = Emulator::builder()
        .function_with("hello", function)
        .start()
        .await?;
    let app = CloudBase::builder(emulator.env_id())
        .endpoint(emulator.endpoint())
        .access_key(emulator.publishable_key())
        .build()?;

    let response = app
        .functions()
        .call("hello")
        .json(&json!({ "name": "Lin" }))
        .timeout(Duration::from_secs(150))
        .await?;
    println!("{}", response.json::<Value>()?);
    emulator.shutdown().await;
    Ok(())
}

fn small_function() -> std::io::Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("cloudbase-function-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    write(&folder, "index.js", FUNCTION)?;
    write(
        &folder,
        "package.json",
        "{ \"name\": \"hello\", \"version\": \"1.0.0\", \"main\": \"index.js\" }",
    )?;
    Ok(folder)
}

fn write(folder: &Path, name: &str, content: &str) -> std::io::Result<()> {
    std::fs::write(folder.join(name), content)
}
