//! The inbound path: from the packets that transports hand over to the handlers.

use std::sync::Arc;

use actix::Context;
use bytestring::ByteString;
use tokio::time::Instant;

use super::{
    Connection,
    jobs::{Job, Started, Task, is_plain, notify},
    lifecycle::reason_for,
};
use crate::{
    engine::{ClientEnd, EngineMessage},
    event::DisconnectReason,
    log_text::log_line,
    protocol::{AckId, Args, EnginePacket, Packet, PacketKind},
    socket::Socket,
};

impl Connection {
    /// Runs jobs and processes packets until no job can start and no packet can be taken.
    pub(super) fn process(&mut self, ctx: &mut Context<Self>) {
        loop {
            // A job that leaves the queue makes room for packets, whether it runs or is dropped.
            if let Some(job) = self.jobs.queue.start() {
                self.run_job(job, ctx);
                continue;
            }
            // A packet may become a job, so it is taken only while there is room for one. Until
            // then transports get no answer, read no more, and TCP holds the client back.
            if !self.jobs.queue.has_capacity() || self.claims > 0 {
                break;
            }
            let Some(packet) = self.driver.next_packet() else { break };
            if let Err(client_end) = self.receive(packet, ctx) {
                let reason = self.driver.log_client_end(&client_end);
                self.end(reason, ctx);
            }
        }
        self.reschedule(ctx);
        self.driver.flush_traffic();
        let is_claiming = self.claims > 0 && !self.driver.is_ended() && !self.driver.is_draining();
        if !self.jobs.queue.is_idle() || is_claiming {
            return;
        }
        self.driver.report_progress();
        if self.driver.is_ended() {
            self.stop_if_done(ctx);
        } else if self.driver.is_draining() {
            self.end(DisconnectReason::ServerShutdown, ctx);
        }
    }

    /// Takes one packet from a transport all the way: Engine.IO, Socket.IO, the socket that it is
    /// for, and its handlers or the queue in front of them.
    fn receive(&mut self, packet: EnginePacket, ctx: &mut Context<Self>) -> Result<(), ClientEnd> {
        // Engine.IO answers pings and closes; what it carries is a message.
        let Some(message) = self.driver.receive(packet)? else { return Ok(()) };
        self.trace(&message);
        // Socket.IO: a packet is one message, or more if it has attachments.
        let Some(Packet { namespace, kind }) = self.sockets.decode(message)? else { return Ok(()) };
        if self.driver.is_draining() && !is_taken_while_draining(&kind) {
            return Ok(());
        }
        match kind {
            PacketKind::Connect(auth) => return self.connect(&namespace, auth, ctx),
            PacketKind::ConnectError(_) => {
                return Err(ClientEnd::BrokeRule("only the server sends CONNECT_ERROR"));
            }
            _ => {}
        }
        let Some(at) = self.sockets.position(&namespace) else {
            return if self.sockets.refused.ignores_packet(&namespace) {
                Ok(())
            } else {
                Err(ClientEnd::BrokeRule("a packet for a namespace which the client is not in"))
            };
        };
        match kind {
            // An event without a name is legal, and has no handler.
            PacketKind::Event { name, args, id } if !name.is_empty() || !args.is_empty() => {
                self.event(at, name, args, id, ctx);
            }
            // Not queued: the handler of the event before may wait for it.
            PacketKind::Ack { id: Some(id), args } => {
                acknowledge(&self.sockets.list[at].socket, &id, args);
            }
            PacketKind::Disconnect => {
                let socket = &self.sockets.list[at].socket;
                let reason = reason_for(socket, DisconnectReason::ClientDisconnect);
                socket.close_sender();
                self.end_socket(&namespace, reason);
            }
            _ => {}
        }
        Ok(())
    }

    /// Calls the handlers of an event, or queues it as a job. An event needs no job if nothing is
    /// before it and only handlers of `OnMessage` receive it.
    fn event(
        &mut self,
        at: usize,
        name: ByteString,
        args: Args,
        id: Option<AckId>,
        ctx: &mut Context<Self>,
    ) {
        let entry = &self.sockets.list[at];
        let (socket, router) = (&entry.socket, &entry.router);
        #[cfg(feature = "admin")]
        self.shared.taps.received(socket, &name, &args);
        if !self.jobs.queue.is_idle() || !entry.admitted || !is_plain(socket, router, &name) {
            let (socket, router) = (socket.clone(), Arc::clone(router));
            self.jobs.queue.push(Job { socket, router, task: Task::Event { name, args, id } });
            return;
        }
        self.driver.begin_handling(Instant::now);
        let cost = Job::event_cost(&name, &args);
        match notify(socket, router, name, args, id) {
            // The outcome of a plain event does not matter.
            Started::Done(_) => self.driver.handled(),
            Started::Runs(rest) => {
                let pipeline = router.is_sequential().then(|| Arc::clone(router));
                self.await_job(socket.id(), rest, cost, pipeline, ctx);
            }
        }
    }
}

impl Connection {
    /// Logs what the client sent, but for the `auth` of a CONNECT, which may be a secret.
    fn trace(&self, message: &EngineMessage) {
        match message {
            EngineMessage::Text(text) => {
                let shown = if text.starts_with('0') { "a CONNECT" } else { &**text };
                log_line!(log::Level::Trace, "{} sent \"{}\"", self.driver.peer(), shown);
            }
            EngineMessage::Binary(data) => {
                log_line!(log::Level::Trace, "{} sent {} bytes", self.driver.peer(), data.len());
            }
        }
    }
}

/// While a connection drains, a handler may still wait for an acknowledgement, and a client may
/// leave first. Nothing else is begun.
fn is_taken_while_draining(kind: &PacketKind) -> bool {
    matches!(kind, PacketKind::Ack { .. } | PacketKind::Disconnect)
}

fn acknowledge(socket: &Socket, id: &AckId, args: Args) {
    let is_awaited = socket.acknowledge(id, args);
    let late = if is_awaited { "" } else { " that nothing waits for" };
    log_line!(log::Level::Debug, "{}: an acknowledgement{}", socket.id(), late);
}
