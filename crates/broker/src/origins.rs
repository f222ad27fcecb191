//! Warnings about pages that can't connect because of their origin. In a browser, they fail without
//! a reason.

use std::{collections::BTreeSet, sync::Arc};

use actix_socketio::{Builder, ConnectionError};
use actix_web::{
    HttpRequest,
    http::header::{HOST, HeaderMap, HeaderName, ORIGIN, UPGRADE},
};
use parking_lot::Mutex;

/// The origins that are named. Clients choose the text, so there may be any number.
const MAX_ORIGINS: usize = 32;
/// The longest origin that is named, in bytes.
const MAX_LENGTH: usize = 300;

/// The origins that were named. Each is named once.
#[derive(Debug, Clone, Default)]
struct Named(Arc<Mutex<BTreeSet<String>>>);

impl Named {
    /// Whether an origin is to be named now.
    fn is_new(&self, origin: &str) -> bool {
        let mut named = self.0.lock();
        let is_new =
            origin.len() <= MAX_LENGTH && named.len() < MAX_ORIGINS && !named.contains(origin);
        if is_new {
            named.insert(origin.to_owned());
        }
        is_new
    }
}

/// Names the origins of pages that poll without `[cors]`. The broker answers them, and the browser
/// keeps the answers from the page.
pub(crate) fn warn_without_cors(builder: Builder) -> Builder {
    let named = Named::default();
    builder.on_handshake(move |request, _| {
        if let Some(origin) = hidden_from(request.headers())
            && named.is_new(origin)
        {
            log::warn!("{}", without_cors(request, origin));
        }
        Ok(())
    })
}

/// Names the origins that `[cors]` does not list.
pub(crate) fn warn_with_cors(builder: Builder) -> Builder {
    let named = Named::default();
    builder.on_connection_error(move |error: &ConnectionError<'_>| {
        // A program has no origin, and no other refusal of the broker has this message.
        let is_forbidden = error.message() == "Forbidden";
        if is_forbidden
            && let Some(origin) = header(error.request().headers(), ORIGIN)
            && named.is_new(origin)
        {
            log::warn!(
                "a page of {origin:?} was refused, because [cors] does not list its origin: add it \
                 to cors.origins if it is yours"
            );
        }
    })
}

fn without_cors(request: &HttpRequest, origin: &str) -> String {
    let host = header(request.headers(), HOST).unwrap_or_default();
    let host: String = host.chars().take(MAX_LENGTH).collect();
    format!(
        "a page of {origin:?} polls, and the broker is at {host:?} for it: without [cors], the \
         browser hides the answers from pages of other origins. `actix-socketio serve` has a \
         setting for it: cors.origins = [{origin:?}]"
    )
}

/// The origin of a page whose browser hides the answer. A page of the broker's own host has the
/// same text in both headers, and browsers hide no WebSocket.
fn hidden_from(headers: &HeaderMap) -> Option<&str> {
    let origin = header(headers, ORIGIN)?;
    let authority = origin.split_once("://").map_or(origin, |(_, authority)| authority);
    let is_own = header(headers, HOST).is_some_and(|host| host.eq_ignore_ascii_case(authority));
    (!is_own && !headers.contains_key(UPGRADE)).then_some(origin)
}

fn header(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn headers(list: &[(HeaderName, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in list {
            headers.insert(name.clone(), HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn answers_to_polls_of_other_origins_are_hidden() {
        let page = |origin, host| headers(&[(ORIGIN, origin), (HOST, host)]);
        let other = page("http://127.0.0.1:8000", "127.0.0.1:9000");
        assert_eq!(hidden_from(&other), Some("http://127.0.0.1:8000"));
        assert_eq!(hidden_from(&page("null", "a")), Some("null"));
        assert_eq!(hidden_from(&page("https://A.example", "a.example")), None);
        assert_eq!(hidden_from(&headers(&[(HOST, "a")])), None, "a program");
        let mut websocket = other;
        websocket.insert(UPGRADE, HeaderValue::from_static("websocket"));
        assert_eq!(hidden_from(&websocket), None);
    }

    #[test]
    fn each_origin_is_named_once_and_there_is_a_limit() {
        let named = Named::default();
        assert!(named.is_new("http://a") && !named.is_new("http://a"));
        assert!(!named.is_new(&"a".repeat(MAX_LENGTH + 1)));
        let more = (0..1_000).filter(|at| named.is_new(&format!("http://{at}"))).count();
        assert_eq!(more, MAX_ORIGINS - 1);
    }
}
