//! Intervals: a moment moved by units such as months.

use super::calendar::{at, civil_from_days, format_date, is_in_calendar};
use super::{DateTime, format, parse};

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
