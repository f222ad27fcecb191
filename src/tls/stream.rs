//! The TLS stream of a client while actix-http has it, so that a WebSocket can take it away.

use std::{
    cell::RefCell,
    fmt,
    io::{self, ErrorKind},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use actix_web::HttpRequest;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::server::TlsStream;

use super::TlsConnection;

/// A client's stream. It is shared between actix-http and the connection's data, where a WebSocket
/// finds it.
#[derive(Clone)]
pub(crate) struct SharedTlsStream(Rc<RefCell<Option<TlsStream<TcpStream>>>>);

impl SharedTlsStream {
    pub(crate) fn new(stream: TlsStream<TcpStream>) -> Self {
        Self(Rc::new(RefCell::new(Some(stream))))
    }

    /// The stream of this request, if the server itself does the TLS.
    pub(crate) fn of(request: &HttpRequest) -> Option<Self> {
        request.conn_data::<Self>().cloned()
    }

    /// Ready if the kernel has space to write, or the stream is gone.
    pub(crate) fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<()> {
        match &*self.0.borrow() {
            Some(stream) => stream.get_ref().0.poll_write_ready(cx).map(drop),
            None => Poll::Ready(()),
        }
    }

    /// Takes the stream away from actix-http. It is not closed when actix-http drops its end.
    pub(crate) fn take(&self) -> Option<TlsConnection> {
        self.0.borrow_mut().take().map(TlsConnection::new)
    }
}

impl fmt::Debug for SharedTlsStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SharedTlsStream").finish_non_exhaustive()
    }
}

/// The stream as actix-http reads and writes it. Once the stream is taken away, it is at its end.
#[derive(Debug)]
pub(crate) struct HttpTlsStream(SharedTlsStream);

impl HttpTlsStream {
    pub(crate) fn new(stream: TlsStream<TcpStream>) -> Self {
        Self(SharedTlsStream::new(stream))
    }

    pub(crate) fn share(&self) -> SharedTlsStream {
        self.0.clone()
    }

    fn with<R>(
        &self,
        f: impl FnOnce(Pin<&mut TlsStream<TcpStream>>) -> R,
        taken: impl FnOnce() -> R,
    ) -> R {
        match &mut *self.0.0.borrow_mut() {
            Some(stream) => f(Pin::new(stream)),
            None => taken(),
        }
    }
}

/// A request may outlive its connection, and has the connection's data. So the stream is closed
/// here, and not when the last share of it is dropped.
impl Drop for HttpTlsStream {
    fn drop(&mut self) {
        drop(self.0.0.take());
    }
}

impl AsyncRead for HttpTlsStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.with(|stream| stream.poll_read(cx, buffer), || Poll::Ready(Ok(())))
    }
}

impl AsyncWrite for HttpTlsStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let taken = || Poll::Ready(Err(ErrorKind::NotConnected.into()));
        self.with(|stream| stream.poll_write(cx, bytes), taken)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|stream| stream.poll_flush(cx), || Poll::Ready(Ok(())))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|stream| stream.poll_shutdown(cx), || Poll::Ready(Ok(())))
    }
}
