//! The upgrade from polling: the client probes this WebSocket, and then moves the session to it.

use std::sync::Arc;

use actix_http::ws::Message;

use super::Reader;
use crate::{
    deadline::within,
    protocol::EnginePacket,
    transport::{Session, websocket::writer::FrameSource},
};

impl Reader<'_> {
    /// Waits for the upgrade for at most `upgrade_timeout`. Returns whether it is complete.
    pub(super) async fn takes_over_from_polling(&mut self) -> bool {
        let session = Arc::clone(&self.session);
        // As Node's server, this closes a second WebSocket at once, whatever it sends.
        let Some(_claim) = UpgradeClaim::of(&session) else { return false };
        self.source.has_deadline(true);
        let is_upgraded = tokio::select! {
            upgraded = within(session.config.upgrade_timeout, self.upgrade()) => {
                upgraded.unwrap_or(false)
            }
            () = session.closed() => false,
        };
        self.source.has_deadline(false);
        is_upgraded
    }

    /// Answers the client's probe and waits for its Upgrade packet. Returns `false` if the client
    /// sends anything else or ends, or if the session cannot be upgraded.
    async fn upgrade(&mut self) -> bool {
        let session = Arc::clone(&self.session);
        let mut probe = ProbeGuard { session: &session, is_probing: false };
        loop {
            match self.read_packet().await {
                Ok(EnginePacket::Ping(data)) if &*data == "probe" && !probe.is_probing => {
                    if !probe.begin() {
                        return false;
                    }
                    let pong = EnginePacket::Pong(data).encode();
                    let mut write_state = self.write_state.borrow_mut();
                    write_state.encode(Message::Text(pong));
                    write_state.wake();
                }
                Ok(EnginePacket::Upgrade) => {
                    if !self.session.outbox.complete_upgrade() {
                        return false;
                    }
                    probe.is_probing = false;
                    let mut write_state = self.write_state.borrow_mut();
                    write_state.source = FrameSource::Outbox(Arc::clone(&self.session));
                    write_state.wake();
                    return true;
                }
                Ok(_) | Err(_) => return false,
            }
        }
    }
}

/// The right to take over from polling, which one WebSocket has at a time.
struct UpgradeClaim<'a>(&'a Session);

impl<'a> UpgradeClaim<'a> {
    fn of(session: &'a Session) -> Option<Self> {
        session.begin_upgrade().then_some(Self(session))
    }
}

impl Drop for UpgradeClaim<'_> {
    fn drop(&mut self) {
        self.0.end_upgrade();
    }
}

/// Ends a probe when it is dropped, so that polling goes on however the probe fails.
struct ProbeGuard<'a> {
    session: &'a Session,
    is_probing: bool,
}

impl ProbeGuard<'_> {
    fn begin(&mut self) -> bool {
        self.is_probing = self.session.outbox.begin_probe();
        self.is_probing
    }
}

impl Drop for ProbeGuard<'_> {
    fn drop(&mut self) {
        if self.is_probing {
            self.session.outbox.end_probe();
        }
    }
}
