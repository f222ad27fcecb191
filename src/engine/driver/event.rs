use super::SessionDriver;
use crate::{
    model::DisconnectReason,
    protocol::EnginePacket,
    transport::{SessionEnd, SessionEvent},
};

/// The next step of a session's actor, after an event of a transport.
#[derive(Debug)]
pub(crate) enum AfterEvent {
    Nothing,
    /// It processes the packets that wait.
    Process,
    /// It stops waiting for the client: the session has ended already.
    GiveUpClient,
    End(DisconnectReason),
}

/// # Events of transports
impl SessionDriver {
    /// Queues the packets of an event, or returns how the session ends.
    pub(crate) fn handle_event(&mut self, event: SessionEvent) -> AfterEvent {
        match event {
            // Dropping `taken` tells the transport that the session has ended.
            SessionEvent::Packets { packets, .. } if self.is_ended() => {
                if packets.contains(&EnginePacket::Close) {
                    AfterEvent::GiveUpClient
                } else {
                    AfterEvent::Nothing
                }
            }
            SessionEvent::End(_) if self.is_ended() => AfterEvent::GiveUpClient,
            SessionEvent::Packets { packets, beside, taken } => {
                self.queue(packets, beside, taken);
                AfterEvent::Process
            }
            SessionEvent::End(SessionEnd::Shutdown) if self.drain() => AfterEvent::Process,
            SessionEvent::End(end) => AfterEvent::End(self.end_reason(&end)),
        }
    }
}
