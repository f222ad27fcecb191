//! The file descriptors of the process. Each connection takes one.

/// Descriptors besides those of connections: sockets to listen on, Redis, files, the log.
const OTHERS: u64 = 100;

/// Raises the limit as far as the process may, and warns if it is too low for all connections.
pub(crate) fn raise(max_connections: usize) {
    #[cfg(unix)]
    {
        let limit = match rlimit::increase_nofile_limit(u64::MAX) {
            Ok(limit) => limit,
            Err(error) => return log::warn!("the limit of file descriptors is unknown: {error}"),
        };
        let needed = u64::try_from(max_connections).unwrap_or(u64::MAX).saturating_add(OTHERS);
        if limit < needed {
            log::warn!(
                "max_connections is {max_connections}, which takes {needed} file descriptors, and \
                 the process may have {limit}: raise LimitNOFILE or `ulimit -Hn`, or lower \
                 max_connections"
            );
        }
    }
    #[cfg(not(unix))]
    let _ = (max_connections, OTHERS);
}
