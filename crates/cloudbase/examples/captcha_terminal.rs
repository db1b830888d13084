//! Signs up where the service asks for a captcha: the picture goes to a file, the answer comes from
//! the terminal.
//!
//! Without configuration it starts the emulator within this process and answers by itself. With
//! `CLOUDBASE_ENV_ID`, `CLOUDBASE_ACCESS_KEY` and `CLOUDBASE_EMAIL` it talks to the real service,
//! which asks for a captcha when it sees fit.

#![allow(clippy::print_stdout)]

use std::io::Write as _;

use cloudbase::auth::{
    BoxFuture, CaptchaAnswer, CaptchaChallenge, CaptchaHandler, ExposeSecret as _, Result,
};
use cloudbase::prelude::*;
use cloudbase_emulator::{Captcha, Emulator};

/// Asks the user at the terminal.
struct Terminal {
    /// The emulator knows what its pictures say.
    known: Option<Captcha>,
}

impl CaptchaHandler for Terminal {
    fn solve<'a>(
        &'a self,
        challenge: &'a CaptchaChallenge,
    ) -> BoxFuture<'a, Result<CaptchaAnswer>> {
        Box::pin(async move {
            let Some((media_type, picture)) = challenge.data.image() else {
                return Ok(CaptchaAnswer::Cancel);
            };
            let kind = media_type.rsplit('/').next().unwrap_or("img");
            let file = std::env::temp_dir().join(format!("captcha-{}.{kind}", std::process::id()));
            if let Err(error) = std::fs::write(&file, picture) {
                println!("the picture cannot be written: {error}");
                return Ok(CaptchaAnswer::Cancel);
            }
            if challenge.was_wrong {
                println!("that was wrong, here is another one");
            }
            println!(
                "captcha       for {} in {}",
                challenge.state,
                file.display()
            );
            let token = challenge.data.token.expose_secret();
            let answer = match self.known.as_ref().and_then(|known| known.answer(token)) {
                Some(answer) => answer,
                // Reading the terminal blocks: not on a thread that runs tasks.
                None => tokio::task::spawn_blocking(|| ask("what it says (empty: another one): "))
                    .await
                    .ok()
                    .and_then(std::io::Result::ok)
                    .unwrap_or_default(),
            };
            // A picture that has been answered is of no use to anybody.
            let _ = std::fs::remove_file(&file);
            Ok(match answer.as_str() {
                "" => CaptchaAnswer::Refresh,
                _ => CaptchaAnswer::Text(answer),
            })
        })
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let emulator = match std::env::var_os("CLOUDBASE_ENV_ID") {
        Some(_) => None,
        None => Some(Emulator::builder().start().await?),
    };
    let terminal = Terminal {
        known: emulator.as_ref().map(Emulator::captcha),
    };
    let app = match &emulator {
        Some(emulator) => {
            emulator
                .captcha()
                .demand("POST /auth/v1/verification", Some(1));
            CloudBase::builder(emulator.env_id())
                .endpoint(emulator.endpoint())
                .access_key(emulator.publishable_key())
                .captcha_handler(terminal)
                .build()?
        }
        None => cloudbase::CloudBaseBuilder::from_env()
            .captcha_handler(terminal)
            .build()?,
    };
    let email = std::env::var("CLOUDBASE_EMAIL").unwrap_or_else(|_| "lin@example.org".to_owned());
    let pending = app
        .auth()
        .sign_up(SignUp::email(&email).password("N3w-pass!"))
        .await?;
    println!("code sent     to {email}");
    let code = match &emulator {
        Some(emulator) => emulator
            .inbox()
            .code(&email)
            .ok_or_else(|| anyhow::anyhow!("no code came"))?,
        None => ask("code: ")?,
    };
    let signed_in = pending.verify(code).await?;
    println!("signed up     as {}", signed_in.user.id);
    Ok(())
}

fn ask(question: &str) -> std::io::Result<String> {
    print!("{question}");
    std::io::stdout().flush()?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(line.trim().to_owned())
}
