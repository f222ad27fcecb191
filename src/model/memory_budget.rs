use std::{
    mem,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Memory that several owners share, up to a limit, in bytes. All connections share
/// [`max_memory`](crate::Builder::max_memory), all broadcasts
/// [`max_ack_bytes`](crate::Builder::max_ack_bytes).
///
/// A clone is the same budget. Without a limit, nothing is counted.
#[derive(Debug, Clone, Default)]
pub(crate) struct MemoryBudget(Option<Arc<BudgetState>>);

#[derive(Debug)]
struct BudgetState {
    used: AtomicUsize,
    limit: usize,
}

/// The part of a [`MemoryBudget`] that one owner has. Dropping it gives it back.
#[derive(Debug, Default)]
pub(crate) struct MemoryShare {
    budget: MemoryBudget,
    counted: usize,
}

impl MemoryBudget {
    /// `usize::MAX` means: without a limit.
    pub(crate) fn new(limit: usize) -> Self {
        let is_limited = limit < usize::MAX;
        Self(is_limited.then(|| Arc::new(BudgetState { used: AtomicUsize::new(0), limit })))
    }

    /// A share of nothing yet.
    pub(crate) fn share(&self) -> MemoryShare {
        MemoryShare { budget: self.clone(), counted: 0 }
    }

    /// The bytes that are counted.
    pub(crate) fn used(&self) -> usize {
        self.0.as_ref().map_or(0, |state| state.used.load(Ordering::Relaxed))
    }

    /// Whether there is nothing left.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.0.as_ref().is_some_and(|state| state.used.load(Ordering::Relaxed) >= state.limit)
    }
}

impl MemoryShare {
    /// As much is not counted, so that a client with little costs no atomic operation. It is about
    /// what an idle connection takes.
    const UNCOUNTED: usize = 4 * 1024;
    /// As much may be taken when the budget is exhausted, so that clients with little go on. Those
    /// with more have exhausted it.
    pub(crate) const ALWAYS: usize = 64 * 1024;
    /// The budget is asked for multiples of this.
    const STEP: usize = 4 * 1024;

    /// Takes more bytes, if they are within the limit.
    pub(crate) fn try_add(&mut self, bytes: usize) -> bool {
        let Some(state) = &self.budget.0 else { return true };
        let fits = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= state.limit);
        let is_taken = state.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_ok();
        if is_taken {
            self.counted += bytes;
        }
        is_taken
    }

    /// Sets the bytes that are taken now, roughly: the budget is shared by all threads, so it is
    /// asked only for whole steps, and not at all for little.
    ///
    /// Returns `false` if they are too much: they are more than before, and more than
    /// [`MemoryShare::ALWAYS`], and the budget is exhausted. They are counted nevertheless, so the
    /// owner must give up what it took them for.
    #[must_use]
    pub(crate) fn set(&mut self, bytes: usize) -> bool {
        if self.counted == 0 && bytes <= Self::UNCOUNTED {
            return true;
        }
        let Some(state) = &self.budget.0 else { return true };
        let wanted = bytes.saturating_sub(Self::UNCOUNTED).next_multiple_of(Self::STEP);
        let before = mem::replace(&mut self.counted, wanted);
        if wanted <= before {
            if wanted < before {
                state.used.fetch_sub(before - wanted, Ordering::Relaxed);
            }
            return true;
        }
        let used = state.used.fetch_add(wanted - before, Ordering::Relaxed) + (wanted - before);
        used <= state.limit || bytes <= Self::ALWAYS
    }
}

impl Drop for MemoryShare {
    fn drop(&mut self) {
        if let Some(state) = &self.budget.0 {
            state.used.fetch_sub(self.counted, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_shares_have_one_limit_together_and_give_back_what_they_took() {
        let budget = MemoryBudget::new(100);
        let (mut first, mut second) = (budget.share(), budget.share());
        assert!(first.try_add(60));
        assert!(!second.try_add(41));
        assert!(second.try_add(40));
        assert!(!first.try_add(1));
        assert!(!first.try_add(usize::MAX));
        drop(first);
        assert!(second.try_add(60));
        drop(second);
        assert!(budget.share().try_add(100));
    }

    #[test]
    fn rough_shares_have_one_limit_together_and_give_back_what_they_took() {
        let budget = MemoryBudget::new(1 << 20);
        let (mut first, mut second) = (budget.share(), budget.share());
        assert!(first.set(600_000));
        assert!(!first.set(usize::MAX / 2), "a single share is limited, too");
        assert!(first.set(600_000));
        assert!(!second.set(600_000));
        assert!(budget.is_exhausted());
        assert!(second.set(400_000));
        assert!(!budget.is_exhausted());
        drop(first);
        assert!(second.set(1_000_000));
        drop(second);
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn a_small_share_is_not_counted_and_one_that_is_not_large_is_never_refused() {
        let budget = MemoryBudget::new(1000);
        let (mut small, mut medium, mut large) = (budget.share(), budget.share(), budget.share());
        assert!(small.set(MemoryShare::UNCOUNTED));
        assert_eq!(budget.used(), 0);
        assert!(medium.set(MemoryShare::ALWAYS));
        assert!(budget.is_exhausted());
        assert!(!large.set(MemoryShare::ALWAYS + 1));
        assert!(large.set(MemoryShare::ALWAYS), "it is less than before");
    }

    #[test]
    fn without_a_limit_nothing_is_counted() {
        let budget = MemoryBudget::new(usize::MAX);
        let mut share = budget.share();
        assert!(share.set(usize::MAX));
        assert_eq!((budget.used(), budget.is_exhausted()), (0, false));
    }
}
