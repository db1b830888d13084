//! `$dateAdd`, `$dateDiff`, `$dateSubtract`, `$dateTrunc`.

use super::{
    super::{
        calendar::{Civil, DAY, HOUR, MINUTE, SECOND, days_in_month},
        rejection::{Result, reject},
        time_zone::Zone,
    },
    Value,
    date::{date, millis, out_of_range, zone},
    operator::{NULL, Named, NamedOperands, named, some},
};

pub(super) const NAMED: &[Named] = &[
    named(
        "$dateAdd",
        &["startDate", "unit", "amount", "timezone"],
        3,
        |operands| shift(operands, 1),
    ),
    named(
        "$dateSubtract",
        &["startDate", "unit", "amount", "timezone"],
        3,
        |operands| shift(operands, -1),
    ),
    named(
        "$dateDiff",
        &["startDate", "endDate", "unit", "timezone", "startOfWeek"],
        3,
        difference,
    ),
    named(
        "$dateTrunc",
        &["date", "unit", "binSize", "timezone", "startOfWeek"],
        2,
        truncate,
    ),
];

/// A unit of time: so many months, or so many milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Months(i64),
    Week,
    Day,
    Millis(i64),
}

impl Unit {
    fn parse(operands: &NamedOperands<'_>) -> Result<Self> {
        Ok(match operands.text("unit")? {
            "year" => Self::Months(12),
            "quarter" => Self::Months(3),
            "month" => Self::Months(1),
            "week" => Self::Week,
            "day" => Self::Day,
            "hour" => Self::Millis(HOUR),
            "minute" => Self::Millis(MINUTE),
            "second" => Self::Millis(SECOND),
            "millisecond" => Self::Millis(1),
            unknown => reject!("{}: unknown unit `{unknown}`", operands.operator()),
        })
    }
}

fn shift(operands: &NamedOperands<'_>, sign: i64) -> Result<Value> {
    let operator = operands.operator();
    if ["startDate", "unit", "amount"]
        .iter()
        .any(|name| operands.is_null(name))
        || operands.is_given_null("timezone")
    {
        return Ok(NULL);
    }
    let start = millis(operands, "startDate")?;
    let unit = Unit::parse(operands)?;
    let amount = operands.whole("amount")?;
    let zone = zone(operands)?;
    amount
        .checked_mul(sign)
        .and_then(|amount| move_by(start, unit, amount, &zone))
        .map(date)
        .ok_or_else(|| out_of_range(operator))
}

/// Days and longer units follow the calendar of the zone, shorter ones the clock.
fn move_by(start: i64, unit: Unit, amount: i64, zone: &Zone) -> Option<i64> {
    match unit {
        Unit::Millis(millis) => start.checked_add(amount.checked_mul(millis)?),
        Unit::Week => move_by(start, Unit::Day, amount.checked_mul(7)?, zone),
        Unit::Day => {
            let local = zone.to_local(start)?;
            zone.to_utc(local.checked_add(amount.checked_mul(DAY)?)?)
        }
        Unit::Months(months) => {
            let civil = Civil::from_millis(zone.to_local(start)?);
            let month = amount.checked_mul(months)?.checked_add(civil.month - 1)?;
            let year = civil.year.checked_add(month.div_euclid(12))?;
            let month = month.rem_euclid(12) + 1;
            let moved = Civil {
                year,
                month,
                // January 31st and a month is the last of February.
                day: civil.day.min(days_in_month(year, month)),
                in_day: civil.in_day,
            };
            zone.to_utc(moved.to_millis()?)
        }
    }
}

/// The day that weeks begin with, as its number from Monday, which is 0.
fn start_of_week(operands: &NamedOperands<'_>) -> Result<i64> {
    if operands.given("startOfWeek").is_none() {
        return Ok(6);
    }
    let text = operands.text("startOfWeek")?.to_ascii_lowercase();
    let days = [
        ("monday", "mon"),
        ("tuesday", "tue"),
        ("wednesday", "wed"),
        ("thursday", "thu"),
        ("friday", "fri"),
        ("saturday", "sat"),
        ("sunday", "sun"),
    ];
    let found = days
        .into_iter()
        .zip(0..)
        .find(|((long, short), _)| text == *long || text == *short);
    match found {
        Some((_, day)) => Ok(day),
        None => reject!("{}: `{text}` is not a day of the week", operands.operator()),
    }
}

