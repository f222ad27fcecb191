use std::sync::Arc;

use actix::Message;
use parking_lot::Mutex;
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::oneshot;

use super::{HandlerResult, MessageError};
use crate::{
    model::{DataMap, Namespace},
    protocol::{Args, to_args},
    registry::ServerEvent,
    socket::SendError,
};

/// An event that another server of the cluster has sent: Socket.IO's `serverSideEmit`.
///
/// [`SocketIo::server_side_emit`](crate::SocketIo::server_side_emit) sends one to all servers but
/// the sender. Its handlers run on the arbiter that built the server, for one event after the
/// other, in the order in which they came. So each handler that waits delays the next event, by
/// `handler_timeout` at most. Two servers that ask each other from such a handler wait until
/// `ack_timeout`: ask from a task instead. An `Err` of a handler is counted and logged.
///
/// At most [`max_server_events`](crate::Builder::max_server_events) wait. More are refused: no
/// handler receives them, and the sender gets no answer.
///
/// ```
/// use actix_socketio::{OnServerEvent, SocketIo};
///
/// let builder = SocketIo::builder().on_server_event(async |event: OnServerEvent| {
///     if event.event() == "how many clients?" {
///         event.ack(&42)?;
///     }
///     Ok(())
/// });
/// ```
#[derive(Debug, Clone, Message)]
#[rtype(result = "HandlerResult")]
#[non_exhaustive]
pub struct OnServerEvent {
    /// The namespace that the event was sent in.
    pub namespace: Namespace,
    content: Arc<ServerEventContent>,
}

#[derive(Debug)]
struct ServerEventContent {
    name: String,
    args: Args,
    data: Arc<DataMap>,
    answer: Mutex<Option<oneshot::Sender<Args>>>,
}

impl OnServerEvent {
    /// The event, and the receiver of its acknowledgement.
    pub(crate) fn new(event: ServerEvent, data: Arc<DataMap>) -> (Self, oneshot::Receiver<Args>) {
        let ServerEvent { namespace, name, args, .. } = event;
        let (sender, answer) = oneshot::channel();
        let content = ServerEventContent { name, args, data, answer: Mutex::new(Some(sender)) };
        (Self { namespace, content: Arc::new(content) }, answer)
    }

    /// The values of the application.
    pub(crate) fn data(&self) -> &DataMap {
        &self.content.data
    }

    /// The name of the event.
    pub fn event(&self) -> &str {
        &self.content.name
    }

    /// All arguments.
    pub fn args(&self) -> &Args {
        &self.content.args
    }

    /// The first argument as a value. A missing argument reads as `null`, so that an `Option` takes
    /// it.
    ///
    /// # Errors
    /// [`MessageError`] names the event, the argument, and the expected type.
    ///
    /// ```
    /// use actix_socketio::{HandlerResult, OnServerEvent};
    ///
    /// async fn reload(event: OnServerEvent) -> HandlerResult {
    ///     let file: String = event.json()?;
    ///     log::info!("{} asks for a reload of {file}", event.namespace);
    ///     Ok(())
    /// }
    /// ```
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, MessageError> {
        self.arg(0)
    }

    /// One argument as a value, from 0.
    ///
    /// # Errors
    /// [`MessageError`] names the event, the argument, and the expected type.
    pub fn arg<T: DeserializeOwned>(&self, index: usize) -> Result<T, MessageError> {
        self.args()
            .get(index)
            .map_err(|source| MessageError { event: self.event().to_owned(), source })
    }

    /// Answers the server that sent the event. The first call counts, from any handler, and it may
    /// come later, from a task. If the sender does not wait for an answer, this does nothing.
    ///
    /// # Errors
    /// [`SendError::Serialize`] if the data is not JSON.
    pub fn ack<T: Serialize + ?Sized>(&self, data: &T) -> Result<(), SendError> {
        let args = to_args(data)?;
        if let Some(answer) = self.content.answer.lock().take() {
            // A sender that no longer waits needs no answer.
            let _ = answer.send(args);
        }
        Ok(())
    }
}
