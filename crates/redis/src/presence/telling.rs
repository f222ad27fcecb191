use std::{
    sync::{Arc, Weak, atomic::Ordering::Relaxed},
    time::Duration,
};

use tokio::time::sleep;

use super::{NAMESPACE, SharedPresence, batch::Batches, convert};
use crate::{
    message::{ChannelPresence, Message, Notice, PresenceNotice, PresencePart},
    server::Server,
};

/// The least time between two rounds of changes.
const ROUND: Duration = Duration::from_millis(50);

/// The bytes, and the channels and members, of one message.
const MESSAGE_BYTES: usize = 64 << 10;
const MESSAGE_ENTRIES: usize = 500;

/// Tells the other servers of the members of this one, until it has ended. The first change is told
/// at once, and what changes soon after it together.
pub(crate) async fn tell(server: Weak<Server>) {
    loop {
        let Some((core, due)) = server.upgrade().and_then(|server| {
            let SharedPresence { core, due, .. } = server.presence.as_ref()?;
            Some((core.clone(), Arc::clone(due)))
        }) else {
            return;
        };
        let is_alive = tokio::select! {
            is_alive = core.changed() => is_alive,
            () = due.notified() => true,
        };
        if !is_alive {
            return;
        }
        let Some(server) = server.upgrade() else { return };
        server.tell_presence().await;
        // The server may end while this waits.
        drop(server);
        sleep(ROUND).await;
    }
}

impl Server {
    /// Tells all that there is to tell, while Redis is there. It is called again when it is back.
    async fn tell_presence(&self) {
        let Some(presence) = &self.presence else { return };
        while self.is_connected() {
            let is_whole = presence.is_asked.swap(false, Relaxed);
            if presence.core.take_needs_whole() || is_whole {
                self.tell_all(presence).await;
                continue;
            }
            let changes = presence.core.take_changes();
            if changes.is_empty() {
                return;
            }
            let mut batches = self.batches();
            changes.into_iter().for_each(|told| batches.push(convert::to_message(told)));
            self.send_batches(presence, &mut batches, true).await;
        }
    }

    /// Tells everything. Changes of the meantime are told after it. If Redis is lost, it begins
    /// again when Redis is back.
    async fn tell_all(&self, presence: &SharedPresence) {
        self.send_presence(presence, PresencePart::Begins, Vec::new()).await;
        let mut batches = self.batches();
        for (namespace, channel) in presence.core.channels() {
            if let Some(told) = presence.core.channel(&namespace, &channel) {
                batches.push(convert::to_message(told));
                self.send_batches(presence, &mut batches, false).await;
            }
            if !self.is_connected() {
                presence.is_asked.store(true, Relaxed);
                return;
            }
        }
        self.send_batches(presence, &mut batches, true).await;
        self.send_presence(presence, PresencePart::Ends, Vec::new()).await;
    }

    fn batches(&self) -> Batches {
        let limits = &self.limits;
        Batches::new(
            MESSAGE_BYTES.min(limits.message_bytes / 4),
            MESSAGE_ENTRIES.min(limits.answer_entries),
        )
    }

    async fn send_batches(&self, presence: &SharedPresence, batches: &mut Batches, all: bool) {
        for channels in batches.take_full() {
            // The rest would wait in vain, and the hole is there anyway.
            if !self.is_connected() {
                return;
            }
            self.send_presence(presence, PresencePart::Changes, channels).await;
        }
        if all {
            let rest = batches.take_rest();
            if !rest.is_empty() {
                self.send_presence(presence, PresencePart::Changes, rest).await;
            }
        }
    }

    /// Sends one message, and waits until Redis has it. One that is given up is a hole for all.
    async fn send_presence(
        &self,
        presence: &SharedPresence,
        part: PresencePart,
        channels: Vec<ChannelPresence>,
    ) {
        let version = presence.version.fetch_add(1, Relaxed) + 1;
        let notice = PresenceNotice::Told { version, part, channels };
        let message = Message::Notice(Notice::Presence(notice));
        let _ = self.send_confirmed(self.wire.write(NAMESPACE, &message, None)).await;
    }
}
