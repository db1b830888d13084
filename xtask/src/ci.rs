//! `cargo xtask ci`: every gate in order, the quick ones first.

use anyhow::{Context, Result, bail, ensure};
use xshell::cmd;

use crate::{
    features,
    flags::Ci,
    project::{Project, timed},
    release, test, tidy,
    tools::CARGO_DENY,
};

/// One gate: what it is called, what repeats it, whether it belongs to the quick set.
struct Gate {
    name: &'static str,
    repeat: &'static str,
    fast: bool,
    run: fn(&Project) -> Result<()>,
}

const GATES: &[Gate] = &[
    Gate {
        name: "fmt",
        repeat: "cargo fmt --all --check",
        fast: true,
        run: fmt,
    },
    Gate {
        name: "tidy",
        repeat: "cargo xtask tidy",
        fast: true,
        run: tidy::run,
    },
    Gate {
        name: "tree",
        repeat: "cargo xtask features",
        fast: true,
        run: features::tree,
    },
    Gate {
        name: "clippy",
        repeat: "cargo clippy --workspace --all-targets --all-features --locked -- -D warnings",
        fast: true,
        run: clippy,
    },
    Gate {
        name: "clippy-bare",
        repeat: "cargo clippy -p cloudbase --no-default-features --locked -- -D warnings",
        fast: true,
        run: clippy_bare,
    },
    Gate {
        name: "test",
        repeat: "cargo xtask test",
        fast: false,
        run: test::run,
    },
    Gate {
        name: "defaults",
        repeat: "cargo test -p cloudbase-core --features rustls-ring,webpki-roots --lib --tests --locked",
        fast: false,
        run: defaults,
    },
    Gate {
        name: "docs",
        repeat: "RUSTDOCFLAGS='-D warnings' cargo doc --workspace --all-features --no-deps --locked",
        fast: false,
        run: docs,
    },
    Gate {
        name: "features",
        repeat: "cargo xtask features",
        fast: false,
        run: features::each,
    },
    Gate {
        name: "deny",
        repeat: "cargo xtask deny",
        fast: false,
        run: deny,
    },
    Gate {
        name: "package",
        repeat: "cargo publish --workspace --dry-run --locked --allow-dirty --target-dir <a new directory>",
        fast: false,
        run: release::package,
    },
];

pub(crate) fn run(project: &Project, options: &Ci) -> Result<()> {
    for gate in select(GATES, options)? {
        timed(gate.name, || (gate.run)(project)).with_context(|| {
            format!(
                "gate `{}` failed; repeat it with: {}",
                gate.name, gate.repeat
            )
        })?;
    }
    Ok(())
}

/// `cargo deny` without advisories: those change from day to day, and a change must not fail by the calendar.
pub(crate) fn deny(project: &Project) -> Result<()> {
    CARGO_DENY.find()?;
    cmd!(
        project.sh,
        "cargo deny --locked check bans licenses sources"
    )
    .run()?;
    Ok(())
}

fn select<'a>(gates: &'a [Gate], options: &Ci) -> Result<Vec<&'a Gate>> {
    for name in &options.skip {
        ensure!(
            gates.iter().any(|gate| gate.name == name),
            "there is no gate `{name}`; there are: {}",
            gates
                .iter()
                .map(|gate| gate.name)
                .collect::<Vec<_>>()
                .join(", ")
        );
    }
    let chosen: Vec<_> = gates
        .iter()
        .filter(|gate| gate.fast || !options.fast)
        .filter(|gate| !options.skip.iter().any(|name| name == gate.name))
        .collect();
    if chosen.is_empty() {
        bail!("every gate is left out");
    }
    Ok(chosen)
}

fn fmt(project: &Project) -> Result<()> {
    cmd!(project.sh, "cargo fmt --all --check").run()?;
    Ok(())
}

fn clippy(project: &Project) -> Result<()> {
    let sh = &project.sh;
    cmd!(
        sh,
        "cargo clippy --workspace --all-targets --all-features --locked -- -D warnings"
    )
    .run()?;
    Ok(())
}

fn clippy_bare(project: &Project) -> Result<()> {
    let sh = &project.sh;
    cmd!(
        sh,
        "cargo clippy -p cloudbase --no-default-features --locked -- -D warnings"
    )
    .run()?;
    Ok(())
}

/// The core as users have it by default, and its settings without TLS: where all features are on,
/// another verifier takes the place of the roots that are compiled in.
fn defaults(project: &Project) -> Result<()> {
    let sh = &project.sh;
    cmd!(
        sh,
        "cargo test -p cloudbase-core --features rustls-ring,webpki-roots --lib --tests --locked"
    )
    .run()?;
    cmd!(
        sh,
        "cargo test -p cloudbase-core --test config_sources --locked"
    )
    .run()?;
    Ok(())
}

fn docs(project: &Project) -> Result<()> {
    cmd!(
        project.sh,
        "cargo doc --workspace --all-features --no-deps --locked"
    )
    .env("RUSTDOCFLAGS", "-D warnings")
    .run()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(fast: bool, skip: &[&str]) -> Result<Vec<&'static str>> {
        let options = Ci {
            fast,
            skip: skip.iter().map(|&name| name.to_owned()).collect(),
        };
        Ok(select(GATES, &options)?
            .into_iter()
            .map(|gate| gate.name)
            .collect())
    }

    #[test]
    fn fast_is_a_part_of_all_and_keeps_the_order() {
        let all = names(false, &[]).unwrap();
        let fast = names(true, &[]).unwrap();
        assert!(fast.len() < all.len());
        let mut rest = all.iter();
        assert!(fast.iter().all(|name| rest.any(|other| other == name)));
    }

    #[test]
    fn a_gate_can_be_left_out_but_not_misspelt() {
        assert!(!names(false, &["deny"]).unwrap().contains(&"deny"));
        let error = names(false, &["denny"]).unwrap_err().to_string();
        assert!(
            error.contains("denny") && error.contains("package"),
            "{error}"
        );
    }
}
