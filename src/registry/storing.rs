//! The sequencer and its store: the rules of histories, the end, and what is durable.

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::MutexGuard;
use tokio::sync::oneshot;

use super::{
    Audience, PublishError, Sequencer, recording::destinations, sequencer_state::SequencerState,
};
use crate::{
    model::{HistoryRules, Namespace, Place},
    store::{StoreError, StoreStatus},
};

impl Sequencer {
    /// Whether a store keeps what is published.
    pub(crate) fn has_store(&self) -> bool {
        self.0.store.is_some()
    }

    /// Ends the use of the store: publications are refused from now on. `sessions`: those that may
    /// be restored. Returns what the store says.
    pub(crate) fn close_store<S: FnOnce() -> Vec<Bytes> + Send + 'static>(
        &self,
        sessions: S,
    ) -> Option<impl Future<Output = Result<(), StoreError>> + use<S>> {
        let store = self.0.store.as_ref()?;
        self.0.lock_state().is_store_closed = true;
        let inner = Arc::clone(&self.0);
        let closing = Box::new(move || {
            let mut closing = inner.lock_state().index_mut().closing();
            // It takes the lock anew. Nothing is published in between.
            closing.sessions = sessions();
            closing
        });
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

    /// Takes the lock when it is known what the channels of an audience keep, and whether all of
    /// them keep what is published. Patterns are searched without it.
    pub(super) fn lock_with_rules(
        &self,
        audience: &Audience,
    ) -> (MutexGuard<'_, SequencerState>, bool) {
        let namespace = &audience.namespace;
        let mut state = self.0.lock_state();
        let index = state.index_mut();
        let mut unknown = destinations(audience);
        let mut is_covered = !unknown.is_empty();
        unknown.retain(|channel| match index.rule(namespace, *channel) {
            None => true,
            Some(rule) => {
                is_covered &= rule.is_some();
                false
            }
        });
        if unknown.is_empty() {
            return (state, is_covered);
        }
        drop(state);
        let rules = self.0.history_rules.read().get(namespace).cloned().unwrap_or_default();
        let found: Vec<_> =
            unknown.into_iter().map(|channel| (channel, rules.of(channel))).collect();
        let mut state = self.0.lock_state();
        for (channel, rule) in found {
            is_covered &= rule.is_some();
            state.index_mut().set_rule(namespace, channel, rule);
        }
        (state, is_covered)
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
