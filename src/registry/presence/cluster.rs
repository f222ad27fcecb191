use std::{
    collections::{HashMap, HashSet, VecDeque, hash_map::Entry},
    mem,
    sync::Arc,
};

use tokio::{sync::Notify, time::Instant};

use super::{
    PresenceTable,
    channel::PresentChannel,
    elsewhere::{ChannelElsewhere, Effects},
    told::ChannelMembers,
};
use crate::{
    model::{Channel, Namespace, PresenceOptions},
    registry::Change,
    stats::RefusalKind,
};

/// Another server of the cluster, in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ServerKey(u32);

/// Members that have changed and that the other servers are not told for a long time: there are as
/// many channels and members to remember. Beyond it, they are told the whole instead.
const MAX_UNTOLD: usize = 20_000;

/// The memory of a channel that another server has, beside its members and its name.
const CHANNEL_BYTES: usize = 300;

/// The part of a cluster in a [`PresenceTable`].
#[derive(Debug, Default)]
pub(super) struct PresenceOfCluster {
    servers: HashMap<Arc<str>, OtherServer>,
    next_server: u32,
    /// The channels with changes here that the others have not been told, in their order.
    untold: VecDeque<(Namespace, Channel)>,
    /// The members and channels in all of these.
    untold_count: usize,
    /// The others have to be told everything again.
    needs_whole: bool,
    /// The adapter has been woken, and has not looked yet.
    is_woken: bool,
    /// Wakes the adapter.
    pub(super) changed: Arc<Notify>,
}

#[derive(Debug)]
struct OtherServer {
    key: ServerKey,
    /// Grows with each account of everything that the server begins.
    mark: u32,
    channels: HashSet<(Namespace, Channel)>,
}

impl PresenceOfCluster {
    fn server(&mut self, id: &str) -> (ServerKey, u32) {
        if let Some(server) = self.servers.get(id) {
            return (server.key, server.mark);
        }
        self.next_server = self.next_server.wrapping_add(1);
        let key = ServerKey(self.next_server);
        self.servers.insert(id.into(), OtherServer { key, mark: 0, channels: HashSet::new() });
        (key, 0)
    }
}

/// This server's members, for the others.
impl PresenceTable {
    /// Begins to note what the other servers have to be told.
    pub(super) fn enable_cluster(&mut self) -> Arc<Notify> {
        Arc::clone(&self.cluster.get_or_insert_default().changed)
    }

    /// Notes that the others have to be told of a channel, and of a member in it.
    pub(super) fn note_untold(
        &mut self,
        namespace: &Namespace,
        channel: &Channel,
        member: Option<Arc<str>>,
    ) {
        let Some(cluster) = self.cluster.as_deref_mut().filter(|cluster| !cluster.needs_whole)
        else {
            return;
        };
        let channels = self.namespaces.get_mut(namespace);
        let Some(present) = channels.and_then(|all| all.get_mut(channel)) else { return };
        if present.untold.is_none() {
            cluster.untold.push_back((namespace.clone(), channel.clone()));
            cluster.untold_count += 1;
        }
        let members = present.untold.get_or_insert_default();
        cluster.untold_count += usize::from(member.is_some_and(|id| members.insert(id)));
        if cluster.untold_count > MAX_UNTOLD {
            self.tell_whole();
        }
    }

    /// Lets the others be told everything, in place of changes.
    fn tell_whole(&mut self) {
        let Some(cluster) = self.cluster.as_deref_mut() else { return };
        cluster.needs_whole = true;
        cluster.untold_count = 0;
        for (namespace, channel) in mem::take(&mut cluster.untold) {
            if let Some(present) = self.channel(&namespace, &channel) {
                present.untold = None;
            }
            self.forget_if_over(&namespace, &channel);
        }
    }

    /// The signal for the adapter, if there is anything new to tell.
    pub(super) fn take_cluster_wake_up(&mut self) -> Option<Arc<Notify>> {
        let cluster = self.cluster.as_deref_mut()?;
        let has_news = cluster.needs_whole || !cluster.untold.is_empty();
        (has_news && !mem::replace(&mut cluster.is_woken, true))
            .then(|| Arc::clone(&cluster.changed))
    }

