//! The end of sockets and of the connection, and the upgrade.

use std::sync::Arc;

use actix::{ActorContext, Context};

use super::{
    Connection,
    jobs::{Job, Task},
    sockets::SocketEntry,
};
use crate::{
    event::{DisconnectReason, OnUpgrade},
    log_text::log_line,
    model::SocketId,
    socket::Socket,
};

impl Connection {
    /// Removes a socket whose handlers are done with it.
    pub(super) fn remove_socket(&mut self, id: SocketId) {
        let Some(entry) = self.sockets.remove(id) else { return };
        self.shared.sockets.remove(&entry.socket);
        self.detach_or_put_aside(&entry);
        // A refused socket was in no namespace, so its end gives the client no more time.
        if entry.admitted && !self.sockets.is_any_admitted() {
            self.clock.left();
        }
    }

    /// Ends a socket. One that may come back is put aside. The handlers of its end are done, so it
    /// has one life after the other.
    fn detach_or_put_aside(&self, entry: &SocketEntry) {
        let SocketEntry { socket, admitted, end_reason, .. } = entry;
        let Some(recovery) = &self.shared.recovery else {
            return socket.detach(entry.presence_exit(), entry.reported_end());
        };
        let was_away = socket.is_returning();
        // A client whose first CONNECT was not answered knows no secret to come back with.
        let away = end_reason
            .filter(|reason| socket.may_return(*reason) && (*admitted || socket.recovered()))
            .and_then(|reason| socket.detach_to_return(reason, *admitted));
        match away {
            Some(absence) => recovery.put_aside(absence, was_away),
            None => {
                socket.detach(entry.presence_exit(), entry.reported_end());
                recovery.leave(socket, was_away);
            }
        }
    }

    /// Queues the end of a socket behind the events that its client has sent.
    pub(super) fn end_socket(&mut self, namespace: &str, reason: DisconnectReason) {
        let Some(at) = self.sockets.position(namespace) else { return };
        self.sockets.set_ending(at, reason);
        let entry = &self.sockets.list[at];
        let (socket, router) = (entry.socket.clone(), Arc::clone(&entry.router));
        // Before the handlers of the end: a client may ask for a new socket meanwhile.
        if let Some(recovery) = self.shared.recovery.as_ref().filter(|_| !socket.may_return(reason))
        {
            recovery.leave(&socket, false);
        }
        log_line!(log::Level::Info, "{} \"{}\": disconnect: {}", socket.id(), namespace, reason);
        self.jobs.queue.push(Job { socket, router, task: Task::End(reason) });
    }

    /// Ends a socket for the application. Its client has been told.
    pub(super) fn disconnect(&mut self, id: SocketId, ctx: &mut Context<Self>) {
        // A socket that is ending may have a successor in its namespace, which stays.
        let Some(entry) = self.sockets.get(id).filter(|entry| !entry.ending) else { return };
        let namespace = entry.socket.namespace().clone();
        self.end_socket(namespace.as_str(), DisconnectReason::ServerDisconnect);
        self.sockets.refused.add_removed(namespace);
        self.process(ctx);
    }

    /// Ends the connection: nothing more is received, the last packets are sent, and jobs that
    /// wait still run.
    pub(super) fn end(&mut self, reason: DisconnectReason, ctx: &mut Context<Self>) {
        if !self.driver.end(reason) {
            return;
        }
        if self.driver.awaits_last_poll() {
            self.set_alarm(ctx);
        }
        let mut ends = Vec::new();
        for entry in &self.sockets.list {
            if !entry.ending {
                ends.push((entry.socket.namespace().clone(), reason_for(&entry.socket, reason)));
            }
            // Not at a shutdown: a client that gets a DISCONNECT does not reconnect by itself.
            if reason == DisconnectReason::ServerDisconnect {
                entry.socket.send_disconnect();
            }
            entry.socket.close_sender();
        }
        for (namespace, reason) in ends {
            self.end_socket(namespace.as_str(), reason);
        }
        self.driver.close_outbox(reason);
        self.process(ctx);
    }

    /// Stops the actor when every job is done, unless a client that polls has something to fetch.
    pub(super) fn stop_if_done(&mut self, ctx: &mut Context<Self>) {
        if self.driver.may_stop() {
            ctx.stop();
        }
    }

    /// No longer waits for the last poll of a client.
    pub(super) fn give_up_client(&mut self, ctx: &mut Context<Self>) {
        if self.driver.give_up_client() {
            self.process(ctx);
        }
    }

    /// The transport has taken the last frame.
    pub(super) fn last_frame_taken(&mut self, ctx: &mut Context<Self>) {
        self.driver.last_frame_taken();
        self.process(ctx);
    }

    /// The client is on a WebSocket now.
    pub(super) fn upgraded(&mut self, ctx: &mut Context<Self>) {
        self.driver.upgraded();
        for entry in self.sockets.list.iter().filter(|entry| entry.admitted && !entry.ending) {
            #[cfg(feature = "admin")]
            self.shared.taps.upgraded(&entry.socket);
            if entry.router.has_handler::<OnUpgrade>() {
                let (socket, router) = (entry.socket.clone(), Arc::clone(&entry.router));
                self.jobs.queue.push(Job { socket, router, task: Task::Upgraded });
            }
        }
        self.process(ctx);
    }
}

/// The reason for which a socket ends that has not begun to. If the application has just
/// disconnected it, its client may have answered before the connection receives the command.
pub(super) fn reason_for(socket: &Socket, reason: DisconnectReason) -> DisconnectReason {
    if socket.is_connected() { reason } else { DisconnectReason::ServerDisconnect }
}
