//! Dates: an `[[ignore]]` is valid until the end of a day.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Serialize, Serializer};

/// A day, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    /// Year.
    year: i64,
    /// From 1.
    month: u8,
    /// From 1.
    day: u8,
}

impl Date {
    /// The day of that number in that month and year; whether there is such a day, TOML has looked at.
    pub fn new(year: u16, month: u8, day: u8) -> Self {
        Self { year: year.into(), month, day }
    }

    /// The day that a moment is on.
    pub fn of(moment: SystemTime) -> Self {
        let signed = |seconds: u64| i64::try_from(seconds).unwrap_or(i64::MAX);
        // Before 1970, a part of a second belongs to the earlier one.
        let seconds = moment.duration_since(UNIX_EPOCH).map_or_else(
            |before| -signed(before.duration().as_secs()) - i64::from(before.duration().subsec_nanos() > 0),
            |since| signed(since.as_secs()),
        );
        // Years that begin in March make the leap day the last one; 400 of them have 146,097 days.
        let days = seconds.div_euclid(86_400) + 719_468;
        let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Self { year, month: u8::try_from(month).unwrap_or_default(), day: u8::try_from(day).unwrap_or_default() }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_moment_is_on_its_day() {
        for (seconds, day) in [
            (0, "1970-01-01"),
            (86_399, "1970-01-01"),
            (86_400, "1970-01-02"),
            (951_782_399, "2000-02-28"),
            (951_782_400, "2000-02-29"),
            (1_709_251_200, "2024-03-01"),
            (1_795_132_800, "2026-11-20"),
            (4_107_542_400, "2100-03-01"),
        ] {
            assert_eq!(Date::of(UNIX_EPOCH + Duration::from_secs(seconds)).to_string(), day);
        }
        for (seconds_before, day) in [(1, "1969-12-31"), (86_400, "1969-12-31"), (86_401, "1969-12-30"), (62_135_596_800, "0001-01-01")] {
            assert_eq!(Date::of(UNIX_EPOCH - Duration::from_secs(seconds_before)).to_string(), day);
        }
        assert_eq!(Date::of(UNIX_EPOCH + Duration::from_secs(253_402_300_799)).to_string(), "9999-12-31");
    }

    #[test]
    fn days_follow_each_other() {
        let days: Vec<Date> = (0..60_000).map(|day| Date::of(UNIX_EPOCH + Duration::from_secs(day * 86_400))).collect();
        assert!(days.is_sorted_by(|one, next| one < next));
    }
}
