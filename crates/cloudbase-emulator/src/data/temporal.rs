//! Dates and times as MySQL reads and prints them. The session's time zone is UTC.

use super::catalog::Kind;

/// A point in the calendar, microseconds included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct DateTime {
    /// Seconds since 1970-01-01, the calendar extended both ways.
    seconds: i64,
    micros: u32,
}

/// Brings `text` into the form in which MySQL prints a value of this kind, rounding to its
/// fraction. `None` if MySQL in strict mode would reject it.
pub(crate) fn canonical(kind: &Kind, text: &str) -> Option<String> {
    let text = text.trim();
    match kind {
        Kind::Date => parse(text).map(|(value, _)| format_date(value.seconds)),
        Kind::DateTime { fraction } => {
            let (value, _) = parse(text)?;
            format(value, *fraction)
        }
        Kind::Timestamp { fraction } => {
            let (value, _) = parse(text)?;
            // TIMESTAMP counts seconds in 31 bits and has no zero.
            (1..=i64::from(i32::MAX))
                .contains(&value.seconds)
                .then_some(())?;
            format(value, *fraction)
        }
        Kind::Time { fraction } => canonical_time(text, *fraction),
        _ => None,
    }
}

/// Whether a value for a DATE carries a time of day other than midnight, in the form of a
/// DATETIME; `None` if it does not.
pub(crate) fn time_of_day(text: &str) -> Option<String> {
    let (value, _) = parse(text.trim())?;
    let whole_day = value.seconds.rem_euclid(86_400) == 0 && value.micros == 0;
    if whole_day { None } else { format(value, 6) }
}

/// The moment in the form of a DATETIME with `fraction` digits.
pub(crate) fn from_unix_micros(micros: i64, fraction: u8) -> String {
    let value = DateTime {
        seconds: micros.div_euclid(1_000_000),
        micros: u32::try_from(micros.rem_euclid(1_000_000)).unwrap_or(0),
    };
    // CURRENT_TIMESTAMP cuts, it does not round.
    let cut = 10u32.pow(6 - u32::from(fraction.min(6)));
    let value = DateTime {
        micros: value.micros / cut * cut,
        ..value
    };
    format(value, fraction).unwrap_or_default()
}

/// The date of a DATETIME; empty if that has none.
pub(crate) fn date_of(moment: &str) -> String {
    moment.split(' ').next().unwrap_or_default().to_owned()
}

/// The time of day of a DATETIME; empty if that has none.
pub(crate) fn time_of(moment: &str) -> String {
    moment.split_once(' ').unwrap_or_default().1.to_owned()
}

/// A date with zeros in it, in the form in which MySQL prints it, and whether it is nothing but zeros; `None` for any other
/// text. Only some SQL modes take one.
pub(crate) fn zero(kind: &Kind, text: &str) -> Option<(String, bool)> {
    let text = text.trim();
    let (date, time) = text.split_once(['T', ' ']).unwrap_or((text, "00:00:00"));
    let mut parts = if date == "0" { "0000-00-00" } else { date }.split('-');
    let (year, month, day) = (
        number(parts.next()?)?,
        number(parts.next()?)?,
        number(parts.next()?)?,
    );
    let (clock, micros) = parse_clock(time)?;
    valid_clock(clock / 3600, clock / 60 % 60, clock % 60)?;
    let in_range = parts.next().is_none() && month <= 12 && day <= 31;
    if !in_range || (month != 0 && day != 0) {
        return None;
    }
    let whole = [year, month, day, clock, micros.into()] == [0; 5];
    let mut out = format!("{year:04}-{month:02}-{day:02}");
    match kind {
        Kind::Date => {}
        Kind::Timestamp { .. } if !whole => return None,
        Kind::DateTime { fraction } | Kind::Timestamp { fraction } => {
            out.push_str(&format!(
                " {:02}:{:02}:{:02}",
                clock / 3600,
                clock / 60 % 60,
                clock % 60
            ));
            push_fraction(&mut out, micros, *fraction);
        }
        _ => return None,
    }
    Some((out, whole))
}

