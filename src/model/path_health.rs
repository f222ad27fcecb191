use std::time::Duration;

use serde::Serialize;

/// Whether the way of publications works, as the last probe has found it:
/// [`SocketIo::path_health`](crate::SocketIo::path_health).
///
/// ```
/// use actix_socketio::{PathOutcome, SocketIo};
///
/// fn describe(io: &SocketIo) -> String {
///     match io.path_health() {
///         None => "the first probe is not over".to_owned(),
///         Some(path) if path.is_whole() => format!("whole {:?} ago", path.age),
///         Some(path) if path.workers == PathOutcome::Broken => "a worker hangs".to_owned(),
///         Some(_) => "nothing comes back from the cluster".to_owned(),
///     }
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PathHealth {
    /// The way through the order and all workers of this server.
    pub workers: PathOutcome,
    /// The way through the cluster and back. `None` without a cluster.
    pub cluster: Option<PathOutcome>,
    /// The time since the result was found.
    pub age: Duration,
    /// The age at which a result says nothing any more.
    #[serde(skip)]
    pub(crate) max_age: Duration,
}

/// The outcome of one way in [`PathHealth`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PathOutcome {
    /// The message has come out after this time.
    Whole(Duration),
    /// It has not come out in time, or could not be sent.
    Broken,
}

impl PathOutcome {
    /// The time that the message took, or `None` if it has not come out.
    ///
    /// ```
    /// use actix_socketio::PathOutcome;
    ///
    /// assert_eq!(PathOutcome::Broken.time(), None);
    /// ```
    pub fn time(self) -> Option<Duration> {
        match self {
            Self::Whole(time) => Some(time),
            Self::Broken => None,
        }
    }
}

impl PathHealth {
    /// Whether a message has come out of every way in time, and not too long ago.
    pub fn is_whole(&self) -> bool {
        let is_broken = self.workers == PathOutcome::Broken;
        !is_broken && self.cluster != Some(PathOutcome::Broken) && self.age < self.max_age
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_path_is_whole_if_each_way_is_and_the_result_is_new() {
        let whole = PathHealth {
            workers: PathOutcome::Whole(SECOND),
            cluster: None,
            age: SECOND,
            max_age: 2 * SECOND,
        };
        assert!(whole.is_whole());
        assert!(!PathHealth { workers: PathOutcome::Broken, ..whole }.is_whole());
        assert!(!PathHealth { cluster: Some(PathOutcome::Broken), ..whole }.is_whole());
        assert!(PathHealth { cluster: Some(PathOutcome::Whole(SECOND)), ..whole }.is_whole());
        assert!(!PathHealth { age: 2 * SECOND, ..whole }.is_whole());
    }
}
