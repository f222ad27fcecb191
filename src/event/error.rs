use std::{error::Error, fmt, sync::Arc};

use serde::Serialize;
use serde_json::{Value, json};

use crate::stats::HandlerFailure;

/// What a handler answers. For [`OnConnect`](super::OnConnect) and
/// [`OnSubscribe`](super::OnSubscribe) it is the verdict; elsewhere an `Err` raises
/// [`OnError`](super::OnError).
pub type HandlerResult = Result<(), HandlerError>;

/// Why a handler did not do what it was asked to.
///
/// Every error becomes one with `?`, and stays in the house: the client reads `internal error`,
/// whatever the error says. What is meant for the client is said with [`HandlerError::reject`].
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
/// assert_eq!(admit("17").unwrap_err().to_client(), json!({"message": "adults only", "data": {"from": 18}}));
/// assert_eq!(admit("x").unwrap_err().to_client(), json!({"message": "internal error"}));
/// ```
#[derive(Clone)]
pub struct HandlerError {
    failure: Arc<Failure>,
}

/// The kinds of failure.
pub(crate) enum Failure {
    /// Said to the client.
    Rejected { message: String, data: Option<Value> },
    /// An error of the application's.
    Failed(Box<dyn Error + Send + Sync>),
    /// A function handler panicked; what it said.
    Panicked(String),
    /// No answer within `handler_timeout`.
    TimedOut,
    /// The handler's actor has stopped, perhaps by a panic.
    Stopped,
}

impl HandlerError {
    /// What it counts as.
    pub(crate) fn kind(&self) -> HandlerFailure {
        match &*self.failure {
            Failure::Rejected { .. } => HandlerFailure::Rejected,
            Failure::Failed(_) => HandlerFailure::Error,
            Failure::Panicked(_) => HandlerFailure::Panic,
            Failure::TimedOut => HandlerFailure::Timeout,
            Failure::Stopped => HandlerFailure::Stopped,
        }
    }

    /// An error whose message the client reads.
    pub fn reject(message: impl Into<String>) -> Self {
        Failure::Rejected { message: message.into(), data: None }.into()
    }

    /// Adds data that the client reads beside the message of [`HandlerError::reject`]; on another
    /// error, it does nothing. Data which can't be JSON is left out, and logged.
    #[must_use]
    pub fn with_data<T: Serialize + ?Sized>(self, data: &T) -> Self {
        let Failure::Rejected { message, .. } = &*self.failure else { return self };
        let data = serde_json::to_value(data)
            .map_err(|error| {
                log::error!("the data of the refusal {message:?} can't be JSON: {error}")
            })
            .ok();
        Failure::Rejected { message: message.clone(), data }.into()
    }

    /// Whether it was made by [`HandlerError::reject`].
    pub fn is_rejection(&self) -> bool {
        matches!(&*self.failure, Failure::Rejected { .. })
    }

    /// The error that `?` took, if it is one of this type.
    pub fn downcast_ref<E: Error + 'static>(&self) -> Option<&E> {
        match &*self.failure {
            Failure::Failed(error) => error.downcast_ref(),
            _ => None,
        }
    }

    /// What the client may read: the message and data of a rejection, and of any other error only
    /// that there was one.
    pub fn to_client(&self) -> Value {
        match &*self.failure {
            Failure::Rejected { message, data: Some(data) } => {
                json!({"message": message, "data": data})
            }
            Failure::Rejected { message, data: None } => json!({"message": message}),
            _ => json!({"message": "internal error"}),
        }
    }
}

impl From<Failure> for HandlerError {
    fn from(failure: Failure) -> Self {
        Self { failure: Arc::new(failure) }
    }
}

// `HandlerError` is itself no `Error`, or this would take in `From<HandlerError> for HandlerError`.
impl<E: Error + Send + Sync + 'static> From<E> for HandlerError {
    fn from(error: E) -> Self {
        Failure::Failed(Box::new(error)).into()
    }
}

/// For the log and for handlers of [`OnError`](super::OnError): the whole truth.
impl fmt::Display for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.failure {
            Failure::Rejected { message, .. } => write!(f, "rejected: {message}"),
            Failure::Failed(error) => {
                let mut told = error.to_string();
                let mut cause = error.source();
                while let Some(error) = cause {
                    // Many errors, ours among them, tell of their causes themselves.
                    let text = error.to_string();
                    if !told.contains(&text) {
                        told += ": ";
                        told += &text;
                    }
                    cause = error.source();
                }
                f.write_str(&told)
            }
            Failure::Panicked(message) => write!(f, "the handler panicked: {message}"),
            Failure::TimedOut => f.write_str("the handler did not answer within handler_timeout"),
            Failure::Stopped => f.write_str("the handler's actor has stopped"),
        }
    }
}

impl fmt::Debug for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HandlerError({:?})", self.to_string())
    }
}
