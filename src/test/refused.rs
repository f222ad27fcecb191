use std::{error, fmt};

use actix_web::http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use crate::protocol::{ArgError, Args};

/// A refusal as the client reads it: in `connect_error`, or as the answer to an event.
///
/// ```
/// use actix_socketio::{HandlerError, OnConnect, SocketIo, test};
///
/// # test::system(async {
/// let io = SocketIo::builder()
///     .on_connect(async |_: OnConnect| Err(HandlerError::reject("log in first")))
///     .build()
///     .unwrap();
/// let server = test::TestServer::new(&io).await;
/// let refused = server.client().connect().await.unwrap_err();
/// assert_eq!(refused.message, "log in first");
/// # });
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refused {
    /// The message, such as that of [`HandlerError::reject`](crate::HandlerError::reject).
    pub message: String,
    /// The data, such as that of [`HandlerError::with_data`](crate::HandlerError::with_data).
    pub data: Option<Value>,
    /// The status of the answer by HTTP, if the handshake was refused by it.
    pub status: Option<StatusCode>,
}

/// The JSON of a refusal. Other members make it another answer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefusalJson {
    message: String,
    data: Option<Value>,
}

impl Refused {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), data: None, status: None }
    }

    /// Reads the payload of a CONNECT_ERROR.
    pub(super) fn from_json(json: &str) -> Self {
        let refusal = serde_json::from_str::<RefusalJson>(json).ok();
        refusal.map_or_else(|| Self::new(json), Self::from)
    }

    /// Reads the body of an answer by HTTP that is not 200.
    pub(super) fn from_http(status: StatusCode, body: &[u8]) -> Self {
        let json: Value = serde_json::from_slice(body).unwrap_or_default();
        let message = match json["message"].as_str() {
            Some(message) => message.to_owned(),
            None => String::from_utf8_lossy(body).into_owned(),
        };
        Self { message, data: None, status: Some(status) }
    }

    /// Reads an answer that is a refusal: one argument, `{"message": …, "data": …}`.
    pub(super) fn from_answer(args: &Args) -> Option<Self> {
        let json = args.raw(0).filter(|_| args.len() == 1)?;
        serde_json::from_str::<RefusalJson>(json).ok().map(Self::from)
    }
}

impl From<RefusalJson> for Refused {
    fn from(RefusalJson { message, data }: RefusalJson) -> Self {
        Self { message, data, status: None }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused")?;
        if let Some(status) = self.status {
            write!(f, " with HTTP {}", status.as_u16())?;
        }
        write!(f, ": {}", self.message)?;
        match &self.data {
            Some(data) => write!(f, " {data}"),
            None => Ok(()),
        }
    }
}

impl error::Error for Refused {}

/// Why [`TestClient::ask`](super::TestClient::ask) has no answer of the type that was asked for.
///
/// ```
/// use actix_socketio::{OnMessage, SocketIo, test};
///
/// # test::system(async {
/// let io = SocketIo::builder().on_message(async |_: OnMessage| Ok(())).build().unwrap();
/// let server = test::TestServer::new(&io).await;
/// let mut ada = server.client().connect().await.unwrap();
/// let error = ada.ask::<u32>("never answered", &()).await.unwrap_err();
/// assert!(matches!(error, test::AskError::TimedOut));
/// # });
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum AskError {
    /// The server refuses: the answer is `{"message": …}`, with or without `data`.
    Refused(Refused),
    /// The answer does not match the type.
    Unexpected {
        /// The first argument of the answer, as JSON.
        answer: String,
        /// Why it does not match.
        error: ArgError,
    },
    /// No answer came in time: see [`Connecting::patience`](super::Connecting::patience).
    TimedOut,
    /// The client was disconnected before an answer came, for this reason.
    Disconnected(String),
}

impl AskError {
    /// The refusal of the server.
    ///
    /// # Panics
    /// If it is another error.
    #[track_caller]
    pub fn refused(self) -> Refused {
        match self {
            Self::Refused(refused) => refused,
            other => panic!("expected a refusal: {other}"),
        }
    }
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refused) => refused.fmt(f),
            Self::Unexpected { answer, error } => write!(f, "the answer is {answer}, and {error}"),
            Self::TimedOut => f.write_str("no answer came in time"),
            Self::Disconnected(reason) => {
                write!(f, "disconnected before an answer came: {reason}")
            }
        }
    }
}

impl error::Error for AskError {}
