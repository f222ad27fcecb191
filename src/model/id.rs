use std::{borrow::Cow, collections::HashMap, error, fmt, marker::PhantomData, str::FromStr};

use rand::RngExt;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::NodeId;

/// The length of an id in characters. Socket.IO uses the same length, by which its Redis adapter
/// recognizes the room of a single socket.
const LENGTH: usize = 20;
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Whether each byte is in the alphabet. A table, because each poll looks up twenty bytes.
static IS_IN_ALPHABET: [bool; 256] = {
    let (mut table, mut at) = ([false; 256], 0);
    while at < ALPHABET.len() {
        table[ALPHABET[at] as usize] = true;
        at += 1;
    }
    table
};

/// A map by ids that this server has made. The ids are random, so that a client cannot choose ids
/// that collide, and a fast hash without protection against collisions is enough.
pub(crate) type IdMap<Id, T> = HashMap<Id, T, foldhash::fast::RandomState>;

/// The length of a [`NodeId`] in characters.
pub(super) const NODE_LENGTH: usize = 4;

/// Random characters of the alphabet, from a cryptographic generator.
pub(super) fn random_characters<const COUNT: usize>() -> [u8; COUNT] {
    let mut characters = [0; COUNT];
    rand::rng().fill(&mut characters[..]);
    characters.map(|byte: u8| ALPHABET[usize::from(byte & 63)])
}

/// Whether all characters are in the alphabet. To check every byte is less work than to stop at the
/// first invalid one.
pub(super) fn are_valid<const COUNT: usize>(characters: &[u8; COUNT]) -> bool {
    characters.iter().fold(true, |all, byte| all & IS_IN_ALPHABET[usize::from(*byte)])
}

/// 120 random bits from a cryptographic generator, written as base64url.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Id([u8; LENGTH]);

impl Id {
    fn random() -> Self {
        Self(random_characters())
    }

    fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; LENGTH] = text.as_bytes().try_into().ok()?;
        are_valid(&bytes).then_some(Self(bytes))
    }

    fn as_str(&self) -> &str {
        // Only characters of the alphabet are stored, and all of them are ASCII.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// The public id of a [`Socket`](crate::Socket): one client in one namespace.
///
/// An id is 20 base64url characters, cannot be guessed, and is never used twice, but by a client
/// that comes back (see [`Recovery`](crate::Recovery)). The client has the same id as `socket.id`.
/// You may show it to other clients: polling on behalf of a client takes the id of the Engine.IO
/// session, which stays secret.
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

    /// Returns the id as text, as in the client's `socket.id`.
    ///
    /// ```
    /// # use actix_socketio::SocketId;
    /// # let id: SocketId = "AbCdEfGhIjKlMnOpQrSt".parse()?;
    /// assert_eq!(id.as_str().len(), 20);
    /// # Ok::<(), actix_socketio::InvalidSocketId>(())
    /// ```
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

/// A text is not a [`SocketId`], which has 20 base64url characters.
///
/// ```
/// # use actix_socketio::SocketId;
/// let error = "x".parse::<SocketId>().unwrap_err();
/// assert_eq!(error.to_string(), r#"invalid socket id "x": expected 20 base64url characters"#);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidSocketId(String);

impl fmt::Display for InvalidSocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid socket id {:?}: expected {LENGTH} base64url characters", self.0)
    }
}

impl error::Error for InvalidSocketId {}

/// An id that is a bearer secret: it appears neither in logs nor in `Debug`. Those of different
/// `Owner`s are different types.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretId<Owner>(Id, PhantomData<Owner>);

/// The Engine.IO `sid`. A peer that knows it can poll on behalf of the client, which receives it
/// once, in the open packet.
pub(crate) type SessionId = SecretId<OfEngine>;

/// Socket.IO's `pid`, by which a client asks for the socket that it had: 20 characters.
///
/// It is a bearer secret. Its `Debug` does not show it. Do not log it.
///
/// ```
/// use actix_socketio::adapter::PrivateId;
///
/// let pid = PrivateId::parse("AbCdEfGhIjKlMnOpQrSt").unwrap();
/// assert_eq!(pid.reveal(), "AbCdEfGhIjKlMnOpQrSt");
/// assert_eq!(format!("{pid:?}"), "SecretId(..)");
/// ```
pub type PrivateId = SecretId<OfSocket>;

/// The owner of a [`SessionId`].
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum OfEngine {}

/// The owner of a [`PrivateId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OfSocket {}

impl<Owner> SecretId<Owner> {
    pub(crate) fn random() -> Self {
        Self(Id::random(), PhantomData)
    }

    /// Reads the text of a secret. `None`: it is not an id.
    pub fn parse(text: &str) -> Option<Self> {
        Id::parse(text).map(|id| Self(id, PhantomData))
    }

    /// The text of the secret, for the client that owns it, and for those who look it up.
    pub fn reveal(&self) -> &str {
        self.0.as_str()
    }
}

impl SessionId {
    /// The id of a new session. In a cluster, it begins with the id of its node, and 96 bits are
    /// random.
    pub(crate) fn of_node(node: Option<NodeId>) -> Self {
        let mut id = Self::random();
        if let Some(node) = node {
            id.0.0[..NODE_LENGTH].copy_from_slice(&node.0);
        }
        id
    }

    /// The node of the session, if it begins with one.
    pub(crate) fn node(&self) -> NodeId {
        let [a, b, c, d, ..] = self.0.0;
        NodeId([a, b, c, d])
    }
}

impl<Owner> fmt::Debug for SecretId<Owner> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretId(..)")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn random_ids_are_valid_and_differ() {
        let ids: HashSet<_> = (0..10_000).map(|_| SocketId::random()).collect();
        assert_eq!(ids.len(), 10_000);
        for id in ids {
            assert_eq!(id.as_str().parse(), Ok(id));
            let json = serde_json::to_string(&id).unwrap();
            assert_eq!(serde_json::from_str::<SocketId>(&json).unwrap(), id);
        }
    }

    #[test]
    fn the_table_holds_the_alphabet() {
        for byte in 0..=u8::MAX {
            assert_eq!(IS_IN_ALPHABET[usize::from(byte)], ALPHABET.contains(&byte), "{byte}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
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
    fn a_session_of_a_node_begins_with_its_id() {
        let node: NodeId = "n0-_".parse().unwrap();
        let ids: HashSet<_> = (0..1_000).map(|_| SessionId::of_node(Some(node))).collect();
        assert_eq!(ids.len(), 1_000);
        for id in ids {
            assert_eq!((&id.reveal()[..4], id.node()), ("n0-_", node));
            assert_eq!(SessionId::parse(id.reveal()), Some(id));
        }
        let others: HashSet<_> =
            (0..100).map(|_| SessionId::of_node(None).node().to_string()).collect();
        assert!(others.len() > 90, "without a cluster, all characters are random");
    }

    #[test]
    fn debug_does_not_reveal_a_secret_id() {
        let (id, pid) = (SessionId::random(), PrivateId::random());
        assert_eq!(format!("{id:?} {pid:?}"), "SecretId(..) SecretId(..)");
        assert_eq!(SessionId::parse(id.reveal()), Some(id));
        assert_eq!(PrivateId::parse(pid.reveal()), Some(pid));
    }
}
