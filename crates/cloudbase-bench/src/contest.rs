//! Rounds in which every contender has one turn, and what they add up to.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use futures_util::{
    FutureExt,
    future::{BoxFuture, try_join_all},
};
use rustix::time::{ClockId, clock_gettime};

use crate::arguments::Arguments;

/// Somebody who can do the work that is measured.
pub trait Contender: Send + Sync + 'static {
    /// What the report calls it.
    fn name(&self) -> String;

    /// One piece of work, checked: a response that is wrong is an error.
    fn call(&self) -> impl Future<Output = Result<()>> + Send;
}

/// How much work a turn is.
#[derive(Debug, Clone, Copy)]
struct Turn {
    tasks: usize,
    calls: usize,
}

type Runner = Box<dyn Fn(Turn) -> BoxFuture<'static, Result<()>> + Send + Sync>;

/// A contest of several contenders over several rounds.
pub struct Contest {
    title: String,
    rounds: usize,
    turn: Turn,
    contenders: Vec<(String, Runner)>,
}

impl Contest {
    /// A contest of 11 rounds, with 64 tasks at a time and 20,000 calls in a turn.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        let turn = Turn {
            tasks: 64,
            calls: 20_000,
        };
        Self {
            title: title.into(),
            rounds: 11,
            turn,
            contenders: Vec::new(),
        }
    }

    /// How many turns each contender has.
    #[must_use]
    pub fn rounds(mut self, rounds: usize) -> Self {
        self.rounds = rounds.max(1);
        self
    }

    /// As many rounds as the arguments of the program ask for, if they do.
    #[must_use]
    pub fn arguments(self, arguments: &Arguments) -> Self {
        match arguments.rounds {
            Some(rounds) => self.rounds(rounds),
            None => self,
        }
    }

    /// How many tasks call at the same time.
    #[must_use]
    pub fn tasks(mut self, tasks: usize) -> Self {
        self.turn.tasks = tasks.max(1);
        self
    }

    /// How many calls a turn is, over all tasks.
    #[must_use]
    pub fn calls(mut self, calls: usize) -> Self {
        self.turn.calls = calls.max(1);
        self
    }

    /// Adds a contender. The first is the one that the others are compared with.
    #[must_use]
    pub fn enter(mut self, contender: impl Contender) -> Self {
        let name = contender.name();
        let contender = Arc::new(contender);
        // Boxed once a turn, not once a call.
        let runner: Runner = Box::new(move |turn| take_turn(contender.clone(), turn).boxed());
        self.contenders.push((name, runner));
        self
    }

    /// Holds all rounds, after one that warms up and is not counted.
    ///
    /// # Errors
    ///
    /// The first call that fails.
    pub async fn run(self) -> Result<Outcome> {
        ensure!(
            !self.contenders.is_empty(),
            "nobody has entered `{}`",
            self.title
        );
        let mut scores: Vec<_> = self
            .contenders
            .iter()
            .map(|(name, _)| Score {
                name: name.clone(),
                rates: Vec::new(),
                costs: Vec::new(),
            })
            .collect();
        for round in 0..=self.rounds {
            for step in 0..self.contenders.len() {
                // Whoever comes first in a round may find the machine in another state than the last.
                let index = (round + step) % self.contenders.len();
                let (name, runner) = &self.contenders[index];
                let started = (Instant::now(), cpu_time());
                runner(self.turn)
                    .await
                    .with_context(|| format!("{name} failed"))?;
                let (elapsed, used) = (started.0.elapsed(), cpu_time().saturating_sub(started.1));
                if round > 0 {
                    let calls = self.turn.calls as f64;
                    scores[index].rates.push(calls / elapsed.as_secs_f64());
                    scores[index].costs.push(used.as_secs_f64() / calls);
                }
            }
        }
        Ok(Outcome {
            title: self.title,
            scores,
        })
    }
}

impl fmt::Debug for Contest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.contenders.iter().map(|(name, _)| name).collect();
        f.debug_struct("Contest")
            .field("title", &self.title)
            .field("rounds", &self.rounds)
            .field("turn", &self.turn)
            .field("contenders", &names)
            .finish()
    }
}

/// What one contender reached, round by round.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Score {
    /// What the contender calls itself.
    pub name: String,
    /// Calls per second.
    pub rates: Vec<f64>,
    /// Seconds of processor time of this process per call.
    pub costs: Vec<f64>,
}

/// One figure relative to another of the same round.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Ratio {
    /// The middle of the rounds.
    pub median: f64,
    /// A quarter of the rounds is below.
    pub low: f64,
    /// A quarter of the rounds is above.
    pub high: f64,
}

impl Ratio {
    /// Compares round by round, so that what disturbs a round disturbs both sides.
    fn of(own: &[f64], other: &[f64]) -> Self {
        Self::over(
            own.iter()
                .zip(other)
                .map(|(own, other)| own / other)
                .collect(),
        )
    }

