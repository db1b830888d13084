//! A session whose statements end within a limit.

use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::{Done, Rows, Session, Statement};
use crate::data::error::DataError;

/// A session that gives each statement so long and no longer. What ran too long is stopped when the
/// session is dropped, which a caller does that gets the error.
pub(super) struct Limited<S> {
    inner: S,
    limit: Duration,
}

impl<S: Session + 'static> Limited<S> {
    pub(super) fn boxed(inner: S, limit: Duration) -> Box<dyn Session> {
        Box::new(Self { inner, limit })
    }
}

async fn within<T>(
    limit: Duration,
    statement: BoxFuture<'_, Result<T, DataError>>,
) -> Result<T, DataError> {
    tokio::time::timeout(limit, statement)
        .await
        .unwrap_or_else(|_| Err(DataError::timeout(limit)))
}

impl<S: Session + 'static> Session for Limited<S> {
    fn begin(&mut self) -> BoxFuture<'_, Result<(), DataError>> {
        within(self.limit, self.inner.begin()).boxed()
    }

    fn commit(&mut self) -> BoxFuture<'_, Result<(), DataError>> {
        within(self.limit, self.inner.commit()).boxed()
    }

    fn query(&mut self, statement: Statement) -> BoxFuture<'_, Result<Rows, DataError>> {
        within(self.limit, self.inner.query(statement)).boxed()
    }

    fn execute(&mut self, statement: Statement) -> BoxFuture<'_, Result<Done, DataError>> {
        within(self.limit, self.inner.execute(statement)).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes so long for each statement.
    struct Slow(Duration);

    impl Slow {
        fn take<T: Default + Send + 'static>(&self) -> BoxFuture<'_, Result<T, DataError>> {
            async {
                tokio::time::sleep(self.0).await;
                Ok(T::default())
            }
            .boxed()
        }
    }

    impl Session for Slow {
        fn begin(&mut self) -> BoxFuture<'_, Result<(), DataError>> {
            self.take()
        }

        fn commit(&mut self) -> BoxFuture<'_, Result<(), DataError>> {
            self.take()
        }

        fn query(&mut self, _: Statement) -> BoxFuture<'_, Result<Rows, DataError>> {
            self.take()
        }

        fn execute(&mut self, _: Statement) -> BoxFuture<'_, Result<Done, DataError>> {
            self.take()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn each_statement_has_the_whole_limit() {
        let limit = Duration::from_secs(5);
        let statement = || Statement {
            sql: String::new(),
            values: Vec::new(),
        };
        let mut session = Limited::boxed(Slow(Duration::from_millis(4_999)), limit);
        session.begin().await.unwrap();
        session.query(statement()).await.unwrap();
        session.execute(statement()).await.unwrap();
        session.commit().await.unwrap();

        let mut session = Limited::boxed(Slow(Duration::from_millis(5_001)), limit);
        let started = tokio::time::Instant::now();
        let errors = [
            session.begin().await.unwrap_err(),
            session.query(statement()).await.unwrap_err(),
            session.execute(statement()).await.unwrap_err(),
            session.commit().await.unwrap_err(),
        ];
        assert_eq!(started.elapsed(), 4 * limit);
        for error in errors {
            assert_eq!((error.status, error.code), (504, "DATABASE_TIMEOUT"));
            assert_eq!(error.message, "the statement took longer than 5s");
        }
    }
}
