//! What the operators on dates share: their operands.

use bson::{Bson, DateTime};

use super::{
    super::{
        calendar::Civil,
        rejection::{Rejection, Result},
        time_zone::Zone,
    },
    operator::NamedOperands,
};

/// The milliseconds of a date, a timestamp or an ObjectId.
pub(super) fn millis(operands: &NamedOperands<'_>, name: &str) -> Result<i64> {
    match operands.get(name) {
        Some(Bson::DateTime(date)) => Ok(date.timestamp_millis()),
        Some(Bson::Timestamp(timestamp)) => Ok(i64::from(timestamp.time) * 1_000),
        Some(Bson::ObjectId(id)) => Ok(id.timestamp().timestamp_millis()),
        Some(value) => Err(operands.wrong(name, value, "a date, a timestamp or an ObjectId")),
        None => Err(Rejection::new(format!(
            "{}: `{name}` must be a date",
            operands.operator()
        ))),
    }
}

/// The operand `timezone`, UTC if it was not given.
pub(super) fn zone(operands: &NamedOperands<'_>) -> Result<Zone> {
    match operands.given("timezone") {
        None => Ok(Zone::UTC),
        Some(_) => Zone::parse(operands.text("timezone")?),
    }
}

/// The calendar's reading of the operand `name` in the zone.
pub(super) fn civil(operands: &NamedOperands<'_>, name: &str) -> Result<Civil> {
    let millis = millis(operands, name)?;
    zone(operands)?
        .to_local(millis)
        .map(Civil::from_millis)
        .ok_or_else(|| out_of_range(operands.operator()))
}

pub(super) fn out_of_range(operator: &str) -> Rejection {
    Rejection::new(format!("{operator}: the date is out of range"))
}

pub(super) fn date(millis: i64) -> Option<Bson> {
    Some(Bson::DateTime(DateTime::from_millis(millis)))
}