    fn over(mut figures: Vec<f64>) -> Self {
        figures.sort_by(f64::total_cmp);
        let at = |part: f64| {
            let index = ((figures.len().saturating_sub(1)) as f64 * part).round() as usize;
            figures.get(index).copied().unwrap_or(f64::NAN)
        };
        Self {
            median: at(0.5),
            low: at(0.25),
            high: at(0.75),
        }
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.2} ({:.2} to {:.2})",
            self.median, self.low, self.high
        )
    }
}

/// The end of a contest.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Outcome {
    title: String,
    /// In the order of entry.
    pub scores: Vec<Score>,
}

impl Outcome {
    /// The rate of one contender relative to another's; more is better.
    ///
    /// # Errors
    ///
    /// One of the two has not taken part.
    pub fn rate_ratio(&self, own: &str, other: &str) -> Result<Ratio> {
        Ok(Ratio::of(
            &self.score(own)?.rates,
            &self.score(other)?.rates,
        ))
    }

    /// The processor time of one contender relative to another's; less is better.
    ///
    /// # Errors
    ///
    /// One of the two has not taken part.
    pub fn cost_ratio(&self, own: &str, other: &str) -> Result<Ratio> {
        Ok(Ratio::of(
            &self.score(own)?.costs,
            &self.score(other)?.costs,
        ))
    }

    fn score(&self, name: &str) -> Result<&Score> {
        self.scores
            .iter()
            .find(|score| score.name == name)
            .with_context(|| format!("{name} did not take part in `{}`", self.title))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.scores.first() else {
            return Ok(());
        };
        let widest = self
            .scores
            .iter()
            .map(|score| score.name.len())
            .max()
            .unwrap_or_default();
        writeln!(
            f,
            "{}, {} rounds, relative to {}:",
            self.title,
            first.rates.len(),
            first.name
        )?;
        for score in &self.scores {
            let rate = Ratio::over(score.rates.clone()).median;
            let cost = Ratio::over(score.costs.clone()).median * 1e6;
            writeln!(
                f,
                "  {:widest$}  rate {}  processor time {}  [{rate:.0}/s, {cost:.1} µs]",
                score.name,
                Ratio::of(&score.rates, &first.rates),
                Ratio::of(&score.costs, &first.costs),
            )?;
        }
        Ok(())
    }
}

async fn take_turn(contender: Arc<impl Contender>, turn: Turn) -> Result<()> {
    let tasks = (0..turn.tasks).map(|task| {
        let contender = contender.clone();
        // The first tasks take what does not divide evenly.
        let calls = turn.calls / turn.tasks + usize::from(task < turn.calls % turn.tasks);
        tokio::spawn(async move {
            for _ in 0..calls {
                contender.call().await?;
            }
            Ok::<_, anyhow::Error>(())
        })
    });
    for finished in try_join_all(tasks).await? {
        finished?;
    }
    Ok(())
}

/// Processor time of all threads of this process; the server's is not in it.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or_default(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    struct Counting(&'static str, Arc<AtomicUsize>);

    impl Contender for Counting {
        fn name(&self) -> String {
            self.0.to_owned()
        }

        async fn call(&self) -> Result<()> {
            self.1.fetch_add(1, Ordering::Relaxed);
            Ok(())
        }
    }

    struct Failing;

    impl Contender for Failing {
        fn name(&self) -> String {
            "failing".to_owned()
        }

        async fn call(&self) -> Result<()> {
            anyhow::bail!("wrong response")
        }
    }

    #[tokio::test]
    async fn every_contender_has_every_turn() {
        let (one, two) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let outcome = Contest::new("count")
            .rounds(3)
            .tasks(4)
            .calls(10)
            .enter(Counting("one", one.clone()))
            .enter(Counting("two", two.clone()))
            .run()
            .await
            .unwrap();
        // Three rounds and the one that warms up.
        assert_eq!(
            (one.load(Ordering::Relaxed), two.load(Ordering::Relaxed)),
            (40, 40)
        );
        assert!(outcome.scores.iter().all(|score| score.rates.len() == 3));
        assert!(outcome.rate_ratio("one", "three").is_err());
    }

    #[tokio::test]
    async fn a_wrong_response_ends_the_contest() {
        let error = Contest::new("fail")
            .calls(1)
            .enter(Failing)
            .run()
            .await
            .unwrap_err();
        assert_eq!(format!("{error:#}"), "failing failed: wrong response");
    }

    #[test]
    fn a_ratio_is_taken_round_by_round() {
        let ratio = Ratio::of(&[1.0, 20.0, 3.0, 8.0, 5.0], &[1.0, 10.0, 1.0, 2.0, 1.0]);
        assert_eq!(
            ratio,
            Ratio {
                median: 3.0,
                low: 2.0,
                high: 4.0
            }
        );
    }
}
