//! A tap on the changes of a socket's context, for the Admin UI.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use parking_lot::Mutex;

/// Is called after each change of a context, on the thread that makes it.
pub(crate) trait ContextTap: Send + Sync {
    /// The context has changed. Its map is not locked.
    fn context_changed(&self);
}

/// The place of a tap. While it is empty, a change costs one relaxed load.
#[derive(Default)]
pub(crate) struct ContextTapSlot {
    is_set: AtomicBool,
    tap: Mutex<Option<Arc<dyn ContextTap>>>,
}

impl ContextTapSlot {
    /// Sets the tap, in the place of an earlier one, or removes it.
    pub(crate) fn set(&self, tap: Option<Arc<dyn ContextTap>>) {
        let mut slot = self.tap.lock();
        self.is_set.store(tap.is_some(), Ordering::Relaxed);
        *slot = tap;
    }

    pub(super) fn notify(&self) {
        if self.is_set.load(Ordering::Relaxed) {
            let tap = self.tap.lock().clone();
            if let Some(tap) = tap {
                tap.context_changed();
            }
        }
    }
}
