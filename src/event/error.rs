use std::{error::Error, fmt, sync::Arc};

use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    log_text::{LogError, log_line},
    model::ChannelError,
    socket::{SendError, SubscribeError},
    stats::HandlerFailure,
};

/// The result of a handler.
///
/// It decides a request: `Ok` grants and an `Err` refuses [`OnConnect`](super::OnConnect),
/// [`OnSubscribe`](super::OnSubscribe), [`OnPacket`](super::OnPacket), and an
/// [`OnMessage`](super::OnMessage) with a channel. For any other event `Ok` has no further effect,
/// and an `Err` raises [`OnError`](super::OnError).
///
/// ```
/// use actix_socketio::{HandlerResult, OnMessage};
///
/// async fn echo(event: OnMessage) -> HandlerResult {
///     let text: String = event.json()?;
///     event.socket.send(&text)?;
///     Ok(())
/// }
/// ```
pub type HandlerResult = Result<(), HandlerError>;

/// Why a handler failed or refused.
///
/// `?` turns any error into a `HandlerError`. Its text stays on the server: the client reads
/// `internal error`. The exceptions are a channel's invalid name ([`ChannelError`]), which is the
/// client's mistake, and a subscription that is refused ([`SubscribeError`]). Use
/// [`HandlerError::reject`] for a text that the client reads, and [`HandlerError::from_web`] for an
/// [`actix_web::Error`].
///
/// In a request handler it is a response: 403 for a refusal, otherwise 500, with
/// [`HandlerError::to_client`] as JSON.
///
/// ```
/// use actix_socketio::HandlerError;
/// use serde_json::json;
///
/// fn admit(age: &str) -> Result<(), HandlerError> {
///     let age: u32 = age.parse()?;
///     if age < 18 {
///         return Err(HandlerError::reject("adults only").with_data(&json!({"from": 18})));
///     }
///     Ok(())
/// }
///
/// let refusal = json!({"message": "adults only", "data": {"from": 18}});
/// assert_eq!(admit("17").unwrap_err().to_client(), refusal);
/// assert_eq!(admit("x").unwrap_err().to_client(), json!({"message": "internal error"}));
/// ```
#[derive(Clone)]
pub struct HandlerError {
    failure: Arc<Failure>,
}

/// The kinds of failure.
pub(crate) enum Failure {
    /// A refusal that the client reads.
    Rejected { message: String, data: Option<Value> },
    /// The client sent a value that the handler can't read. The client reads the message.
    Unreadable { message: String, detail: String, source: Box<dyn Error + Send + Sync> },
    /// An error of the application.
    Failed(Box<dyn Error + Send + Sync>),
    /// A function handler panicked, with this message.
    Panicked(String),
    /// The handler did not answer within `handler_timeout`.
    TimedOut,
    /// The handler's actor has stopped, perhaps by a panic.
    Stopped,
}

impl HandlerError {
    /// The label under which the failure is counted.
    pub(crate) fn kind(&self) -> HandlerFailure {
        match &*self.failure {
            Failure::Rejected { .. } | Failure::Unreadable { .. } => HandlerFailure::Rejected,
            Failure::Failed(_) => HandlerFailure::Error,
            Failure::Panicked(_) => HandlerFailure::Panic,
            Failure::TimedOut => HandlerFailure::Timeout,
            Failure::Stopped => HandlerFailure::Stopped,
        }
    }

    /// Makes an error whose message the client reads.
    ///
    /// ```
    /// use actix_socketio::HandlerError;
    ///
    /// let error = HandlerError::reject("not your team");
    /// assert!(error.is_rejection());
    /// ```
    pub fn reject(message: impl Into<String>) -> Self {
        Failure::Rejected { message: message.into(), data: None }.into()
    }

    /// Adds data that the client reads beside the message of [`HandlerError::reject`].
    ///
    /// On any other error the method does nothing. Data that does not serialize to JSON is left
    /// out, and the error is logged.
    ///
    /// ```
    /// use actix_socketio::HandlerError;
    /// use serde_json::json;
    ///
    /// let error = HandlerError::reject("the room is full").with_data(&json!({"seats": 8}));
    /// assert_eq!(error.to_client()["data"]["seats"], 8);
    /// ```
    #[must_use]
    pub fn with_data<T: Serialize + ?Sized>(self, data: &T) -> Self {
        let Failure::Rejected { message, .. } = &*self.failure else { return self };
        let data = serde_json::to_value(data)
            .map_err(|error| {
                log_line!(
                    log::Level::Error,
                    "the data of the refusal \"{}\" can't be serialized: {}",
                    message;
                    error
                );
            })
            .ok();
        Failure::Rejected { message: message.clone(), data }.into()
    }