    /// Takes what the others have to be told, up to a number of members. Empty: nothing.
    pub(super) fn take_untold(&mut self, max: usize) -> Vec<ChannelMembers> {
        let (mut all, mut count) = (Vec::new(), 0);
        while count < max {
            let Some(cluster) = self.cluster.as_deref_mut() else { break };
            cluster.is_woken = false;
            let Some((namespace, channel)) = cluster.untold.pop_front() else { break };
            let Some(present) = self.channel(&namespace, &channel) else { continue };
            let cost = 1 + present.untold.as_ref().map_or(0, HashSet::len);
            all.push(present.tell(&namespace, &channel, false));
            count += cost;
            if let Some(cluster) = self.cluster.as_deref_mut() {
                cluster.untold_count = cluster.untold_count.saturating_sub(cost);
            }
            self.forget_if_over(&namespace, &channel);
        }
        all
    }

    /// Whether the others have to be told everything: it begins now.
    pub(super) fn take_needs_whole(&mut self) -> bool {
        self.cluster.as_deref_mut().is_some_and(|cluster| mem::take(&mut cluster.needs_whole))
    }

    /// The channels of which this server has a part.
    pub(super) fn channels_here(&self) -> Vec<(Namespace, Channel)> {
        let all = self.namespaces.iter().flat_map(|(namespace, channels)| {
            let here = channels.iter().filter(|(_, present)| present.is_here());
            here.map(|(channel, _)| (namespace.clone(), channel.clone()))
        });
        all.collect()
    }

    /// All that this server has of a channel, if it has a part of it.
    pub(super) fn tell_channel(
        &mut self,
        namespace: &Namespace,
        channel: &Channel,
    ) -> Option<ChannelMembers> {
        let present = self.channel(namespace, channel).filter(|present| present.is_here())?;
        Some(present.tell(namespace, channel, true))
    }
}

/// The members of the other servers.
impl PresenceTable {
    /// Takes up what another server says of its members.
    pub(super) fn take_up(&mut self, now: Instant, server: &str, all: Vec<ChannelMembers>) {
        for told in all {
            let Some(cluster) = self.cluster.as_deref_mut() else { return };
            let (key, mark) = cluster.server(server);
            let (namespace, channel) = (told.namespace.clone(), told.channel.clone());
            if !self.begin_part(server, key, mark, &told) {
                continue;
            }
            let channels = self.namespaces.get_mut(&namespace);
            let Some(present) = channels.and_then(|all| all.get_mut(&channel)) else { continue };
            let bytes = (&mut self.bytes, self.max_bytes);
            let effects = present.take_up(key, mark, told, bytes);
            self.take_effect(now, server, (&namespace, &channel), effects);
        }
    }

    /// Makes room for the part of a server in a channel. `false`: it has none, or there is no
    /// memory for it.
    fn begin_part(
        &mut self,
        server: &str,
        key: ServerKey,
        mark: u32,
        told: &ChannelMembers,
    ) -> bool {
        let ChannelMembers { namespace, channel, max_members, joins, counts, .. } = told;
        let known = self.channel(namespace, channel);
        if known.is_some_and(|present| present.has_part_of(key)) {
            return true;
        }
        let is_empty = joins.is_empty() && matches!(counts, None | Some((0, 0)));
        let cost = channel_cost(namespace, channel);
        if is_empty {
            return false;
        }
        if self.bytes + cost > self.max_bytes {
            self.counters.refused.add(RefusalKind::PresenceBytes);
            return false;
        }
        let Some(server) = self.cluster.as_deref_mut().and_then(|it| it.servers.get_mut(server))
        else {
            return false;
        };
        server.channels.insert((namespace.clone(), channel.clone()));
        self.bytes += cost;
        let options = PresenceOptions { max_members: *max_members, ..PresenceOptions::DEFAULT };
        let channels = self.namespaces.entry(namespace.clone()).or_default();
        let present =
            channels.entry(channel.clone()).or_insert_with(|| PresentChannel::new(options));
        present.elsewhere.push(ChannelElsewhere::new(key, mark));
        true
    }

