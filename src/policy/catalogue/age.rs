//! The age of the catalogue. AWS adds services and actions every week.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Catalogue;

/// The days for which a catalogue counts as new.
const NEW_DAYS: u64 = 90;

const DAY: u64 = 24 * 60 * 60;

impl Catalogue {
    /// How many days old it is at a moment, when that is more than 90.
    pub fn outdated(&self, now: SystemTime) -> Option<u64> {
        let made = UNIX_EPOCH + Duration::from_secs(days_since_1970(&self.date)? * DAY);
        let days = now.duration_since(made).ok()?.as_secs() / DAY;
        (days > NEW_DAYS).then_some(days)
    }
}

/// The number of a day such as `2026-11-20`.
fn days_since_1970(date: &str) -> Option<u64> {
    let mut parts = date.splitn(3, '-').map(str::parse::<u64>);
    let (year, month, day) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    // Years that begin in March make the leap day the last one.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year.checked_sub(1)?, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day;
    days.checked_sub(719_469)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn days_are_counted_from_1970() {
        let days = ["1970-01-01", "1970-01-02", "2000-02-28", "2000-02-29", "2000-03-01", "2024-03-01", "2026-11-20", "2100-03-01"];
        assert_eq!(days.map(days_since_1970), [0, 1, 11_015, 11_016, 11_017, 19_783, 20_777, 47_541].map(Some));
        assert_eq!(["", "1969-12-31", "2026-11", "x-y-z"].map(days_since_1970), [None; 4]);
    }

    #[test]
    fn a_catalogue_is_outdated_after_90_days() {
        let catalogue = Catalogue::new("2026-08-22".to_owned(), BTreeMap::new(), BTreeMap::new());
        let after = |days: u64| UNIX_EPOCH + Duration::from_secs((days_since_1970("2026-08-22").unwrap() + days) * DAY);
        assert_eq!([0, 90, 91, 400].map(|days| catalogue.outdated(after(days))), [None, None, Some(91), Some(400)]);
        assert_eq!(catalogue.outdated(UNIX_EPOCH), None, "a clock that is wrong");
    }
}
