//! Where the examples listen: at the address of the first argument, at `$PORT`, or at
//! 127.0.0.1:8080. Your own program may write `.bind(("127.0.0.1", 8080))?` instead.

#![allow(dead_code, reason = "no example needs all of it")]

use std::{
    env,
    ffi::OsString,
    fmt,
    io::{Error, ErrorKind},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener},
};

const HOST: &str = "127.0.0.1";
const PORT: u16 = 8080;

/// Why an example ends. Its `Debug` is a sentence, since that is what `main` prints.
pub(crate) struct Failure(String);

impl Failure {
    /// Of an address that cannot be bound: the reason, and what to do.
    pub(crate) fn binding(address: &str, error: &Error) -> Self {
        Self(cannot_bind(address, error))
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// Binds the address of the command line, and prints it as a URL.
pub(crate) fn bind() -> Result<TcpListener, Failure> {
    let address = address(env::args_os().nth(1), env::var_os("PORT")).map_err(Failure)?;
    let bound = TcpListener::bind(&address).and_then(|listener| {
        println!("listening at {}", url(listener.local_addr()?));
        Ok(listener)
    });
    bound.map_err(|error| Failure::binding(&address, &error))
}

/// The address to listen at, as `HOST:PORT`. An argument may also be a port alone.
pub(crate) fn address(
    argument: Option<OsString>,
    port: Option<OsString>,
) -> Result<String, String> {
    let Some(argument) = argument else {
        let Some(text) = port else { return Ok(format!("{HOST}:{PORT}")) };
        let text = text.to_string_lossy();
        return match number(&text) {
            Some(port) => Ok(format!("{HOST}:{port}")),
            None => Err(format!("PORT is {text:?}, and not a port; write a number up to 65535")),
        };
    };
    let text = argument.to_string_lossy().into_owned();
    if let Some(port) = number(&text) {
        return Ok(format!("{HOST}:{port}"));
    }
    match text.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && number(port).is_some() => Ok(text),
        _ => Err(format!(
            "{text:?} is not an address to listen on; write PORT or HOST:PORT, as in {HOST}:{PORT}"
        )),
    }
}

fn number(text: &str) -> Option<u16> {
    // `parse` alone also accepts "+5".
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    if is_plain { text.parse().ok() } else { None }
}

fn cannot_bind(address: &str, error: &Error) -> String {
    match error.kind() {
        ErrorKind::AddrInUse => format!(
            "{address} is in use by another program; stop that one, or choose another port, as in \
             PORT={}",
            next_port(address)
        ),
        ErrorKind::PermissionDenied => {
            format!("{address} may not be bound by this user; choose a port above 1023")
        }
        _ => format!("cannot listen on {address}: {error}"),
    }
}

fn next_port(address: &str) -> u16 {
    let port = address.rsplit_once(':').and_then(|(_, port)| number(port)).unwrap_or(PORT);
    port.checked_add(1).unwrap_or(PORT)
}

/// The URL of a bound address. A server that listens on all interfaces is also on loopback.
pub(crate) fn url(mut address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        });
    }
    format!("http://{address}")
}
