//! Random schedules of processes that share one store: loads, saves and locks that fail, before their
//! work or after it, pauses past the lock, kills, refreshes that are rejected, sign-ins and sign-outs.
//! Processes are clients here, and time is paused.
//!
//! A failure prints its seed; `CLOUDBASE_SCHEDULE_SEED=<seed>` runs that schedule alone, and
//! `CLOUDBASE_SCHEDULE_SEED=<first>..<end>` many of them.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod place;
mod service;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use fastrand::Rng;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use self::place::{Place, View};
pub(super) use self::service::Service;
use crate::{Auth, Password};

pub(super) const KEY: &str = "credentials_schedule-env";

/// Who is signed in, or nobody.
type Who = Option<String>;

struct Process {
    auth: Auth,
    view: View,
    refreshes: Vec<JoinHandle<()>>,
    unsaved: Option<Unsaved>,
}

/// A sign-in or sign-out that the store could not take.
#[derive(Clone, Debug)]
struct Unsaved {
    number: usize,
    who: Who,
    /// What the store held then could not be read: whatever it holds may be newer, and counts.
    is_blind: bool,
}

impl Process {
    fn start(place: &Place, service: &Arc<Service>, rng: &mut Rng) -> Self {
        let view = View::of(place, rng.fork());
        let auth = service.auth(Arc::new(view.clone()), view.is_dead.clone());
        Self {
            auth,
            view,
            refreshes: Vec::new(),
            unsaved: None,
        }
    }

    fn blind(&self) -> u32 {
        self.view.fails.blind.load(Ordering::SeqCst)
    }
}

/// A sign-in or sign-out, and whether it has said that all is well.
fn change(auth: Auth, who: Who) -> JoinHandle<bool> {
    tokio::spawn(async move {
        match who {
            Some(name) => {
                let password = Password::username(name, "Passw0rd!");
                auth.sign_in_with_password(password).await.is_ok()
            }
            None => auth.sign_out().await.is_ok(),
        }
    })
}

/// What is known of the changes so far.
#[derive(Default)]
struct Known {
    /// The number of the last sign-in or sign-out that the store has taken, and who is signed in by it.
    stored: (usize, Who),
    /// The number of the last one that was not acknowledged: it may have left a mark.
    unacknowledged: usize,
    log: Vec<String>,
}

async fn stored(place: &Place) -> Who {
    let session = place.session().await;
    session.map(|session| session.sub().to_owned())
}

