use std::{
    collections::BTreeMap,
    fmt,
    marker::PhantomData,
    sync::atomic::{AtomicU64, Ordering},
};

/// A closed set of labels, so that clients cannot add to what is counted by label.
pub(super) trait Label: Copy + 'static {
    const ALL: &'static [Self];

    /// Returns the position of the label in [`Label::ALL`].
    fn index(self) -> usize;

    /// Returns the label's value as metrics show it.
    fn text(self) -> &'static str;
}

/// A counter, which only grows.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// One counter for each label.
pub(crate) struct Tally<L> {
    counts: Box<[Count]>,
    labels: PhantomData<L>,
}

#[expect(private_bounds, reason = "`Label` is private to `stats`, and so are its implementations")]
impl<L: Label> Tally<L> {
    pub(crate) fn add(&self, label: L) {
        self.counts[label.index()].add(1);
    }

    /// Returns the counts of all labels, including those that are zero.
    pub(crate) fn by_label(&self) -> BTreeMap<&'static str, u64> {
        L::ALL.iter().map(|label| (label.text(), self.counts[label.index()].get())).collect()
    }
}

impl<L: Label> Default for Tally<L> {
    fn default() -> Self {
        Self { counts: L::ALL.iter().map(|_| Count::default()).collect(), labels: PhantomData }
    }
}

impl<L: Label> fmt::Debug for Tally<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.by_label()).finish()
    }
}
