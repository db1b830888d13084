//! The calendar: dates and times in parts, and what moments they are.

/// The parts of a date and time, not converted to any time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct DateTimeParts {
    /// 0 to 9999 in text.
    pub year: i32,
    /// 1 to 12; 0 in MySQL's zero date.
    pub month: u8,
    /// 1 to 31; 0 in MySQL's zero date.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 60.
    pub second: u8,
    /// 0 to 999,999,999.
    pub nanosecond: u32,
    /// Minutes east of UTC, if the text says so.
    pub offset: Option<i16>,
}

const DAY: i64 = 86_400_000;

impl DateTimeParts {
    /// The parts of a count of milliseconds since 1970, in UTC.
    pub fn from_unix_millis(millis: i64) -> Self {
        let (days, rest) = (millis.div_euclid(DAY), millis.rem_euclid(DAY));
        // Days of the civil calendar, counted in eras of 400 years that begin in March.
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        let part = |unit: i64, size: i64| (rest / unit % size) as u8;
        Self {
            year: year as i32,
            month: month as u8,
            day: day as u8,
            hour: part(3_600_000, 24),
            minute: part(60_000, 60),
            second: part(1_000, 60),
            nanosecond: (rest % 1_000) as u32 * 1_000_000,
            offset: Some(0),
        }
    }

    /// Reads `YYYY-MM-DD`, perhaps a time after a blank or `T`, and perhaps an offset.
    pub fn parse(text: &str) -> Option<Self> {
        let (date, rest) = text.trim().split_at_checked(10)?;
        let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
        let mut parts = Self {
            year: year as i32,
            month: in_range(month, 0, 12)?,
            day: in_range(day, 0, 31)?,
            hour: 0,
            minute: 0,
            second: 0,
            nanosecond: 0,
            offset: None,
        };
        let Some(time) = rest.strip_prefix(['T', 't', ' ']) else {
            return rest.is_empty().then_some(parts);
        };
        let at = time.find(['Z', 'z', '+', '-', ' ']).unwrap_or(time.len());
        let (clock, offset) = time.split_at(at);
        let (clock, fraction) = match clock.split_once('.') {
            Some((_, "")) => return None,
            split => split.unwrap_or((clock, "")),
        };
        let [hour, minute, second] = match clock.len() {
            5 => {
                let [hour, minute] = numbers(clock, ':', [2, 2])?;
                [hour, minute, 0]
            }
            _ => numbers(clock, ':', [2, 2, 2])?,
        };
        parts.hour = in_range(hour, 0, 23)?;
        parts.minute = in_range(minute, 0, 59)?;
        parts.second = in_range(second, 0, 60)?;
        if fraction.len() > 9 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        parts.nanosecond = format!("{fraction:0<9}").parse().ok()?;
        parts.offset = parse_offset(offset.trim_start())?;
        Some(parts)
    }

    /// Milliseconds since the beginning of 1970; without an offset, as UTC. `None` for a zero date.
    pub fn unix_millis(&self) -> Option<i64> {
        if self.month == 0 || self.day == 0 {
            return None;
        }
        let (month, day) = (i64::from(self.month), i64::from(self.day));
        let year = i64::from(self.year) - i64::from(month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let days = era * 146_097 + day_of_era - 719_468;
        let minutes = i64::from(self.hour) * 60 + i64::from(self.minute)
            - i64::from(self.offset.unwrap_or(0));
        Some(
            days * DAY
                + minutes * 60_000
                + i64::from(self.second) * 1_000
                + i64::from(self.nanosecond / 1_000_000),
        )
    }
}

fn parse_offset(text: &str) -> Option<Option<i16>> {
    let (sign, digits) = match text.as_bytes().first() {
        None => return Some(None),
        Some(b'Z' | b'z') => return (text.len() == 1).then_some(Some(0)),
        Some(b'+') => (1, &text[1..]),
        Some(b'-') => (-1, &text[1..]),
        Some(_) => return None,
    };
    let [hours, minutes] = match digits.len() {
        2 => [numbers(digits, ':', [2])?[0], 0],
        4 => numbers(
            digits
                .split_at_checked(2)
                .map(|(h, m)| format!("{h}:{m}"))?
                .as_str(),
            ':',
            [2, 2],
        )?,
        _ => numbers(digits, ':', [2, 2])?,
    };
    let minutes = i16::from(in_range(hours, 0, 23)?) * 60 + i16::from(in_range(minutes, 0, 59)?);
    Some(Some(sign * minutes))
}

/// Numbers of fixed width between separators.
fn numbers<const N: usize>(text: &str, separator: char, widths: [usize; N]) -> Option<[u32; N]> {
    let mut found = [0; N];
    let mut parts = text.split(separator);
    for (slot, width) in found.iter_mut().zip(widths) {
        let part = parts.next()?;
        if part.len() != width || !part.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        *slot = part.parse().ok()?;
    }
    parts.next().is_none().then_some(found)
}

fn in_range(value: u32, low: u32, high: u32) -> Option<u8> {
    (low..=high).contains(&value).then_some(value as u8)
}

#[cfg(test)]
mod tests;