/// A unit of an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Months(i64),
    /// Of whole days, in seconds.
    Days(i64),
    /// In seconds.
    Seconds(i64),
    Microseconds,
}

impl Unit {
    /// The unit that MySQL calls `name`, in capitals; those of several parts are not known.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "YEAR" => Self::Months(12),
            "QUARTER" => Self::Months(3),
            "MONTH" => Self::Months(1),
            "WEEK" => Self::Days(7 * 86_400),
            "DAY" => Self::Days(86_400),
            "HOUR" => Self::Seconds(3_600),
            "MINUTE" => Self::Seconds(60),
            "SECOND" => Self::Seconds(1),
            "MICROSECOND" => Self::Microseconds,
            _ => return None,
        })
    }
}

/// The moment `amount` units after another, in the form that MySQL gives it: a date stays one unless the unit is shorter than a
/// day. `None` if it is no moment, or one beyond the calendar.
pub(crate) fn shift(text: &str, unit: Unit, amount: f64) -> Option<String> {
    let (moment, has_time) = parse(text.trim())?;
    if !amount.is_finite() || amount.abs() > 1e15 {
        return None;
    }
    let whole = amount.round() as i64;
    let steps = match unit {
        Unit::Microseconds => whole,
        // Only seconds have fractions.
        Unit::Seconds(1) => (amount * 1e6).round() as i64,
        Unit::Seconds(seconds) | Unit::Days(seconds) => {
            whole.checked_mul(seconds)?.checked_mul(1_000_000)?
        }
        Unit::Months(_) => 0,
    };
    let mut seconds = moment.seconds;
    if let Unit::Months(months) = unit {
        let (year, month, day) = civil_from_days(seconds.div_euclid(86_400));
        let months = (year * 12 + month - 1).checked_add(whole.checked_mul(months)?)?;
        let (year, month) = (months.div_euclid(12), months.rem_euclid(12) + 1);
        (0..=9999).contains(&year).then_some(())?;
        // The last day of a shorter month.
        let date = (0..4).find_map(|less| at(year, month, day - less, 0, 0))?;
        seconds = date.seconds + seconds.rem_euclid(86_400);
    }
    let micros = i64::from(moment.micros).checked_add(steps)?;
    let moment = DateTime {
        seconds: seconds.checked_add(micros.div_euclid(1_000_000))?,
        micros: micros.rem_euclid(1_000_000) as u32,
    };
    let date_only = !has_time && matches!(unit, Unit::Months(_) | Unit::Days(_));
    if date_only {
        return Some(format_date(moment.seconds)).filter(|date| is_in_calendar(date));
    }
    let digits = text.split_once('.').map_or(0, |(_, digits)| digits.len());
    let digits = if moment.micros == 0 {
        digits
    } else {
        digits.max(6)
    };
    format(moment, digits.min(6) as u8).filter(|moment| is_in_calendar(moment))
}

/// Years have four digits.
fn is_in_calendar(text: &str) -> bool {
    text.len() >= 10 && text.as_bytes()[4] == b'-' && !text.starts_with('-')
}

/// The moment in seconds since 1970, as `UNIX_TIMESTAMP()` gives it; 0 outside what it counts.
pub(crate) fn unix_seconds(text: &str) -> Option<String> {
    let (moment, _) = parse(text.trim())?;
    if !(0..=32_536_771_199).contains(&moment.seconds) {
        return Some("0".to_owned());
    }
    let mut out = moment.seconds.to_string();
    let digits = text.split_once('.').map_or(0, |(_, digits)| digits.len());
    push_fraction(&mut out, moment.micros, digits.min(6) as u8);
    Some(out)
}

