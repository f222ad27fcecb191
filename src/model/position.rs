use std::{borrow::Cow, error, fmt, str::FromStr};

use rand::RngExt;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The characters of a token, in the order of ASCII: a later token is the greater text.
const ALPHABET: &[u8; 64] = b"-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";
/// Characters of a token. Each has six bits.
const LENGTH: usize = EPOCH_CHARS + PLACE_CHARS + DIRECT_CHARS;
const EPOCH_CHARS: usize = 4;
const PLACE_CHARS: usize = 8;
const DIRECT_CHARS: usize = 4;

/// A place in the one order of a server's publications and subscriptions.
///
/// Places grow, and may leave some out. A server counts them, and uses 48 bits: two million places
/// a second for four years. In a cluster that orders what all its servers publish, they are the ids
/// of a stream's entries: [`of_entry`](Self::of_entry).
///
/// ```
/// use actix_socketio::store::Place;
///
/// assert!(Place::new(7) < Place::new(8));
/// assert_eq!(Place::new(7).next(), Place::new(8));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place(u64);

impl Place {
    /// Before all publications.
    pub const START: Self = Self(0);

    /// The greatest place that a token can say.
    const MAX_IN_TOKEN: u64 = (1 << (6 * PLACE_CHARS)) - 1;
    /// Bits for the entries of one millisecond.
    const COUNT_BITS: u32 = 20;
    const MAX_MILLIS: u64 = u64::MAX >> Self::COUNT_BITS;

    /// A place by its number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The place of an entry of a stream, by the two numbers of its id: milliseconds, and a count
    /// within the millisecond.
    ///
    /// A later entry has the greater place: 2^20 entries in one millisecond are more than a stream
    /// takes, and 44 bits of milliseconds last until the year 2527.
    ///
    /// ```
    /// use actix_socketio::store::Place;
    ///
    /// let place = Place::of_entry(1_795_993_213_557, 3);
    /// assert!(place > Place::of_entry(1_795_993_213_557, 2));
    /// assert_eq!(place.entry(), (1_795_993_213_557, 3));
    /// ```
    pub const fn of_entry(millis: u64, count: u64) -> Self {
        let millis = if millis > Self::MAX_MILLIS { Self::MAX_MILLIS } else { millis };
        Self((millis << Self::COUNT_BITS).saturating_add(count))
    }

    /// The two numbers of an entry's id: what [`of_entry`](Self::of_entry) takes.
    pub const fn entry(self) -> (u64, u64) {
        (self.0 >> Self::COUNT_BITS, self.0 & ((1 << Self::COUNT_BITS) - 1))
    }

    /// The number.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The next place.
    pub const fn next(self) -> Self {
        self.ahead(1)
    }

    /// The place that is `distance` after this one.
    pub const fn ahead(self, distance: u64) -> Self {
        Self::new(self.0.saturating_add(distance))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Distinguishes the orders of a server that has lost its places at a restart: 24 random bits.
///
/// Places of different epochs can't be compared. A store keeps the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Epoch(u32);

impl Epoch {
    const MASK: u32 = (1 << (6 * EPOCH_CHARS)) - 1;

    /// The order of a cluster, whose places are the same on all its servers. [`random`](Self::random)
    /// never gives it.
    pub(crate) const CLUSTER: Self = Self(1 << 31);

    /// An epoch that was kept. Only the low 24 bits count.
    pub const fn new(bits: u32) -> Self {
        Self(bits & Self::MASK)
    }

    /// A new epoch.
    pub(crate) fn random() -> Self {
        Self::new(rand::rng().random())
    }

    /// The epoch with these bits, or that of a cluster.
    pub(crate) const fn of_any(bits: u32) -> Self {
        if bits == Self::CLUSTER.0 { Self::CLUSTER } else { Self::new(bits) }
    }

    /// The 24 bits.
    pub const fn bits(self) -> u32 {
        self.0
    }
}

/// A point in the one order of everything that a server publishes, in all channels and namespaces.
///
/// It is opaque: its text is a token of 16 characters, which clients keep and give back when they
/// want what they missed. Later positions of one server compare greater as texts. A server without
/// a store has other positions after each start, and recognizes old ones.
///
/// In a cluster that orders what all its servers publish, positions are the same on all of them,
/// and Node's: the id of an entry of the stream, such as `1795993213557-0`. An event that went to
/// one client alone adds a count, such as `1795993213557-0.1`.
///
/// ```
/// # use actix_socketio::Position;
/// let position: Position = "k3Xa-----0F2----".parse()?;
/// assert_eq!(position.to_string(), "k3Xa-----0F2----");
/// # Ok::<(), actix_socketio::InvalidPosition>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Position {
    epoch: Epoch,
    point: Point,
}

/// The part of the order that a socket has received: all publications up to a place, and a number
/// of direct events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Point {
    pub(crate) place: Place,
    /// The direct events that the socket has had.
    pub(crate) directs: u32,
}

