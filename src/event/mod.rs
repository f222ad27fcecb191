//! The events that handlers receive, and the answers that they return.

mod error;
mod lifecycle;
mod message;
mod message_error;
mod server_event;
mod web_error;

pub(crate) use error::Failure;
pub use error::{HandlerError, HandlerResult};
pub use lifecycle::{
    OnConnect, OnDisconnect, OnError, OnFinish, OnPacket, OnSubscribe, OnUnsubscribe, OnUpgrade,
};
pub use message::OnMessage;
pub use message_error::MessageError;
pub use server_event::OnServerEvent;

pub use crate::model::DisconnectReason;
