use std::rc::Rc;

use serde_json::Value;

use crate::{
    model::{DisconnectReason, Namespace, SocketId},
    protocol::Many,
    socket::{SendError, Socket},
};

/// One thing that administrators are told. Times are texts, as JSON has no dates.
#[derive(Debug, Clone)]
pub(super) enum News {
    Connected { socket: Rc<Value>, time: String },
    Updated(Rc<Value>),
    Disconnected { namespace: Namespace, id: SocketId, reason: DisconnectReason, time: String },
    Room { is_joined: bool, namespace: Namespace, room: String, id: SocketId, time: String },
    Event { is_sent: bool, namespace: Namespace, id: SocketId, event: Rc<Value>, time: String },
}

impl News {
    /// Whether it is an event of a client, which may be left out without harm to what follows.
    pub(super) fn is_traffic(&self) -> bool {
        matches!(self, Self::Event { .. })
    }

    pub(super) fn send(&self, to: &Socket) -> Result<(), SendError> {
        match self {
            Self::Connected { socket, time } => to.emit("socket_connected", &Many((socket, time))),
            Self::Updated(socket) => to.emit("socket_updated", socket),
            Self::Disconnected { namespace, id, reason, time } => {
                to.emit("socket_disconnected", &Many((namespace, id, reason.as_str(), time)))
            }
            Self::Room { is_joined, namespace, room, id, time } => {
                let name = if *is_joined { "room_joined" } else { "room_left" };
                to.emit(name, &Many((namespace, room, id, time)))
            }
            Self::Event { is_sent, namespace, id, event, time } => {
                let name = if *is_sent { "event_sent" } else { "event_received" };
                to.emit(name, &Many((namespace, id, event, time)))
            }
        }
    }
}
