use std::fmt;

use actix_socketio::{
    Channel, Namespace,
    store::{ChannelMark, Place},
};
use bytes::Bytes;

use crate::field_reader::FieldReader;

/// One thing that a run has left behind at its clean end.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Leaving {
    Session(Bytes),
    Channel(ChannelMark),
    /// All publications of channels without a mark are before or at this place.
    Floor(Place),
}

const CRC: usize = 4;
const SESSION: u8 = 0;
const NAMESPACE: u8 = 1;
const CHANNEL: u8 = 2;
const FLOOR: u8 = 3;

impl Leaving {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![0; CRC];
        match self {
            Self::Session(session) => {
                bytes.push(SESSION);
                bytes.extend_from_slice(session);
            }
            Self::Floor(place) => {
                bytes.push(FLOOR);
                bytes.extend_from_slice(&place.number().to_le_bytes());
            }
            Self::Channel(ChannelMark { namespace, channel, last, trimmed, .. }) => {
                bytes.push(if channel.is_some() { CHANNEL } else { NAMESPACE });
                bytes.extend_from_slice(&last.number().to_le_bytes());
                bytes.extend_from_slice(&trimmed.number().to_le_bytes());
                let channel = channel.as_ref().map_or("", Channel::as_str);
                for text in [namespace.as_str(), channel] {
                    bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
                    bytes.extend_from_slice(text.as_bytes());
                }
            }
        }
        let crc = crc32fast::hash(&bytes[CRC..]);
        bytes[..CRC].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads what [`encode`](Self::encode) has written, and `None` of anything else.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (crc, content) = bytes.split_first_chunk::<CRC>()?;
        if u32::from_le_bytes(*crc) != crc32fast::hash(content) {
            return None;
        }
        let mut fields = FieldReader::new(content);
        let kind = fields.u8()?;
        if kind == SESSION {
            return Some(Self::Session(Bytes::copy_from_slice(&content[1..])));
        }
        if kind == FLOOR {
            let place = Place::new(fields.u64()?);
            return fields.is_empty().then_some(Self::Floor(place));
        }
        let (last, trimmed) = (Place::new(fields.u64()?), Place::new(fields.u64()?));
        let (namespace, channel) = (Namespace::new(fields.text()?), fields.text()?);
        let channel = match kind {
            NAMESPACE => None,
            CHANNEL => Some(Channel::new(channel, usize::MAX).ok()?),
            _ => return None,
        };
        let mark = ChannelMark::new(namespace, channel, last, trimmed);
        fields.is_empty().then_some(Self::Channel(mark))
    }
}

/// Sessions are secret.
impl fmt::Debug for Leaving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(_) => f.write_str("Session(..)"),
            Self::Channel(mark) => f.debug_tuple("Channel").field(mark).finish(),
            Self::Floor(place) => f.debug_tuple("Floor").field(place).finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_read_as_it_was_written_and_nothing_else_is() {
        let (last, trimmed) = (Place::new(9), Place::new(3));
        let channel = Channel::new("match-42", 100).unwrap();
        for left in [
            Leaving::Session(Bytes::new()),
            Leaving::Floor(last),
            Leaving::Session(Bytes::from_static(b"\0session")),
            Leaving::Channel(ChannelMark::new(Namespace::default(), None, last, trimmed)),
            Leaving::Channel(ChannelMark::new(Namespace::new("/a"), Some(channel), last, trimmed)),
        ] {
            let bytes = left.encode();
            assert_eq!(Leaving::decode(&bytes), Some(left));
            for at in 0..bytes.len() {
                let mut flipped = bytes.clone();
                flipped[at] ^= 32;
                assert_eq!(
                    (Leaving::decode(&flipped), Leaving::decode(&bytes[..at])),
                    (None, None)
                );
            }
        }
    }
}
