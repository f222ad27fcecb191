use std::{error, fmt, net::Ipv6Addr, pin::Pin, str::FromStr};

use super::id::{NODE_LENGTH, random_characters};

/// The id of one server in a cluster: the first four characters of the Engine.IO ids of its
/// sessions.
///
/// It has 24 random bits. [`NodeDirectory`] makes sure that no two servers have the same.
///
/// ```
/// use actix_socketio::adapter::NodeId;
///
/// let id: NodeId = "aB-_".parse()?;
/// assert_eq!(id.as_str(), "aB-_");
/// assert_ne!(NodeId::random(), NodeId::random());
/// # Ok::<(), actix_socketio::adapter::InvalidNodeId>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct NodeId(pub(super) [u8; NODE_LENGTH]);

impl NodeId {
    /// An id that no other server has, most probably.
    #[must_use]
    pub fn random() -> Self {
        Self(random_characters())
    }

    /// The id as text: four base64url characters.
    pub fn as_str(&self) -> &str {
        // Only characters of the alphabet are stored, and all of them are ASCII.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for NodeId {
    type Err = InvalidNodeId;

    fn from_str(text: &str) -> Result<Self, InvalidNodeId> {
        let bytes = text.as_bytes().try_into().map_err(|_| InvalidNodeId)?;
        if super::id::are_valid(&bytes) { Ok(Self(bytes)) } else { Err(InvalidNodeId) }
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeId({self})")
    }
}

/// A text is not a [`NodeId`], which has four base64url characters.
///
/// ```
/// use actix_socketio::adapter::NodeId;
///
/// let error = "a".parse::<NodeId>().unwrap_err();
/// assert_eq!(error.to_string(), "invalid node id: expected 4 base64url characters");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidNodeId;

impl fmt::Display for InvalidNodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid node id: expected {NODE_LENGTH} base64url characters")
    }
}

impl error::Error for InvalidNodeId {}

/// The address by which other servers of a cluster reach one:
/// [`Builder::node_address`](crate::Builder::node_address).
///
/// ```
/// use actix_socketio::adapter::NodeAddress;
///
/// let address: NodeAddress = "http://10.0.0.3:8081".parse()?;
/// assert_eq!((address.host(), address.port()), ("10.0.0.3", 8081));
/// assert_eq!(address.to_string(), "http://10.0.0.3:8081");
/// # Ok::<(), actix_socketio::adapter::InvalidNodeAddress>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NodeAddress {
    /// Without the brackets of an IPv6 address.
    host: String,
    port: u16,
}

impl NodeAddress {
    /// The name or the IP address of the server. An IPv6 address has no brackets here.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port: 80 if the text has none.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl FromStr for NodeAddress {
    type Err = InvalidNodeAddress;

    fn from_str(text: &str) -> Result<Self, InvalidNodeAddress> {
        const PORT: &str = "it must have a port from 1 to 65535, or none";
        let invalid = |expected| Err(InvalidNodeAddress(expected));
        let Some(authority) = text.strip_prefix("http://") else {
            return invalid("it must begin with \"http://\", as in \"http://10.0.0.3:8081\"");
        };
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        let (host, port) = match authority.strip_prefix('[') {
            Some(rest) => {
                let Some((host, port)) = rest.split_once(']') else {
                    return invalid("it must have a \"]\" behind its IPv6 address");
                };
                if host.parse::<Ipv6Addr>().is_err() {
                    return invalid("it must have a valid IPv6 address in its brackets");
                }
                (host, port)
            }
            None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
        };
        let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
        if host.is_empty() || !host.bytes().all(is_of_name) {
            return invalid("it must have a host and a port only, as in \"http://10.0.0.3:8081\"");
        }
        let port = match port.strip_prefix(':') {
            None if port.is_empty() => 80,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                let port = digits.parse().ok().filter(|port| *port > 0);
                port.ok_or(InvalidNodeAddress(PORT))?
            }
            _ => return invalid(PORT),
        };
        Ok(Self { host: host.to_owned(), port })
    }
}