/// One schedule; what is wrong with its end, if anything.
async fn run(seed: u64) -> Result<(), String> {
    fastrand::seed(seed);
    let mut rng = Rng::with_seed(seed);
    let place = Place::default();
    let service = Service::new(rng.fork());
    service.rejects(10);
    let count = rng.usize(2..=4);
    let mut processes: Vec<_> = (0..count)
        .map(|_| Process::start(&place, &service, &mut rng))
        .collect();
    let mut known = Known::default();
    for number in 1..=rng.usize(6..=14) {
        let which = rng.usize(..count);
        let process = &mut processes[which];
        match rng.u32(0..16) {
            kind @ 0..=4 => {
                let who = (kind < 4).then(|| format!("u{number}"));
                let (before, blind) = (stored(&place).await, process.blind());
                let mut changing = change(process.auth.clone(), who.clone());
                let is_killed = rng.u32(0..5) == 0;
                let limit = Duration::from_millis(if is_killed { rng.u64(0..250) } else { 60_000 });
                let outcome = timeout(limit, &mut changing).await;
                known.log.push(format!("{which} to {who:?}: {outcome:?}"));
                if outcome.is_err() {
                    process.view.is_dead.store(true, Ordering::SeqCst);
                }
                let is_blind = process.blind() > blind;
                let is_well = outcome.map(Result::unwrap);
                let there = stored(&place).await;
                // A sign-out that was cut short with nobody to sign out may not have begun.
                let has_taken = there == who && (is_well.is_ok() || before != there);
                // A sign-in that says that it was overtaken, or nothing, does not count.
                if is_well != Ok(true) {
                    known.unacknowledged = number;
                }
                process.unsaved = None;
                if has_taken {
                    known.stored = (number, who);
                } else if is_well == Ok(true) || who.is_none() {
                    process.unsaved = Some(Unsaved {
                        number,
                        who,
                        is_blind,
                    });
                }
                if is_well.is_err() {
                    *process = Process::start(&place, &service, &mut rng);
                }
            }
            5..=8 => {
                known.log.push(format!("{which} refresh"));
                let auth = process.auth.clone();
                process.refreshes.push(tokio::spawn(async move {
                    // Who has been signed out by another one has nothing to refresh.
                    let _ = auth.refresh_session().await;
                }));
            }
            9..=12 => {
                let fails = &process.view.fails;
                let (what, flag) = match rng.u32(0..3) {
                    0 => ("save", &fails.save),
                    1 => ("load", &fails.load),
                    _ => ("lock", &fails.lock),
                };
                let fails = !flag.fetch_not(Ordering::SeqCst);
                known.log.push(format!("{which} fails to {what}: {fails}"));
            }
            13 => {
                known.log.push(format!("{which} killed"));
                process.view.is_dead.store(true, Ordering::SeqCst);
                *process = Process::start(&place, &service, &mut rng);
            }
            _ => sleep(Duration::from_millis(rng.u64(0..70))).await,
        }
    }
    service.rejects(0);
    for process in &mut processes {
        process.view.fails.mend();
        for refresh in process.refreshes.drain(..) {
            refresh.await.unwrap();
        }
    }
    // Each looks at the store, and tries again what that could not take.
    for _ in 0..3 {
        for process in &processes {
            sleep(Duration::from_secs(6)).await;
            process.auth.reload_session();
            let _ = process.auth.session().await;
            let _ = process.auth.refresh_session().await;
        }
    }
    check(&place, &service, &known, &processes).await
}

async fn check(
    place: &Place,
    service: &Service,
    known: &Known,
    processes: &[Process],
) -> Result<(), String> {
    let log = &known.log;
    let end = stored(place).await;
    let unsaved = processes.iter().filter_map(|it| it.unsaved.as_ref());
    let newer: Vec<_> = unsaved.filter(|it| it.number > known.stored.0).collect();
    let mut may_win: Vec<Who> = newer.iter().map(|it| it.who.clone()).collect();
    let is_uncertain = |it: &&Unsaved| it.is_blind || known.unacknowledged > known.stored.0;
    if newer.iter().all(is_uncertain) {
        may_win.push(known.stored.1.clone());
    }
    // The service may have ended what won.
    let is_rejected = |who: &Who| {
        who.as_deref()
            .is_some_and(|name| service.has_rejected(name))
    };
    if may_win.iter().any(is_rejected) {
        may_win.push(None);
    }
    if !may_win.contains(&end) {
        return Err(format!("{end:?} instead of {may_win:?}: {log:#?}"));
    }
    for (which, process) in processes.iter().enumerate() {
        process.auth.reload_session();
        let session = process.auth.session().await.unwrap();
        let session = session.map(|session| session.sub().to_owned());
        if session != end {
            return Err(format!("{which} is {session:?} and not {end:?}: {log:#?}"));
        }
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_last_sign_in_or_sign_out_wins_and_nobody_comes_back() {
    let only = std::env::var("CLOUDBASE_SCHEDULE_SEED").unwrap_or_else(|_| "0..1000".to_owned());
    let seeds = match only.split_once("..") {
        Some((first, end)) => first.parse().unwrap()..end.parse().unwrap(),
        None => only.parse().unwrap()..only.parse::<u64>().unwrap() + 1,
    };
    for seed in seeds {
        if let Err(wrong) = run(seed).await {
            panic!("schedule {seed}: {wrong}");
        }
    }
}
