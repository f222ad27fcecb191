use std::{
    cell::Cell,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
};

/// The number of threads that have their own counters: the first ones that count. All later threads
/// share one more set.
const THREADS_WITH_COUNTERS: usize = 32;

/// Counters of what happens with each message, separate for each thread.
///
/// Atomic additions to counters that all threads share would be a good part of the cost of a small
/// answer.
#[derive(Debug)]
pub(crate) struct Traffic(Box<[ThreadCounters]>);

/// What [`Traffic`] counts. Each count comes with a total size.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Flow {
    /// Socket.IO packets received, and their bytes.
    Received,
    /// Packets queued for clients, and their bytes.
    Sent,
    /// Events that handlers have finished, and the microseconds that they took.
    Handled,
}

/// The counters of one thread, on a cache line that no other thread writes to.
#[derive(Debug, Default)]
#[repr(align(64))]
struct ThreadCounters([[AtomicU64; 2]; 3]);

impl Traffic {
    /// Adds `count` items with a total of `size`.
    pub(crate) fn add(&self, flow: Flow, count: usize, size: usize) {
        let thread = thread_number();
        let counters = &self.0[thread.min(THREADS_WITH_COUNTERS)].0[flow as usize];
        for (counter, amount) in counters.iter().zip([count as u64, size as u64]) {
            if thread < THREADS_WITH_COUNTERS {
                // Only this thread writes to this counter, so a plain store loses nothing.
                counter
                    .store(counter.load(Ordering::Relaxed).wrapping_add(amount), Ordering::Relaxed);
            } else {
                counter.fetch_add(amount, Ordering::Relaxed);
            }
        }
    }

    /// Returns the count and the size of all threads together.
    pub(super) fn total(&self, flow: Flow) -> [u64; 2] {
        [0, 1].map(|at| {
            self.0.iter().map(|thread| thread.0[flow as usize][at].load(Ordering::Relaxed)).sum()
        })
    }
}

impl Default for Traffic {
    fn default() -> Self {
        Self((0..=THREADS_WITH_COUNTERS).map(|_| ThreadCounters::default()).collect())
    }
}

/// Returns the number of this thread among all threads that have ever counted, from 0. The number
/// is not reused after the thread has ended.
fn thread_number() -> usize {
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
    fn totals_include_all_threads() {
        let traffic = Traffic::default();
        let threads = 2 * THREADS_WITH_COUNTERS;
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
    fn each_thread_has_its_own_number() {
        let own = thread_number();
        assert_eq!(thread_number(), own);
        assert_ne!(thread::spawn(thread_number).join().unwrap(), own);
    }
}
