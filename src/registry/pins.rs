//! Keeping channels known while a socket is away that may come back.

use super::{
    Sequencer,
    index::{ChannelRecord, RegistryIndex},
    returning::ChannelEnd,
};
use crate::model::{Channel, Epoch, History, Namespace, Place, SocketId};

/// The newest publication of a channel, or to all sockets of a namespace, at the end of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct NewestPlace {
    pub(crate) place: Place,
    /// Whether it has a history. If not, earlier ones may not have been noted.
    pub(crate) has_history: bool,
}

/// A channel, or all sockets of a namespace, with the history that it has now, and what the
/// previous run has noted.
type PastRecord<'a> = (Option<&'a Channel>, Option<History>, NewestPlace);

impl Sequencer {
    /// The newest publications that concern a socket which is away: those that named it, those to
    /// all sockets, and those of its channels.
    pub(crate) fn newest_places<'a>(
        &self,
        namespace: &Namespace,
        id: SocketId,
        channels: impl Iterator<Item = &'a Channel>,
    ) -> (Place, NewestPlace, Vec<NewestPlace>) {
        let mut state = self.0.lock_state();
        let index = state.index_mut();
        let channels = channels.map(|channel| index.newest_place(namespace, id, Some(channel)));
        let channels = channels.collect();
        (index.named_last(namespace, id), index.newest_place(namespace, id, None), channels)
    }

    /// Whether places are of this order: of its epoch, given out already, and none of them from
    /// before a crash.
    pub(crate) fn has_places(&self, epoch: Epoch, (first, last): (Place, Place)) -> bool {
        let mut state = self.0.lock_state();
        let index = state.index_mut();
        epoch == self.epoch() && last <= index.place && !index.past_run.has_crashed(first, None)
    }

    /// Keeps the channels known of a socket that was away when the previous run ended.
    pub(crate) fn pin_past<'a>(
        &self,
        namespace: &Namespace,
        id: SocketId,
        records: impl Iterator<Item = PastRecord<'a>>,
    ) {
        let mut state = self.0.lock_state();
        let index = state.index_mut();
        index.namespace_or_new(namespace).away.insert(id, Place::default());
        for record in records {
            index.pin_past(namespace, record);
        }
    }
}

impl RegistryIndex {
    /// Keeps the channels known of a socket that is about to go, and may come back.
    pub(super) fn pin(&mut self, namespace: &Namespace, id: SocketId, channels: &[Channel]) {
        let Some(namespace_index) = self.namespaces.get_mut(namespace) else { return };
        namespace_index.away.entry(id).or_default();
        for channel in channels {
            if let Some(record) = namespace_index.channels.get_mut(channel) {
                record.pins += 1;
            }
        }
    }

    /// A socket that was away has come back, or never will.
    pub(super) fn unpin(&mut self, namespace: &Namespace, id: SocketId, channels: &[Channel]) {
        self.unpin_channels(namespace, channels);
        let Some(namespace_index) = self.namespaces.get_mut(namespace) else { return };
        namespace_index.away.remove(&id);
        if namespace_index.is_unused() {
            self.namespaces.remove(namespace);
        }
    }

    pub(super) fn unpin_channels(&mut self, namespace: &Namespace, channels: &[Channel]) {
        let Some(namespace_index) = self.namespaces.get_mut(namespace) else { return };
        for channel in channels {
            let Some(record) = namespace_index.channels.get_mut(channel) else { continue };
            record.pins = record.pins.saturating_sub(1);
            if record.is_unused() {
                namespace_index.channels.remove(channel);
            }
        }
    }

    /// The place of the newest publication that named a socket while it was away.
    pub(super) fn named_last(&self, namespace: &Namespace, id: SocketId) -> Place {
        let namespace_index = self.namespaces.get(namespace);
        let here = namespace_index.and_then(|index| index.away.get(&id).copied());
        here.unwrap_or_default().max(self.shared_named_last(id))
    }

    /// Notes that a publication names sockets.
    pub(super) fn name(&mut self, namespace: &Namespace, ids: &[SocketId], place: Place) {
        let Some(namespace_index) = self.namespaces.get_mut(namespace) else { return };
        for id in ids {
            if let Some(named) = namespace_index.away.get_mut(id) {
                *named = place;
            }
        }
    }

    fn newest_place(
        &self,
        namespace: &Namespace,
        id: SocketId,
        channel: Option<&Channel>,
    ) -> NewestPlace {
        let Some(record) = self.record(namespace, channel) else { return NewestPlace::default() };
        // If nothing was looked up, nothing was published.
        let has_history = record.rule != Some(None);
        NewestPlace { place: record.newest_for(id), has_history }
    }

    fn pin_past(&mut self, namespace: &Namespace, (channel, rule, newest): PastRecord<'_>) {
        // A history that is new reaches back to here. Earlier publications of the channel were not
        // noted for all clients.
        let is_new = rule.is_some() && !newest.has_history;
        let place = if is_new { self.place } else { newest.place };
        let Some(namespace_index) = self.namespaces.get_mut(namespace) else { return };
        let record = match channel {
            None => &mut namespace_index.everyone,
            Some(channel) => {
                let record = namespace_index.channels.entry(channel.clone());
                let record = record.or_insert_with(ChannelRecord::default);
                record.pins += 1;
                record
            }
        };
        record.newest = record.newest.max(place);
        record.rule = Some(rule);
    }

    /// The publications of a channel by now.
    pub(super) fn channel_end(&self, namespace: &Namespace, channel: &Channel) -> ChannelEnd {
        let newest = self.record(namespace, Some(channel)).map(|record| record.newest);
        ChannelEnd { place: self.place, newest: newest.unwrap_or_default() }
    }
}
