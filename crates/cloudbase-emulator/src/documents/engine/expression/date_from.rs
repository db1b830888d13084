//! `$dateFromParts`, `$dateFromString`.

use bson::Bson;

use super::{
    super::{
        calendar::{Civil, DAY, HOUR, MINUTE, SECOND, days_in_month, iso_year_start},
        rejection::{Rejection, Result, reject},
        time_zone::{Zone, parse_offset},
    },
    Value,
    date::{date, out_of_range, zone},
    operator::{NULL, Named, NamedOperands, named},
};

pub(super) const NAMED: &[Named] = &[
    named(
        "$dateFromParts",
        &[
            "year",
            "month",
            "day",
            "isoWeekYear",
            "isoWeek",
            "isoDayOfWeek",
            "hour",
            "minute",
            "second",
            "millisecond",
            "timezone",
        ],
        0,
        from_parts,
    ),
    named(
        "$dateFromString",
        &["dateString", "format", "timezone", "onError", "onNull"],
        1,
        from_string,
    ),
];

const CALENDAR: &[&str] = &["year", "month", "day"];
const ISO: &[&str] = &["isoWeekYear", "isoWeek", "isoDayOfWeek"];
const TIME: &[&str] = &["hour", "minute", "second", "millisecond"];

fn from_parts(operands: &NamedOperands<'_>) -> Result<Value> {
    let given = |names: &[&str]| names.iter().any(|name| operands.given(name).is_some());
    let (first, names) = match (given(CALENDAR), given(ISO)) {
        (true, true) => {
            reject!("$dateFromParts: parts of the calendar and of ISO weeks do not mix")
        }
        (false, true) => ("isoWeekYear", ISO),
        _ => ("year", CALENDAR),
    };
    if operands.given(first).is_none() {
        reject!("$dateFromParts needs `{first}`");
    }
    let all = names.iter().chain(TIME).chain(&["timezone"]);
    if all.into_iter().any(|name| operands.is_given_null(name)) {
        return Ok(NULL);
    }
    let year = operands.whole(first)?;
    if !(1..=9999).contains(&year) {
        reject!("$dateFromParts: `{first}` must be between 1 and 9999, got {year}");
    }
    let in_day = part(operands, "hour", 0)? * HOUR
        + part(operands, "minute", 0)? * MINUTE
        + part(operands, "second", 0)? * SECOND
        + part(operands, "millisecond", 0)?;
    let local = if first == "year" {
        Civil {
            year,
            month: part(operands, "month", 1)?,
            day: part(operands, "day", 1)?,
            in_day,
        }
        .to_millis()
    } else {
        let days = (part(operands, "isoWeek", 1)? - 1) * 7 + part(operands, "isoDayOfWeek", 1)? - 1;
        iso_year_start(year).map(|start| (start + days) * DAY + in_day)
    };
    let zone = zone(operands)?;
    local
        .and_then(|local| zone.to_utc(local))
        .map(date)
        .ok_or_else(|| out_of_range("$dateFromParts"))
}

/// A part other than the year: what is out of its range carries over, within 16 bits.
fn part(operands: &NamedOperands<'_>, name: &str, default: i64) -> Result<i64> {
    if operands.given(name).is_none() {
        return Ok(default);
    }
    let part = operands.whole(name)?;
    if i16::try_from(part).is_err() && name != "millisecond" && name != "second" {
        reject!("$dateFromParts: `{name}` must be between -32768 and 32767, got {part}");
    }
    if i32::try_from(part).is_err() {
        reject!("$dateFromParts: `{name}` is out of range, got {part}");
    }
    Ok(part)
}

