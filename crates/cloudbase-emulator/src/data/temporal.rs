//! Dates and times as MySQL reads and prints them. The session's time zone is UTC.

mod calendar;
mod interval;

use super::catalog::Kind;

use self::calendar::{at, format_date};

pub(crate) use self::interval::{Unit, shift};

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

#[cfg(test)]
mod tests {
    use super::calendar::{civil_from_days, days_from_civil};
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
