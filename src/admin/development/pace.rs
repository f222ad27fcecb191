/// The room that the outbox of an administrator has for news. Events of clients leave most of it
/// free, changes of sockets less, so that a slow administrator misses events first and is not
/// disconnected.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    waiting: usize,
    max_outbox: usize,
}

impl Pace {
    /// `waiting` bytes of `max_outbox` wait for the administrator.
    pub(super) fn new(waiting: usize, max_outbox: usize) -> Self {
        Self { waiting, max_outbox }
    }

    /// The bytes of one list of sockets.
    pub(super) fn list_bytes(self) -> usize {
        self.max_outbox / 8
    }

    pub(super) fn takes_events(self) -> bool {
        self.waiting < self.max_outbox / 4
    }

    pub(super) fn takes_changes(self) -> bool {
        self.waiting < self.max_outbox / 2
    }

    /// Whether it has caught up enough to be told of all sockets.
    pub(super) fn takes_lists(self) -> bool {
        self.waiting <= self.max_outbox / 8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_left_out_first_and_all_begins_again_when_almost_all_is_read() {
        let at = |waiting| {
            let pace = Pace::new(waiting, 800);
            (pace.takes_lists(), pace.takes_events(), pace.takes_changes())
        };
        assert_eq!(at(0), (true, true, true));
        assert_eq!(at(101), (false, true, true));
        assert_eq!(at(200), (false, false, true));
        assert_eq!(at(400), (false, false, false));
        assert_eq!(Pace::new(0, 800).list_bytes(), 100);
    }
}
