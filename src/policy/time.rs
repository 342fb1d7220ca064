//! Points in time in conditions: ISO 8601 in the W3C profile, or seconds since 1970.

/// Nanoseconds since 1970; `None` for what is no point in time.
pub(super) fn instant(text: &str) -> Option<i128> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) && text.len() > 4 {
        return text.parse::<i128>().ok()?.checked_mul(1_000_000_000);
    }
    let (date, time) = text.split_once(['T', 't', ' ']).map_or((text, None), |(date, time)| (date, Some(time)));
    let seconds = i128::from(days(date)?) * 86_400;
    let (clock, offset) = match time {
        None => (0, 0),
        Some(time) => {
            let (clock, offset) = zone(time)?;
            (nanoseconds(clock)?, offset)
        }
    };
    Some((seconds - i128::from(offset)) * 1_000_000_000 + clock)
}

/// `YYYY`, `YYYY-MM` or `YYYY-MM-DD`, as days since 1970.
fn days(date: &str) -> Option<i64> {
    let mut parts = date.split('-');
    let year = digits(parts.next()?, 4)?;
    let month = parts.next().map_or(Some(1), |month| digits(month, 2))?;
    let day = parts.next().map_or(Some(1), |day| digits(day, 2))?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if parts.next().is_some() || !(1..=length).contains(&day) {
        return None;
    }
    // Years that begin in March make the leap day the last one.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    Some(365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + (153 * month + 2) / 5 + day - 719_469)
}

/// A time of day without its zone, and the zone's seconds to the east. Without one, UTC.
fn zone(time: &str) -> Option<(&str, i64)> {
    if let Some(clock) = time.strip_suffix(['Z', 'z']) {
        return Some((clock, 0));
    }
    let Some(at) = time.rfind(['+', '-']) else { return Some((time, 0)) };
    let (clock, offset) = time.split_at_checked(at)?;
    let (sign, offset) = offset.split_at_checked(1)?;
    let (hours, minutes) = offset.split_once(':').or_else(|| offset.split_at_checked(2))?;
    let seconds = digits(hours, 2).filter(|h| *h < 24)? * 3600 + digits(minutes, 2).filter(|m| *m < 60)? * 60;
    Some((clock, if sign == "-" { -seconds } else { seconds }))
}

/// `hh:mm`, `hh:mm:ss` or `hh:mm:ss.fraction`.
fn nanoseconds(clock: &str) -> Option<i128> {
    let mut parts = clock.split(':');
    let hours = digits(parts.next()?, 2).filter(|h| *h < 24)?;
    let minutes = digits(parts.next()?, 2).filter(|m| *m < 60)?;
    let (seconds, fraction) = match parts.next() {
        None => ("00", None),
        Some(seconds) => seconds.split_once(['.', ',']).map_or((seconds, None), |(seconds, fraction)| (seconds, Some(fraction))),
    };
    // A leap second is the 60th.
    let seconds = digits(seconds, 2).filter(|s| *s <= 60)?;
    let fraction = match fraction {
        None => 0,
        Some(fraction) if !fraction.is_empty() && fraction.bytes().all(|b| b.is_ascii_digit()) => {
            format!("{fraction:0<9}").get(..9)?.parse::<i128>().ok()?
        }
        Some(_) => return None,
    };
    parts.next().is_none().then_some(i128::from(hours * 3600 + minutes * 60 + seconds) * 1_000_000_000 + fraction)
}

fn digits(text: &str, length: usize) -> Option<i64> {
    (text.len() == length && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::instant;

    #[test]
    fn all_forms_of_one_moment_are_equal() {
        // 1,800,000,000 seconds after 1970 are 8:00 on 2027-01-15.
        for text in [
            "1800000000",
            "2027-01-15T08:00:00Z",
            "2027-01-15T08:00Z",
            "2027-01-15T10:30:00+02:30",
            "2027-01-15T00:00:00.000-0800",
            "2027-01-15T08:00:00",
        ] {
            assert_eq!(instant(text), Some(1_800_000_000_000_000_000), "{text}");
        }
        for (one, other) in [("2027", "2027-01-01T00:00:00Z"), ("2024-03", "2024-03-01"), ("1970-01-01", "00000")] {
            assert_eq!(instant(one), instant(other));
            assert!(instant(one).is_some());
        }
        assert_eq!(instant("2024-03-01").unwrap() - instant("2024-02-28").unwrap(), 2 * 86_400_000_000_000);
        assert_eq!(instant("2100-03-01").unwrap() - instant("2100-02-28").unwrap(), 86_400_000_000_000);
        assert_eq!(instant("1969-12-31T23:59:59.5Z"), Some(-500_000_000));
    }

    #[test]
    fn what_is_no_moment_is_none() {
        for text in [
            "",
            "soon",
            "2027-13-01",
            "2027-02-29",
            "2027-1-1",
            "2027-01-15T",
            "2027-01-15T25:00Z",
            "2027-01-15T08:00:00.Z",
            "2027-01-15T08:00+2",
            "2027-01-15-01",
            "9".repeat(60).as_str(),
        ] {
            assert_eq!(instant(text), None, "{text}");
        }
    }
}
