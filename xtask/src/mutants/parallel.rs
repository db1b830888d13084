//! One piece of work after the other on each processor.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use anyhow::Result;

/// What `work` makes of each item, in their order.
pub(super) fn map<T: Sync, R: Send>(
    items: &[T],
    work: impl Fn(usize, &T) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    let next = AtomicUsize::new(0);
    let done: Vec<_> = items.iter().map(|_| Mutex::new(None)).collect();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(number) else { break };
                    let result = work(number, item);
                    // What has failed fails as a whole: the others need not be done.
                    if result.is_err() {
                        next.store(items.len(), Ordering::Relaxed);
                    }
                    *done[number].lock().expect("no worker panics with the lock") = Some(result);
                }
            });
        }
    });
    // Where one has failed, those after it may be missing.
    done.into_iter()
        .filter_map(|result| result.into_inner().expect("no worker panics with the lock"))
        .collect()
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    #[test]
    fn results_keep_the_order() {
        let doubled = map(&[1, 2, 3], |_, number| Ok(number * 2)).unwrap();
        assert_eq!(doubled, [2, 4, 6]);
    }

    #[test]
    fn one_failure_fails_the_whole() {
        let result = map(&[1, 2, 3], |_, number| match number {
            2 => bail!("no"),
            _ => Ok(()),
        });
        assert!(result.is_err());
    }
}
