//! Random schedules of real processes that share a store: loads, saves and locks that fail, pauses past
//! the lock, kills, refreshes that are rejected, sign-ins and sign-outs. In one process and paused time: `session::schedule_tests`.

use fastrand::Rng;

use super::*;

const SCHEDULES: u64 = 50;
const STEPS: usize = 7;
const WORKERS: usize = 3;

/// A process that follows commands.
struct Obedient {
    worker: Worker,
    /// How many refreshes it has not reported yet.
    refreshes: usize,
    /// Whether its store cannot load.
    is_blind: bool,
    /// Its sign-in or sign-out that the store could not take.
    unsaved: Option<Unsaved>,
}

struct Unsaved {
    step: usize,
    who: Option<String>,
    /// What the store held then could not be read: whatever it holds may be newer, and counts.
    is_blind: bool,
}

impl Obedient {
    async fn start(emulator: &Emulator, place: &Place) -> Self {
        let mut this = Self {
            worker: Worker::start("obey", emulator.endpoint(), place),
            refreshes: 0,
            is_blind: false,
            unsaved: None,
        };
        assert_eq!(this.worker.line().await, "ready");
        this
    }

    async fn send(&mut self, command: &str) {
        let stdin = self.worker.child.stdin.as_mut().unwrap();
        let line = format!("{command}\n");
        stdin.write_all(line.as_bytes()).await.unwrap();
    }

    /// What it says to the last command; it does one after the other.
    async fn hear(&mut self) -> String {
        self.finish().await;
        self.worker.line().await
    }

    /// Waits for its refreshes.
    async fn finish(&mut self) {
        for _ in 0..std::mem::take(&mut self.refreshes) {
            self.worker.line().await;
        }
    }

    async fn ask(&mut self, command: &str) -> String {
        self.send(command).await;
        self.hear().await
    }

    async fn signal(&self, signal: &str) {
        let id = self.worker.child.id().unwrap().to_string();
        let sent = Command::new("kill").args([signal, &id]).status().await;
        assert!(sent.unwrap().success());
    }
}

async fn emulator() -> Emulator {
    let mut emulator = Emulator::builder()
        .env_id("auth-tests")
        .max_sessions(100)
        .refresh_reuse(RefreshReuse::Grace(Duration::from_secs(600)));
    for n in 1..=STEPS {
        emulator = emulator.user(NewUser::username(format!("u{n}")).password(PASSWORD));
    }
    emulator.start().await.unwrap()
}

async fn stored(place: &Place) -> Option<String> {
    let json = place.open().load(KEY).await.unwrap()?;
    let session = Session::from_json(json.expose_secret()).unwrap();
    Some(session.sub().to_owned())
}

/// Lets a refresh get to some point, before its beginning or after its end included.
async fn somewhere(rng: &mut Rng) {
    tokio::time::sleep(Duration::from_micros(rng.u64(0..15_000))).await;
}

/// Stops a process that waits for the response to its refresh, with the lock; nothing if it has none
/// to refresh. The response comes when the gate is opened.
async fn pause_in_a_refresh(
    which: usize,
    emulator: &Emulator,
    workers: &mut [Obedient],
) -> Option<Gate> {
    for worker in workers.iter_mut() {
        worker.finish().await;
    }
    let gate = Gate::new();
    let held = Fault::on(REFRESH).times(1).hold(&gate);
    emulator.faults().add(held);
    let worker = &mut workers[which];
    worker.send("refresh").await;
    tokio::select! {
        () = gate.waiting(1) => {}
        _ = worker.worker.line() => {
            gate.open();
            return None;
        }
    }
    worker.refreshes += 1;
    worker.signal("-STOP").await;
    Some(gate)
}

/// A sign-in or sign-out as a command, and who is signed in by it.
fn change(is_in: bool, step: usize, emulator: &Emulator) -> (String, Option<String>) {
    if !is_in {
        return ("out".to_owned(), None);
    }
    let name = format!("u{step}");
    let id = emulator.users().find(&name).unwrap().id;
    (format!("in {name}"), Some(id))
}

