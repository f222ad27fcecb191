use std::{borrow::Cow, collections::HashMap, error, fmt, str::FromStr};

use rand::RngExt;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Characters of an id: Socket.IO's own length, which its Redis adapter tells a socket's room by.
const LENGTH: usize = 20;
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Which bytes are of the alphabet: each poll asks twenty times.
static IS_OF_ALPHABET: [bool; 256] = {
    let (mut table, mut at) = ([false; 256], 0);
    while at < ALPHABET.len() {
        table[ALPHABET[at] as usize] = true;
        at += 1;
    }
    table
};

/// A table of ids that this server has made. They are random, so that nobody can choose them to
/// collide: they need no hash that withstands it.
pub(crate) type IdMap<Id, T> = HashMap<Id, T, foldhash::fast::RandomState>;

/// 120 random bits of a cryptographic generator, as base64url.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Id([u8; LENGTH]);

impl Id {
    fn random() -> Self {
        let random: [u8; LENGTH] = rand::rng().random();
        Self(random.map(|byte| ALPHABET[usize::from(byte & 63)]))
    }

    fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; LENGTH] = text.as_bytes().try_into().ok()?;
        // All are looked at, which is less work than to stop at the first that is not.
        bytes
            .iter()
            .fold(true, |all, byte| all & IS_OF_ALPHABET[usize::from(*byte)])
            .then_some(Self(bytes))
    }

    fn as_str(&self) -> &str {
        // Only characters of the alphabet are ever stored, and those are ASCII.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// The public name of one client in one namespace: 20 characters of base64url, unguessable and
/// never used twice.
///
/// It is `socket.id` on the client's side, and may be shown to others; to poll in the client's name
/// takes another id, which nobody is shown.
///
/// ```
/// # use actix_socketio::SocketId;
/// let id: SocketId = "AbCdEfGhIjKlMnOpQrSt".parse()?;
/// assert_eq!(id.as_str(), "AbCdEfGhIjKlMnOpQrSt");
/// # Ok::<(), actix_socketio::InvalidSocketId>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketId(Id);

impl SocketId {
    pub(crate) fn random() -> Self {
        Self(Id::random())
    }

    /// The id as the client knows it.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SocketId({self})")
    }
}

impl Serialize for SocketId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for SocketId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl FromStr for SocketId {
    type Err = InvalidSocketId;

    fn from_str(text: &str) -> Result<Self, InvalidSocketId> {
        Id::parse(text)
            .map(Self)
            .ok_or_else(|| InvalidSocketId(text.chars().take(2 * LENGTH).collect()))
    }
}

/// A text is no [`SocketId`]: it takes 20 characters of base64url.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidSocketId(String);

impl fmt::Display for InvalidSocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no socket id: 20 characters of base64url are", self.0)
    }
}

impl error::Error for InvalidSocketId {}

/// The Engine.IO `sid`: a bearer secret, since who knows it can poll in the client's name.
///
/// It is told to its client once, in the open packet, and shown nowhere else: not in logs, not by
/// `Debug`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct SessionId(Id);

impl SessionId {
    pub(crate) fn random() -> Self {
        Self(Id::random())
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Id::parse(text).map(Self)
    }

    pub(crate) fn reveal(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(..)")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_are_of_the_alphabet_and_differ() {
        let ids: HashSet<_> = (0..10_000).map(|_| SocketId::random()).collect();
        assert_eq!(ids.len(), 10_000);
        for id in ids {
            assert_eq!(id.as_str().parse(), Ok(id));
            let json = serde_json::to_string(&id).unwrap();
            assert_eq!(serde_json::from_str::<SocketId>(&json).unwrap(), id);
        }
    }

    #[test]
    fn the_alphabet_is_what_is_taken() {
        for byte in 0..=u8::MAX {
            assert_eq!(IS_OF_ALPHABET[usize::from(byte)], ALPHABET.contains(&byte), "{byte}");
        }
    }

    #[test]
    fn other_texts_are_no_ids() {
        for text in
            ["", "short", "AbCdEfGhIjKlMnOpQrSt+", "AbCdEfGhIjKlMnOpQrS+", "AbCdEfGhIjKlMnOpQré"]
        {
            assert!(text.parse::<SocketId>().is_err(), "{text}");
            assert!(SessionId::parse(text).is_none(), "{text}");
        }
        let error = "x".repeat(1000).parse::<SocketId>().unwrap_err();
        assert!(error.to_string().len() < 120, "a long text is cut: {error}");
    }

    #[test]
    fn a_session_id_does_not_show_itself() {
        let id = SessionId::random();
        assert_eq!(format!("{id:?}"), "SessionId(..)");
        assert_eq!(SessionId::parse(id.reveal()), Some(id));
    }
}
