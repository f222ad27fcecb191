//! Dates, as TOML and RFC 3339 have them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use toml_datetime::{Date, Datetime, Offset, Time};

use super::tree::{Node, Value};

const EXPECTED: &str = "a date with a time and an offset, such as \"2026-12-31T00:00:00Z\"";
const SECONDS_OF_DAY: i64 = 86_400;

/// A point in time from 1970 on. The offset is needed: without it, the date would be another on
/// other machines.
pub(crate) fn date(node: &Node) -> Result<SystemTime, String> {
    let text = match &node.value {
        // A date without quotes.
        Value::Other(text) | Value::Text(text) => text,
        _ => return Err(EXPECTED.to_owned()),
    };
    let parsed = text.parse().ok().and_then(seconds);
    parsed.map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds)).ok_or_else(|| EXPECTED.into())
}

/// Seconds since 1970.
fn seconds(date: Datetime) -> Option<u64> {
    let Datetime { date: Some(day), time: Some(time), offset: Some(offset) } = date else {
        return None;
    };
    let minutes = match offset {
        Offset::Z => 0,
        Offset::Custom { minutes } => i64::from(minutes),
    };
    let Time { hour, minute, second, .. } = time;
    let of_day = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second.unwrap_or(0));
    u64::try_from(days(day) * SECONDS_OF_DAY + of_day - minutes * 60).ok()
}

/// Days since 1970 in the Gregorian calendar. The year begins in March here, so that the day of a
/// leap year is its last one.
fn days(Date { year, month, day }: Date) -> i64 {
    let (year, month, day) = (i64::from(year), i64::from(month), i64::from(day));
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let of_year = (153 * month + 2) / 5 + day - 1;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + of_year
        - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tree::Origin;

    fn read(text: &str) -> Option<u64> {
        let node = Node::text(text, Origin::Flag("--test"));
        date(&node).ok().map(|date| date.duration_since(UNIX_EPOCH).unwrap().as_secs())
    }

    #[test]
    fn a_date_is_a_point_in_time() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01 01:00:00+01:00", 0),
            ("2000-02-29T12:00:00Z", 951_825_600),
            ("2024-12-31T23:59:59Z", 1_735_689_599),
            ("2026-12-01T04:00:00-05:30", 1_796_117_400),
            ("9999-12-31T23:59:59Z", 253_402_300_799),
        ] {
            assert_eq!(read(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_point_in_time_is_refused() {
        for text in [
            "",
            "tomorrow",
            "2026-12-01",
            "2026-12-01T00:00:00",
            "00:00:00",
            "2026-02-30T00:00:00Z",
            "1969-12-31T23:59:59Z",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
