//! What a MySQL server reports, in the gateway's terms.

use mysql_async::Error;

use crate::data::error::{Cause, DataError};

/// The failure of a statement or a connection; without an address or a password.
pub(super) fn translate(error: Error) -> DataError {
    match error {
        Error::Server(error) => DataError::database(cause(error.code), error.message),
        Error::Io(error) => {
            DataError::unreachable(format!("could not reach the MySQL server: {error}"))
        }
        other => DataError::unreachable(format!("the MySQL connection failed: {other}")),
    }
}

/// The server's error numbers, by what the caller can do about them.
fn cause(number: u16) -> Cause {
    match number {
        1062 | 1169 | 1586 => Cause::Duplicate,
        1216 | 1217 | 1451 | 1452 | 1557 => Cause::ForeignKey,
        // A lock or the statement itself took too long, or the statement was stopped.
        1205 | 1317 | 1907 | 1969 | 3024 => Cause::Timeout,
        // A deadlock's victim; a row that another transaction changed first.
        1020 | 1213 | 1613 | 1614 | 3058 | 3572 => Cause::Conflict,
        // Too many connections, of all users or of this one; limits of an account; memory, threads.
        1037 | 1038 | 1040 | 1041 | 1135 | 1203 | 1226 => Cause::Overload,
        // The server goes away, or the connection was killed.
        1053 | 1077 | 1927 | 3169 | 4031 => Cause::Unreachable,
        // No room left, or a damaged or crashed table.
        1021 | 1026 | 1030 | 1034 | 1114 | 1194 | 1195 => Cause::Storage,
        _ => Cause::Other,
    }
}
