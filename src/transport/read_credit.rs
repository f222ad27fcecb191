use std::sync::atomic::{AtomicUsize, Ordering};

/// What is known of a connection's room without asking it: it has done all that it was handed, and
/// so has room for more; but for what the server itself has for it to do, which is rare, and
/// little.
#[derive(Debug, Default)]
pub(crate) struct ReadCredit {
    handed: AtomicUsize,
    done: AtomicUsize,
}

impl ReadCredit {
    /// The transports hand it something more.
    pub(super) fn hand(&self) {
        self.handed.fetch_add(1, Ordering::AcqRel);
    }

    /// The connection has got so many things in all, and nothing of them waits or is under way.
    pub(crate) fn is_free_after(&self, count: usize) {
        self.done.store(count, Ordering::Release);
    }

    pub(super) fn is_free(&self) -> bool {
        self.done.load(Ordering::Acquire) == self.handed.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_free_when_all_is_done_and_not_before() {
        let room = ReadCredit::default();
        assert!(room.is_free());
        room.hand();
        room.hand();
        assert!(!room.is_free());
        room.is_free_after(1);
        assert!(!room.is_free(), "what it is done with is not what it was handed last");
        room.is_free_after(2);
        assert!(room.is_free());
    }
}
