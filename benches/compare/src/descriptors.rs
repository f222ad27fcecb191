//! Makes sure of enough descriptors before a run, so that it does not fail at the 1,000th
//! connection.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::Fallible;

/// The descriptors of a process besides its clients: the standard ones, epoll, and the second one of
/// a handshake.
const OTHERS: u64 = 256;

/// Raises the limit of this process to the needs of this many connections. Servers inherit it.
pub(crate) fn provide(connections: usize, cell: &str) -> Fallible {
    let needed = connections as u64 + OTHERS;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= needed) {
        return Ok(());
    }
    if limit.maximum.is_some_and(|maximum| maximum < needed) {
        let maximum = limit.maximum.unwrap_or_default();
        let advice = format!("raise it (`ulimit -n {needed}`), or leave out that cell (`--cells`)");
        return Err(format!(
            "{cell} takes {needed} descriptors, and `ulimit -n` allows {maximum}: {advice}"
        )
        .into());
    }
    Ok(setrlimit(Resource::Nofile, Rlimit { current: Some(needed), maximum: limit.maximum })?)
}