impl Point {
    /// The point of a publication, the same for all its receivers.
    pub(crate) fn of(place: Place) -> Self {
        Self { place, directs: 0 }
    }
}

/// The text of a [`Position`].
#[derive(Clone)]
pub(crate) enum Token {
    /// Of a server's own order.
    Own([u8; LENGTH]),
    /// Of a cluster's order.
    Entry(String),
}

impl Token {
    /// Bytes of a token.
    #[cfg(test)]
    pub(crate) const LENGTH: usize = LENGTH;

    pub(crate) fn as_str(&self) -> &str {
        match self {
            // Only characters of the alphabet are stored, and all of them are ASCII.
            Self::Own(text) => std::str::from_utf8(text).unwrap_or_default(),
            Self::Entry(text) => text,
        }
    }
}

impl Position {
    pub(crate) fn new(epoch: Epoch, point: Point) -> Self {
        Self { epoch, point }
    }

    pub(crate) fn epoch(self) -> Epoch {
        self.epoch
    }

    pub(crate) fn point(self) -> Point {
        self.point
    }

    pub(crate) fn token(self) -> Token {
        if self.epoch == Epoch::CLUSTER {
            return Token::Entry(self.entry_text());
        }
        let mut text = [0; LENGTH];
        let (epoch, rest) = text.split_at_mut(EPOCH_CHARS);
        let (place, directs) = rest.split_at_mut(PLACE_CHARS);
        write(epoch, u64::from(self.epoch.0));
        write(place, self.point.place.0.min(Place::MAX_IN_TOKEN));
        write(directs, u64::from(self.point.directs));
        Token::Own(text)
    }

    fn entry_text(self) -> String {
        let (millis, count) = self.point.place.entry();
        match self.point.directs {
            0 => format!("{millis}-{count}"),
            directs => format!("{millis}-{count}.{directs}"),
        }
    }

    /// Reads the id of an entry. Each has one text, so that nothing else is taken for one. No token
    /// of a server has such a text: its places would have to be beyond 2^40.
    fn parse_entry(text: &str) -> Option<Self> {
        let (millis, rest) = text.split_once('-')?;
        let (count, directs) = rest.split_once('.').unwrap_or((rest, "0"));
        let place = Place::of_entry(millis.parse().ok()?, count.parse().ok()?);
        let point = Point { place, directs: directs.parse().ok()? };
        let position = Self::new(Epoch::CLUSTER, point);
        (position.entry_text() == text).then_some(position)
    }

    fn parse(text: &str) -> Option<Self> {
        if let Some(entry) = Self::parse_entry(text) {
            return Some(entry);
        }
        let text: &[u8; LENGTH] = text.as_bytes().try_into().ok()?;
        let (epoch, rest) = text.split_at(EPOCH_CHARS);
        let (place, directs) = rest.split_at(PLACE_CHARS);
        // As many bits as the characters have, so that nothing is cut.
        let epoch = Epoch(read(epoch)? as u32);
        let point = Point { place: Place(read(place)?), directs: read(directs)? as u32 };
        Some(Self { epoch, point })
    }
}

/// Writes the low bits of a number, six to a character.
fn write(out: &mut [u8], number: u64) {
    let mut rest = number;
    for character in out.iter_mut().rev() {
        *character = ALPHABET[(rest & 63) as usize];
        rest >>= 6;
    }
}

