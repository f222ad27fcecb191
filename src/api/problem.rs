//! Errors as RFC 9457 has them: `application/problem+json`.

use std::borrow::Cow;

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
};
use serde::Serialize;
use utoipa::ToSchema;

/// An error of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) code: ProblemCode,
    /// The path of the field that it is about, or nothing.
    path: String,
    /// A text for people. It repeats nothing of the request's body.
    reason: Cow<'static, str>,
}

/// A stable word for each kind of error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ProblemCode {
    /// The request can't be read, or does not make sense.
    BadRequest,
    /// There is no key, or an unknown one.
    Unauthorized,
    /// The key may not do this.
    Forbidden,
    /// There is no such method.
    NotFound,
    UnknownNamespace,
    /// No route declares the channel.
    NoSuchChannel,
    /// The channel has no presence.
    NoPresence,
    /// The channel has no history.
    NoHistory,
    /// Another method of HTTP is expected.
    MethodNotAllowed,
    /// The body did not come in time.
    Timeout,
    /// The idempotency key was used with another request.
    Conflict,
    TooLarge,
    UnsupportedMediaType,
    /// The key has too many requests at once.
    TooManyRequests,
    /// The server has no capacity now.
    Overloaded,
    /// The cluster can't be reached.
    ClusterAway,
    /// No store has committed the publication.
    NotStored,
    /// The server is shutting down.
    ShuttingDown,
    /// A fault of the server.
    Internal,
}

/// An error, as `application/problem+json` of RFC 9457.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct ProblemDocument {
    /// A URI for the kind of error.
    r#type: String,
    /// The kind of error, for people.
    title: &'static str,
    /// The status of the response, also in the replies of a batch.
    status: u16,
    /// One sentence about this error. It names a field of the request by its path.
    detail: String,
    code: ProblemCode,
}

impl ProblemCode {
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound
            | Self::UnknownNamespace
            | Self::NoSuchChannel
            | Self::NoPresence
            | Self::NoHistory => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Timeout => StatusCode::REQUEST_TIMEOUT,
            Self::Conflict => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::Overloaded | Self::ClusterAway | Self::NotStored | Self::ShuttingDown => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::BadRequest => "The request can't be read",
            Self::Unauthorized => "A valid key is missing",
            Self::Forbidden => "The key may not do this",
            Self::NotFound => "There is no such method",
            Self::UnknownNamespace => "There is no such namespace",
            Self::NoSuchChannel => "There is no such channel",
            Self::NoPresence => "The channel has no presence",
            Self::NoHistory => "The channel has no history",
            Self::MethodNotAllowed => "Another HTTP method is expected",
            Self::Timeout => "The body did not come in time",
            Self::Conflict => "The idempotency key belongs to another request",
            Self::TooLarge => "The request is too large",
            Self::UnsupportedMediaType => "The body must be JSON",
            Self::TooManyRequests => "The key has too many requests at once",
            Self::Overloaded => "The server has no capacity now",
            Self::ClusterAway => "The cluster can't be reached",
            Self::NotStored => "The publication was not stored",
            Self::ShuttingDown => "The server is shutting down",
            Self::Internal => "The server has a fault",
        }
    }

    /// Its word.
    fn word(self) -> String {
        // A unit variant is always written as its name.
        let word = serde_json::to_value(self).unwrap_or_default();
        word.as_str().unwrap_or_default().to_owned()
    }
}

impl Problem {
    pub(super) fn new(code: ProblemCode, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { code, path: String::new(), reason: reason.into() }
    }

    pub(super) fn bad_request(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ProblemCode::BadRequest, reason)
    }

    /// Names the field that it is about.
    pub(super) fn in_field(self, field: impl Into<String>) -> Self {
        Self { path: field.into(), ..self }
    }

    /// Names the command of a batch whose request it is about.
    pub(super) fn within(self, place: &str) -> Self {
        let joint = if self.path.is_empty() { "" } else { "." };
        let path = format!("{place}{joint}{}", self.path);
        Self { path, ..self }
    }

    /// The whole text.
    pub(super) fn detail(&self) -> String {
        let Self { path, reason, .. } = self;
        if path.is_empty() { reason.to_string() } else { format!("{path}: {reason}") }
    }

    pub(super) fn document(&self) -> ProblemDocument {
        let code = self.code;
        ProblemDocument {
            r#type: format!("urn:actix-socketio:problem:{}", code.word()),
            title: code.title(),
            status: code.status().as_u16(),
            detail: self.detail(),
            code,
        }
    }

    pub(super) fn response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.code.status());
        response.insert_header((header::CONTENT_TYPE, "application/problem+json"));
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        match self.code.status() {
            StatusCode::UNAUTHORIZED => {
                response.insert_header((header::WWW_AUTHENTICATE, r#"Bearer realm="api""#));
            }
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                response.insert_header((header::RETRY_AFTER, "1"));
            }
            _ => {}
        }
        // Strings and a number are always written.
        response.body(serde_json::to_string(&self.document()).unwrap_or_default())
    }
}
