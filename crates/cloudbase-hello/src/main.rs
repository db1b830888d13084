//! Signs in, calls one function and prints what it returns: the smallest program that is of use.
#![expect(clippy::print_stdout, reason = "a command-line program")]

use cloudbase::prelude::*;
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(email), Some(password)) = (arguments.next(), arguments.next()) else {
        return Err("usage: cloudbase-hello EMAIL PASSWORD".into());
    };
    // The environment is named by `CLOUDBASE_ENV_ID` and its companions.
    let app = CloudBase::from_env()?;
    app.auth()
        .sign_in_with_password(Password::email(email, password))
        .await?;
    let greeting: Value = app
        .call_function("hello", &json!({ "name": "Lin" }))
        .await?;
    println!("{greeting}");
    Ok(())
}
