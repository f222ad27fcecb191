//! Durations and sizes as text: `30s`, `250 ms`, `4MiB`.

use std::time::Duration;

const DURATIONS: [(&str, u128); 7] = [
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

const SIZES: [(&str, u128); 7] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1_000),
    ("B", 1),
];

/// A whole number and a unit of `units`, in the smallest unit.
fn amount(text: &str, units: &[(&str, u128)]) -> Option<u128> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim_start_matches(' ');
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    number.parse::<u128>().ok()?.checked_mul(*factor)
}

pub(super) fn duration(text: &str) -> Option<Duration> {
    const SECOND: u128 = 1_000_000_000;
    let nanos = amount(text, &DURATIONS)?;
    Some(Duration::new(u64::try_from(nanos / SECOND).ok()?, (nanos % SECOND) as u32))
}

/// In the largest unit, up to seconds, that needs no fraction.
pub(super) fn show_duration(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    let unit = DURATIONS[3..].iter().find(|(_, factor)| nanos.is_multiple_of(*factor));
    let (unit, factor) = unit.unwrap_or(&("ns", 1));
    format!("{} {unit}", nanos / factor)
}

/// A number alone is a number of bytes.
pub(super) fn size(text: &str) -> Option<usize> {
    let bytes = text.parse().ok().or_else(|| amount(text, &SIZES))?;
    usize::try_from(bytes).ok()
}

/// Writes a size in the largest unit that needs no fraction. A number alone is in bytes.
pub(super) fn show_size(size: usize) -> String {
    let bytes = size as u128;
    let unit = SIZES[..6].iter().find(|(_, factor)| bytes > 0 && bytes.is_multiple_of(*factor));
    unit.map_or_else(|| bytes.to_string(), |(unit, factor)| format!("{} {unit}", bytes / factor))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_have_a_number_and_a_unit() {
        for (text, nanos) in [
            ("30s", 30_000_000_000),
            ("30 s", 30_000_000_000),
            ("250ms", 250_000_000),
            ("2m", 120_000_000_000),
            ("1h", 3_600_000_000_000),
            ("1d", 86_400_000_000_000),
            ("0s", 0),
            ("7us", 7_000),
            ("7ns", 7),
        ] {
            assert_eq!(duration(text), Some(Duration::from_nanos(nanos)), "{text}");
        }
        let huge = "9".repeat(50) + "s";
        for text in
            ["", "30", "s", "30x", "30S", "-1s", "+1s", "1.5s", " 1s", "1s ", "1 s s", "1\ts"]
                .into_iter()
                .chain(["340282366920938463463374607431768211455d", "18446744073709551616s", &huge])
        {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn sizes_have_a_number_and_perhaps_a_unit() {
        for (text, bytes) in [
            ("4MiB", 4 << 20),
            ("64 KiB", 64 << 10),
            ("1MB", 1_000_000),
            ("2GiB", 2 << 30),
            ("2GB", 2_000_000_000),
            ("3KB", 3_000),
            ("255 B", 255),
            ("255", 255),
            ("0", 0),
        ] {
            assert_eq!(size(text), Some(bytes), "{text}");
        }
        let huge = "9".repeat(50);
        for text in ["", "MiB", "4mib", "4 M", "-1", "1.5MiB", "4MiBs", "17179869184GiB", &huge] {
            assert_eq!(size(text), None, "{text}");
        }
    }

    #[test]
    fn values_are_shown_in_the_largest_unit() {
        for (nanos, text) in [
            (0, "0 s"),
            (90_000_000_000, "90 s"),
            (1_500_000_000, "1500 ms"),
            (1_000, "1 us"),
            (1_001, "1001 ns"),
        ] {
            assert_eq!(show_duration(Duration::from_nanos(nanos)), text);
        }
        for (bytes, text) in
            [(0, "0"), (1, "1"), (1024, "1 KiB"), (4 << 20, "4 MiB"), (1_000_000, "1 MB")]
        {
            assert_eq!(show_size(bytes), text);
        }
    }

    proptest! {
        #[test]
        fn any_duration_is_read_as_it_is_shown(secs: u64, nanos in 0..1_000_000_000_u32) {
            let time = Duration::new(secs, nanos);
            prop_assert_eq!(duration(&show_duration(time)), Some(time));
        }

        #[test]
        fn any_size_is_read_as_it_is_shown(bytes: usize) {
            prop_assert_eq!(size(&show_size(bytes)), Some(bytes));
            let round = bytes >> 20 << 20;
            prop_assert_eq!(size(&show_size(round)), Some(round));
        }

        #[test]
        fn no_text_panics(text in "\\PC*", number in "[0-9]{0,45} ?[a-zA-Zµ]{0,3}") {
            for text in [text, number] {
                let _ = (duration(&text), size(&text));
            }
        }
    }
}
