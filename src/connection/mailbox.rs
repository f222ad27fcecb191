//! The messages that a connection receives: from transports, from its outbox, from its sockets.

use actix::{Context, Handler};

use super::Connection;
use crate::{
    engine::OutboxNotice,
    event::DisconnectReason,
    outbox::OutboxEvent,
    protocol::EnginePacket,
    socket::ConnectionCommand,
    transport::{SessionEnd, SessionEvent},
};

impl Handler<SessionEvent> for Connection {
    type Result = ();

    fn handle(&mut self, event: SessionEvent, ctx: &mut Context<Self>) {
        match event {
            // Dropping `taken` tells the transport that the session has ended.
            SessionEvent::Packets { packets, .. } if self.driver.is_ended() => {
                if packets.contains(&EnginePacket::Close) {
                    self.give_up_client(ctx);
                }
            }
            SessionEvent::End(_) if self.driver.is_ended() => self.give_up_client(ctx),
            SessionEvent::Packets { packets, taken } => {
                self.driver.queue(packets, taken);
                self.process(ctx);
            }
            SessionEvent::End(SessionEnd::Shutdown) if self.driver.drain() => self.process(ctx),
            SessionEvent::End(end) => {
                let reason = self.driver.end_reason(&end);
                self.end(reason, ctx);
            }
        }
    }
}

impl Handler<ConnectionCommand> for Connection {
    type Result = ();

    fn handle(&mut self, command: ConnectionCommand, ctx: &mut Context<Self>) {
        match command {
            ConnectionCommand::Disconnect(id) => self.disconnect(id, ctx),
            ConnectionCommand::Close => self.end(DisconnectReason::ServerDisconnect, ctx),
        }
    }
}

impl Handler<OutboxNotice> for Connection {
    type Result = ();

    fn handle(&mut self, OutboxNotice(event): OutboxNotice, ctx: &mut Context<Self>) {
        match event {
            OutboxEvent::Overflow => self.end(DisconnectReason::SlowConsumer, ctx),
            OutboxEvent::Emptied => self.last_frame_taken(ctx),
            OutboxEvent::Upgraded => self.upgraded(ctx),
        }
    }
}
