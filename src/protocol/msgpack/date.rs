/// Formats milliseconds since 1970 as JavaScript's `Date.prototype.toJSON` does. Returns `None` if
/// JavaScript does not accept them as a date.
pub(crate) fn iso_8601(milliseconds: i64) -> Option<String> {
    const DAY: i64 = 86_400_000;
    if milliseconds.unsigned_abs() > 100_000_000 * DAY.unsigned_abs() {
        return None;
    }
    // Howard Hinnant's `civil_from_days`: years start in March, and all eras of 400 years have the
    // same days.
    let (days, time) = (milliseconds.div_euclid(DAY) + 719_468, milliseconds.rem_euclid(DAY));
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = if month < 10 { (year, month + 3) } else { (year + 1, month - 9) };
    let year = match year + era * 400 {
        year @ 0..=9999 => format!("{year:04}"),
        year => format!("{year:+07}"),
    };
    let (hour, minute, second, milli) =
        (time / 3_600_000, time / 60_000 % 60, time / 1000 % 60, time % 1000);
    Some(format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z"))
}