    fn take_effect(
        &mut self,
        now: Instant,
        server: &str,
        (namespace, channel): (&Namespace, &Channel),
        effects: Effects,
    ) {
        let are_shown = effects.are_shown();
        let Effects { came, went, refused, is_over, .. } = effects;
        (0..refused).for_each(|_| self.counters.refused.add(RefusalKind::PresenceBytes));
        for id in came {
            self.counters.members.up();
            self.changes.send(|| Change::Came {
                namespace: namespace.clone(),
                channel: channel.clone(),
                member: id.to_string(),
            });
        }
        for id in went {
            self.went(namespace, channel, &id);
        }
        if is_over {
            self.end_part(server, namespace, channel);
        }
        if are_shown {
            self.schedule_diff(now, namespace, channel);
        }
        self.forget_if_over(namespace, channel);
    }

    fn end_part(&mut self, server: &str, namespace: &Namespace, channel: &Channel) {
        let Some(server) = self.cluster.as_deref_mut().and_then(|it| it.servers.get_mut(server))
        else {
            return;
        };
        let key = server.key;
        if server.channels.remove(&(namespace.clone(), channel.clone())) {
            self.bytes -= channel_cost(namespace, channel);
            if let Some(present) = self.channel(namespace, channel) {
                present.remove_part_of(key);
            }
        }
    }

    /// Another server begins an account of everything that it has.
    pub(super) fn begin_whole(&mut self, server: &str) {
        let Some(cluster) = self.cluster.as_deref_mut() else { return };
        cluster.server(server);
        if let Some(server) = cluster.servers.get_mut(server) {
            server.mark = server.mark.wrapping_add(1);
        }
    }

    /// The account of another server has ended: a channel that it has not named has no part of it.
    /// Some of these are removed. Returns whether there are more.
    pub(super) fn end_whole(&mut self, now: Instant, server: &str, max: usize) -> bool {
        let Some(cluster) = self.cluster.as_deref_mut() else { return false };
        let Some(OtherServer { key, mark, channels }) = cluster.servers.get(server) else {
            return false;
        };
        let is_left = |(namespace, channel): &&(Namespace, Channel)| {
            let present = self.namespaces.get(namespace).and_then(|all| all.get(channel));
            let part = present
                .and_then(|present| present.elsewhere.iter().find(|part| part.server == *key));
            part.is_none_or(|part| part.mark != *mark)
        };
        let left: Vec<_> = channels.iter().filter(is_left).take(max).cloned().collect();
        let key = *key;
        self.forget_channels(now, server, key, &left);
        left.len() == max
    }

    /// Forgets some of the channels of a server, which has gone. Returns whether there are more.
    pub(super) fn forget_server(&mut self, now: Instant, server: &str, max: usize) -> bool {
        let Some(cluster) = self.cluster.as_deref_mut() else { return false };
        let Entry::Occupied(known) = cluster.servers.entry(server.into()) else { return false };
        let OtherServer { key, channels, .. } = known.get();
        if channels.is_empty() {
            known.remove();
            return false;
        }
        let (key, some): (_, Vec<_>) = (*key, channels.iter().take(max).cloned().collect());
        self.forget_channels(now, server, key, &some);
        true
    }

    fn forget_channels(
        &mut self,
        now: Instant,
        server: &str,
        key: ServerKey,
        all: &[(Namespace, Channel)],
    ) {
        for (namespace, channel) in all {
            let channels = self.namespaces.get_mut(namespace);
            let Some(present) = channels.and_then(|all| all.get_mut(channel)) else { continue };
            let effects = present.forget(key, &mut self.bytes);
            self.take_effect(now, server, (namespace, channel), effects);
        }
    }
}

fn channel_cost(namespace: &Namespace, channel: &Channel) -> usize {
    CHANNEL_BYTES + namespace.as_str().len() + channel.len()
}
