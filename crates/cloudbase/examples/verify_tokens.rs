//! A server that many users call: it verifies their access tokens without a call to the service, and
//! acts for each of them on the same connections.
//!
//! Without configuration it starts the emulator within this process and plays three callers. With
//! `CLOUDBASE_ENV_ID` and `CLOUDBASE_JWKS_URL` it judges the tokens that it reads, one a line.

#![allow(clippy::print_stdout)]

use cloudbase::auth::{ExposeSecret as _, TokenFault, TokenVerifier};
use cloudbase::prelude::*;
use cloudbase_emulator::{Emulator, NewUser};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    if std::env::var_os("CLOUDBASE_ENV_ID").is_some() {
        let app = CloudBase::from_env()?;
        let verifier =
            TokenVerifier::builder(app.client().clone(), std::env::var("CLOUDBASE_JWKS_URL")?)
                .build()?;
        for line in std::io::stdin().lines() {
            println!("{}", serve(&app, &verifier, line?.trim()).await?);
        }
        return Ok(());
    }

    let emulator = Emulator::builder()
        .user(NewUser::username("lin").password("Passw0rd!").name("Lin"))
        .user(NewUser::username("mei").password("Passw0rd!").name("Mei"))
        .start()
        .await?;
    let app = CloudBase::builder(emulator.env_id())
        .endpoint(emulator.endpoint())
        .build()?;
    let keys = format!("{}/__emulator/jwks.json", emulator.endpoint());
    let verifier = TokenVerifier::builder(app.client().clone(), keys).build()?;

    for name in ["lin", "mei"] {
        // What the user's phone does.
        let phone = CloudBase::builder(emulator.env_id())
            .endpoint(emulator.endpoint())
            .access_key(emulator.publishable_key())
            .build()?;
        let signed_in = phone
            .auth()
            .sign_in_with_password(Password::username(name, "Passw0rd!"))
            .await?;
        let bearer = signed_in.session.access_token().expose_secret().to_owned();
        println!("{}", serve(&app, &verifier, &bearer).await?);
        // Somebody who has no key.
        let signed = bearer.rsplit_once('.').map_or("", |(signed, _)| signed);
        let forged = format!("{signed}.{}", "A".repeat(342));
        println!("{}", serve(&app, &verifier, &forged).await?);
    }
    println!("{}", serve(&app, &verifier, "made up").await?);
    Ok(())
}

/// Responds to one request that came with this token.
async fn serve(app: &CloudBase, verifier: &TokenVerifier, bearer: &str) -> anyhow::Result<String> {
    let claims = match verifier.verify(bearer).await {
        Ok(claims) => claims,
        Err(error) => {
            return match TokenFault::of(&error) {
                Some(fault) => Ok(format!("401           {fault}")),
                None => Err(error.into()),
            };
        }
    };
    let theirs = app.for_user(bearer)?;
    let updated = theirs.auth().refresh_user().await?;
    let name = updated.user.user_metadata.name.unwrap_or_default();
    Ok(format!(
        "200           {name} ({})",
        claims.sub.unwrap_or_default()
    ))
}
