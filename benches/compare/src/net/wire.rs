//! WebSocket frames, and the heads of HTTP messages.

use crate::Fallible;

pub(crate) const TEXT: u8 = 1;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

/// The bits of a first byte that say: this frame is a whole message.
const FINAL: u8 = 0x80;
const MASKED: u8 = 0x80;

/// The side that writes the frame: clients mask, servers do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum From {
    Client,
    Server,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    pub(crate) opcode: u8,
    pub(crate) data: &'a [u8],
    /// The bytes after the frame.
    pub(crate) rest: &'a [u8],
}

/// Appends a frame. The mask is zero, which is valid, and costs the server as much as any other.
pub(crate) fn frame(out: &mut Vec<u8>, from: From, opcode: u8, data: &[u8]) {
    let masked = if from == From::Client { MASKED } else { 0 };
    out.push(FINAL | opcode);
    match (data.len(), u16::try_from(data.len())) {
        (short @ 0..126, _) => out.push(masked | short as u8),
        (_, Ok(medium)) => {
            out.push(masked | 126);
            out.extend_from_slice(&medium.to_be_bytes());
        }
        (long, Err(_)) => {
            out.push(masked | 127);
            out.extend_from_slice(&(long as u64).to_be_bytes());
        }
    }
    if from == From::Client {
        out.extend_from_slice(&[0; 4]);
    }
    out.extend_from_slice(data);
}

/// The frame at the start of these bytes, if it is complete. Masks are assumed to be zero: see
/// [`frame`].
pub(crate) fn next(bytes: &[u8]) -> Fallible<Option<Frame<'_>>> {
    let [first, second, after @ ..] = bytes else { return Ok(None) };
    if first & FINAL == 0 || first & 0x70 != 0 {
        return Err("a frame in fragments, or compressed: neither was asked for".into());
    }
    let (length, after) = match second & !MASKED {
        126 => match after.split_first_chunk() {
            Some((length, after)) => (usize::from(u16::from_be_bytes(*length)), after),
            None => return Ok(None),
        },
        127 => match after.split_first_chunk() {
            Some((length, after)) => (usize::try_from(u64::from_be_bytes(*length))?, after),
            None => return Ok(None),
        },
        short => (usize::from(short), after),
    };
    let mask = if second & MASKED == 0 { 0 } else { 4 };
    let payload = after.get(mask..).and_then(|after| after.split_at_checked(length));
    Ok(payload.map(|(data, rest)| Frame { opcode: first & 0x0f, data, rest }))
}

/// The head of an HTTP message without its last line end, and the bytes after it. `None` while the
/// head is not complete.
pub(crate) fn head(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.windows(4).position(|end| end == b"\r\n\r\n")?;
    Some((&bytes[..end], &bytes[end + 4..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_every_length_are_read_as_they_were_written() {
        for from in [From::Client, From::Server] {
            for length in [0, 1, 125, 126, 65_535, 65_536] {
                let data = vec![b'x'; length];
                let mut bytes = Vec::new();
                frame(&mut bytes, from, TEXT, &data);
                assert_eq!(next(&bytes[..bytes.len() - 1]).unwrap(), None, "{length}");
                bytes.push(7);
                let whole = Frame { opcode: TEXT, data: &data, rest: &[7] };
                assert_eq!(next(&bytes).unwrap(), Some(whole), "{length}");
            }
        }
    }

    #[test]
    fn fragments_are_refused() {
        assert!(next(&[TEXT, 0]).is_err());
    }
}
