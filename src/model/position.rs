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
/// Places grow, and may leave some out. 48 bits are used: two million places a second for four
/// years.
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
    const MAX: u64 = (1 << (6 * PLACE_CHARS)) - 1;

    /// A place by its number. Numbers of more than 48 bits are cut to the greatest.
    pub const fn new(number: u64) -> Self {
        Self(if number > Self::MAX { Self::MAX } else { number })
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

    /// An epoch that was kept. Only the low 24 bits count.
    pub const fn new(bits: u32) -> Self {
        Self(bits & Self::MASK)
    }

    /// A new epoch.
    pub(crate) fn random() -> Self {
        Self::new(rand::rng().random())
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
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token([u8; LENGTH]);

impl Token {
    /// Bytes of a token.
    #[cfg(test)]
    pub(crate) const LENGTH: usize = LENGTH;

    pub(crate) fn as_str(&self) -> &str {
        // Only characters of the alphabet are stored, and all of them are ASCII.
        std::str::from_utf8(&self.0).unwrap_or_default()
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
        let mut text = [0; LENGTH];
        let (epoch, rest) = text.split_at_mut(EPOCH_CHARS);
        let (place, directs) = rest.split_at_mut(PLACE_CHARS);
        write(epoch, u64::from(self.epoch.0));
        write(place, self.point.place.0);
        write(directs, u64::from(self.point.directs));
        Token(text)
    }

    fn parse(text: &str) -> Option<Self> {
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

/// A text is not a [`Position`], which is a token of 16 characters.
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
        let largest = position(u32::MAX, u64::MAX, (1 << 24) - 1);
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
    fn other_texts_are_refused() {
        for text in ["", "x", "Q8fXU25", &"-".repeat(17), "----------------\n", "ä-------------"] {
            assert!(text.parse::<Position>().is_err(), "{text}");
        }
        assert!("+---------------".parse::<Position>().is_err());
    }
}
