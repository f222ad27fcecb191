//! HTTP long-polling: a `GET` takes what waits in the outbox, a `POST` brings packets.

mod answer;
pub(crate) mod compression;
mod get;
mod post;

use actix_web::{
    HttpResponse, HttpResponseBuilder,
    http::{
        StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
};

pub(crate) use get::get;
pub(crate) use post::post;

// Constants, because a value that exists already is neither checked nor copied.
const NO_STORE: (HeaderName, HeaderValue) =
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=UTF-8");
const OCTETS: HeaderValue = HeaderValue::from_static("application/octet-stream");
const HTML: HeaderValue = HeaderValue::from_static("text/html");

fn ok(content_type: HeaderValue) -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CONTENT_TYPE, content_type)).insert_header(NO_STORE);
    response
}

fn status(status: StatusCode) -> HttpResponse {
    HttpResponse::build(status).insert_header(NO_STORE).finish()
}
