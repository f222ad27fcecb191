//! The commands of administrators, done and counted.

use log::Level;

use super::{
    command::{Action, Filter, Request},
    state::AdminState,
};
use crate::{
    event::{HandlerError, HandlerResult, OnMessage},
    log_text::log_line,
    server::SocketIo,
    socket::{SendError, Target},
    stats::{AdminCommand, CommandOutcome},
};

impl AdminState {
    /// Does a command, counts it, and writes it to the log.
    pub(super) async fn command(
        &self,
        io: SocketIo,
        command: AdminCommand,
        event: OnMessage,
    ) -> HandlerResult {
        // A client that is not an administrator is not admitted, and sends no event.
        let Some(name) = self.name_of(&event.socket) else { return Err(refused("log in first")) };
        let (outcome, result) = self.perform(&io, command, &event, &name).await;
        event.socket.counters().admin.count_command(command, outcome);
        result
    }

    async fn perform(
        &self,
        io: &SocketIo,
        command: AdminCommand,
        event: &OnMessage,
        name: &str,
    ) -> (CommandOutcome, HandlerResult) {
        let warn = |outcome: CommandOutcome, what: &str, why: &str| {
            log_line!(Level::Warn, "the administrator {} {}: refused, {}", name, what, why);
            (outcome, Err(refused(why)))
        };
        if self.is_readonly() {
            return warn(
                CommandOutcome::Readonly,
                command.as_str(),
                "administrators may only watch",
            );
        }
        let request = match Request::read(command, event.args(), io.max_channel_length()) {
            Ok(request) => request,
            Err(malformed) => {
                return warn(CommandOutcome::Malformed, command.as_str(), malformed.0);
            }
        };
        let what = request.to_string();
        // Pages would take an event in their own namespace for one of the server.
        let is_own = request.namespace == event.socket.namespace().as_str();
        if is_own && !matches!(request.action, Action::Disconnect { .. }) {
            let why = "the namespace of administrators has no channels or events for them";
            return warn(CommandOutcome::AdminNamespace, &what, why);
        }
        let Some(io) = io.known_namespace(&request.namespace) else {
            return warn(CommandOutcome::UnknownNamespace, &what, "there is no such namespace");
        };
        log_line!(Level::Info, "the administrator {} {}", name, what);
        match act(&io, request).await {
            Ok(()) => (CommandOutcome::Done, Ok(())),
            Err(error) => {
                log_line!(Level::Error, "the administrator {} {}: failed: {}", name, what; error);
                (CommandOutcome::Failed, Err(refused("the server could not do it")))
            }
        }
    }
}

async fn act(io: &SocketIo, Request { filter, action, .. }: Request) -> Result<(), SendError> {
    let target = target(io, filter).await;
    match action {
        Action::Emit { event, args } => drop(target.emit_args(&event, &args)?),
        Action::Join { channel } => target.sockets_join(channel).await?,
        Action::Leave { channel } => target.sockets_leave(channel).await?,
        Action::Disconnect { closes_connection } => {
            target.disconnect_sockets(closes_connection).await?;
        }
    }
    Ok(())
}

/// The clients of a filter. An id that no server knows is the name of a channel.
async fn target(io: &SocketIo, filter: Filter) -> Target {
    match filter {
        Filter::All => io.everyone(),
        Filter::Channel(name) => io.to(name),
        Filter::SocketOrChannel(id, name) => {
            let is_here = io.socket(&id).is_some() || io.is_away(&id);
            let found = async || io.target_of(id).fetch_sockets().await;
            let is_known = is_here || found().await.is_ok_and(|sockets| !sockets.is_empty());
            if is_known { io.target_of(id) } else { io.to(name) }
        }
    }
}

fn refused(message: &str) -> HandlerError {
    HandlerError::reject(message)
}