/// Reads `YYYY-MM-DD[ HH:MM[:SS[.ffffff]]][±HH:MM]` or `YYYYMMDD[HHMMSS]`; returns whether a time was given.
fn parse(text: &str) -> Option<(DateTime, bool)> {
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return match text.len() {
            8 => Some((
                at(
                    number(&text[..4])?,
                    number(&text[4..6])?,
                    number(&text[6..])?,
                    0,
                    0,
                )?,
                false,
            )),
            14 => {
                let clock = number(&text[8..10])? * 3600
                    + number(&text[10..12])? * 60
                    + number(&text[12..])?;
                valid_clock(
                    number(&text[8..10])?,
                    number(&text[10..12])?,
                    number(&text[12..])?,
                )?;
                Some((
                    at(
                        number(&text[..4])?,
                        number(&text[4..6])?,
                        number(&text[6..8])?,
                        clock,
                        0,
                    )?,
                    true,
                ))
            }
            _ => None,
        };
    }
    let (date, time) = match text.find(['T', ' ']) {
        Some(end) => (&text[..end], Some(text[end + 1..].trim_start())),
        None => (text, None),
    };
    let separator = date.chars().find(|c| !c.is_ascii_digit())?;
    if !matches!(separator, '-' | '/' | '.') {
        return None;
    }
    let mut parts = date.split(separator);
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 || month.len() > 2 || day.len() > 2 {
        return None;
    }
    let (year, month, day) = (number(year)?, number(month)?, number(day)?);
    let Some(time) = time.filter(|time| !time.is_empty()) else {
        return Some((at(year, month, day, 0, 0)?, false));
    };
    let (time, offset) = match time.rfind(['+', '-']) {
        Some(sign) => (&time[..sign], parse_offset(&time[sign..])?),
        None => (time, 0),
    };
    let (clock, micros) = parse_clock(time)?;
    valid_clock(clock / 3600, clock / 60 % 60, clock % 60)?;
    Some((at(year, month, day, clock - offset, micros)?, true))
}

fn parse_offset(text: &str) -> Option<i64> {
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = text[1..].split_once(':')?;
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

/// `HH:MM[:SS[.ffffff]]` as seconds and microseconds; more than six digits round.
fn parse_clock(text: &str) -> Option<(i64, u32)> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = clock.split(':');
    let (hours, minutes) = (number(parts.next()?)?, number(parts.next()?)?);
    let seconds = match parts.next() {
        Some(seconds) => number(seconds)?,
        None => 0,
    };
    if parts.next().is_some() || minutes > 59 || seconds > 59 {
        return None;
    }
    if !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let six: String = fraction.chars().chain("000000".chars()).take(6).collect();
    let mut micros: u32 = six.parse().ok()?;
    let mut whole = hours * 3600 + minutes * 60 + seconds;
    if fraction
        .as_bytes()
        .get(6)
        .is_some_and(|digit| *digit >= b'5')
    {
        micros += 1;
        if micros == 1_000_000 {
            micros = 0;
            whole += 1;
        }
    }
    Some((whole, micros))
}

