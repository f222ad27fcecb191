use std::sync::Arc;

use actix_web::{HttpRequest, http::header::HeaderMap};

use super::ConnectionError;
use crate::panic_guard::call_hook;

type HeadersHook = Arc<dyn Fn(&mut HeaderMap, &HttpRequest) + Send + Sync>;
type ErrorHook = Arc<dyn Fn(&ConnectionError<'_>) + Send + Sync>;

/// The application's functions for requests to the endpoint, like Socket.IO's events of
/// `io.engine`.
///
/// If a function panics, the panic is logged, and the request is answered nonetheless.
#[derive(Clone, Default)]
pub(crate) struct Hooks {
    pub(crate) initial_headers: Vec<HeadersHook>,
    pub(crate) headers: Vec<HeadersHook>,
    pub(crate) connection_error: Vec<ErrorHook>,
}

impl Hooks {
    /// Calls the functions that change the headers of a response. `initial` is true for the
    /// response to a handshake.
    pub(crate) fn write_headers(
        &self,
        headers: &mut HeaderMap,
        request: &HttpRequest,
        initial: bool,
    ) {
        if initial {
            for hook in &self.initial_headers {
                call_hook("on_initial_headers", || hook(headers, request));
            }
        }
        for hook in &self.headers {
            call_hook("on_headers", || hook(headers, request));
        }
    }

    /// Calls the functions that are notified of refused requests.
    pub(crate) fn refused(&self, error: &ConnectionError<'_>) {
        for hook in &self.connection_error {
            call_hook("on_connection_error", || hook(error));
        }
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
    fn a_hook_that_panics_does_not_stop_the_others() {
        let mut hooks = Hooks::default();
        hooks.initial_headers.push(Arc::new(|_, _| panic!("on purpose")));
        hooks.headers.push(Arc::new(|headers, _| {
            headers.insert(header::SERVER, HeaderValue::from_static("x"));
            panic!("on purpose");
        }));
        hooks
            .headers
            .push(Arc::new(|headers, _| headers.insert(header::AGE, 1.into()).for_each(drop)));
        let reported = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&reported);
        hooks.connection_error.push(Arc::new(|_| panic!("on purpose")));
        hooks.connection_error.push(Arc::new(move |error| {
            counter.fetch_add(1 + usize::from(error.code()), Ordering::Relaxed);
        }));

        let request = TestRequest::default().to_http_request();
        let mut headers = HeaderMap::new();
        hooks.write_headers(&mut headers, &request, true);
        assert!(headers.contains_key(header::SERVER) && headers.contains_key(header::AGE));
        hooks.refused(&ConnectionError::new(&request, &Refusal::UnknownSession));
        assert_eq!(reported.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn initial_headers_are_written_only_for_a_handshake() {
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
