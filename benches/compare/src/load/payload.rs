//! The data of a publication: its publisher, its number and its time. They are digits of a fixed
//! width, padded to the size of the cell, so that every server carries the same bytes.

use std::io::Write;

/// `M`, four hexadecimal digits of the stream, eight of the number, sixteen of the time.
const LENGTH: usize = 29;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) kind: Kind,
    /// The number of the stream: one publisher in one channel.
    pub(super) stream: u16,
    /// The number in its stream, from 1.
    pub(super) number: u32,
    /// When the publication was due, in nanoseconds of the load generator's clock.
    pub(super) due: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A probe, which finds out whether all are subscribed.
    Probe = b'P' as isize,
    Message = b'M' as isize,
}

impl Stamp {
    /// Appends the data, padded to this many bytes.
    pub(super) fn write(self, out: &mut Vec<u8>, bytes: usize) {
        let start = out.len();
        let Self { kind, stream, number, due } = self;
        // Writing to a vector cannot fail.
        let _ = write!(out, "{}{stream:04x}{number:08x}{due:016x}", char::from(kind as u8));
        pad(out, start + bytes.max(LENGTH));
    }

    /// Reads data of this many bytes.
    pub(super) fn read(payload: &[u8], bytes: usize) -> Option<Self> {
        if payload.len() != bytes.max(LENGTH) {
            return None;
        }
        let (kind, digits) = payload.split_first()?;
        let kind = match kind {
            b'P' => Kind::Probe,
            b'M' => Kind::Message,
            _ => return None,
        };
        let (stream, number) = (hex(&digits[..4])?, hex(&digits[4..12])?);
        let due = hex(&digits[12..28])?;
        Some(Self { kind, stream: stream.try_into().ok()?, number: number.try_into().ok()?, due })
    }
}

/// Pads with a letter that no server escapes.
pub(super) fn pad(out: &mut Vec<u8>, to: usize) {
    out.resize(to.max(out.len()), b'x');
}

/// Much faster than `parse`, and it runs for each delivery.
fn hex(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |value, digit| {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(value << 4 | u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_read_as_it_was_written() {
        let stamp = Stamp { kind: Kind::Message, stream: 9999, number: 123_456_789, due: u64::MAX };
        for bytes in [0, LENGTH, 64, 1024] {
            let mut payload = Vec::new();
            stamp.write(&mut payload, bytes);
            assert_eq!(payload.len(), bytes.max(LENGTH));
            assert_eq!(Stamp::read(&payload, bytes), Some(stamp));
            assert_eq!(Stamp::read(&payload[1..], bytes), None);
        }
    }
}
