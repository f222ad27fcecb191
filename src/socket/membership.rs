use std::{collections::HashMap, mem};

use parking_lot::Mutex;

use super::{NamespaceState, SubscribeError};
use crate::{
    model::{Channel, SocketId},
    registry::RegistryId,
};

/// The channels of one socket. The sequencer is notified of each change under the lock, so that
/// both have the same order.
#[derive(Debug, Default)]
pub(super) struct Membership {
    state: Mutex<MembershipState>,
}

#[derive(Debug, Default)]
struct MembershipState {
    /// Each channel with its number in the order of subscription.
    channels: HashMap<Channel, u64>,
    joined: u64,
    closed: bool,
}

impl Membership {
    pub(super) fn join(
        &self,
        channel: Channel,
        limit: usize,
        namespace: &NamespaceState,
        registry_id: RegistryId,
        id: SocketId,
    ) -> Result<bool, SubscribeError> {
        let mut state = self.state.lock();
        if state.closed {
            return Err(SubscribeError::Closed);
        }
        if state.channels.contains_key(&channel) {
            return Ok(false);
        }
        if state.channels.len() >= limit {
            return Err(SubscribeError::TooManyChannels { limit });
        }
        state.joined += 1;
        let number = state.joined;
        state.channels.insert(channel.clone(), number);
        namespace.sequencer.subscribe(registry_id, namespace.name.clone(), id, channel);
        Ok(true)
    }

    pub(super) fn leave(
        &self,
        channel: &str,
        namespace: &NamespaceState,
        registry_id: RegistryId,
        id: SocketId,
    ) -> bool {
        let mut state = self.state.lock();
        let Some((channel, _)) = state.channels.remove_entry(channel) else { return false };
        namespace.sequencer.unsubscribe(registry_id, namespace.name.clone(), id, channel);
        true
    }

    pub(super) fn contains(&self, channel: &str) -> bool {
        self.state.lock().channels.contains_key(channel)
    }

    pub(super) fn channels(&self) -> Vec<Channel> {
        let mut channels: Vec<_> = self
            .state
            .lock()
            .channels
            .iter()
            .map(|(channel, number)| (*number, channel.clone()))
            .collect();
        channels.sort_unstable_by_key(|(number, _)| *number);
        channels.into_iter().map(|(_, channel)| channel).collect()
    }

    /// Ends all subscriptions, and refuses further ones. Returns the channels, for the caller to
    /// notify the sequencer.
    pub(super) fn close(&self) -> Vec<Channel> {
        let state = mem::replace(
            &mut *self.state.lock(),
            MembershipState { closed: true, ..MembershipState::default() },
        );
        state.channels.into_keys().collect()
    }
}