fn read(text: &[u8]) -> Option<u64> {
    text.iter().try_fold(0, |number, byte| {
        let digit = ALPHABET.iter().position(|character| character == byte)?;
        Some(number << 6 | digit as u64)
    })
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.token().as_str())
    }
}

impl fmt::Debug for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Position({self})")
    }
}

impl Serialize for Position {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.token().as_str())
    }
}

impl<'de> Deserialize<'de> for Position {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl FromStr for Position {
    type Err = InvalidPosition;

    fn from_str(text: &str) -> Result<Self, InvalidPosition> {
        Self::parse(text).ok_or_else(|| InvalidPosition(text.chars().take(2 * LENGTH).collect()))
    }
}

/// A text is not a [`Position`], which is a token of 16 characters, or the id of an entry of a
/// cluster's stream.
///
/// ```
/// # use actix_socketio::Position;
/// let error = "now".parse::<Position>().unwrap_err();
/// assert_eq!(error.to_string(), "invalid position \"now\": expected a token of 16 characters");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidPosition(String);

impl fmt::Display for InvalidPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid position {:?}: expected a token of {LENGTH} characters", self.0)
    }
}

impl error::Error for InvalidPosition {}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(epoch: u32, place: u64, directs: u32) -> Position {
        Position::new(Epoch::new(epoch), Point { place: Place::new(place), directs })
    }

    #[test]
    fn a_token_says_the_whole_position() {
        let largest = position(u32::MAX, Place::MAX_IN_TOKEN, (1 << 24) - 1);
        for one in [position(0, 0, 0), position(7, 1 << 40, 3), largest] {
            let text = one.to_string();
            assert_eq!(text.len(), Token::LENGTH);
            assert_eq!(text.parse(), Ok(one));
        }
        assert_eq!(position(0, 0, 0).to_string(), "-".repeat(16));
    }

    #[test]
    fn a_later_token_is_the_greater_text() {
        let mut numbers = vec![0, 1, 9, 10, 63, 64, 65, 4095, 4096, 1 << 30, (1 << 48) - 1];
        numbers.sort_unstable();
        let texts: Vec<_> = numbers.iter().map(|at| position(5, *at, 9).to_string()).collect();
        assert!(texts.is_sorted());
        assert!(position(5, 7, 0).to_string() < position(5, 7, 1).to_string());
        assert!(position(5, 7, 99).to_string() < position(5, 8, 0).to_string());
    }

    #[test]
    fn a_position_of_a_cluster_is_the_id_of_an_entry() {
        let at = |millis, count, directs| {
            let place = Place::of_entry(millis, count);
            Position::new(Epoch::CLUSTER, Point { place, directs })
        };
        let most = (1 << 44) - 1;
        for (position, text) in [
            (at(1_795_993_213_557, 0, 0), "1795993213557-0"),
            (at(1_795_993_213_557, 17, 2), "1795993213557-17.2"),
            (at(0, 0, 0), "0-0"),
            (at(most, (1 << 20) - 1, u32::MAX), "17592186044415-1048575.4294967295"),
        ] {
            assert_eq!(position.to_string(), text);
            assert_eq!(text.parse(), Ok(position));
        }
        let last = at(7, (1 << 20) - 1, 0).point().place;
        assert!(last < at(8, 0, 0).point().place, "a later millisecond is a later place");
        assert_eq!(Place::of_entry(u64::MAX, u64::MAX), Place::new(u64::MAX));
        for text in [
            "1-",
            "-1",
            "1",
            "1-2.",
            "1-2.0",
            "01-2",
            "1-02",
            "1-2.03",
            "+1-2",
            "1-2-3",
            "1-2.3.4",
            "1-1048576",
            "99999999999999999999-0",
            "1-2.4294967296",
            " 1-2",
        ] {
            assert!(text.parse::<Position>().is_err(), "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "x", "Q8fXU25", &"-".repeat(17), "----------------\n", "ä-------------"] {
            assert!(text.parse::<Position>().is_err(), "{text}");
        }
        assert!("+---------------".parse::<Position>().is_err());
    }
}
