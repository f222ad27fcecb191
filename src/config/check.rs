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

/// Clients are told of it in milliseconds, and would be told of none.
pub(super) fn at_least_a_millisecond(time: &Duration) -> Check {
    ensure(*time >= Duration::from_millis(1), "it must be at least 1 ms")
}

/// The longest time of the timers of JavaScript, and of `TCP_USER_TIMEOUT`, in milliseconds.
const LONGEST_TIMER: Duration = Duration::from_millis(i32::MAX as u64);

pub(super) fn fits_a_timer(time: &Duration) -> Check {
    ensure(
        *time <= LONGEST_TIMER,
        "it must be at most 2147483647 ms, the longest time of a client's timer",
    )
}

/// A client waits for a ping as long as interval and timeout together. A longer timer of JavaScript
/// is over at once, and the client closes its connection.
pub(super) fn fits_a_timer_with(time: &Duration, others: &[(&str, &Duration)]) -> Check {
    fits_a_timer(time)?;
    match others.iter().find(|(_, other)| time.saturating_add(**other) > LONGEST_TIMER) {
        None => Ok(()),
        Some((setting, _)) => Err(format!(
            "it must be at most 2147483647 ms together with setting {setting:?}, the longest time \
             of a client's timer"
        )),
    }
}

/// The kernel refuses a longer time, and takes a shorter one for its own default.
pub(super) fn fits_the_kernel(time: &Duration) -> Check {
    ensure(
        time.is_zero() || (Duration::from_millis(1)..=LONGEST_TIMER).contains(time),
        "it must be from 1 ms to 2147483647 ms, or zero for the kernel's own time",
    )
}

/// The longest packet that a client needs to connect and to upgrade.
pub(super) fn has_space_for_a_probe(bytes: &usize) -> Check {
    ensure(*bytes >= "2probe".len(), "it must be at least 6 B: a client's probe has no less")
}

/// The open packet and the answer to CONNECT wait together. They have up to 200 bytes, and each
/// counts for about 120 more.
pub(super) fn has_space_for_the_handshake(bytes: &usize) -> Check {
    ensure(*bytes >= 2000, "it must be at least 2000 B: the packets of a handshake have no less")
}

/// A smaller bound refuses every client.
pub(super) fn has_space_for_a_request(bytes: &usize, others: &[(&str, &String)]) -> Check {
    let path: usize = others.iter().map(|(_, path)| path.len()).sum();
    let least = path + "EIO=4&transport=polling".len();
    ensure(
        *bytes >= least,
        &format!("it must be at least {least} B: path and query of a request have no less"),
    )
}

/// The channel of the changes takes the memory for all of them at its start.
pub(super) fn at_most_a_million(count: &usize) -> Check {
    ensure(*count <= 1 << 20, "it must be at most 1048576: the memory is taken at the start")
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

/// A client writes the path into a URL. Some paths are no longer the same behind a parser of URLs,
/// and requests to them never come.
pub(super) fn survives_urls(path: &str) -> Check {
    ensure(
        !path.contains(|c: char| c == '\\' || c.is_ascii_control()),
        "it must have no backslash and no control character, which URLs can't have",
    )?;
    ensure(
        !path.split('/').any(|segment| matches!(segment, "." | "..")),
        "it must have no segment \".\" or \"..\", which clients resolve",
    )
}

/// A request is matched when its path is decoded. actix-web leaves `%25`, `%2B` and `%2F` as they
/// are.
pub(super) fn is_decoded(path: &str) -> Check {
    let is_escape = |code: &str| {
        let code = code.get(..2).filter(|code| code.bytes().all(|b| b.is_ascii_hexdigit()));
        code.is_some_and(|code| !["25", "2B", "2F"].contains(&&*code.to_ascii_uppercase()))
    };
    ensure(
        !path.split('%').skip(1).any(is_escape),
        "it must be decoded, such as \"/my path\" and not \"/my%20path\"",
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
