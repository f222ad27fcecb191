use std::{borrow::Cow, error, fmt, ops::Deref, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

/// The checked name of a channel, which clients subscribe to and messages are published to.
///
/// Socket.IO calls a channel a room. A name has at least one character and no control characters.
/// [`Builder::max_channel_length`](crate::Builder::max_channel_length) limits its length in bytes.
/// A clone shares the text.
///
/// ```
/// # use actix_socketio::Channel;
/// let channel = Channel::new("match-42", 255)?;
/// assert_eq!(channel, "match-42");
/// assert!(channel.starts_with("match-"));
/// # Ok::<(), actix_socketio::ChannelError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Channel(Arc<str>);

impl Channel {
    /// Makes a channel from a name of at most `max_length` bytes.
    ///
    /// ```
    /// # use actix_socketio::{Channel, ChannelError};
    /// assert_eq!(Channel::new("", 255), Err(ChannelError::Empty));
    /// ```
    ///
    /// # Errors
    /// [`ChannelError`] names the rule that `name` breaks.
    pub fn new(name: &str, max_length: usize) -> Result<Self, ChannelError> {
        Self::check(name, max_length).map(|()| Self(name.into()))
    }

    /// The only channel of the namespace in which the path of publications is probed.
    pub(crate) fn probe() -> Self {
        Self("probe".into())
    }

    /// Checks a name without making a channel.
    pub(crate) fn check(name: &str, max_length: usize) -> Result<(), ChannelError> {
        Self::check_length(name, max_length)?;
        if name.is_empty() {
            return Err(ChannelError::Empty);
        }
        match name.char_indices().find(|(_, c)| c.is_control()) {
            Some((position, character)) => {
                Err(ChannelError::ControlCharacter { character, position })
            }
            None => Ok(()),
        }
    }

    fn check_length(name: &str, limit: usize) -> Result<(), ChannelError> {
        if name.len() > limit {
            Err(ChannelError::TooLong { length: name.len(), limit })
        } else {
            Ok(())
        }
    }

    /// Returns the name.
    ///
    /// ```
    /// # use actix_socketio::Channel;
    /// assert_eq!(Channel::new("news", 255)?.as_str(), "news");
    /// # Ok::<(), actix_socketio::ChannelError>(())
    /// ```
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Reads a name of any length. Each call that takes a channel checks its length.
impl<'de> Deserialize<'de> for Channel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = Cow::<'de, str>::deserialize(deserializer)?;
        Self::new(&name, usize::MAX).map_err(D::Error::custom)
    }
}

impl Deref for Channel {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for Channel {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Channel {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for Channel {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

impl PartialEq<&str> for Channel {
    fn eq(&self, other: &&str) -> bool {
        &*self.0 == *other
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Channel({:?})", self.0)
    }
}

/// A value that names a channel, for methods that take either a name or a [`Channel`].
///
/// A [`Channel`] is cloned, and only its length is checked. A string is checked in full and copied.
///
/// ```
/// # use actix_socketio::{Channel, ChannelError, ToChannel};
/// fn first_byte(channel: impl ToChannel) -> Result<u8, ChannelError> {
///     Ok(channel.to_channel(255)?.as_bytes()[0])
/// }
///
/// assert_eq!(first_byte("news")?, b'n');
/// assert_eq!(first_byte(&Channel::new("news", 255)?)?, b'n');
/// # Ok::<(), ChannelError>(())
/// ```
pub trait ToChannel {
    /// Returns the channel with this name.
    ///
    /// ```
    /// # use actix_socketio::ToChannel;
    /// assert!("match-42".to_channel(8).is_ok());
    /// assert!("match-42".to_channel(7).is_err());
    /// ```
    ///
    /// # Errors
    /// [`ChannelError`] if the name is not valid or has more than `max_length` bytes.
    fn to_channel(&self, max_length: usize) -> Result<Channel, ChannelError>;
}

impl ToChannel for Channel {
    fn to_channel(&self, max_length: usize) -> Result<Channel, ChannelError> {
        Self::check_length(self, max_length)?;
        Ok(self.clone())
    }
}

impl ToChannel for str {
    fn to_channel(&self, max_length: usize) -> Result<Channel, ChannelError> {
        Channel::new(self, max_length)
    }
}

impl ToChannel for String {
    fn to_channel(&self, max_length: usize) -> Result<Channel, ChannelError> {
        Channel::new(self, max_length)
    }
}

impl ToChannel for Cow<'_, str> {
    fn to_channel(&self, max_length: usize) -> Result<Channel, ChannelError> {
        Channel::new(self, max_length)
    }
}

impl<T: ToChannel + ?Sized> ToChannel for &T {
    fn to_channel(&self, max_length: usize) -> Result<Channel, ChannelError> {
        (**self).to_channel(max_length)
    }
}

/// A text is not a valid channel name.
///
/// It is a response to an HTTP request, with status 400.
///
/// ```
/// # use actix_socketio::{Channel, ChannelError};
/// let error = Channel::new("two\nlines", 255).unwrap_err();
/// assert_eq!(error, ChannelError::ControlCharacter { character: '\n', position: 3 });
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChannelError {
    /// The name has no characters.
    Empty,
    /// The name has more bytes than
    /// [`Builder::max_channel_length`](crate::Builder::max_channel_length).
    TooLong {
        /// The length of the name, in bytes.
        length: usize,
        /// The longest length that is allowed, in bytes.
        limit: usize,
    },
    /// The name has a control character, such as a line break, which is not safe in logs and URLs.
    ControlCharacter {
        /// The first control character in the name.
        character: char,
        /// The index of the character's first byte in the name.
        position: usize,
    },
}

impl fmt::Display for ChannelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a channel name has at least one character"),
            Self::TooLong { length, limit } => {
                write!(f, "a channel name has at most {limit} bytes, this one has {length}")
            }
            Self::ControlCharacter { character, position } => {
                write!(
                    f,
                    "a channel name has no control characters, \
                     this one has {character:?} at byte {position}"
                )
            }
        }
    }
}

impl error::Error for ChannelError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_valid_name_is_kept_unchanged() {
        for name in ["a", "match-42", "Räume/2 öffentlich", &"x".repeat(255)] {
            assert_eq!(Channel::new(name, 255).unwrap(), name);
        }
    }

    #[test]
    fn a_name_is_checked_when_it_is_deserialized() {
        assert_eq!(serde_json::from_str::<Channel>(r#""a\u00fc""#).unwrap(), "aü");
        let error = serde_json::from_str::<Channel>(r#""""#).unwrap_err();
        assert_eq!(error.to_string(), "a channel name has at least one character");
        assert!(serde_json::from_str::<Channel>("1").is_err());
    }

    #[test]
    fn each_rule_has_its_error() {
        assert_eq!(Channel::new("", 9), Err(ChannelError::Empty));
        assert_eq!(
            Channel::new("0123456789", 9),
            Err(ChannelError::TooLong { length: 10, limit: 9 })
        );
        assert_eq!(
            Channel::new("é\n", 9),
            Err(ChannelError::ControlCharacter { character: '\n', position: 2 })
        );
        assert!(Channel::new("\u{85}", 9).is_err());
        let long = Channel::new("0123456789", 10).unwrap();
        assert_eq!(long.to_channel(9), Err(ChannelError::TooLong { length: 10, limit: 9 }));
    }
}
