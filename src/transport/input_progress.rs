use std::sync::atomic::{AtomicUsize, Ordering};

/// Whether a connection has capacity for more input, answered without a message to its actor.
///
/// The transports count what they hand to the connection, and the connection reports how much of it
/// is done. If both counts are equal, the connection has nothing to do and can take more. Work that
/// the server itself gives to the connection is not counted: it is rare and small.
#[derive(Debug, Default)]
pub(crate) struct InputProgress {
    handed: AtomicUsize,
    done: AtomicUsize,
}

impl InputProgress {
    /// Counts one more batch that a transport hands to the connection.
    pub(super) fn count_batch(&self) {
        self.handed.fetch_add(1, Ordering::AcqRel);
    }

    /// Reports that the connection has received `count` batches in all, and that none of them waits
    /// or is being handled.
    pub(crate) fn report_done(&self, count: usize) {
        self.done.store(count, Ordering::Release);
    }

    /// Whether the connection is done with everything that the transports have handed to it.
    pub(crate) fn is_caught_up(&self) -> bool {
        self.done.load(Ordering::Acquire) == self.handed.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_caught_up_only_when_all_batches_are_done() {
        let progress = InputProgress::default();
        assert!(progress.is_caught_up());
        progress.count_batch();
        progress.count_batch();
        assert!(!progress.is_caught_up());
        progress.report_done(1);
        assert!(!progress.is_caught_up(), "the second batch is not done");
        progress.report_done(2);
        assert!(progress.is_caught_up());
    }
}
