//! Rows and records as the JSON that is sent: one serializer for values of every kind.

use cloudbase_core::{Error, ErrorKind, Result, to_json};
use serde::Serialize;
use serde_json::value::RawValue;

/// `value` as JSON; `argument` is what the caller knows it as.
pub(crate) fn json_of<T: Serialize + ?Sized>(argument: &str, value: &T) -> Result<String> {
    let json = to_json(argument, value)?;
    String::from_utf8(json).map_err(|_| {
        let message = format!("`{argument}` cannot be written as JSON: it is not UTF-8");
        Error::new(ErrorKind::Encode, message)
    })
}

/// Checks that each member of the list `json` is an object; `rule` is what the argument must be.
pub(crate) fn check_members(argument: &str, json: &str, rule: &str) -> Result<()> {
    let members: Vec<&RawValue> = serde_json::from_str(json).map_err(|error| {
        let message = format!("`{argument}` cannot be written as JSON: {error}");
        Error::new(ErrorKind::Encode, message)
    })?;
    let odd = |member: &&RawValue| !member.get().starts_with('{');
    match members.iter().position(odd) {
        None => Ok(()),
        Some(at) => Err(Error::argument(
            argument,
            format_args!("{rule}; `[{at}]` is neither"),
        )),
    }
}
