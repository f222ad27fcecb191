//! The sequencer and its store: the rules of histories, the end, and what is durable.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::{PublishError, Sequencer};
use crate::{
    model::{HistoryRules, Namespace, Place},
    store::{StoreError, StoreStatus},
};

impl Sequencer {
    /// Ends the use of the store, after the last publication. Returns what the store says.
    pub(crate) fn close_store(
        &self,
    ) -> Option<impl Future<Output = Result<(), StoreError>> + use<>> {
        let store = self.0.store.as_ref()?;
        let inner = Arc::clone(&self.0);
        let closing = Box::new(move || inner.lock_state().index_mut().closing());
        let (sender, outcome) = oneshot::channel();
        store.close(closing, Box::new(move |result| drop(sender.send(result))));
        Some(async move { outcome.await.unwrap_or(Err(StoreError::Closed)) })
    }

    /// The state of the store.
    pub(crate) fn store_status(&self) -> Option<StoreStatus> {
        self.0.store.as_ref().map(|store| store.status())
    }

    /// Sets what the channels of a namespace keep.
    pub(crate) fn set_history_rules(&self, namespace: &Namespace, rules: &HistoryRules) {
        if rules.keeps_anything() {
            self.0.history_rules.write().insert(namespace.clone(), rules.clone());
        }
        let left = self.0.lock_state().index_mut().left_channels(namespace);
        if !left.is_empty() {
            // Patterns are searched without the lock.
            let found = left.into_iter().map(|channel| {
                let rule = rules.of(channel.as_ref());
                (channel, rule)
            });
            let found = found.collect();
            self.0.lock_state().index_mut().restore(namespace, &found);
        }
    }

    /// The namespace has ended. The histories of its channels stay.
    pub(crate) fn remove_history_rules(&self, namespace: &Namespace) {
        if self.is_recording() {
            self.0.history_rules.write().remove(namespace);
        }
    }

    /// Waits until a publication is durable that the store has.
    pub(super) async fn durable(&self, place: Place) -> Result<(), PublishError> {
        let store = self.0.store.as_ref().ok_or(PublishError::NotStored)?;
        let (sender, outcome) = oneshot::channel();
        store.on_durable(place, Box::new(move |result| drop(sender.send(result))));
        match outcome.await {
            Ok(Ok(())) => Ok(()),
            _ => Err(PublishError::NotStored),
        }
    }
}
