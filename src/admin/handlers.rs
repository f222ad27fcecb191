//! The handlers of the namespace.

use std::sync::Arc;

use super::{state::AdminState, stats_task::WATCHED};
use crate::{
    event::{OnConnect, OnDisconnect, OnMessage, OnServerEvent},
    server::{Builder, NamespaceBuilder, SocketIo},
    stats::AdminCommand,
};

/// Adds the namespace to a server.
pub(super) fn add(builder: Builder, state: AdminState) -> Builder {
    let state = Arc::new(state);
    let name = state.namespace.as_str().to_owned();
    builder
        .data(Arc::clone(&state))
        .namespace(&name, |namespace| namespace_of(namespace, &state))
        .after_build(move |io| state.built(io.downgrade()))
}

fn namespace_of(namespace: NamespaceBuilder, state: &Arc<AdminState>) -> NamespaceBuilder {
    let [entering, leaving, told] = [(); 3].map(|()| Arc::clone(state));
    let namespace = namespace
        .max_sockets(state.max_admins)
        // Administrators log in here by a name, whether or not clients have tokens.
        .allow_guests()
        .on_connect(async move |event: OnConnect| Arc::clone(&entering).log_in(event).await)
        .on_disconnect(async move |event: OnDisconnect| {
            leaving.leave(&event.socket);
            Ok(())
        })
        .on_server_event(async move |event: OnServerEvent| {
            if event.event() == WATCHED {
                told.want();
            }
            Ok(())
        });
    AdminCommand::ALL.into_iter().fold(namespace, |namespace, command| {
        let state = Arc::clone(state);
        namespace.on(command.as_str(), async move |io: SocketIo, event: OnMessage| {
            state.command(io, command, event).await
        })
    })
}
