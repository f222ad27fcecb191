use std::sync::{Arc, Weak};

use tokio::{
    sync::Notify,
    task::yield_now,
    time::{Instant, timeout_at},
};

use super::{DueDiffs, PresenceDiff};
use crate::registry::{Sequencer, SequencerInner};

/// Receives the diffs of all channels when they are due. It does not keep the server alive.
#[derive(Debug)]
pub(crate) struct DiffReceiver {
    sequencer: Weak<SequencerInner>,
    /// A diff is due earlier than was known, or the server has been dropped.
    due: Arc<Notify>,
}

impl DiffReceiver {
    pub(super) fn new(sequencer: &Arc<SequencerInner>, due: Arc<Notify>) -> Self {
        Self { sequencer: Arc::downgrade(sequencer), due }
    }

    /// Waits for the next diffs, which are to be published in their order. `None`: the server has
    /// been dropped.
    pub(crate) async fn next(&self) -> Option<(Sequencer, Vec<PresenceDiff>)> {
        loop {
            let sequencer = Sequencer(self.sequencer.upgrade()?);
            let DueDiffs { diffs, next } = sequencer.take_due_diffs();
            if !diffs.is_empty() {
                return Some((sequencer, diffs));
            }
            drop(sequencer);
            match next {
                // Other tasks of this thread run in between.
                Some(next) if next <= Instant::now() => yield_now().await,
                // Both outcomes are a reason to look again.
                Some(next) => drop(timeout_at(next, self.due.notified()).await),
                None => self.due.notified().await,
            }
        }
    }
}
