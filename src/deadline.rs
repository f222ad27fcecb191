//! Deadlines of clients. Time in which the server did not run is not the client's fault.

use std::{pin::pin, time::Duration};

use tokio::time::{Instant, sleep_until, timeout_at};

/// How long a deadline that has passed is not judged yet, so that what has arrived by then is read.
///
/// After a pause of the process, timers fire before sockets are read. Reading takes one turn of the
/// event loop, and a request on a new TCP connection takes a few.
pub(crate) const READ_GRACE: Duration = Duration::from_millis(50);

/// The time by which a client has to do something. The clock is passed in.
///
/// When the timer of a deadline fires, the client gets [`READ_GRACE`], in which its answer may be
/// read. A timer that fires later than that shows that the server did not run: its process was
/// stopped, its machine was suspended, or its thread was at work. The client then gets as much time
/// as the server was late by, but no more than its whole time again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Deadline {
    at: Instant,
    /// The client's whole time.
    limit: Duration,
    /// The grace that was given last.
    grace: Option<Duration>,
}

/// The result of checking a deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeadlineState {
    Ahead,
    /// It has passed. It is checked again after a grace.
    Grace,
    /// It has passed, and everything that had arrived by then has been read.
    Missed,
}

impl Deadline {
    /// The deadline `limit` after `start`.
    pub(crate) fn after(start: Instant, limit: Duration) -> Self {
        Self { at: start + limit, limit, grace: None }
    }

    /// When to check it.
    pub(crate) fn at(&self) -> Instant {
        self.at
    }

    /// Checks it. Its timer must have been set for [`Deadline::at`].
    pub(crate) fn check(&mut self, now: Instant) -> DeadlineState {
        let Some(late) = now.checked_duration_since(self.at) else { return DeadlineState::Ahead };
        // A grace that was itself late by more than its length does not count.
        if self.grace.is_some_and(|grace| late <= grace) {
            return DeadlineState::Missed;
        }
        let grace = late.min(self.limit).max(READ_GRACE);
        (self.at, self.grace) = (now + grace, Some(grace));
        DeadlineState::Grace
    }

    /// The time from which the client is late. Later input may still be read in time, but is
    /// not waited for: a grace of [`READ_GRACE`] is for the server to read.
    pub(crate) fn late_from(&self) -> Instant {
        match self.grace {
            Some(grace) if grace <= READ_GRACE => self.at - grace,
            _ => self.at,
        }
    }
}

/// Waits for a client's `answer` for at most `limit`. `None`: it did not come in time.
pub(crate) async fn within<T>(limit: Duration, answer: impl Future<Output = T>) -> Option<T> {
    let mut answer = pin!(answer);
    let mut deadline = Deadline::after(Instant::now(), limit);
    loop {
        if let Ok(answer) = timeout_at(deadline.at(), answer.as_mut()).await {
            return Some(answer);
        }
        if deadline.check(Instant::now()) == DeadlineState::Missed {
            return None;
        }
    }
}

/// Waits until a client has had `limit`.
pub(crate) async fn time_of_client(limit: Duration) {
    let mut deadline = Deadline::after(Instant::now(), limit);
    while deadline.check(Instant::now()) != DeadlineState::Missed {
        sleep_until(deadline.at()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_deadline_is_missed_only_after_a_grace_in_which_sockets_are_read() {
        let start = Instant::now();
        let mut deadline = Deadline::after(start, s(20));
        assert_eq!(deadline.check(start + s(19)), DeadlineState::Ahead);
        assert_eq!(deadline.check(start + s(20)), DeadlineState::Grace);
        assert_eq!(deadline.at(), start + s(20) + READ_GRACE);
        assert_eq!(deadline.late_from(), start + s(20), "the grace is not the client's");
        assert_eq!(deadline.check(start + s(20)), DeadlineState::Ahead);
        assert_eq!(deadline.check(start + s(20) + READ_GRACE), DeadlineState::Missed);
    }

    #[test]
    fn time_in_which_the_server_did_not_run_is_given_back() {
        let start = Instant::now();
        let mut deadline = Deadline::after(start, s(20));
        assert_eq!(deadline.check(start + s(25)), DeadlineState::Grace);
        assert_eq!(deadline.at(), start + s(30), "as much as it was late");
        assert_eq!(deadline.late_from(), start + s(30));
        assert_eq!(deadline.check(start + s(36)), DeadlineState::Grace, "stopped again");
        assert_eq!(deadline.at(), start + s(42));
        assert_eq!(deadline.check(start + s(42)), DeadlineState::Missed);
        let mut deadline = Deadline::after(start, s(20));
        assert_eq!(deadline.check(start + s(3_600)), DeadlineState::Grace);
        assert_eq!(deadline.at(), start + s(3_620), "but no more than the whole time");
    }

    #[actix_web::test]
    async fn an_answer_that_is_read_within_the_grace_is_in_time() {
        let late = async {
            sleep_until(Instant::now() + Duration::from_millis(5)).await;
            7
        };
        assert_eq!(within(Duration::ZERO, late).await, Some(7));
        assert_eq!(within(Duration::ZERO, std::future::pending::<u8>()).await, None);
    }
}
