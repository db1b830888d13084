//! Development commands: tests, gates, measurements and releases. `cargo xtask --help` lists them.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool"
)]

mod bench;
mod budget;
mod ci;
mod features;
mod flags;
mod fuzz;
mod interop;
mod mutants;
mod project;
mod release;
mod size;
mod test;
mod tidy;
mod tools;

use std::process::ExitCode;

use clap::Parser;

use crate::{
    flags::{Command, Flags},
    project::Project,
    tools::MissingTool,
};

/// The exit status for a tool that is not installed, so that a script can distinguish it from a failed gate.
const MISSING_TOOL: u8 = 2;

fn main() -> ExitCode {
    match run(Flags::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            match error.downcast_ref::<MissingTool>() {
                Some(_) => ExitCode::from(MISSING_TOOL),
                None => ExitCode::FAILURE,
            }
        }
    }
}

fn run(flags: Flags) -> anyhow::Result<()> {
    let project = Project::open()?;
    match flags.command {
        Command::Test => test::run(&project),
        Command::Ci(options) => ci::run(&project, &options),
        Command::Tidy => tidy::run(&project),
        Command::Features => features::run(&project),
        Command::Deny => ci::deny(&project),
        Command::Interop(options) => interop::run(&project, &options),
        Command::Bench(options) => bench::run(&project, &options),
        Command::Fuzz(options) => fuzz::run(&project, &options),
        Command::Mutants(options) => mutants::run(&project, &options),
        Command::Size => size::run(&project),
        Command::Release(options) => release::run(&project, &options.step),
    }
}
