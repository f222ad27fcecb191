use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::time::Instant;

/// The time from which the client's answer to a ping is late, as far as requests have to know.
///
/// The actor of the session judges. But its timer may fire after a request that comes later than
/// the deadline.
#[derive(Debug)]
pub(crate) struct PongDeadline {
    opened: Instant,
    /// In microseconds since `opened`, or `NONE`.
    late_from: AtomicU64,
}

const NONE: u64 = u64::MAX;

impl PongDeadline {
    pub(super) fn new(opened: Instant) -> Self {
        Self { opened, late_from: AtomicU64::new(NONE) }
    }

    /// Notes the deadline. `None`: no answer is due.
    pub(crate) fn set(&self, late_from: Option<Instant>) {
        let micros = |at: Instant| u64::try_from((at - self.opened).as_micros()).unwrap_or(NONE);
        self.late_from.store(late_from.map_or(NONE, micros), Ordering::Release);
    }

    /// Whether the answer is late.
    pub(super) fn is_over(&self) -> bool {
        let late_from = self.late_from.load(Ordering::Acquire);
        late_from != NONE && self.opened.elapsed() >= Duration::from_micros(late_from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_late_from_its_deadline_on() {
        let opened = Instant::now();
        let deadline = PongDeadline::new(opened);
        assert!(!deadline.is_over());
        deadline.set(Some(opened));
        assert!(deadline.is_over());
        deadline.set(Some(opened + Duration::from_secs(3_600)));
        assert!(!deadline.is_over());
        deadline.set(None);
        assert!(!deadline.is_over());
    }
}
