//! Addresses to listen on, as text and as the system has them.

use std::net::{SocketAddr, ToSocketAddrs};

use super::tree::{Node, Value};

pub(crate) const DEFAULT_HOST: &str = "127.0.0.1";
pub(crate) const DEFAULT_PORT: &str = "9000";

/// An address as it was written, and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) text: String,
    /// At least one.
    pub(crate) resolved: Vec<SocketAddr>,
}

impl Address {
    /// Resolves `HOST:PORT`, or a port alone, which is on `host`.
    ///
    /// # Errors
    /// The reason why the text is not an address.
    pub(crate) fn resolve(text: &str, host: &str) -> Result<Self, String> {
        let is_port = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let text = if is_port { join(host, text) } else { text.to_owned() };
        let (_, port) =
            text.rsplit_once(':').ok_or("it needs a host and a port, such as 127.0.0.1:9000")?;
        port.parse::<u16>()
            .map_err(|_| format!("the port {port:?} is not a number from 0 to 65535"))?;
        let resolved = text.to_socket_addrs().map_err(|error| error.to_string())?;
        let resolved: Vec<_> = resolved.collect();
        if resolved.is_empty() {
            return Err("the host has no address".to_owned());
        }
        Ok(Self { text, resolved })
    }

    /// The address of a key.
    pub(crate) fn read(node: &Node) -> Result<Self, String> {
        let text = match &node.value {
            Value::Text(text) => text.clone(),
            Value::Integer(port) => port.to_string(),
            _ => return Err("an address, such as \"127.0.0.1:9000\"".to_owned()),
        };
        Self::resolve(&text, DEFAULT_HOST)
            .map_err(|reason| format!("an address, such as \"127.0.0.1:9000\": {reason}"))
    }

    /// Whether only this machine reaches it.
    pub(crate) fn is_loopback(&self) -> bool {
        self.resolved.iter().all(|addr| addr.ip().is_loopback())
    }
}

/// The host and the port of a text, with the defaults for what it lacks.
pub(crate) fn parts(text: &str) -> (&str, &str) {
    match text.rsplit_once(':') {
        Some((host, port)) => (host, port),
        None if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => {
            (DEFAULT_HOST, text)
        }
        None => (DEFAULT_HOST, DEFAULT_PORT),
    }
}

pub(crate) fn join(host: &str, port: &str) -> String {
    if host.contains(':') && !host.starts_with('[') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}
