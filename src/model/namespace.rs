use std::{fmt, sync::Arc};

use serde::Serialize;

/// The name of a namespace, such as `/` or `/admin`.
///
/// Each connection can be in several namespaces, with one [`Socket`](crate::Socket) in each. A
/// clone shares the text.
///
/// ```
/// # use actix_socketio::Namespace;
/// assert_eq!(Namespace::new("admin"), "/admin");
/// assert_eq!(Namespace::default(), "/");
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Namespace(Arc<str>);

impl Namespace {
    /// Makes a namespace from its name. As in Socket.IO, you can leave out the leading slash.
    pub fn new(name: &str) -> Self {
        Self(if name.starts_with('/') { name.into() } else { format!("/{name}").into() })
    }

    /// Returns the name with its leading slash.
    ///
    /// ```
    /// # use actix_socketio::Namespace;
    /// assert_eq!(Namespace::new("admin").as_str(), "/admin");
    /// ```
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The main namespace, `/`.
impl Default for Namespace {
    fn default() -> Self {
        Self::new("/")
    }
}

impl std::borrow::Borrow<str> for Namespace {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Namespace {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for Namespace {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

impl PartialEq<&str> for Namespace {
    fn eq(&self, other: &&str) -> bool {
        &*self.0 == *other
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Namespace({:?})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_leading_slash_is_optional() {
        assert_eq!(Namespace::new("admin"), Namespace::new("/admin"));
        assert_eq!(Namespace::new(""), Namespace::default());
    }
}