impl fmt::Display for NodeAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "http://[{}]:{}", self.host, self.port),
            false => write!(f, "http://{}:{}", self.host, self.port),
        }
    }
}

/// A text is not a [`NodeAddress`]. It says what a valid one has.
///
/// ```
/// use actix_socketio::adapter::NodeAddress;
///
/// let error = "http://10.0.0.3:0".parse::<NodeAddress>().unwrap_err();
/// assert_eq!(error.to_string(), "it must have a port from 1 to 65535, or none");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidNodeAddress(&'static str);

impl fmt::Display for InvalidNodeAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl error::Error for InvalidNodeAddress {}

/// The answer of [`NodeDirectory::find`].
pub type FoundNode = Pin<Box<dyn Future<Output = Option<NodeAddress>> + Send>>;

/// Knows the servers of a cluster by their ids, so that each of them can pass on the requests of
/// clients whose sessions are on another one.
///
/// [`Adapter::announce`](crate::adapter::Adapter::announce) returns it. None of its methods blocks.
///
/// ```
/// use actix_socketio::adapter::{FoundNode, NodeDirectory, NodeId};
///
/// /// The directory of a server that knows no others.
/// struct Alone(NodeId);
///
/// impl NodeDirectory for Alone {
///     fn own_id(&self) -> NodeId {
///         self.0
///     }
///
///     fn find(&self, _: NodeId) -> FoundNode {
///         Box::pin(std::future::ready(None))
///     }
///
///     fn unreachable(&self, _: NodeId) {}
///
///     fn sign(&self, _: &[u8]) -> Option<[u8; 32]> {
///         None
///     }
///
///     fn verifies(&self, _: &[u8], _: &[u8; 32]) -> bool {
///         false
///     }
/// }
/// ```
pub trait NodeDirectory: Send + Sync + 'static {
    /// The id of this server, for sessions that begin now. It may change.
    fn own_id(&self) -> NodeId;

    /// Finds the server with an id. `None`: there is no such server, or it can't be looked up now.
    ///
    /// Clients choose the ids. So a directory bounds the lookups, and what it remembers of them.
    fn find(&self, id: NodeId) -> FoundNode;

    /// The server that was found can't be reached. It need not be tried again at once.
    fn unreachable(&self, id: NodeId);

    /// Signs a message with the secret of the cluster. `None`: the secret is not known yet.
    fn sign(&self, message: &[u8]) -> Option<[u8; 32]>;

    /// Whether a server of the cluster has signed a message. It takes the same time for each wrong
    /// signature.
    fn verifies(&self, message: &[u8], signature: &[u8; 32]) -> bool;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_a_host_and_a_port() {
        for (text, host, port) in [
            ("http://10.0.0.3:8081", "10.0.0.3", 8081),
            ("http://node-1.internal", "node-1.internal", 80),
            ("http://node_1:1/", "node_1", 1),
            ("http://[::1]:65535", "::1", 65535),
            ("http://[fd00::3]", "fd00::3", 80),
        ] {
            let address: NodeAddress = text.parse().unwrap();
            assert_eq!((address.host(), address.port()), (host, port), "{text}");
            assert_eq!(address.to_string().parse(), Ok(address), "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "10.0.0.3:8081",
            "https://10.0.0.3",
            "http://",
            "http://:80",
            "http://a:",
            "http://a:0",
            "http://a:65536",
            "http://a:+1",
            "http://a:1:2",
            "http://a/path",
            "http://a?b",
            "http://user@a",
            "http://a b",
            "http://ü",
            "http://[::1",
            "http://[a]:1",
            "http://[::1]1",
            "http://::1",
        ] {
            let error = text.parse::<NodeAddress>().expect_err(text);
            assert!(error.to_string().starts_with("it must "), "{text}: {error}");
        }
        for text in ["", "abc", "abcde", "ab+d", "abé"] {
            assert_eq!(text.parse::<NodeId>(), Err(InvalidNodeId), "{text}");
        }
    }
}
