//! `$dateToString`.

use std::fmt::Write as _;

use super::{
    super::{
        calendar::Civil,
        rejection::{Result, reject},
    },
    Value,
    date::{millis, out_of_range, zone},
    operator::{NULL, Named, NamedOperands, named, some},
};

pub(super) const NAMED: &[Named] = &[named(
    "$dateToString",
    &["date", "format", "timezone", "onNull"],
    1,
    to_string,
)];

const ISO_UTC: &str = "%Y-%m-%dT%H:%M:%S.%LZ";
/// Local time is not marked as UTC.
const ISO_LOCAL: &str = "%Y-%m-%dT%H:%M:%S.%L";

fn to_string(operands: &NamedOperands<'_>) -> Result<Value> {
    let zone_is_null = operands.is_given_null("timezone");
    let zone = if zone_is_null {
        None
    } else {
        Some(zone(operands)?)
    };
    let format = match operands.given("format") {
        None if zone.as_ref().is_none_or(|zone| zone.is_utc()) => ISO_UTC,
        None => ISO_LOCAL,
        Some(_) if operands.is_null("format") => return Ok(NULL),
        Some(_) => operands.text("format")?,
    };
    if operands.is_null("date") {
        return Ok(operands.given("onNull").cloned().unwrap_or(NULL));
    }
    let Some(zone) = zone else {
        return Ok(NULL);
    };
    let millis = millis(operands, "date")?;
    let offset = zone.offset(millis);
    let local = millis
        .checked_add(offset)
        .ok_or_else(|| out_of_range("$dateToString"))?;
    format_date(Civil::from_millis(local), offset, format).map(some)
}

/// The date as in `2026-03-05T07:08:09.123Z`.
pub(super) fn iso(millis: i64) -> Result<String> {
    format_date(Civil::from_millis(millis), 0, ISO_UTC)
}

fn format_date(civil: Civil, offset: i64, format: &str) -> Result<String> {
    let mut out = String::new();
    let mut characters = format.chars();
    while let Some(character) = characters.next() {
        if character != '%' {
            out.push(character);
            continue;
        }
        let minutes = offset / 60_000;
        let written = match characters.next() {
            Some('d') => write!(out, "{:02}", civil.day),
            Some('G') => write!(out, "{:04}", printable(civil.iso_week().0)?),
            Some('H') => write!(out, "{:02}", civil.hour()),
            Some('j') => write!(out, "{:03}", civil.day_of_year()),
            Some('L') => write!(out, "{:03}", civil.millisecond()),
            Some('m') => write!(out, "{:02}", civil.month),
            Some('M') => write!(out, "{:02}", civil.minute()),
            Some('S') => write!(out, "{:02}", civil.second()),
            Some('u') => write!(out, "{}", civil.iso_day_of_week()),
            Some('U') => write!(out, "{:02}", civil.week()),
            Some('V') => write!(out, "{:02}", civil.iso_week().1),
            Some('w') => write!(out, "{}", civil.day_of_week()),
            Some('Y') => write!(out, "{:04}", printable(civil.year)?),
            Some('z') => {
                let sign = if minutes < 0 { '-' } else { '+' };
                write!(
                    out,
                    "{sign}{:02}{:02}",
                    minutes.abs() / 60,
                    minutes.abs() % 60
                )
            }
            Some('Z') => write!(out, "{minutes:+}"),
            Some('%') => write!(out, "%"),
            Some(unknown) => reject!("$dateToString: unknown format specifier `%{unknown}`"),
            None => reject!("$dateToString: the format ends with an unfinished `%`"),
        };
        // Writing to a string cannot fail.
        debug_assert!(written.is_ok());
    }
    Ok(out)
}

fn printable(year: i64) -> Result<i64> {
    if !(0..=9999).contains(&year) {
        reject!("$dateToString: the year {year} is not between 0 and 9999");
    }
    Ok(year)
}
