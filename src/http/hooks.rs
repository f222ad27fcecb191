use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use actix_web::{HttpRequest, http::header::HeaderMap};

use super::ConnectionError;

type HeadersHook = Arc<dyn Fn(&mut HeaderMap, &HttpRequest) + Send + Sync>;
type ErrorHook = Arc<dyn Fn(&ConnectionError<'_>) + Send + Sync>;

/// What the application does with requests of its own: Socket.IO's events of `io.engine`.
#[derive(Clone, Default)]
pub(crate) struct Hooks {
    pub(crate) initial_headers: Vec<HeadersHook>,
    pub(crate) headers: Vec<HeadersHook>,
    pub(crate) connection_error: Vec<ErrorHook>,
}

impl Hooks {
    /// A response is about to be sent, to a handshake or another request of a session.
    pub(crate) fn write_headers(
        &self,
        headers: &mut HeaderMap,
        request: &HttpRequest,
        initial: bool,
    ) {
        if initial {
            for hook in &self.initial_headers {
                guarded("on_initial_headers", || hook(headers, request));
            }
        }
        for hook in &self.headers {
            guarded("on_headers", || hook(headers, request));
        }
    }

    /// A request was refused.
    pub(crate) fn refused(&self, error: &ConnectionError<'_>) {
        for hook in &self.connection_error {
            guarded("on_connection_error", || hook(error));
        }
    }
}

/// A hook that panics has done nothing: the request is answered all the same.
fn guarded(name: &str, hook: impl FnOnce()) {
    // Unwind safe in effect: headers are a map, which is whole after each of its methods, and what
    // the hook shares with others is theirs to protect.
    if catch_unwind(AssertUnwindSafe(hook)).is_err() {
        log::error!("a hook of {name} panicked");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use actix_web::{
        http::header::{self, HeaderValue},
        test::TestRequest,
    };

    use super::*;
    use crate::http::refusal::Refusal;

    #[test]
    fn a_hook_that_panics_leaves_the_others_alone() {
        let mut hooks = Hooks::default();
        hooks.initial_headers.push(Arc::new(|_, _| panic!("on purpose")));
        hooks.headers.push(Arc::new(|headers, _| {
            headers.insert(header::SERVER, HeaderValue::from_static("x"));
            panic!("on purpose");
        }));
        hooks
            .headers
            .push(Arc::new(|headers, _| headers.insert(header::AGE, 1.into()).for_each(drop)));
        let heard = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&heard);
        hooks.connection_error.push(Arc::new(|_| panic!("on purpose")));
        hooks.connection_error.push(Arc::new(move |error| {
            counter.fetch_add(1 + usize::from(error.code()), Ordering::Relaxed);
        }));

        let request = TestRequest::default().to_http_request();
        let mut headers = HeaderMap::new();
        hooks.write_headers(&mut headers, &request, true);
        assert!(headers.contains_key(header::SERVER) && headers.contains_key(header::AGE));
        hooks.refused(&ConnectionError::new(&request, &Refusal::UnknownSession));
        assert_eq!(heard.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn initial_headers_are_those_of_a_handshake() {
        let mut hooks = Hooks::default();
        hooks
            .initial_headers
            .push(Arc::new(|headers, _| headers.insert(header::AGE, 1.into()).for_each(drop)));
        let request = TestRequest::default().to_http_request();
        let mut headers = HeaderMap::new();
        hooks.write_headers(&mut headers, &request, false);
        assert!(headers.is_empty());
        hooks.write_headers(&mut headers, &request, true);
        assert!(!headers.is_empty());
    }
}
