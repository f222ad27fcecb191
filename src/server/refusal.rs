use actix_web::{
    Error, HttpResponse,
    http::{StatusCode, header},
};
use serde_json::json;

/// Why a request is not taken: Engine.IO's codes and texts, which clients know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    UnknownTransport,
    UnknownSession,
    BadMethod,
    BadRequest,
    /// The application said no; with the words that it chose.
    Forbidden(String),
    UnsupportedVersion,
}

impl Refusal {
    fn code(&self) -> u8 {
        match self {
            Self::UnknownTransport => 0,
            Self::UnknownSession => 1,
            Self::BadMethod => 2,
            Self::BadRequest => 3,
            Self::Forbidden(_) => 4,
            Self::UnsupportedVersion => 5,
        }
    }

    fn message(&self) -> &str {
        match self {
            Self::UnknownTransport => "Transport unknown",
            Self::UnknownSession => "Session ID unknown",
            Self::BadMethod => "Bad handshake method",
            Self::BadRequest => "Bad request",
            Self::Forbidden(message) => message,
            Self::UnsupportedVersion => "Unsupported protocol version",
        }
    }

    /// What the application's error means to the client: its text, unless it tells of the inside.
    pub(super) fn forbidden(error: &Error) -> Self {
        let response = error.as_response_error();
        let text = if response.status_code().is_client_error() { error.to_string() } else { "Forbidden".to_owned() };
        Self::Forbidden(text)
    }

    pub(super) fn response(&self) -> HttpResponse {
        let status = match self {
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            _ => StatusCode::BAD_REQUEST,
        };
        HttpResponse::build(status)
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .json(json!({"code": self.code(), "message": self.message()}))
    }
}