/// The number of the week that a day, counted from 1970-01-01, is in.
fn week_of(day: i64, start_of_week: i64) -> i64 {
    // Day 0 was a Thursday, 3 days after a Monday.
    (day + 3 - start_of_week).div_euclid(7)
}

/// How many boundaries between units lie between the dates.
fn difference(operands: &NamedOperands<'_>) -> Result<Value> {
    if ["startDate", "endDate", "unit"]
        .iter()
        .any(|name| operands.is_null(name))
        || operands.is_given_null("timezone")
    {
        return Ok(NULL);
    }
    let unit = Unit::parse(operands)?;
    let (start, end) = (millis(operands, "startDate")?, millis(operands, "endDate")?);
    let zone = zone(operands)?;
    let first_day = match unit {
        Unit::Week if operands.is_given_null("startOfWeek") => return Ok(NULL),
        Unit::Week => start_of_week(operands)?,
        _ => 0,
    };
    let number = |millis: i64| -> Option<i64> {
        let local = zone.to_local(millis)?;
        Some(match unit {
            Unit::Months(months) => {
                let civil = Civil::from_millis(local);
                (civil.year * 12 + civil.month - 1).div_euclid(months)
            }
            Unit::Week => week_of(local.div_euclid(DAY), first_day),
            Unit::Day => local.div_euclid(DAY),
            Unit::Millis(1) => millis,
            Unit::Millis(unit) => local.div_euclid(unit),
        })
    };
    let crossed = number(start)
        .zip(number(end))
        .and_then(|(start, end)| end.checked_sub(start));
    match crossed {
        Some(crossed) => Ok(some(crossed)),
        None => Err(out_of_range("$dateDiff")),
    }
}

/// The start of the unit that the date is in, or of a bin of several, which are counted from the year 2000.
fn truncate(operands: &NamedOperands<'_>) -> Result<Value> {
    if operands.is_null("date")
        || operands.is_null("unit")
        || operands.is_given_null("timezone")
        || operands.is_given_null("binSize")
    {
        return Ok(NULL);
    }
    let unit = Unit::parse(operands)?;
    let size = match operands.given("binSize") {
        None => 1,
        Some(_) => operands.whole("binSize")?,
    };
    if !(1..=100_000_000_000).contains(&size) {
        reject!("$dateTrunc: `binSize` must be between 1 and 100000000000, got {size}");
    }
    let first_day = match unit {
        Unit::Week if operands.is_given_null("startOfWeek") => return Ok(NULL),
        Unit::Week => start_of_week(operands)?,
        _ => 0,
    };
    let zone = zone(operands)?;
    let start = millis(operands, "date")?;
    zone.to_local(start)
        .and_then(|local| floor(local, unit, size, first_day))
        .and_then(|local| zone.to_utc(local))
        .map(date)
        .ok_or_else(|| out_of_range("$dateTrunc"))
}

fn floor(local: i64, unit: Unit, size: i64, first_day: i64) -> Option<i64> {
    const YEAR_2000: i64 = 946_684_800_000;
    let bin = |number: i64, size: i64| number.div_euclid(size).checked_mul(size);
    match unit {
        Unit::Months(months) => {
            let civil = Civil::from_millis(local);
            let since = (civil.year - 2000) * 12 + civil.month - 1;
            let months = bin(since, size.checked_mul(months)?)?;
            Civil {
                year: 2000,
                month: months.checked_add(1)?,
                day: 1,
                in_day: 0,
            }
            .to_millis()
        }
        Unit::Week => {
            // Bins of weeks are counted from the first start of a week in 2000.
            let first_week = week_of(YEAR_2000 / DAY - 1, first_day) + 1;
            let week = week_of(local.div_euclid(DAY), first_day);
            let week = bin(week - first_week, size)?.checked_add(first_week)?;
            week.checked_mul(7)?
                .checked_add(first_day - 3)?
                .checked_mul(DAY)
        }
        Unit::Day => {
            let days = local.checked_sub(YEAR_2000)?.div_euclid(DAY);
            bin(days, size)?.checked_mul(DAY)?.checked_add(YEAR_2000)
        }
        Unit::Millis(millis) => {
            let since = local.checked_sub(YEAR_2000)?;
            bin(since, size.checked_mul(millis)?)?.checked_add(YEAR_2000)
        }
    }
}