    /// Makes the error of a client's value that does not fit a handler's parameter.
    pub(crate) fn unreadable<E: Error + Send + Sync + 'static>(message: String, error: E) -> Self {
        let detail = error.to_string();
        Failure::Unreadable { message, detail, source: Box::new(error) }.into()
    }

    /// Whether the client reads the text of the error: [`HandlerError::reject`] made it, or the
    /// client sent an argument that does not fit the parameters of its handler.
    pub fn is_rejection(&self) -> bool {
        matches!(&*self.failure, Failure::Rejected { .. } | Failure::Unreadable { .. })
    }

    /// The error that `?` converted, if it has this type. For an argument that does not fit it is a
    /// [`MessageError`](super::MessageError).
    ///
    /// ```
    /// use std::num::ParseIntError;
    ///
    /// use actix_socketio::HandlerError;
    ///
    /// let error = HandlerError::from("x".parse::<u32>().unwrap_err());
    /// assert!(error.downcast_ref::<ParseIntError>().is_some());
    /// ```
    pub fn downcast_ref<E: Error + 'static>(&self) -> Option<&E> {
        match &*self.failure {
            Failure::Failed(source) | Failure::Unreadable { source, .. } => source.downcast_ref(),
            _ => None,
        }
    }

    /// The error as the client reads it: the message and the data of a refusal, or
    /// `internal error` for any other error.
    pub fn to_client(&self) -> Value {
        match &*self.failure {
            Failure::Rejected { message, data: Some(data) } => {
                json!({"message": message, "data": data})
            }
            Failure::Rejected { message, data: None } | Failure::Unreadable { message, .. } => {
                json!({"message": message})
            }
            _ => json!({"message": "internal error"}),
        }
    }
}

impl From<Failure> for HandlerError {
    fn from(failure: Failure) -> Self {
        Self { failure: Arc::new(failure) }
    }
}

// `HandlerError` does not implement `Error`: this would overlap with `From<T> for T`.
impl<E: Error + Send + Sync + 'static> From<E> for HandlerError {
    fn from(error: E) -> Self {
        match for_client(&error) {
            Some(message) => Self::unreadable(message, error),
            None => Failure::Failed(Box::new(error)).into(),
        }
    }
}

/// The text for the client, if the error is about a channel's name, which clients choose, or about
/// their subscriptions.
fn for_client(error: &(dyn Error + 'static)) -> Option<String> {
    if let Some(SendError::Channel(error)) = error.downcast_ref() {
        return Some(error.to_string());
    }
    match error.downcast_ref() {
        Some(SubscribeError::Closed) => None,
        Some(error) => Some(error.to_string()),
        None => error.downcast_ref().map(ChannelError::to_string),
    }
}

/// The text with all causes, for the log and for handlers of [`OnError`](super::OnError).
///
/// It may quote a client, so it is made for one line of a log: what is not printable is escaped,
/// and more than 1,000 characters are cut.
impl fmt::Display for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.failure {
            Failure::Rejected { message, .. } => write!(f, "rejected: {}", LogError(message)),
            Failure::Unreadable { message, detail, .. } if message == detail => {
                write!(f, "rejected: {}", LogError(message))
            }
            Failure::Unreadable { message, detail, .. } => {
                write!(f, "rejected: {} ({})", LogError(message), LogError(detail))
            }
            Failure::Failed(error) => {
                let mut message = error.to_string();
                let mut cause = error.source();
                while let Some(error) = cause {
                    // Many errors, including those of this crate, name their cause themselves.
                    let text = error.to_string();
                    if !message.contains(&text) {
                        message += ": ";
                        message += &text;
                    }
                    cause = error.source();
                }
                LogError(message).fmt(f)
            }
            Failure::Panicked(message) => write!(f, "the handler panicked: {}", LogError(message)),
            Failure::TimedOut => f.write_str("the handler did not answer within handler_timeout"),
            Failure::Stopped => f.write_str("the handler's actor has stopped"),
        }
    }
}

impl fmt::Debug for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HandlerError({self})")
    }
}
