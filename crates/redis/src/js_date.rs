//! Times as JavaScript's `Date.prototype.toString` writes them, for the `time` of a handshake.

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Writes milliseconds since 1970, in UTC.
pub(crate) fn text(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    let (days, time) = (seconds / 86_400, seconds % 86_400);
    let weekday = DAYS[(days % 7) as usize];
    // Howard Hinnant's `civil_from_days`: years start in March, and all eras of 400 years have the
    // same days.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = if month < 10 { (year, month + 2) } else { (year + 1, month - 10) };
    let (year, month) = (year + era * 400, MONTHS[month as usize]);
    let (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60);
    format!(
        "{weekday} {month} {day:02} {year:04} {hour:02}:{minute:02}:{second:02} GMT+0000 \
         (Coordinated Universal Time)"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_javascript_does() {
        let utc = |text: &str| format!("{text} GMT+0000 (Coordinated Universal Time)");
        for (milliseconds, expected) in [
            (0, "Thu Jan 01 1970 00:00:00"),
            (951_782_400_000, "Tue Feb 29 2000 00:00:00"),
            (1_796_000_157_999, "Mon Nov 30 2026 00:55:57"),
        ] {
            assert_eq!(text(milliseconds), utc(expected));
        }
        assert!(!text(u64::MAX).is_empty());
    }
}
