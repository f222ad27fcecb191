//! Sends a publication of the scoreboard to its channels.

use actix_socketio::{SocketIo, Target};

use crate::wire::Publication;

/// Publishes to all channels, on all servers of a cluster. A client that is in several channels
/// receives the message once.
pub(crate) fn publish(io: &SocketIo, publication: &Publication) {
    let Some((first, others)) = publication.channels.split_first() else { return };
    let mut target = others.iter().fold(io.to(first), Target::to);
    if !publication.data.is_kept() {
        target = target.skip_history();
    }
    if let Err(error) = target.emit(publication.event, &publication.data) {
        log::error!("{} was not published: {error}", publication.event);
    }
}
