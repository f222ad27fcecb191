//! Times as the Admin UI reads them.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::protocol::iso_8601;

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Milliseconds since 1970, as JavaScript has them.
pub(super) fn milliseconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// A time as `Date.prototype.toJSON` writes it.
pub(super) fn iso(time: SystemTime) -> String {
    iso_8601(milliseconds(time)).unwrap_or_default()
}

/// A time as `Date.prototype.toString` writes it in UTC, for the `time` of a handshake.
pub(super) fn text(time: SystemTime) -> String {
    let iso = iso(time);
    let days = usize::try_from(milliseconds(time) / 86_400_000).unwrap_or_default();
    let month = iso.get(5..7).and_then(|month| month.parse::<usize>().ok()).unwrap_or(1);
    // A year beyond 9999 is not written as JavaScript does.
    let [year, day, clock] = [0..4, 8..10, 11..19].map(|range| iso.get(range).unwrap_or_default());
    let (weekday, month) = (DAYS[days % 7], MONTHS[(month - 1) % 12]);
    format!("{weekday} {month} {day} {year} {clock} GMT+0000 (Coordinated Universal Time)")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn times_are_written_as_javascript_does() {
        let utc = |text: &str| format!("{text} GMT+0000 (Coordinated Universal Time)");
        for (milliseconds, expected) in [
            (0, "Thu Jan 01 1970 00:00:00"),
            (951_782_400_000, "Tue Feb 29 2000 00:00:00"),
            (1_796_000_157_999, "Mon Nov 30 2026 00:55:57"),
        ] {
            let time = UNIX_EPOCH + Duration::from_millis(milliseconds);
            assert_eq!(text(time), utc(expected));
        }
        let time = UNIX_EPOCH + Duration::from_millis(1_796_000_157_999);
        assert_eq!(iso(time), "2026-11-30T00:55:57.999Z");
    }
}
