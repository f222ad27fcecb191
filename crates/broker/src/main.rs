//! A Socket.IO broker without an application around it. Clients subscribe to channels of any name,
//! and publish to the channels that they have subscribed to.

mod memory;

use std::{
    env, fmt,
    net::{SocketAddr, ToSocketAddrs},
    process::ExitCode,
};

use actix_socketio::{SocketIo, channel};

const HELP: &str = "\
A Socket.IO broker. Clients subscribe to channels of any name, and publish to these channels.

Usage: actix-socketio [ADDRESS]

  ADDRESS  where to listen, HOST:PORT or PORT
           (default: $SOCKETIO_HOST and $SOCKETIO_PORT, or else 127.0.0.1:9000)

$RUST_LOG sets the level of the log: info (default), debug, or trace (with the data of clients).
";
const DEFAULT_HOST: &str = "127.0.0.1";
const DEFAULT_PORT: &str = "9000";

fn main() -> ExitCode {
    memory::give_back_after_a_peak();
    let mut args = env::args().skip(1);
    let arg = args.next();
    if arg.as_deref().is_some_and(|arg| arg == "--help" || arg == "-h") {
        print!("{HELP}");
        return ExitCode::SUCCESS;
    }
    if let Some(extra) = args.next() {
        return usage_error(&format!("unexpected argument {extra:?}: one address is enough"));
    }
    let addrs = match addresses(arg, |name| env::var(name).ok()) {
        Ok(addrs) => addrs,
        Err(error) => return usage_error(&error.to_string()),
    };
    env_logger::init_from_env(env_logger::Env::default().default_filter_or("info"));
    match actix_web::rt::System::new().block_on(serve(&addrs)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("actix-socketio: cannot listen on {addrs:?}: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(addrs: &[SocketAddr]) -> std::io::Result<()> {
    // The empty pattern matches all names. The broker has no handler that a name could mean
    // something to.
    let builder = match memory::for_clients() {
        Some(bytes) => SocketIo::builder().max_memory(bytes),
        None => SocketIo::builder(),
    };
    builder.open_channels().route(channel("").allow_publish()).build()?.serve(addrs).await
}

fn usage_error(error: &str) -> ExitCode {
    eprintln!("actix-socketio: {error}\n\n{HELP}");
    ExitCode::from(2)
}

/// An invalid address, with the reason.
#[derive(Debug)]
struct BadAddress {
    text: String,
    reason: String,
}

impl fmt::Display for BadAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not an address to listen on: {}", self.text, self.reason)
    }
}

/// The addresses to listen on: from the argument, else from the environment, else the default.
fn addresses(
    arg: Option<String>,
    var: impl Fn(&str) -> Option<String>,
) -> Result<Vec<SocketAddr>, BadAddress> {
    let host = var("SOCKETIO_HOST").unwrap_or_else(|| DEFAULT_HOST.to_owned());
    let text = match arg {
        Some(port) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => {
            join(&host, &port)
        }
        Some(address) => address,
        None => join(&host, &var("SOCKETIO_PORT").unwrap_or_else(|| DEFAULT_PORT.to_owned())),
    };
    let bad = |reason: String| BadAddress { text: text.clone(), reason };
    let (_, port) = text
        .rsplit_once(':')
        .ok_or_else(|| bad("it needs a host and a port, such as 127.0.0.1:9000".to_owned()))?;
    port.parse::<u16>()
        .map_err(|_| bad(format!("the port {port:?} is not a number from 0 to 65535")))?;
    let addrs: Vec<_> = text.to_socket_addrs().map_err(|error| bad(error.to_string()))?.collect();
    if addrs.is_empty() { Err(bad("the host has no address".to_owned())) } else { Ok(addrs) }
}

fn join(host: &str, port: &str) -> String {
    if host.contains(':') && !host.starts_with('[') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(
        arg: Option<&str>,
        host: Option<&str>,
        port: Option<&str>,
    ) -> Result<String, BadAddress> {
        let var = |name: &str| {
            let value = if name == "SOCKETIO_HOST" { host } else { port };
            value.map(str::to_owned)
        };
        addresses(arg.map(str::to_owned), var).map(|addrs| addrs[0].to_string())
    }

    #[test]
    fn the_argument_overrides_the_environment_and_both_override_the_default() {
        let cases = [
            ((None, None, None), "127.0.0.1:9000"),
            ((None, Some("127.0.0.2"), None), "127.0.0.2:9000"),
            ((None, Some("::1"), Some("80")), "[::1]:80"),
            ((Some("8000"), Some("127.0.0.2"), Some("80")), "127.0.0.2:8000"),
            ((Some("127.0.0.3:8000"), Some("127.0.0.2"), Some("80")), "127.0.0.3:8000"),
        ];
        for ((arg, host, port), expected) in cases {
            assert_eq!(parse(arg, host, port).unwrap(), expected);
        }
    }

    #[test]
    fn an_invalid_address_is_named_in_the_error() {
        for bad in ["nonsense", "127.0.0.1:", "127.0.0.1:port", "127.0.0.1:70000", ":::", ""] {
            let error = parse(Some(bad), None, None).unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("{bad:?} is not an address to listen on: ")),
                "{error}"
            );
        }
        assert!(parse(None, None, Some("x")).is_err());
    }
}
