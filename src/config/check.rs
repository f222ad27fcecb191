//! The checks of the settings table. An `Err` completes `setting "…" is …: `.

use std::time::Duration;

use crate::{
    model::{Rate, Transport},
    protocol::is_reserved,
};

/// A setting with a value that no server can work with.
#[derive(Debug)]
pub(crate) struct InvalidSetting {
    pub(crate) setting: &'static str,
    /// As it is written in a file.
    pub(crate) value: String,
    /// The expected value: a sentence that starts with `it must`.
    pub(crate) expected: String,
}

type Check = Result<(), String>;

fn ensure(is_right: bool, expected: &str) -> Check {
    if is_right { Ok(()) } else { Err(expected.to_owned()) }
}

pub(super) fn at_least_one(value: &usize) -> Check {
    ensure(*value > 0, "it must be at least 1")
}

pub(super) fn longer_than_zero(time: &Duration) -> Check {
    ensure(!time.is_zero(), "it must be longer than zero")
}

/// Longer times could overflow the clock when they are added to it.
pub(super) fn at_most_a_year(time: &Duration) -> Check {
    ensure(*time <= Duration::from_secs(86_400 * 365), "it must be at most a year (8760 h)")
}

pub(super) fn lets_something_through(rate: &Option<Rate>) -> Check {
    ensure(
        rate.is_none_or(Rate::is_possible),
        "it must be at least 1/s, with a burst of at least 1",
    )
}

pub(super) fn starts_with_slash(path: &str) -> Check {
    ensure(path.starts_with('/'), "it must start with a slash")
}

pub(super) fn plain_path(path: &str) -> Check {
    ensure(
        !path.contains(['{', '}', '?', '#']),
        "it must be a plain path, without patterns, query or fragment",
    )
}

pub(super) fn at_least_one_transport(transports: &[Transport]) -> Check {
    ensure(!transports.is_empty(), "it must have at least one transport")
}

pub(super) fn event_name(name: &str) -> Check {
    ensure(!name.is_empty(), "it must not be empty")?;
    ensure(!is_reserved(name), "it must not be a name that Socket.IO reserves for itself")
}

/// The server could not tell the events apart.
pub(super) fn other_than(name: &str, others: &[(&str, &String)]) -> Check {
    match others.iter().find(|(_, other)| *other == name) {
        None => Ok(()),
        Some((setting, _)) => Err(format!("it must differ from setting \"{setting}\"")),
    }
}
