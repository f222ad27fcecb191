use std::collections::HashMap;

use actix_socketio::{
    Channel, Receipt,
    adapter::{AdapterFuture, Audience, Publication, PublishError},
};
use tokio::sync::oneshot;

use crate::link::Ticket;

/// Gives the outcome of a publication that was read back.
pub(crate) type Confirm =
    oneshot::Sender<Result<AdapterFuture<Result<Receipt, PublishError>>, PublishError>>;

/// An entry that this server has put into the stream, as it was before it was encoded. The server
/// does it when it reads the entry back, in the order of the stream.
pub(crate) enum Pending {
    Publish { publication: Publication, confirm: Option<Confirm> },
    Join { audience: Audience, channel: Channel, done: oneshot::Sender<()> },
    Leave { audience: Audience, channel: Channel, done: oneshot::Sender<()> },
    Disconnect { audience: Audience, close: bool, done: oneshot::Sender<()> },
}

/// The entries on their way through the stream, by the link's tickets. The link's hold bounds them.
#[derive(Default)]
pub(crate) struct PendingTable(HashMap<Ticket, Pending>);

impl PendingTable {
    pub(crate) fn add(&mut self, ticket: Ticket, pending: Pending) {
        self.0.insert(ticket, pending);
    }

    pub(crate) fn take(&mut self, ticket: Ticket) -> Option<Pending> {
        self.0.remove(&ticket)
    }
}
