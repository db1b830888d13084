//! Days, weeks and years of the Gregorian calendar, for every date that 64 bits of milliseconds hold.

/// A point in time as a calendar shows it, in some zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Civil {
    pub(super) year: i64,
    /// From 1.
    pub(super) month: i64,
    /// From 1.
    pub(super) day: i64,
    /// Milliseconds since midnight.
    pub(super) in_day: i64,
}

pub(super) const DAY: i64 = 86_400_000;
pub(super) const HOUR: i64 = 3_600_000;
pub(super) const MINUTE: i64 = 60_000;
pub(super) const SECOND: i64 = 1_000;

impl Civil {
    /// From milliseconds since 1970 of local time.
    pub(super) fn from_millis(millis: i64) -> Self {
        let (year, month, day) = civil_from_days(millis.div_euclid(DAY));
        Self {
            year,
            month,
            day,
            in_day: millis.rem_euclid(DAY),
        }
    }

    /// Milliseconds since 1970. Months, days and milliseconds beyond their range carry over. `None` if out of range.
    pub(super) fn to_millis(self) -> Option<i64> {
        let months = self.month.checked_sub(1)?;
        let year = self.year.checked_add(months.div_euclid(12))?;
        let first = days_from_civil(year, months.rem_euclid(12) + 1, 1)?;
        first
            .checked_add(self.day.checked_sub(1)?)?
            .checked_mul(DAY)?
            .checked_add(self.in_day)
    }

    pub(super) fn hour(self) -> i64 {
        self.in_day / HOUR
    }

    pub(super) fn minute(self) -> i64 {
        self.in_day / MINUTE % 60
    }

    pub(super) fn second(self) -> i64 {
        self.in_day / SECOND % 60
    }

    pub(super) fn millisecond(self) -> i64 {
        self.in_day % SECOND
    }

    /// Days since 1970-01-01.
    pub(super) fn days(self) -> i64 {
        days_from_civil(self.year, self.month, self.day).unwrap_or_default()
    }

    /// From 1.
    pub(super) fn day_of_year(self) -> i64 {
        self.days() - days_from_civil(self.year, 1, 1).unwrap_or_default() + 1
    }

    /// From Sunday, which is 1.
    pub(super) fn day_of_week(self) -> i64 {
        // 1970-01-01 was a Thursday.
        (self.days() + 4).rem_euclid(7) + 1
    }

    /// From Monday, which is 1.
    pub(super) fn iso_day_of_week(self) -> i64 {
        (self.days() + 3).rem_euclid(7) + 1
    }

    /// Weeks begin on Sunday; the days before the first one are in week 0.
    pub(super) fn week(self) -> i64 {
        (self.day_of_year() - self.day_of_week() + 7) / 7
    }

    /// The ISO year and week: the week belongs to the year of its Thursday.
    pub(super) fn iso_week(self) -> (i64, i64) {
        let thursday = self.days() - self.iso_day_of_week() + 4;
        let (year, _, _) = civil_from_days(thursday);
        let first = days_from_civil(year, 1, 1).unwrap_or_default();
        (year, (thursday - first) / 7 + 1)
    }
}

/// Days since 1970 of the Monday of an ISO year's first week.
pub(super) fn iso_year_start(year: i64) -> Option<i64> {
    // The first week is the one with January 4th.
    let fourth = days_from_civil(year, 1, 4)?;
    fourth.checked_sub((fourth.checked_add(3)?).rem_euclid(7))
}

pub(super) fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year.rem_euclid(4) == 0
            && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0) =>
        {
            29
        }
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a date whose month is in range. Years begin in March here, so that the leap day is the last.
pub(super) fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    let year = if month <= 2 {
        year.checked_sub(1)?
    } else {
        year
    };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era.checked_mul(146_097)?
        .checked_add(day_of_era)?
        .checked_sub(719_468)
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = (shifted_month + 2) % 12 + 1;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}
