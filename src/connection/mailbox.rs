//! What a connection is told, and by whom.

use actix::{Context, Handler, Message};

use super::{Connection, receive::reason};
use crate::{
    event::DisconnectReason,
    outbox::OutboxEvent,
    protocol::EnginePacket,
    socket::ConnectionCommand,
    transport::{SessionEnd, SessionEvent},
};

/// From the outbox.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct OutboxNotice(pub(super) OutboxEvent);

/// From the transports.
impl Handler<SessionEvent> for Connection {
    type Result = ();

    fn handle(&mut self, message: SessionEvent, ctx: &mut Context<Self>) {
        match message {
            // Dropping `taken` tells the transport that there is no connection any more.
            SessionEvent::Packets { packets, .. } if self.ended.is_some() => {
                if packets.contains(&EnginePacket::Close) {
                    self.give_up_client(ctx);
                }
            }
            SessionEvent::End(_) if self.ended.is_some() => self.give_up_client(ctx),
            SessionEvent::Packets { packets, taken } => {
                self.jobs.receive(packets, taken);
                self.work(ctx);
            }
            SessionEvent::End(SessionEnd::Shutdown) if !self.draining => {
                self.draining = true;
                self.work(ctx);
            }
            SessionEvent::End(ending) => {
                match &ending {
                    SessionEnd::Broken(why) => log::info!("{}: {why}", self.peer()),
                    SessionEnd::Malformed(error) => log::info!("{}: {error}", self.peer()),
                    _ => {}
                }
                self.end(reason(&ending), ctx);
            }
        }
    }
}

/// From sockets.
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
            OutboxEvent::Drained => self.drained(ctx),
            OutboxEvent::Upgraded => self.upgraded(ctx),
        }
    }
}
