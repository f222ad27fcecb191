//! No command: channels of any name, for everyone who reaches the address.

use std::{env, process::ExitCode, time::Duration};

use super::{mistake, run_until_a_signal};
use crate::{
    config::{Address, DEFAULT_HOST, DEFAULT_PORT, LogSettings, Sources, join},
    logging, memory,
    run::Plan,
    server,
};

pub(crate) fn serve_open(arg: Option<&str>, extra: &[String]) -> ExitCode {
    memory::give_back_after_a_peak();
    if let Some(extra) = extra.first() {
        return mistake(&format!("unexpected argument {extra:?}: one address is enough"));
    }
    let address = match address(arg, |name| env::var(name).ok()) {
        Ok(address) => address,
        Err(error) => return mistake(&error),
    };
    let level = env::var("RUST_LOG").ok().filter(|level| !level.is_empty());
    let default = LogSettings::default();
    logging::log_as(&LogSettings { level: level.unwrap_or(default.level), ..default });
    warn_of_unused_variables();
    run_until_a_signal(async || {
        let io = server::open_server()?;
        tell_what_is_open(&address);
        Ok(Plan {
            io,
            address: address.resolved,
            certificate: None,
            internal_address: None,
            api: None,
            admin: None,
            shutdown_delay: Duration::ZERO,
            reloader: None,
        })
    })
}

fn tell_what_is_open(address: &Address) {
    let Address { text, .. } = address;
    log::info!(
        "open to everyone who reaches {text}: subscribing to any channel, publishing to it then, \
         from pages of any origin"
    );
    if !address.is_loopback() {
        log::warn!(
            "{text} can be reached from other machines, and no rule and no key restricts clients: \
             `actix-socketio serve` has rules"
        );
    }
}

fn warn_of_unused_variables() {
    for name in Sources::environment().keys() {
        if !["SOCKETIO_HOST", "SOCKETIO_PORT", "RUST_LOG"].contains(&&**name) {
            log::warn!("{name} has no effect: it is for `actix-socketio serve`");
        }
    }
}

/// The address to listen on: from the argument, else from the environment, else the default.
fn address(arg: Option<&str>, var: impl Fn(&str) -> Option<String>) -> Result<Address, String> {
    let host = var("SOCKETIO_HOST").unwrap_or_else(|| DEFAULT_HOST.to_owned());
    let port = || var("SOCKETIO_PORT").unwrap_or_else(|| DEFAULT_PORT.to_owned());
    let text = arg.map_or_else(|| join(&host, &port()), str::to_owned);
    Address::resolve(&text, &host)
        .map_err(|reason| format!("{text:?} is not an address to listen on: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arg: Option<&str>, host: Option<&str>, port: Option<&str>) -> Result<String, String> {
        let var = |name: &str| {
            let value = if name == "SOCKETIO_HOST" { host } else { port };
            value.map(str::to_owned)
        };
        address(arg, var).map(|address| address.resolved[0].to_string())
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
            let error = parse(Some(bad), None, None).unwrap_err();
            assert!(
                error.starts_with(&format!("{bad:?} is not an address to listen on: ")),
                "{error}"
            );
        }
        assert!(parse(None, None, Some("x")).is_err());
    }
}
