use std::fmt;

use sha2::{Digest, Sha256};

use super::{ApiError, ApiMethod};

/// The digest of a key. Keys are compared by it, so that the time tells neither length nor content.
pub(super) type KeyDigest = [u8; 32];

/// A key of the HTTP API: its name, and the rights of those who show it.
///
/// The text of the key is not kept, but its SHA-256. `Debug` shows neither.
///
/// ```
/// use actix_socketio::{ApiKey, ApiMethod};
///
/// let key = ApiKey::new("shop", "the key of the shop's backend")
///     .may([ApiMethod::Publish, ApiMethod::Presence])
///     .channels("^orders-");
/// assert!(!format!("{key:?}").contains("backend"));
/// ```
#[derive(Clone)]
#[must_use = "give it to `Api::new`"]
pub struct ApiKey {
    name: String,
    digest: KeyDigest,
    length: usize,
    is_sendable: bool,
    methods: Option<Vec<ApiMethod>>,
    channels: Option<String>,
}

/// The rights of a key, when they are known to be valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KeyMethods([bool; ApiMethod::ALL.len()]);

impl ApiKey {
    /// The characters that a key has at least.
    pub const MIN_LENGTH: usize = 16;

    /// A key that may do everything. The name is for the log and for people.
    ///
    /// Take a random key of 128 bits or more, such as the output of `openssl rand -hex 16`.
    pub fn new(name: impl Into<String>, key: &str) -> Self {
        Self {
            name: name.into(),
            digest: digest(key),
            length: key.chars().count(),
            // Others can't be in a header, or are cut from its end.
            is_sendable: key.bytes().all(|byte| byte.is_ascii_graphic()),
            methods: None,
            channels: None,
        }
    }

    /// Allows these methods alone.
    pub fn may(mut self, methods: impl IntoIterator<Item = ApiMethod>) -> Self {
        self.methods = Some(methods.into_iter().collect());
        self
    }

    /// Allows channels alone that match a regular expression, from the start of their names as in
    /// [`channel`](crate::channel()).
    ///
    /// Such a key may not act on sockets by their ids or on all clients, and sees no other channel
    /// in lists.
    pub fn channels(mut self, pattern: impl Into<String>) -> Self {
        self.channels = Some(pattern.into());
        self
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn digest(&self) -> &KeyDigest {
        &self.digest
    }

    pub(super) fn pattern(&self) -> Option<&str> {
        self.channels.as_deref()
    }

    /// The methods that it may do.
    pub(super) fn methods(&self) -> KeyMethods {
        let may = |method| self.methods.as_ref().is_none_or(|methods| methods.contains(&method));
        KeyMethods(ApiMethod::ALL.map(may))
    }

    /// Finds a mistake of the one who made it.
    pub(super) fn check(&self) -> Result<(), ApiError> {
        let key = || self.name.clone();
        let is_name = !self.name.is_empty() && self.name.len() <= 64;
        if !is_name || self.name.chars().any(char::is_control) {
            return Err(ApiError::KeyName { key: key() });
        }
        if self.length < Self::MIN_LENGTH {
            let (length, limit) = (self.length, Self::MIN_LENGTH);
            return Err(ApiError::ShortKey { key: key(), length, limit });
        }
        if !self.is_sendable {
            return Err(ApiError::KeyCharacters { key: key() });
        }
        match &self.methods {
            Some(methods) if methods.iter().all(|method| *method == ApiMethod::Batch) => {
                Err(ApiError::NoRights { key: key() })
            }
            _ => Ok(()),
        }
    }
}

impl KeyMethods {
    pub(super) fn include(self, method: ApiMethod) -> bool {
        method == ApiMethod::Batch || self.0[method as usize]
    }
}

/// The digest of a key's text.
pub(super) fn digest(key: &str) -> KeyDigest {
    Sha256::digest(key.as_bytes()).into()
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKey")
            .field("name", &self.name)
            .field("methods", &self.methods)
            .field("channels", &self.channels)
            .finish_non_exhaustive()
    }
}
