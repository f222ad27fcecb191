//! Keeping channels known while a socket is away that may come back.

use super::{index::RegistryIndex, returning::ChannelEnd};
use crate::model::{Channel, Namespace, Place, SocketId};

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
        namespace_index.and_then(|index| index.away.get(&id).copied()).unwrap_or_default()
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

    /// The publications of a channel by now.
    pub(super) fn channel_end(&self, namespace: &Namespace, channel: &Channel) -> ChannelEnd {
        let newest = self.record(namespace, Some(channel)).map(|record| record.newest);
        ChannelEnd { place: self.place, newest: newest.unwrap_or_default() }
    }
}
