//! The end of a certificate's validity, read from its DER. rustls checks the certificates of
//! others, and has no way to ask about one's own.

use std::time::{Duration, SystemTime};

const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
/// The version of a certificate, which is the only optional field before its validity.
const VERSION: u8 = 0xa0;

/// The moment from which on a certificate is invalid. `None` if it can't be read.
pub(super) fn expires(certificate: &[u8]) -> Option<SystemTime> {
    let (to_be_signed, _) = expect(SEQUENCE, expect(SEQUENCE, certificate)?.0)?;
    let rest = match expect(VERSION, to_be_signed) {
        Some((_, rest)) => rest,
        None => to_be_signed,
    };
    let (_, rest) = expect(INTEGER, rest)?; // serial number
    let (_, rest) = expect(SEQUENCE, rest)?; // algorithm of the signature
    let (_, rest) = expect(SEQUENCE, rest)?; // issuer
    let (validity, _) = expect(SEQUENCE, rest)?;
    let (_, _, not_after) = element(validity)?;
    let (tag, time, _) = element(not_after)?;
    parse_time(tag, time)
}

/// The content of the first element, and what is behind it, if it has this tag.
fn expect(tag: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (found, content, rest) = element(bytes)?;
    (found == tag).then_some((content, rest))
}

/// The tag and the content of the first element, and what is behind it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        // Four bytes are more than any certificate needs.
        0x81..=0x84 => {
            let (length, rest) = rest.split_at_checked(usize::from(first - 0x80))?;
            (length.iter().fold(0, |sum, byte| (sum << 8) | usize::from(*byte)), rest)
        }
        0x80 | 0x85.. => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// `YYMMDDhhmmssZ` or `YYYYMMDDhhmmssZ` (RFC 5280 §4.1.2.5).
fn parse_time(tag: u8, text: &[u8]) -> Option<SystemTime> {
    let digits = text.strip_suffix(b"Z")?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = |digits: &[u8]| digits.iter().fold(0, |sum, d| sum * 10 + u64::from(d - b'0'));
    let (year, rest) = match (tag, digits.len()) {
        (UTC_TIME, 12) => {
            let year = number(&digits[..2]);
            (if year < 50 { 2000 + year } else { 1900 + year }, &digits[2..])
        }
        (GENERALIZED_TIME, 14) => (number(&digits[..4]), &digits[4..]),
        _ => return None,
    };
    let field = |at: usize| number(&rest[2 * at..2 * at + 2]);
    let [month, day, hour, minute, second] = [0, 1, 2, 3, 4].map(field);
    let is_date = (1..=12).contains(&month) && (1..=31).contains(&day);
    if !is_date || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let days = days_since_1970(year, month, day)?;
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

/// The days between 1970-01-01 and a date of the Gregorian calendar. `None` if it is earlier.
fn days_since_1970(year: u64, month: u64, day: u64) -> Option<u64> {
    // Years begin in March here, so that a leap day is the last day of its year.
    let (year, month) =
        if month > 2 { (year, month - 3) } else { (year.checked_sub(1)?, month + 9) };
    let before_year = year * 365 + year / 4 - year / 100 + year / 400;
    let days = before_year + (month * 153 + 2) / 5 + day - 1;
    // 719,468 days are between 0000-03-01 and 1970-01-01.
    days.checked_sub(719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(tag: u8, text: &[u8]) -> Option<u64> {
        let time = parse_time(tag, text)?;
        Some(time.duration_since(SystemTime::UNIX_EPOCH).expect("it is later").as_secs())
    }

    #[test]
    fn both_forms_of_a_time_are_read() {
        assert_eq!(seconds(UTC_TIME, b"700101000000Z"), Some(0));
        assert_eq!(seconds(UTC_TIME, b"000229120000Z"), Some(951_825_600));
        assert_eq!(seconds(UTC_TIME, b"491231235959Z"), Some(2_524_607_999));
        assert_eq!(seconds(GENERALIZED_TIME, b"20500101000000Z"), Some(2_524_608_000));
        assert_eq!(seconds(GENERALIZED_TIME, b"99991231235959Z"), Some(253_402_300_799));
    }

    #[test]
    fn other_times_are_refused() {
        for text in [&b""[..], b"Z", b"701301000000Z", b"700100000000Z", b"70010100000aZ"] {
            assert_eq!(seconds(UTC_TIME, text), None, "{text:?}");
        }
        assert_eq!(seconds(UTC_TIME, b"20500101000000Z"), None);
        assert_eq!(seconds(GENERALIZED_TIME, b"00000101000000Z"), None);
    }

    #[test]
    fn the_end_of_a_certificate_is_read_and_a_part_of_one_is_refused() {
        let key = rcgen::KeyPair::generate().expect("a key");
        let mut parameters =
            rcgen::CertificateParams::new(["localhost".to_owned()]).expect("a name");
        parameters.not_after = rcgen::date_time_ymd(2040, 2, 29);
        let certificate = parameters.self_signed(&key).expect("a certificate");
        let der = certificate.der();
        let end = SystemTime::UNIX_EPOCH + Duration::from_secs(2_214_086_400);
        assert_eq!(expires(der), Some(end));
        for len in 0..der.len() {
            assert_eq!(expires(&der[..len]), None, "{len} bytes");
        }
    }
}