/// One schedule. `outlives` says that a lock outlives its paused holder.
async fn run(
    seed: u64,
    emulator: &Emulator,
    place: &Place,
    outlives: bool,
    workers: &mut Vec<Obedient>,
) {
    let mut rng = Rng::with_seed(seed);
    let mut log = vec![format!("schedule {seed}")];
    for worker in workers.iter_mut() {
        (worker.is_blind, worker.unsaved) = (false, None);
        let opened = worker
            .ask(&format!("open {} {}", place.store, place.prefix))
            .await;
        assert_eq!(opened, "opened");
    }
    // The step of the last sign-in or sign-out that the store has taken, and who is signed in by it.
    let mut last: (usize, Option<String>) = (0, None);
    // The last one that was cut short, which may come into force or leave a mark.
    let mut cut: (usize, Option<String>) = (0, None);
    for step in 1..=STEPS {
        let which = rng.usize(..WORKERS);
        let other = (which + rng.usize(1..WORKERS)) % WORKERS;
        match rng.u32(0..13) {
            chosen @ 0..=4 => {
                // Another process is refreshing, and paused in the midst of it.
                let mut paused = None;
                if rng.bool() && last.1.is_some() {
                    log.push(format!("{other} refreshes, paused"));
                    paused = pause_in_a_refresh(other, emulator, workers).await;
                }
                let worker = &mut workers[which];
                let (command, who) = change(chosen < 4, step, emulator);
                log.push(format!("{which} {command} ({who:?})"));
                worker.send(&command).await;
                let mut said = None;
                if !outlives {
                    said = Some(workers[which].hear().await);
                }
                if let Some(gate) = paused {
                    workers[other].signal("-CONT").await;
                    gate.open();
                }
                let said = match said {
                    Some(said) => said,
                    None => workers[which].hear().await,
                };
                let worker = &mut workers[which];
                worker.unsaved = None;
                if stored(place).await == who {
                    last = (step, who);
                } else {
                    log.push(format!("unsaved, {said}"));
                    let is_blind = worker.is_blind;
                    worker.unsaved = Some(Unsaved {
                        step,
                        who,
                        is_blind,
                    });
                }
            }
            5..=7 => {
                let what = ["load", "save", "lock"][rng.usize(..3)];
                let said = workers[which].ask(what).await;
                log.push(format!("{which} fails to {said}"));
                if what == "load" {
                    workers[which].is_blind = said.ends_with("true");
                }
            }
            8 => {
                log.push(format!("{which} refreshes, rejected"));
                let rejection = Fault::on(REFRESH).times(1);
                let rejection = rejection.status(400, "invalid_grant");
                let rejection = emulator.faults().add(rejection);
                workers[which].ask("refresh").await;
                emulator.faults().remove(rejection);
            }
            9 => {
                log.push(format!("{which} refreshes"));
                workers[which].send("refresh").await;
                workers[which].refreshes += 1;
            }
            kind => {
                let (command, who) = match kind {
                    10 => ("refresh".to_owned(), None),
                    _ => change(rng.bool(), step, emulator),
                };
                log.push(format!("{which} {command} ({who:?}), killed"));
                workers[which].send(&command).await;
                somewhere(&mut rng).await;
                workers.swap_remove(which).worker.kill().await;
                let mut fresh = Obedient::start(emulator, place).await;
                fresh
                    .ask(&format!("open {} {}", place.store, place.prefix))
                    .await;
                workers.push(fresh);
                if kind > 10 {
                    cut = (step, who);
                }
            }
        }
    }
    // Each looks at the store, and tries again what that could not take.
    for worker in workers.iter_mut() {
        assert_eq!(worker.ask("mend").await, "mended");
    }
    for _ in 0..2 {
        for worker in workers.iter_mut() {
            worker.ask("settle").await;
        }
    }
    let end = stored(place).await;
    let unsaved = workers.iter().filter_map(|worker| worker.unsaved.as_ref());
    let newer: Vec<_> = unsaved.filter(|unsaved| unsaved.step > last.0).collect();
    let mut may_win: Vec<_> = newer.iter().map(|unsaved| unsaved.who.clone()).collect();
    let is_cut = cut.0 > last.0;
    if newer.iter().all(|unsaved| unsaved.is_blind || is_cut) {
        may_win.push(last.1);
    }
    if is_cut {
        may_win.push(cut.1);
    }
    assert!(
        may_win.contains(&end),
        "{end:?} and none of {may_win:?}: {log:#?}"
    );
    let expected = format!("who {}", end.as_deref().unwrap_or("-"));
    for worker in workers.iter_mut() {
        assert_eq!(worker.ask("who").await, expected, "{log:#?}");
    }
}

#[tokio::test]
async fn in_files_the_last_to_sign_in_or_out_wins_and_nobody_comes_back() {
    let directory = tempfile::tempdir().unwrap();
    let emulator = emulator().await;
    let mut workers = Vec::new();
    for seed in 0..SCHEDULES {
        let place = Place::directory(&directory.path().join(seed.to_string()));
        while workers.len() < WORKERS {
            workers.push(Obedient::start(&emulator, &place).await);
        }
        run(seed, &emulator, &place, true, &mut workers).await;
    }
}

#[tokio::test]
async fn in_redis_the_last_to_sign_in_or_out_wins_and_nobody_comes_back() {
    let emulator = emulator().await;
    let mut workers = Vec::new();
    for seed in 0..SCHEDULES {
        let Some(place) = Place::redis(&format!("schedule-{seed}")) else {
            return;
        };
        while workers.len() < WORKERS {
            workers.push(Obedient::start(&emulator, &place).await);
        }
        run(seed, &emulator, &place, false, &mut workers).await;
    }
}