fn canonical_time(text: &str, fraction: u8) -> Option<String> {
    let (clock, micros) = parse_clock(text)?;
    let value = round(
        DateTime {
            seconds: clock,
            micros,
        },
        fraction,
    );
    if value.seconds > 838 * 3600 + 59 * 60 + 59 {
        return None;
    }
    let s = value.seconds;
    let mut out = format!("{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
    push_fraction(&mut out, value.micros, fraction);
    Some(out)
}

fn valid_clock(hours: i64, minutes: i64, seconds: i64) -> Option<()> {
    (hours < 24 && minutes < 60 && seconds < 60).then_some(())
}

fn number(text: &str) -> Option<i64> {
    (!text.is_empty() && text.len() <= 4 && text.bytes().all(|b| b.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

fn at(year: i64, month: i64, day: i64, clock: i64, micros: u32) -> Option<DateTime> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if !(1..=days).contains(&day) {
        return None;
    }
    Some(DateTime {
        seconds: days_from_civil(year, month, day) * 86_400 + clock,
        micros,
    })
}

fn format(value: DateTime, fraction: u8) -> Option<String> {
    let value = round(value, fraction);
    let mut out = format_date(value.seconds);
    if out.len() != 10 {
        return None;
    }
    let s = value.seconds.rem_euclid(86_400);
    out.push_str(&format!(
        " {:02}:{:02}:{:02}",
        s / 3600,
        s / 60 % 60,
        s % 60
    ));
    push_fraction(&mut out, value.micros, fraction);
    Some(out)
}

fn push_fraction(out: &mut String, micros: u32, fraction: u8) {
    if fraction > 0 {
        let digits = format!("{micros:06}");
        out.push('.');
        out.push_str(&digits[..usize::from(fraction.min(6))]);
    }
}

fn round(value: DateTime, fraction: u8) -> DateTime {
    let step = 10u32.pow(6 - u32::from(fraction.min(6)));
    let micros = (value.micros + step / 2) / step * step;
    if micros >= 1_000_000 {
        DateTime {
            seconds: value.seconds + 1,
            micros: micros - 1_000_000,
        }
    } else {
        DateTime { micros, ..value }
    }
}

fn format_date(seconds: i64) -> String {
    let (year, month, day) = civil_from_days(seconds.div_euclid(86_400));
    format!("{year:04}-{month:02}-{day:02}")
}

/// Days since 1970-01-01 of a date in the proleptic Gregorian calendar, counted in 400-year eras
/// that begin in March.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_mysql_reads() {
        let datetime = |fraction| Kind::DateTime { fraction };
        for (kind, text, expected) in [
            (Kind::Date, "2024-2-3", Some("2024-02-03")),
            (Kind::Date, "20240203", Some("2024-02-03")),
            (Kind::Date, "2024-02-30", None),
            (Kind::Date, "2023-02-29", None),
            (Kind::Date, "2000-02-29", Some("2000-02-29")),
            (Kind::Date, "1900-02-29", None),
            (
                datetime(0),
                "2024-01-02T03:04:05",
                Some("2024-01-02 03:04:05"),
            ),
            (
                datetime(0),
                "2024-01-02 03:04:05.5",
                Some("2024-01-02 03:04:06"),
            ),
            (
                datetime(3),
                "2024-01-02 03:04:05.9996",
                Some("2024-01-02 03:04:06.000"),
            ),
            (
                datetime(0),
                "2024-12-31 23:59:59.5",
                Some("2025-01-01 00:00:00"),
            ),
            (
                datetime(0),
                "2024-01-02 03:04:05+08:00",
                Some("2024-01-01 19:04:05"),
            ),
            (datetime(0), "2024-01-02T03:04:05Z", None),
            (datetime(0), "2024-01-02 24:00:00", None),
            (datetime(0), "0000-00-00 00:00:00", None),
            (datetime(0), "yesterday", None),
            (datetime(0), "", None),
            (
                datetime(6),
                "20240102030405",
                Some("2024-01-02 03:04:05.000000"),
            ),
            (Kind::Timestamp { fraction: 0 }, "2038-01-19 03:14:08", None),
            (
                Kind::Timestamp { fraction: 0 },
                "2038-01-19 03:14:07",
                Some("2038-01-19 03:14:07"),
            ),
            (Kind::Time { fraction: 0 }, "7:05", Some("07:05:00")),
            (
                Kind::Time { fraction: 2 },
                "23:59:59.999",
                Some("24:00:00.00"),
            ),
            (Kind::Time { fraction: 0 }, "7:65", None),
        ] {
            assert_eq!(
                canonical(&kind, text).as_deref(),
                expected,
                "{kind:?} {text}"
            );
        }
    }

    #[test]
    fn days_and_dates_are_inverse() {
        for days in (-800_000..800_000).step_by(97) {
            let (year, month, day) = civil_from_days(days);
            assert_eq!(days_from_civil(year, month, day), days);
        }
    }

    #[test]
    fn now_is_cut_not_rounded() {
        assert_eq!(
            from_unix_micros(1_700_000_000_999_999, 0),
            "2023-11-14 22:13:20"
        );
        assert_eq!(
            from_unix_micros(1_700_000_000_999_999, 3),
            "2023-11-14 22:13:20.999"
        );
    }
}
