use std::{mem, time::Duration};

use tokio::time::Instant;

use super::{ClientEnd, SessionDriver};
use crate::{
    config::Config,
    deadline::Deadline,
    log_text::log_line,
    model::{DisconnectReason, Transport},
    transport::SessionEnd,
};

/// How long a server that shuts down waits for a poll of a client whose polls follow each other
/// fast. A client that has been slower gets more time: four times its longest gap.
const SHORTEST_WAIT: Duration = Duration::from_millis(500);

/// # Ending
impl SessionDriver {
    pub(crate) fn is_draining(&self) -> bool {
        self.draining
    }

    /// Stops the processing of new messages. Returns `false` if the session drains already.
    pub(super) fn drain(&mut self) -> bool {
        !mem::replace(&mut self.draining, true)
    }

    pub(crate) fn is_ended(&self) -> bool {
        self.ended.is_some()
    }

    /// Starts to end the session: nothing more is received. The protocol on top then sends its
    /// last packets and calls [`SessionDriver::close_outbox`]. Returns `false` if the session has
    /// ended already.
    pub(crate) fn end(&mut self, reason: DisconnectReason) -> bool {
        if self.ended.is_some() {
            return false;
        }
        self.ended = Some(reason);
        if self.polls_again(reason) {
            let Config { close_timeout, shutdown_timeout, .. } = *self.engine.config;
            let patience = if reason == DisconnectReason::ServerShutdown {
                // A server that shuts down has less time for clients that never poll again.
                let gap = self.session.poll_gap.longest();
                close_timeout.min(shutdown_timeout / 4).min(SHORTEST_WAIT.max(4 * gap))
            } else {
                close_timeout
            };
            self.last_poll_by = Some(Deadline::after(Instant::now(), patience));
            // The last poll may be late for a pong that is due no more.
            self.session.pong_deadline.set(None);
        } else {
            // Closed before any request is answered, so that the client's next request does not
            // find the session.
            self.engine.sessions.close(&self.id);
        }
        self.packets.close();
        true
    }

    /// Ends the outbox. The frames in it are still sent, unless the client is gone.
    pub(crate) fn close_outbox(&self, reason: DisconnectReason) {
        if matches!(reason, DisconnectReason::ServerShutdown | DisconnectReason::ForcedClose) {
            self.session.go_away();
        }
        match reason {
            DisconnectReason::PingTimeout
            | DisconnectReason::TransportClose
            | DisconnectReason::TransportError
            | DisconnectReason::Replaced => self.outbox().finish_discarding(),
            _ => self.outbox().finish(),
        }
    }

    /// Logs why the client ended it, and returns the reason with which the session ends.
    pub(crate) fn log_client_end(&self, client_end: &ClientEnd) -> DisconnectReason {
        match client_end {
            ClientEnd::Closed => {
                // The waiting poll can end without an answer, since the client has closed.
                self.engine.sessions.close(&self.id);
                self.outbox().release();
                return DisconnectReason::TransportClose;
            }
            ClientEnd::Malformed(error) => {
                log_line!(log::Level::Info, "{}: {}", self.peer(); error);
            }
            ClientEnd::BrokeRule(rule) => log_line!(log::Level::Info, "{}: {}", self.peer(), rule),
            ClientEnd::OutOfMemory => return DisconnectReason::MemoryLimit,
        }
        DisconnectReason::ParseError
    }

    /// Logs why a transport or the server ends the session, and returns the reason.
    pub(super) fn end_reason(&mut self, end: &SessionEnd) -> DisconnectReason {
        match end {
            SessionEnd::Closed => DisconnectReason::TransportClose,
            SessionEnd::Shutdown => DisconnectReason::ServerShutdown,
            SessionEnd::OutOfMemory => DisconnectReason::MemoryLimit,
            SessionEnd::Broken(why) => {
                log_line!(log::Level::Info, "{}: {}", self.peer(), why);
                DisconnectReason::TransportError
            }
            SessionEnd::Malformed(error) => {
                self.is_unreadable = true;
                log_line!(log::Level::Info, "{}: {}", self.peer(); error);
                DisconnectReason::ParseError
            }
        }
    }

    /// Logs and counts an upgrade to a WebSocket.
    pub(crate) fn upgraded(&self) {
        log_line!(log::Level::Debug, "{}: upgrade to websocket", self.peer());
        self.engine.counters.upgraded.add(1);
    }

    /// Removes the session, so that no request finds it. The transport has taken the last frame.
    pub(crate) fn last_frame_taken(&self) {
        self.engine.sessions.close(&self.id);
    }

    /// Stops waiting for the client's last poll. Returns `false` if the session does not wait.
    pub(crate) fn give_up_client(&self) -> bool {
        if self.awaits_last_poll() {
            self.outbox().abort();
            self.last_frame_taken();
        }
        self.awaits_last_poll()
    }

    /// Whether all frames are sent, so that the actor may stop.
    pub(crate) fn may_stop(&self) -> bool {
        !self.awaits_last_poll() || self.outbox().is_closed()
    }

    /// Whether the client has not received the end yet, and will fetch the last packets by another
    /// poll.
    fn polls_again(&self, reason: DisconnectReason) -> bool {
        let outbox = self.outbox();
        if outbox.active_transport() != Transport::Polling || outbox.is_closed() {
            return false;
        }
        match reason {
            // The waiting poll returns with the first packet. The close packet comes with the next
            // poll.
            DisconnectReason::ServerDisconnect => true,
            // Engine.IO answers a packet that it can't read by the end of the session. Socket.IO
            // closes the session by a packet.
            DisconnectReason::ParseError if self.is_unreadable => false,
            DisconnectReason::ParseError
            | DisconnectReason::ServerShutdown
            | DisconnectReason::ForcedClose => !outbox.is_polled(),
            _ => false,
        }
    }
}
