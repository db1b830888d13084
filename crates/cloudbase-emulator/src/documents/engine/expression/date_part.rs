//! `$year`, `$month`, `$dayOfMonth`, `$hour`, `$week` and the other parts of a date; `$dateToParts`.

use bson::{Bson, doc};

use super::{
    super::{
        calendar::Civil,
        rejection::{Result, reject},
    },
    Value,
    date::civil,
    operator::{NULL, Named, NamedOperands, named, some},
};

const NAMES: &[&str] = &["date", "timezone"];

/// `{$year: date}` or `{$year: {date, timezone}}`.
const fn part(name: &'static str, function: fn(&NamedOperands<'_>) -> Result<Value>) -> Named {
    named(name, NAMES, 1, function).or_alone("date")
}

pub(super) const NAMED: &[Named] = &[
    part("$dayOfMonth", |operands| of(operands, |civil| civil.day)),
    part("$dayOfWeek", |operands| of(operands, Civil::day_of_week)),
    part("$dayOfYear", |operands| of(operands, Civil::day_of_year)),
    part("$hour", |operands| of(operands, Civil::hour)),
    part("$isoDayOfWeek", |operands| {
        of(operands, Civil::iso_day_of_week)
    }),
    part("$isoWeek", |operands| {
        of(operands, |civil| civil.iso_week().1)
    }),
    part("$isoWeekYear", |operands| {
        of(operands, |civil| civil.iso_week().0)
    }),
    part("$millisecond", |operands| of(operands, Civil::millisecond)),
    part("$minute", |operands| of(operands, Civil::minute)),
    part("$month", |operands| of(operands, |civil| civil.month)),
    part("$second", |operands| of(operands, Civil::second)),
    part("$week", |operands| of(operands, Civil::week)),
    part("$year", |operands| of(operands, |civil| civil.year)),
    named(
        "$dateToParts",
        &["date", "timezone", "iso8601"],
        1,
        to_parts,
    ),
];

fn of(operands: &NamedOperands<'_>, part: fn(Civil) -> i64) -> Result<Value> {
    if operands.is_null("date") || operands.is_given_null("timezone") {
        return Ok(NULL);
    }
    Ok(some(int(part(civil(operands, "date")?))))
}

/// Every part is an int32: years of a date are below 300 million.
fn int(part: i64) -> Bson {
    i32::try_from(part).map_or(Bson::Int64(part), Bson::Int32)
}

fn to_parts(operands: &NamedOperands<'_>) -> Result<Value> {
    let iso = match operands.given("iso8601") {
        None => false,
        Some(Some(Bson::Boolean(iso))) => *iso,
        Some(None | Some(Bson::Null)) => return Ok(NULL),
        Some(_) => reject!("$dateToParts: `iso8601` must be a bool"),
    };
    if operands.is_null("date") || operands.is_given_null("timezone") {
        return Ok(NULL);
    }
    let civil = civil(operands, "date")?;
    let mut parts = if iso {
        let (year, week) = civil.iso_week();
        doc! {
            "isoWeekYear": int(year),
            "isoWeek": int(week),
            "isoDayOfWeek": int(civil.iso_day_of_week()),
        }
    } else {
        doc! { "year": int(civil.year), "month": int(civil.month), "day": int(civil.day) }
    };
    parts.extend(doc! {
        "hour": int(civil.hour()),
        "minute": int(civil.minute()),
        "second": int(civil.second()),
        "millisecond": int(civil.millisecond()),
    });
    Ok(some(parts))
}
