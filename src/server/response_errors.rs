//! The errors of this crate as answers of request handlers. `?` in a handler that returns
//! [`actix_web::Result`] turns each of them into a response.

use std::fmt::Display;

use actix_web::{HttpResponse, ResponseError, http::StatusCode};

use super::BuildError;
use crate::{
    event::{HandlerError, MessageError},
    model::{ChannelError, InvalidSocketId},
    protocol::ArgError,
    registry::PublishError,
    socket::{AckError, SendError, SubscribeError},
};

/// Answers with a text of the caller's, unless it is about the inside of the server.
fn answer(status: StatusCode, text: &dyn Display) -> HttpResponse {
    let is_internal = status == StatusCode::INTERNAL_SERVER_ERROR;
    let text: &dyn Display = if is_internal { &"internal error" } else { text };
    let mut response = HttpResponse::build(status);
    response.content_type("text/plain; charset=utf-8").body(format!("{text}\n"))
}

/// Implements the trait by a status for each value. The text of the error is the body.
macro_rules! response_error {
    ($error:ty, $this:ident => $status:expr) => {
        impl ResponseError for $error {
            fn status_code(&self) -> StatusCode {
                let $this = self;
                $status
            }

            fn error_response(&self) -> HttpResponse {
                answer(self.status_code(), self)
            }
        }
    };
}

response_error!(ChannelError, _error => StatusCode::BAD_REQUEST);
response_error!(InvalidSocketId, _error => StatusCode::BAD_REQUEST);
response_error!(ArgError, _error => StatusCode::BAD_REQUEST);
response_error!(MessageError, _error => StatusCode::BAD_REQUEST);
response_error!(BuildError, _error => StatusCode::INTERNAL_SERVER_ERROR);

response_error!(SendError, error => match error {
    SendError::Closed | SendError::NoSocket(_) => StatusCode::NOT_FOUND,
    SendError::Channel(error) => error.status_code(),
    SendError::Overloaded | SendError::NotStored | SendError::ClusterAway => {
        StatusCode::SERVICE_UNAVAILABLE
    }
    SendError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
    SendError::Reserved(_) | SendError::Serialize(_) => StatusCode::INTERNAL_SERVER_ERROR,
});

response_error!(PublishError, error => match error {
    PublishError::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
    PublishError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
    PublishError::Closed => StatusCode::NOT_FOUND,
    PublishError::NotStored | PublishError::ClusterAway => StatusCode::SERVICE_UNAVAILABLE,
});

response_error!(SubscribeError, error => match error {
    SubscribeError::Channel(error) => error.status_code(),
    SubscribeError::TooManyChannels { .. } => StatusCode::CONFLICT,
    SubscribeError::MemoryLimit => StatusCode::SERVICE_UNAVAILABLE,
    SubscribeError::Closed => StatusCode::NOT_FOUND,
});

impl ResponseError for AckError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Timeout => StatusCode::GATEWAY_TIMEOUT,
            Self::Closed => StatusCode::NOT_FOUND,
            Self::TooMany { .. } | Self::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
            Self::Reply(_) => StatusCode::BAD_GATEWAY,
            Self::Send(error) => error.status_code(),
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            // The error quotes the data of another client than the one that is answered.
            Self::Reply(_) => {
                answer(self.status_code(), &"the client's acknowledgement is not as expected")
            }
            _ => answer(self.status_code(), self),
        }
    }
}

impl ResponseError for HandlerError {
    fn status_code(&self) -> StatusCode {
        if self.is_rejection() { StatusCode::FORBIDDEN } else { StatusCode::INTERNAL_SERVER_ERROR }
    }

    /// The body is the JSON that a client of Socket.IO would read.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status_code()).json(self.to_client())
    }
}

#[cfg(test)]
mod tests {
    use actix_web::{Error, body::to_bytes};

    use super::*;
    use crate::{
        model::{Channel, SocketId},
        protocol::Args,
    };

    fn no_socket() -> InvalidSocketId {
        "x".parse::<SocketId>().unwrap_err()
    }

    fn no_number() -> ArgError {
        Args::parse(r#"["a secret"]"#.into(), 100).unwrap().get::<u32>(0).unwrap_err()
    }

    fn no_name() -> ChannelError {
        Channel::new("", 255).unwrap_err()
    }

    fn no_json() -> serde_json::Error {
        serde_json::from_str::<u32>("a secret").unwrap_err()
    }

    fn message() -> MessageError {
        MessageError { event: "score".to_owned(), source: no_number() }
    }

    fn setting() -> BuildError {
        BuildError::Setting { setting: "a secret", value: String::new(), expected: String::new() }
    }

    fn failed() -> HandlerError {
        no_json().into()
    }

    /// Each error, its status, and a part of the body.
    fn table() -> Vec<(Error, u16, &'static str)> {
        let (length, limit) = (9, 5);
        vec![
            (no_name().into(), 400, "a channel name has at least one character"),
            (no_socket().into(), 400, "invalid socket id"),
            (no_number().into(), 400, "argument 0 is not a u32"),
            (message().into(), 400, "argument 0 is not a u32"),
            (setting().into(), 500, "internal error"),
            (SendError::Closed.into(), 404, "the client has gone"),
            (SendError::NoSocket(SocketId::random()).into(), 404, "there is no client"),
            (SendError::Channel(no_name()).into(), 400, "a channel name"),
            (SendError::Overloaded.into(), 503, "try again later"),
            (SendError::TooLarge { length, limit }.into(), 413, "larger than max_outbox"),
            (SendError::Reserved("connect".to_owned()).into(), 500, "internal error"),
            (SendError::Serialize(no_json()).into(), 500, "internal error"),
            (PublishError::Closed.into(), 404, ""),
            (PublishError::TooLarge { length, limit }.into(), 413, ""),
            (PublishError::Overloaded.into(), 503, ""),
            (PublishError::NotStored.into(), 503, ""),
            (SubscribeError::Channel(no_name()).into(), 400, "a channel name"),
            (SubscribeError::TooManyChannels { limit }.into(), 409, "5 channels at most"),
            (SubscribeError::Closed.into(), 404, "the client has gone"),
            (AckError::Timeout.into(), 504, "did not acknowledge in time"),
            (AckError::Closed.into(), 404, "the client has gone"),
            (AckError::TooMany { limit }.into(), 503, "5 acknowledgements"),
            (AckError::Overloaded.into(), 503, "max_ack_bytes"),
            (AckError::Reply(no_number()).into(), 502, "acknowledgement is not as expected\n"),
            (AckError::Send(SendError::Closed).into(), 404, "the client has gone"),
            (AckError::Send(SendError::Serialize(no_json())).into(), 500, "internal error"),
            (HandlerError::reject("no").into(), 403, r#"{"message":"no"}"#),
            (failed().into(), 500, r#"{"message":"internal error"}"#),
        ]
    }

    #[actix_web::test]
    async fn each_error_is_an_answer_that_says_what_its_reader_may_know() {
        for (error, status, part) in table() {
            let response = error.error_response();
            assert_eq!(response.status().as_u16(), status, "{error:?}");
            let body = to_bytes(response.into_body()).await.unwrap();
            let body = std::str::from_utf8(&body).unwrap();
            assert!(body.contains(part), "{error:?}: {body}");
            // The sender of an argument may read it, and no other client.
            assert!(status == 400 || !body.contains("secret"), "{error:?}: {body}");
        }
    }
}
