use std::{borrow::Cow, error, fmt, ops::Deref, sync::Arc};

use serde::Serialize;

/// The name of a channel: what clients subscribe to and messages are published to. Cheap to clone.
///
/// A name has at least one character and no control characters; how long it may be,
/// [`Builder::max_channel_length`](crate::Builder::max_channel_length) says.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Channel(Arc<str>);

impl Channel {
    /// Checks a name of at most `max_length` bytes.
    ///
    /// # Errors
    /// [`ChannelError`] says which rule the name breaks.
    pub fn new(name: &str, max_length: usize) -> Result<Self, ChannelError> {
        Self::check(name, max_length).map(|()| Self(name.into()))
    }

    /// The same, without making one.
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

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
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

/// What can name a channel: a [`Channel`], which costs nothing, or a string, which is checked.
pub trait ToChannel {
    /// The channel that is meant.
    ///
    /// # Errors
    /// [`ChannelError`] if it is no name of at most `max_length` bytes.
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

/// A text is no channel name.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChannelError {
    /// It has no characters.
    Empty,
    /// It has more bytes than [`Builder::max_channel_length`](crate::Builder::max_channel_length).
    TooLong {
        /// Its bytes.
        length: usize,
        /// The bytes it may have.
        limit: usize,
    },
    /// It has a control character, such as a line break, which has no place in logs and URLs.
    ControlCharacter {
        /// The character.
        character: char,
        /// Its first byte in the name.
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
                    "a channel name has no control characters, this one has {character:?} at byte {position}"
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
    fn a_name_is_kept_as_it_is() {
        for name in ["a", "match-42", "Räume/2 öffentlich", &"x".repeat(255)] {
            assert_eq!(Channel::new(name, 255).unwrap(), name);
        }
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
