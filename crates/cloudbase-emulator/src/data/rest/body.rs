//! Request bodies: objects whose values keep their digits.

use std::collections::HashMap;

use serde_json::value::RawValue;

use crate::data::error::DataError;

/// One row as it was sent.
pub(super) type Row = HashMap<String, Box<RawValue>>;

/// One object or an array of objects.
pub(super) fn rows(body: &[u8]) -> Result<(Vec<Row>, bool), DataError> {
    let many = body.trim_ascii_start().first() == Some(&b'[');
    let parsed = if many {
        serde_json::from_slice::<Vec<Row>>(body)
    } else {
        serde_json::from_slice::<Row>(body).map(|row| vec![row])
    };
    Ok((parsed.map_err(|error| unreadable(&error))?, many))
}

/// One object.
pub(super) fn object(body: &[u8]) -> Result<Row, DataError> {
    serde_json::from_slice(body).map_err(|error| unreadable(&error))
}

fn unreadable(error: &serde_json::Error) -> DataError {
    DataError::invalid_param(format!("the body is not what a row is, an object: {error}"))
}
