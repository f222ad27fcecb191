use std::sync::Arc;

use actix_web::{Error, HttpRequest, http::header::HeaderMap};

use super::Builder;
use crate::{http::ConnectionError, model::Extensions};

/// # Hooks
impl Builder {
    /// Decides whether a request may open a connection: Socket.IO's `allowRequest`.
    ///
    /// The function runs on the thread of the worker that has the request, so it can read sessions
    /// and identities of actix-web. Put the values that handlers need later into the
    /// [`Extensions`]. An `Err` refuses the request with HTTP 403, or 400 for a WebSocket, and
    /// Engine.IO's code 4. The client reads the text of the error if it is a 4xx error.
    ///
    /// The server checks the parameters of the request first, except for the version of the
    /// protocol.
    ///
    /// ```
    /// use actix_socketio::SocketIo;
    /// use actix_web::error::ErrorUnauthorized;
    ///
    /// struct Token(String);
    ///
    /// let builder = SocketIo::builder().on_handshake(|request, extensions| {
    ///     let header = request.headers().get("authorization");
    ///     let token = header.and_then(|value| value.to_str().ok());
    ///     let token = token.ok_or_else(|| ErrorUnauthorized("log in first"))?;
    ///     extensions.insert(Token(token.to_owned()));
    ///     Ok(())
    /// });
    /// ```
    #[doc(alias = "allowRequest")]
    pub fn on_handshake<F>(mut self, check: F) -> Self
    where
        F: Fn(&HttpRequest, &Extensions) -> Result<(), Error> + Send + Sync + 'static,
    {
        self.endpoint.on_handshake.push(Arc::new(check));
        self
    }

    /// Changes the headers of the response to a handshake: Socket.IO's
    /// `io.engine.on("initial_headers", …)`.
    ///
    /// The handshake is a poll, or a WebSocket's (HTTP 101). The function runs on the worker's
    /// thread, and must not block. It runs after the server has set its own headers, except for
    /// those of [`Cors`](crate::Cors). Leave the headers alone that the protocols need:
    /// `content-encoding`, `upgrade`, `sec-websocket-accept`. If the function panics, the response
    /// is sent with the changes made so far. It does not run for requests that are refused:
    /// [`Builder::on_connection_error`] is for these.
    ///
    /// ```
    /// use actix_socketio::SocketIo;
    /// use actix_web::http::header::{HeaderValue, SET_COOKIE};
    ///
    /// let builder = SocketIo::builder().on_initial_headers(|headers, _request| {
    ///     headers.append(SET_COOKIE, HeaderValue::from_static("test=123"));
    /// });
    /// ```
    #[doc(alias = "initial_headers")]
    pub fn on_initial_headers<F>(mut self, change: F) -> Self
    where
        F: Fn(&mut HeaderMap, &HttpRequest) + Send + Sync + 'static,
    {
        self.endpoint.hooks.initial_headers.push(Arc::new(change));
        self
    }

    /// Changes the headers of each response to a session: Socket.IO's `io.engine.on("headers", …)`.
    ///
    /// These are the responses to the handshake, to each poll and POST, and to the WebSocket that
    /// the session upgrades to. The rules are those of [`Builder::on_initial_headers`], which runs
    /// before.
    ///
    /// ```
    /// use actix_socketio::SocketIo;
    /// use actix_web::http::header::{HeaderValue, SERVER};
    ///
    /// let builder = SocketIo::builder().on_headers(|headers, _request| {
    ///     headers.insert(SERVER, HeaderValue::from_static("scores"));
    /// });
    /// ```
    ///
    /// To change more than headers, use a middleware of actix-web. It wraps the app, or a scope
    /// that has only this endpoint:
    /// `App::new().service(web::scope("/live").wrap(middleware).configure(io.mount()))`. It sees
    /// WebSocket handshakes, too.
    #[doc(alias = "headers")]
    pub fn on_headers<F>(mut self, change: F) -> Self
    where
        F: Fn(&mut HeaderMap, &HttpRequest) + Send + Sync + 'static,
    {
        self.endpoint.hooks.headers.push(Arc::new(change));
        self
    }

    /// Observes each request that is refused before it becomes a connection: Socket.IO's
    /// `io.engine.on("connection_error", …)`.
    ///
    /// The function runs on the worker's thread, and must not block. A panic in it is logged, and
    /// has no other effect.
    ///
    /// Every peer can cause these errors, at any rate: count them rather than keep them.
    ///
    /// ```
    /// use actix_socketio::SocketIo;
    ///
    /// let builder = SocketIo::builder().on_connection_error(|error| {
    ///     // 10.0.0.1:4711: Transport unknown (code 0): transport "carrier pigeon"
    ///     log::warn!("{error}");
    ///     if error.code() == 1 {
    ///         // metrics.lost_sessions.inc();
    ///     }
    /// });
    /// ```
    #[doc(alias = "connection_error")]
    pub fn on_connection_error<F>(mut self, observe: F) -> Self
    where
        F: Fn(&ConnectionError<'_>) + Send + Sync + 'static,
    {
        self.endpoint.hooks.connection_error.push(Arc::new(observe));
        self
    }
}
