//! The messages that a connection receives: from transports, from its outbox, from its sockets.

use actix::{Context, Handler};

use super::Connection;
use crate::{
    engine::{AfterEvent, OutboxNotice},
    event::DisconnectReason,
    outbox::OutboxEvent,
    socket::ConnectionCommand,
    transport::SessionEvent,
};

impl Handler<SessionEvent> for Connection {
    type Result = ();

    fn handle(&mut self, event: SessionEvent, ctx: &mut Context<Self>) {
        match self.driver.handle_event(event) {
            AfterEvent::Nothing => {}
            AfterEvent::Process => self.process(ctx),
            AfterEvent::GiveUpClient => self.give_up_client(ctx),
            AfterEvent::End(reason) => self.end(reason, ctx),
        }
    }
}

impl Handler<ConnectionCommand> for Connection {
    type Result = ();

    fn handle(&mut self, command: ConnectionCommand, ctx: &mut Context<Self>) {
        match command {
            ConnectionCommand::Disconnect(id) => self.disconnect(id, ctx),
            ConnectionCommand::Close => self.end(DisconnectReason::ServerDisconnect, ctx),
            ConnectionCommand::Replace => self.end(DisconnectReason::Replaced, ctx),
            ConnectionCommand::CloseTransport => self.end(DisconnectReason::ForcedClose, ctx),
            #[cfg(feature = "jwt")]
            ConnectionCommand::TokensChanged => self.tokens_changed(ctx),
        }
    }
}

impl Handler<OutboxNotice> for Connection {
    type Result = ();

    fn handle(&mut self, OutboxNotice(event): OutboxNotice, ctx: &mut Context<Self>) {
        match event {
            OutboxEvent::Overflow => self.end(DisconnectReason::SlowConsumer, ctx),
            OutboxEvent::OutOfMemory => self.end(DisconnectReason::MemoryLimit, ctx),
            OutboxEvent::Emptied => self.last_frame_taken(ctx),
            OutboxEvent::Upgraded => self.upgraded(ctx),
        }
    }
}