fn from_string(operands: &NamedOperands<'_>) -> Result<Value> {
    if operands.is_null("dateString") {
        return Ok(operands.given("onNull").cloned().unwrap_or(NULL));
    }
    if operands.is_given_null("format") || operands.is_given_null("timezone") {
        return Ok(NULL);
    }
    let zone = match operands.given("timezone") {
        None => None,
        Some(_) => Some(zone(operands)?),
    };
    let format = match operands.given("format") {
        None => None,
        Some(_) => Some(operands.text("format")?),
    };
    let parsed = operands
        .text("dateString")
        .and_then(|text| parse_date(text, format, zone.as_ref()));
    match (parsed, operands.given("onError")) {
        (Ok(millis), _) => Ok(date(millis)),
        (Err(_), Some(value)) => Ok(value.clone()),
        (Err(rejection), None) => Err(rejection),
    }
}

/// The date of a string in the ISO form, for conversions.
pub(super) fn parse_iso(text: &str) -> Result<Bson> {
    parse_date(text, None, None).map(|millis| Bson::DateTime(bson::DateTime::from_millis(millis)))
}

fn parse_date(text: &str, format: Option<&str>, zone: Option<&Zone>) -> Result<i64> {
    let fields = match format {
        Some(format) => read_by_format(text, format)?,
        None => read_iso(text).ok_or_else(|| {
            Rejection::new(format!(
                "`{text}` is not a date that the emulator reads; expected a form like 2026-03-05T07:08:09.123Z"
            ))
        })?,
    };
    fields.to_millis(text, zone)
}

/// What a string says about a date.
#[derive(Debug, Default)]
struct Fields {
    year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    iso_year: Option<i64>,
    iso_week: Option<i64>,
    iso_day: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    millisecond: i64,
    offset: Option<i64>,
}

impl Fields {
    fn to_millis(&self, text: &str, zone: Option<&Zone>) -> Result<i64> {
        let invalid = || Rejection::new(format!("`{text}` is not a date"));
        let in_range = self.hour <= 23 && self.minute <= 59 && self.second <= 59;
        if !in_range {
            return Err(invalid());
        }
        let in_day =
            self.hour * HOUR + self.minute * MINUTE + self.second * SECOND + self.millisecond;
        let local = match (self.year, self.iso_year) {
            (Some(year), None) => {
                let (month, day) = (self.month.unwrap_or(1), self.day.unwrap_or(1));
                if !(1..=12).contains(&month) || !(1..=days_in_month(year, month)).contains(&day) {
                    return Err(invalid());
                }
                Civil {
                    year,
                    month,
                    day,
                    in_day,
                }
                .to_millis()
            }
            (None, Some(year)) => {
                let (week, day) = (self.iso_week.unwrap_or(1), self.iso_day.unwrap_or(1));
                if !(1..=53).contains(&week) || !(1..=7).contains(&day) {
                    return Err(invalid());
                }
                iso_year_start(year).map(|start| (start + (week - 1) * 7 + day - 1) * DAY + in_day)
            }
            _ => return Err(invalid()),
        };
        let utc = match (self.offset, zone) {
            (Some(_), Some(_)) => {
                reject!("$dateFromString: `{text}` has a time zone and `timezone` is given, too")
            }
            (Some(offset), None) => local.and_then(|local| local.checked_sub(offset)),
            (None, Some(zone)) => local.and_then(|local| zone.to_utc(local)),
            (None, None) => local,
        };
        utc.ok_or_else(invalid)
    }
}

/// Takes `least` to `most` digits from the head of the text.
fn digits(text: &mut &str, least: usize, most: usize) -> Option<i64> {
    let length = text
        .bytes()
        .take(most)
        .take_while(u8::is_ascii_digit)
        .count();
    if length < least {
        return None;
    }
    let (number, rest) = text.split_at(length);
    *text = rest;
    number.parse().ok()
}

fn take(text: &mut &str, character: char) -> Option<()> {
    *text = text.strip_prefix(character)?;
    Some(())
}

/// Milliseconds after the point, of which more digits than three are cut.
fn fraction(text: &mut &str) -> Option<i64> {
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    if length == 0 {
        return None;
    }
    let (digits, rest) = text.split_at(length);
    *text = rest;
    format!("{digits:0<3}").get(..3)?.parse().ok()
}

