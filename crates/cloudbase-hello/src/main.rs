//! Signs in, calls one function and prints what it answers: the smallest program that is of use.
#![expect(clippy::print_stdout, reason = "a command-line program")]

use cloudbase_auth::{Auth, Password};
use cloudbase_core::ClientBuilder;
use cloudbase_functions::Functions;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The environment is named by `CLOUDBASE_ENV_ID` and its companions.
    let client = ClientBuilder::from_env().build()?;
    let mut arguments = std::env::args().skip(1);
    let (Some(email), Some(password)) = (arguments.next(), arguments.next()) else {
        return Err("usage: cloudbase-hello EMAIL PASSWORD".into());
    };
    Auth::new(client.clone())?
        .sign_in_with_password(Password::email(email, password))
        .await?;
    let answer: serde_json::Value = Functions::new(client).call("hello").await?.json()?;
    println!("{answer}");
    Ok(())
}
