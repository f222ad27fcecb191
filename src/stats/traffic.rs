use std::{
    cell::Cell,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
};

/// Threads that have counters of their own: those that are the first to count. All others share
/// one.
const THREADS: usize = 32;

/// What is counted with each message, by each thread for itself: atomic additions to counters that
/// all threads share would be a good part of what a small answer costs.
#[derive(Debug)]
pub(crate) struct Traffic(Box<[Line]>);

/// Things that are counted, each together with a size of them.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Flow {
    /// Packets of Socket.IO that came, and their bytes.
    Received,
    /// Packets that were queued for clients, and their bytes.
    Sent,
    /// Events that handlers are done with, and microseconds which that took.
    Handled,
}

/// The counters of one thread, on a line of memory that no other writes to.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Line([[AtomicU64; 2]; 3]);

impl Traffic {
    /// Adds so many of them, and their size.
    pub(crate) fn add(&self, flow: Flow, count: usize, size: usize) {
        let thread = number();
        let counters = &self.0[thread.min(THREADS)].0[flow as usize];
        for (counter, amount) in counters.iter().zip([count as u64, size as u64]) {
            if thread < THREADS {
                // Nobody else writes to it.
                counter
                    .store(counter.load(Ordering::Relaxed).wrapping_add(amount), Ordering::Relaxed);
            } else {
                counter.fetch_add(amount, Ordering::Relaxed);
            }
        }
    }

    /// How many there were of all threads, and their size.
    pub(super) fn total(&self, flow: Flow) -> [u64; 2] {
        [0, 1].map(|at| {
            self.0.iter().map(|line| line.0[flow as usize][at].load(Ordering::Relaxed)).sum()
        })
    }
}

impl Default for Traffic {
    fn default() -> Self {
        Self((0..=THREADS).map(|_| Line::default()).collect())
    }
}

/// The number of this thread among all that have ever counted, from 0. It is no other's, also when
/// this one has ended.
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
                        traffic.add(Flow::Received, 1, 2);
                        traffic.add(Flow::Sent, 3, 4);
                        traffic.add(Flow::Handled, 5, 6);
                    }
                });
            }
        });
        let each = 1000 * threads as u64;
        let totals = [Flow::Received, Flow::Sent, Flow::Handled].map(|flow| traffic.total(flow));
        assert_eq!(totals.as_flattened(), [1, 2, 3, 4, 5, 6].map(|amount| amount * each));
    }

    #[test]
    fn threads_have_numbers_of_their_own() {
        let own = number();
        assert_eq!(number(), own);
        assert_ne!(thread::spawn(number).join().unwrap(), own);
    }
}
