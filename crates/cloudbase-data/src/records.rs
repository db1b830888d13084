//! Rows and records as the JSON that is sent: one serializer for values of every kind.

use cloudbase_core::{Error, ErrorKind, Result, to_json};
use serde::Serialize;
#[cfg(any(feature = "mysql", feature = "models"))]
use serde_json::value::RawValue;

/// `value` as JSON; `argument` is what the caller knows it as.
pub(crate) fn json_of<T: Serialize + ?Sized>(argument: &str, value: &T) -> Result<String> {
    let json = to_json(argument, value)?;
    String::from_utf8(json).map_err(|_| {
        let message = format!("`{argument}` cannot be written as JSON: it is not UTF-8");
        Error::new(ErrorKind::Encode, message)
    })
}

/// Checks the members of the list `json`: each is an object, else `rule` says what the argument must be,
/// and has fields if it `needs_fields`.
#[cfg(any(feature = "mysql", feature = "models"))]
pub(crate) fn check_members(
    argument: &str,
    json: &str,
    rule: &str,
    needs_fields: bool,
) -> Result<()> {
    let members: Vec<&RawValue> = serde_json::from_str(json).map_err(|error| {
        let message = format!("`{argument}` cannot be written as JSON: {error}");
        Error::new(ErrorKind::Encode, message)
    })?;
    for (at, member) in members.iter().enumerate() {
        let member = member.get();
        if !member.starts_with('{') {
            let rule = format_args!("{rule}; `[{at}]` is neither");
            return Err(Error::argument(argument, rule));
        }
        if needs_fields && member == "{}" {
            let rule = format_args!("must have at least one field each; `[{at}]` has none");
            return Err(Error::argument(argument, rule));
        }
    }
    Ok(())
}
