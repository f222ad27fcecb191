//! The body of a request, within its bounds of bytes and time.

use std::{future::poll_fn, pin::Pin, time::Duration};

use actix_web::{
    HttpRequest,
    dev::Payload,
    http::header::{self, HeaderName},
};
use futures_core::Stream;

use super::problem::{Problem, ProblemCode};

/// Checks what the headers say of the body, before any of it is read.
pub(super) fn check_headers(request: &HttpRequest, max_body: usize) -> Result<(), Problem> {
    let header = |name: HeaderName| request.headers().get(name);
    let is_json = header(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(is_json_type);
    if !is_json {
        return Err(Problem::new(
            ProblemCode::UnsupportedMediaType,
            "Content-Type: expected application/json",
        ));
    }
    let is_plain = |value: &header::HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    if header(header::CONTENT_ENCODING).is_some_and(|value| !is_plain(value)) {
        return Err(Problem::new(
            ProblemCode::UnsupportedMediaType,
            "Content-Encoding: expected none",
        ));
    }
    let length = header(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    match length.map(str::parse::<usize>) {
        // Text that is not a number does not get here, but a number may be too large.
        Some(Ok(length)) if length <= max_body => Ok(()),
        Some(_) => Err(too_large(max_body)),
        None => Ok(()),
    }
}

/// Whether it is `application/json`, in UTF-8 if it names an encoding.
fn is_json_type(value: &str) -> bool {
    let mut parts = value.split(';').map(str::trim);
    let is_json = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"));
    is_json
        && parts.all(|parameter| match parameter.split_once('=') {
            Some((name, value)) if name.eq_ignore_ascii_case("charset") => {
                value.trim_matches('"').eq_ignore_ascii_case("utf-8")
            }
            _ => true,
        })
}

/// Reads a body.
pub(super) async fn read_text(
    body: &mut Payload,
    max_body: usize,
    timeout: Duration,
) -> Result<String, Problem> {
    let read = tokio::time::timeout(timeout, read_bytes(body, max_body));
    let bytes = read.await.map_err(|_| {
        Problem::new(ProblemCode::Timeout, "the body did not come within \"body_timeout\"")
    })??;
    String::from_utf8(bytes).map_err(|_| Problem::bad_request("the body is not UTF-8"))
}

async fn read_bytes(body: &mut Payload, max_body: usize) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    loop {
        match poll_fn(|cx| Pin::new(&mut *body).poll_next(cx)).await {
            None => return Ok(bytes),
            Some(Ok(chunk)) if chunk.len() <= max_body - bytes.len() => {
                bytes.extend_from_slice(&chunk);
            }
            Some(Ok(_)) => return Err(too_large(max_body)),
            Some(Err(_)) => return Err(Problem::bad_request("the body ends too early")),
        }
    }
}

fn too_large(max_body: usize) -> Problem {
    Problem::new(ProblemCode::TooLarge, format!("a body has at most {max_body} bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_known_by_its_type() {
        for one in ["application/json", "Application/JSON; charset=UTF-8", "application/json;x=1"] {
            assert!(is_json_type(one), "{one}");
        }
        for other in ["", "text/plain", "application/json; charset=latin1", "application/jsonx"] {
            assert!(!is_json_type(other), "{other}");
        }
    }
}
