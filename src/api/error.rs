use std::{error, fmt, io};

use crate::model::PatternError;

/// The reason why an [`Api`](super::Api) was not built: a mistake of the application. It names a
/// key by its name, and never shows the key itself.
///
/// ```
/// use actix_socketio::{Api, ApiError, ApiKey};
///
/// assert!(matches!(Api::new([]), Err(ApiError::NoKeys)));
/// let error = Api::new([ApiKey::new("shop", "secret")]).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     r#"the API key "shop" has 6 characters: it must have at least 16"#
/// );
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ApiError {
    /// There are no keys, so no request could be allowed.
    NoKeys,
    /// The name of a key is empty, longer than 64 bytes, or has control characters.
    #[non_exhaustive]
    KeyName {
        /// The name.
        key: String,
    },
    /// A key is short enough to be guessed.
    #[non_exhaustive]
    ShortKey {
        /// The name of the key.
        key: String,
        /// The number of its characters.
        length: usize,
        /// The number that it must have at least.
        limit: usize,
    },
    /// A key has characters that a header can't have: other than visible ASCII.
    #[non_exhaustive]
    KeyCharacters {
        /// The name of the key.
        key: String,
    },
    /// Two keys have the same name.
    #[non_exhaustive]
    NameTwice {
        /// The name.
        key: String,
    },
    /// Two keys are the same text, so that one of them would never be found.
    #[non_exhaustive]
    KeyTwice {
        /// The name of one.
        key: String,
        /// The name of the other.
        other: String,
    },
    /// A key may do nothing.
    #[non_exhaustive]
    NoRights {
        /// The name of the key.
        key: String,
    },
    /// The pattern of a key's channels is not a valid regular expression.
    #[non_exhaustive]
    Pattern {
        /// The name of the key.
        key: String,
        /// The mistake.
        source: PatternError,
    },
    /// No API can work with the value of a setting.
    #[non_exhaustive]
    Setting {
        /// The name of the setting, as in [`ApiBuilder`](super::ApiBuilder).
        setting: &'static str,
        /// Its value.
        value: String,
        /// The expected value: a sentence that starts with `it must`.
        expected: &'static str,
    },
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoKeys => f.write_str("the API has no keys: it must have at least one"),
            Self::KeyName { key } => write!(
                f,
                "an API key has the name {key:?}: it must have 1 to 64 bytes and no control \
                 characters"
            ),
            Self::ShortKey { key, length, limit } => write!(
                f,
                "the API key {key:?} has {length} characters: it must have at least {limit}"
            ),
            Self::KeyCharacters { key } => write!(
                f,
                "the API key {key:?} has a character that a header can't have: it must be visible \
                 ASCII without spaces"
            ),
            Self::NameTwice { key } => write!(f, "two API keys have the name {key:?}"),
            Self::KeyTwice { key, other } => {
                write!(f, "the API keys {key:?} and {other:?} are the same")
            }
            Self::NoRights { key } => {
                write!(f, "the API key {key:?} may do nothing: leave it out")
            }
            Self::Pattern { key, source } => write!(f, "the API key {key:?}: {source}"),
            Self::Setting { setting, value, expected } => {
                write!(f, "setting {setting:?} of the API is {value}: {expected}")
            }
        }
    }
}

impl error::Error for ApiError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Pattern { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// `Api::new(keys)?` then fits a `main` that returns [`io::Result`], as those of actix-web do.
impl From<ApiError> for io::Error {
    fn from(error: ApiError) -> Self {
        Self::new(io::ErrorKind::InvalidInput, error)
    }
}
