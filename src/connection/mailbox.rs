//! What a connection is told, and by whom.

use actix::{Context, Handler, Message};

use super::{Connection, receive::reason};
use crate::{
    event::DisconnectReason,
    outbox::OutboxEvent,
    protocol::EnginePacket,
    socket::Command,
    transport::{Ending, Inbound},
};

/// From the outbox.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Notice(pub(super) OutboxEvent);

/// From the transports.
impl Handler<Inbound> for Connection {
    type Result = ();

    fn handle(&mut self, message: Inbound, ctx: &mut Context<Self>) {
        match message {
            // Dropping `taken` tells the transport that there is no connection any more.
            Inbound::Packets { packets, .. } if self.ended.is_some() => {
                if packets.contains(&EnginePacket::Close) {
                    self.forgo(ctx);
                }
            }
            Inbound::End(_) if self.ended.is_some() => self.forgo(ctx),
            Inbound::Packets { packets, taken } => {
                self.inbox.receive(packets, taken);
                self.work(ctx);
            }
            Inbound::End(Ending::Shutdown) if !self.draining => {
                self.draining = true;
                self.work(ctx);
            }
            Inbound::End(ending) => {
                match &ending {
                    Ending::Broken(why) => log::info!("{}: {why}", self.peer()),
                    Ending::Malformed(error) => log::info!("{}: {error}", self.peer()),
                    _ => {}
                }
                self.end(reason(&ending), ctx);
            }
        }
    }
}

/// From sockets.
impl Handler<Command> for Connection {
    type Result = ();

    fn handle(&mut self, command: Command, ctx: &mut Context<Self>) {
        match command {
            Command::Disconnect(id) => self.disconnect(id, ctx),
            Command::Close => self.end(DisconnectReason::ServerDisconnect, ctx),
        }
    }
}

impl Handler<Notice> for Connection {
    type Result = ();

    fn handle(&mut self, Notice(event): Notice, ctx: &mut Context<Self>) {
        match event {
            OutboxEvent::Overflow => self.end(DisconnectReason::SlowConsumer, ctx),
            OutboxEvent::Drained => self.drained(ctx),
            OutboxEvent::Upgraded => self.upgraded(ctx),
        }
    }
}
