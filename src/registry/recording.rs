//! Keeping publications in the histories of their channels.

use std::{sync::Arc, time::SystemTime};

use smallvec::SmallVec;
use tokio::time::Instant;

use super::{
    Audience,
    history::{HistoryId, HistoryOwner, Kept, KeptAudience},
    index::{ChannelRecord, NamespaceIndex, RegistryIndex},
};
use crate::{
    model::{Channel, History, Namespace, Place},
    outbox::PlacedFrame,
};

/// The channels of an audience, or `None` for all sockets of the namespace.
pub(super) type Destinations<'a> = SmallVec<[Option<&'a Channel>; 2]>;

pub(super) fn destinations(audience: &Audience) -> Destinations<'_> {
    if audience.is_everyone() {
        SmallVec::from_slice(&[None])
    } else {
        audience.to.iter().map(Some).collect()
    }
}

impl NamespaceIndex {
    fn record(&self, channel: Option<&Channel>) -> Option<&ChannelRecord> {
        match channel {
            Some(channel) => self.channels.get(channel),
            None => Some(&self.everyone),
        }
    }

    fn record_mut(&mut self, channel: Option<&Channel>) -> Option<&mut ChannelRecord> {
        match channel {
            Some(channel) => self.channels.get_mut(channel),
            None => Some(&mut self.everyone),
        }
    }
}

impl RegistryIndex {
    pub(super) fn record(
        &self,
        namespace: &Namespace,
        channel: Option<&Channel>,
    ) -> Option<&ChannelRecord> {
        self.namespaces.get(namespace)?.record(channel)
    }

    pub(super) fn record_mut(
        &mut self,
        namespace: &Namespace,
        channel: Option<&Channel>,
    ) -> Option<&mut ChannelRecord> {
        self.namespaces.get_mut(namespace)?.record_mut(channel)
    }

    /// The history that a channel has by its routes. The outer `None`: it has to be looked up.
    pub(super) fn rule(
        &self,
        namespace: &Namespace,
        channel: Option<&Channel>,
    ) -> Option<Option<History>> {
        self.record(namespace, channel)?.rule
    }

    /// Notes what a channel keeps. One that keeps nothing and has no subscribers is not noted.
    pub(super) fn set_rule(
        &mut self,
        namespace: &Namespace,
        channel: Option<&Channel>,
        rule: Option<History>,
    ) {
        let forgotten = self.histories.forgotten();
        if rule.is_some() {
            let new = channel.map(|channel| self.new_record(namespace, channel, rule));
            let namespace_index = self.namespace_or_new(namespace);
            if let Some((channel, new)) = channel.zip(new) {
                namespace_index.channels.entry(channel.clone()).or_insert(new);
            }
        }
        let namespace_index = self.namespaces.get_mut(namespace);
        if let Some(record) = namespace_index.and_then(|index| index.record_mut(channel)) {
            if rule.is_some() && record.rule.is_none() {
                record.newest = record.newest.max(forgotten);
            }
            record.rule = Some(rule);
        }
    }

    /// Whether histories keep what goes to an audience: all its channels have one.
    pub(super) fn covers(&self, audience: &Audience) -> bool {
        let destinations = destinations(audience);
        !destinations.is_empty()
            && destinations
                .into_iter()
                .all(|channel| matches!(self.rule(&audience.namespace, channel), Some(Some(_))))
    }

    /// Notes a publication in its channels, and keeps it where they have a history.
    /// `is_stored`: the store has it already.
    pub(super) fn keep(
        &mut self,
        audience: &Audience,
        publication: &Arc<PlacedFrame>,
        is_stored: bool,
        now: Instant,
    ) {
        let namespace = &audience.namespace;
        let kept = Kept::new(Arc::clone(publication), KeptAudience::of(audience));
        if let Some(store) = self.histories.store().filter(|_| !is_stored) {
            let mut keeping = destinations(audience);
            keeping.retain(|channel| matches!(self.rule(namespace, *channel), Some(Some(_))));
            if !keeping.is_empty() {
                let channels = keeping.into_iter().flatten().cloned().collect();
                store.append(kept.stored(namespace, channels, SystemTime::now()));
            }
        }
        self.note_shared(audience, publication.place());
        for named in [&audience.including, &audience.sockets] {
            self.name(namespace, named, publication.place());
        }
        for channel in destinations(audience) {
            self.keep_in(namespace, channel, kept.clone(), now);
        }
    }

    fn keep_in(
        &mut self,
        namespace: &Namespace,
        channel: Option<&Channel>,
        kept: Kept,
        now: Instant,
    ) {
        let Some(record) = self.record_mut(namespace, channel) else { return };
        let before = record.note(kept.place(), kept.except_sockets());
        let Some(Some(history)) = record.rule else { return };
        let id = match record.history {
            Some(id) => id,
            None => {
                let owner =
                    HistoryOwner { namespace: namespace.clone(), channel: channel.cloned() };
                let id = self.begin_history(owner, before);
                if let Some(record) = self.record_mut(namespace, channel) {
                    record.history = Some(id);
                }
                id
            }
        };
        self.histories.keep(id, history, kept, now);
    }

    /// Begins the history of a channel, and ends another one if there are too many.
    pub(super) fn begin_history(&mut self, owner: HistoryOwner, trimmed: Place) -> HistoryId {
        let mut ended = None;
        let id = self.histories.begin(owner, trimmed, |owner| ended = Some(owner));
        if let Some(HistoryOwner { namespace, channel }) = ended {
            self.history_ended(&namespace, channel.as_ref());
        }
        id
    }
}
