//! Keeping publications in the histories of their channels.

use std::sync::Arc;

use smallvec::SmallVec;
use tokio::time::Instant;

use super::{
    Audience,
    history::{Exceptions, HistoryOwner, Kept},
    index::{ChannelRecord, NamespaceIndex, RegistryIndex},
};
use crate::{
    model::{Channel, History, Namespace},
    outbox::PlacedFrame,
};

/// The channels of an audience, or `None` for all sockets of the namespace.
pub(super) type Destinations<'a> = SmallVec<[Option<&'a Channel>; 2]>;

pub(super) fn destinations(audience: &Audience) -> Destinations<'_> {
    if audience.only_included {
        Destinations::new()
    } else if audience.to.is_empty() {
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
            let namespace_index = self.namespaces.entry(namespace.clone()).or_default();
            if let Some(channel) = channel {
                let record = namespace_index.channels.entry(channel.clone());
                record.or_insert_with(|| ChannelRecord::new(rule, forgotten));
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
    pub(super) fn keep(
        &mut self,
        audience: &Audience,
        publication: &Arc<PlacedFrame>,
        now: Instant,
    ) {
        let exceptions =
            (!audience.except.is_empty() || !audience.except_sockets.is_empty()).then(|| {
                Arc::new(Exceptions {
                    channels: audience.except.clone(),
                    sockets: audience.except_sockets.clone(),
                })
            });
        for channel in destinations(audience) {
            let kept = Kept::new(Arc::clone(publication), exceptions.clone());
            self.keep_in(&audience.namespace, channel, kept, now);
        }
    }

    fn keep_in(
        &mut self,
        namespace: &Namespace,
        channel: Option<&Channel>,
        kept: Kept,
        now: Instant,
    ) {
        let Some(namespace_index) = self.namespaces.get_mut(namespace) else { return };
        let Some(record) = namespace_index.record_mut(channel) else { return };
        let before = std::mem::replace(&mut record.newest, kept.place());
        let Some(Some(history)) = record.rule else { return };
        let mut ended = None;
        let id = *record.history.get_or_insert_with(|| {
            let owner = HistoryOwner { namespace: namespace.clone(), channel: channel.cloned() };
            self.histories.begin(owner, before, |owner| ended = Some(owner))
        });
        self.histories.keep(id, history, kept, now);
        if let Some(HistoryOwner { namespace, channel }) = ended {
            self.history_ended(&namespace, channel.as_ref());
        }
    }
}
