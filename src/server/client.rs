use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::LazyLock,
};

use actix_web::{
    HttpRequest, HttpResponse, Responder,
    http::header::{self, ETag, EntityTag, Header, IfNoneMatch},
};

/// The browser client, as it is shipped.
const SOURCE: &str = include_str!("../../client/socket.io.js");

static TAG: LazyLock<EntityTag> = LazyLock::new(|| {
    let mut hasher = DefaultHasher::new();
    SOURCE.hash(&mut hasher);
    EntityTag::new_strong(format!("{:x}", hasher.finish()))
});

/// `GET {path}/socket.io.js`.
pub(super) async fn socket_io_js(request: HttpRequest) -> impl Responder {
    let known = match IfNoneMatch::parse(&request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|tag| tag.weak_eq(&TAG)),
        Err(_) => false,
    };
    let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header(ETag(TAG.clone()))
        // Asked for each time, and sent only when it has changed: an update of the server is one of its client.
        .insert_header((header::CACHE_CONTROL, "no-cache"));
    if known {
        return response.finish();
    }
    response.content_type("text/javascript; charset=utf-8").body(SOURCE)
}
