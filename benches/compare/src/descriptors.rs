//! Enough descriptors, or none of it: a run that fails at the 1,000th connection has wasted
//! everybody's time.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::Fallible;

/// What a process needs besides its clients: the standard ones, epoll, a handshake's second
/// descriptor.
const OTHERS: u64 = 256;

/// Raises this process's limit to what so many connections need, or says why not. Servers inherit
/// it.
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