/// `Z`, or an offset.
fn offset(text: &str) -> Option<i64> {
    match text {
        "Z" | "z" | "UTC" | "GMT" => Some(0),
        text => parse_offset(text),
    }
}

/// `2026-03-05`, with a time after `T` or a space, with a zone after that.
fn read_iso(text: &str) -> Option<Fields> {
    let mut rest = text.trim();
    let mut fields = Fields {
        year: Some(digits(&mut rest, 4, 4)?),
        ..Fields::default()
    };
    take(&mut rest, '-')?;
    fields.month = Some(digits(&mut rest, 1, 2)?);
    take(&mut rest, '-')?;
    fields.day = Some(digits(&mut rest, 1, 2)?);
    if rest.is_empty() {
        return Some(fields);
    }
    rest = rest.strip_prefix(['T', 't', ' '])?;
    fields.hour = digits(&mut rest, 1, 2)?;
    take(&mut rest, ':')?;
    fields.minute = digits(&mut rest, 2, 2)?;
    if take(&mut rest, ':').is_some() {
        fields.second = digits(&mut rest, 2, 2)?;
        if rest.starts_with(['.', ',']) {
            rest = rest.get(1..)?;
            fields.millisecond = fraction(&mut rest)?;
        }
    }
    let rest = rest.trim_start();
    if !rest.is_empty() {
        fields.offset = Some(offset(rest)?);
    }
    Some(fields)
}

fn read_by_format(text: &str, format: &str) -> Result<Fields> {
    let differs = || {
        Rejection::new(format!(
            "$dateFromString: `{text}` is not in the form `{format}`"
        ))
    };
    let mut rest = text;
    let mut fields = Fields::default();
    let mut specifiers = format.chars();
    while let Some(character) = specifiers.next() {
        if character != '%' {
            take(&mut rest, character).ok_or_else(differs)?;
            continue;
        }
        let read = match specifiers.next() {
            Some('d') => digits(&mut rest, 1, 2).map(|value| fields.day = Some(value)),
            Some('G') => digits(&mut rest, 4, 4).map(|value| fields.iso_year = Some(value)),
            Some('H') => digits(&mut rest, 1, 2).map(|value| fields.hour = value),
            Some('L') => {
                let mut head = rest.get(..rest.len().min(3)).unwrap_or_default();
                let before = head.len();
                let value = fraction(&mut head);
                rest = rest.get(before - head.len()..).unwrap_or_default();
                value.map(|value| fields.millisecond = value)
            }
            Some('m') => digits(&mut rest, 1, 2).map(|value| fields.month = Some(value)),
            Some('M') => digits(&mut rest, 1, 2).map(|value| fields.minute = value),
            Some('S') => digits(&mut rest, 1, 2).map(|value| fields.second = value),
            Some('u') => digits(&mut rest, 1, 1).map(|value| fields.iso_day = Some(value)),
            Some('V') => digits(&mut rest, 1, 2).map(|value| fields.iso_week = Some(value)),
            Some('Y') => digits(&mut rest, 4, 4).map(|value| fields.year = Some(value)),
            Some('z') => {
                let length = rest
                    .find(|character: char| {
                        !character.is_ascii_alphanumeric() && !"+-:".contains(character)
                    })
                    .unwrap_or(rest.len());
                let (zone, after) = rest.split_at(length);
                rest = after;
                offset(zone).map(|offset| fields.offset = Some(offset))
            }
            Some('Z') => {
                let sign = if rest.starts_with('-') { -1 } else { 1 };
                rest = rest.strip_prefix(['+', '-']).unwrap_or(rest);
                digits(&mut rest, 1, 4).map(|minutes| fields.offset = Some(sign * minutes * MINUTE))
            }
            Some('%') => take(&mut rest, '%'),
            Some(unknown) => reject!("$dateFromString: unknown format specifier `%{unknown}`"),
            None => reject!("$dateFromString: the format ends with an unfinished `%`"),
        };
        read.ok_or_else(differs)?;
    }
    if rest.is_empty() {
        Ok(fields)
    } else {
        Err(differs())
    }
}
