use std::{
    cell::Cell,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
};

/// Threads that have counters of their own: those that are the first to count. All others share one.
const THREADS: usize = 32;

/// What is counted with each message, by each thread for itself: atomic additions to counters that all threads share would
/// be a good part of what a small answer costs.
#[derive(Debug)]
pub(crate) struct Traffic(Box<[Line]>);

/// The counters of one thread, on a line of memory that no other writes to.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Line([AtomicU64; 6]);

/// What all threads have counted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) messages_received: u64,
    pub(super) bytes_received: u64,
    pub(super) messages_sent: u64,
    pub(super) bytes_sent: u64,
    pub(super) events_handled: u64,
    pub(super) handling_micros: u64,
}

impl Traffic {
    /// Packets of Socket.IO have come, and so many bytes of them.
    pub(crate) fn received(&self, messages: usize, bytes: usize) {
        self.add(0, messages as u64, bytes as u64);
    }

    /// Packets were queued for clients, and so many bytes of them.
    pub(crate) fn sent(&self, messages: usize, bytes: usize) {
        self.add(2, messages as u64, bytes as u64);
    }

    /// Handlers are done with events, which took so many microseconds.
    pub(crate) fn handled(&self, events: u64, micros: u64) {
        self.add(4, events, micros);
    }

    pub(super) fn totals(&self) -> Totals {
        let total = |at: usize| self.0.iter().map(|line| line.0[at].load(Ordering::Relaxed)).sum();
        Totals {
            messages_received: total(0),
            bytes_received: total(1),
            messages_sent: total(2),
            bytes_sent: total(3),
            events_handled: total(4),
            handling_micros: total(5),
        }
    }

    /// Adds to two counters that stand side by side.
    fn add(&self, at: usize, first: u64, second: u64) {
        let thread = number();
        let both = [(at, first), (at + 1, second)];
        if thread < THREADS {
            for (at, amount) in both {
                // Nobody else writes to it.
                let counter = &self.0[thread].0[at];
                counter.store(counter.load(Ordering::Relaxed).wrapping_add(amount), Ordering::Relaxed);
            }
        } else {
            for (at, amount) in both {
                self.0[THREADS].0[at].fetch_add(amount, Ordering::Relaxed);
            }
        }
    }
}

impl Default for Traffic {
    fn default() -> Self {
        Self((0..=THREADS).map(|_| Line::default()).collect())
    }
}

/// The number of this thread among all that have ever counted, from 0. It is no other's, also when this one has ended.
fn number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static OWN: Cell<Option<usize>> = const { Cell::new(None) };
    }
    OWN.get().unwrap_or_else(|| {
        let own = NEXT.fetch_add(1, Ordering::Relaxed);
        OWN.set(Some(own));
        own
    })
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn nothing_is_missing_whichever_thread_has_counted_it() {
        let traffic = Traffic::default();
        let threads = 2 * THREADS;
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    for _ in 0..1000 {
                        traffic.received(1, 2);
                        traffic.sent(3, 4);
                        traffic.handled(5, 6);
                    }
                });
            }
        });
        let each = 1000 * threads as u64;
        let expected = Totals {
            messages_received: each,
            bytes_received: 2 * each,
            messages_sent: 3 * each,
            bytes_sent: 4 * each,
            events_handled: 5 * each,
            handling_micros: 6 * each,
        };
        assert_eq!(traffic.totals(), expected);
    }

    #[test]
    fn threads_have_numbers_of_their_own() {
        let own = number();
        assert_eq!(number(), own);
        assert_ne!(thread::spawn(number).join().unwrap(), own);
    }
}
