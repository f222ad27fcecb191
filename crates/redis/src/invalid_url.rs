use std::{error, fmt};

use crate::link::InvalidAddress;

/// A text is not the URL of a Redis.
///
/// It does not show the URL, which may have a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidRedisUrl(pub(crate) InvalidAddress);

impl fmt::Display for InvalidRedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl error::Error for InvalidRedisUrl {}
