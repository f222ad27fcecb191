use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// Bytes of memory that several owners share, up to a limit.
///
/// A clone is the same budget.
#[derive(Debug, Clone)]
pub(crate) struct ByteBudget(Arc<BudgetState>);

#[derive(Debug)]
struct BudgetState {
    used: AtomicUsize,
    limit: usize,
}

/// What one owner has taken of a [`ByteBudget`]. Dropping it gives it back.
#[derive(Debug)]
pub(crate) struct ByteShare {
    budget: ByteBudget,
    bytes: usize,
}

impl ByteBudget {
    pub(crate) fn new(limit: usize) -> Self {
        Self(Arc::new(BudgetState { used: AtomicUsize::new(0), limit }))
    }

    /// A share of nothing yet.
    pub(crate) fn share(&self) -> ByteShare {
        ByteShare { budget: self.clone(), bytes: 0 }
    }
}

impl ByteShare {
    /// Takes bytes, if they are within the limit.
    pub(crate) fn try_add(&mut self, bytes: usize) -> bool {
        let BudgetState { used, limit } = &*self.budget.0;
        let fits = |used: usize| used.checked_add(bytes).filter(|sum| sum <= limit);
        let is_taken = used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_ok();
        if is_taken {
            self.bytes += bytes;
        }
        is_taken
    }
}

impl Drop for ByteShare {
    fn drop(&mut self) {
        self.budget.0.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_have_one_limit_together_and_give_back_what_they_took() {
        let budget = ByteBudget::new(100);
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
}
