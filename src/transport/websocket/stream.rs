//! The stream of a WebSocket that was taken over, as its task uses it.

use std::{
    cell::RefCell,
    io::{self, ErrorKind, Read},
    mem,
    net::Shutdown,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use socket2::SockRef;
use tokio::{io::Interest, net::TcpStream};

use crate::outbox::Outbox;
#[cfg(feature = "tls")]
use crate::tls::TlsConnection;

/// The most bytes that are written in one system call. A stream in the outbox is written under the
/// outbox's lock, so this bounds how long a push waits for the lock.
const MAX_WRITE: usize = 64 * 1024;

/// The stream, whether it is here or in the outbox. It is closed when this is dropped.
pub(super) struct ConnectionStream(RefCell<StreamOwner>);

enum StreamOwner {
    Here(TcpStream),
    /// The stream is in the outbox, where registries write to it.
    Outbox(Arc<Outbox>),
    /// A TLS stream stays here. If registries encrypted under the outbox's lock, each push would
    /// wait for that.
    #[cfg(feature = "tls")]
    Tls(Box<TlsConnection>),
}

impl ConnectionStream {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self(RefCell::new(StreamOwner::Here(stream)))
    }

    #[cfg(feature = "tls")]
    pub(super) fn tls(stream: TlsConnection) -> Self {
        Self(RefCell::new(StreamOwner::Tls(Box::new(stream))))
    }

    /// Moves the stream into the outbox, so that others may write to it while the task waits for
    /// frames. The stream stays here if the outbox has another one already.
    pub(super) fn attach_stream(&self, outbox: &Arc<Outbox>) {
        let owner = &mut *self.0.borrow_mut();
        if !matches!(owner, StreamOwner::Here(_)) {
            return;
        }
        if let StreamOwner::Here(stream) =
            mem::replace(owner, StreamOwner::Outbox(Arc::clone(outbox)))
            && let Err(stream) = outbox.attach_stream(stream)
        {
            *owner = StreamOwner::Here(stream);
        }
    }

    /// Takes the stream back from the outbox. From now on, only the task writes to it.
    pub(super) fn detach_stream(&self) {
        let owner = &mut *self.0.borrow_mut();
        if let StreamOwner::Outbox(outbox) = owner
            && let Some(stream) = outbox.detach_stream()
        {
            *owner = StreamOwner::Here(stream);
        }
    }

    /// Reads into `buffer`, as [`AsyncRead`](tokio::io::AsyncRead) does.
    pub(super) fn poll_read(
        &self,
        buffer: &mut [u8],
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        #[cfg(feature = "tls")]
        if let StreamOwner::Tls(stream) = &mut *self.0.borrow_mut() {
            return stream.poll_read(buffer, cx);
        }
        self.poll(|stream| {
            loop {
                ready!(stream.poll_read_ready(cx))?;
                let mut count = 0;
                let result = stream.try_io(Interest::READABLE, || {
                    count = (&*SockRef::from(stream)).read(buffer)?;
                    // A read that does not fill the buffer has emptied the stream. `WouldBlock`
                    // clears tokio's readiness, which saves a read that would return nothing.
                    if (1..buffer.len()).contains(&count) {
                        Err(ErrorKind::WouldBlock.into())
                    } else {
                        Ok(())
                    }
                });
                match result {
                    Err(error) if error.kind() != ErrorKind::WouldBlock => {
                        return Poll::Ready(Err(error));
                    }
                    Err(_) if count == 0 => {}
                    _ => return Poll::Ready(Ok(count)),
                }
            }
        })
    }

    /// Whether there may be bytes to read, by the readiness that tokio has recorded. This makes no
    /// system call.
    pub(super) fn is_readable(&self) -> bool {
        #[cfg(feature = "tls")]
        if let StreamOwner::Tls(stream) = &*self.0.borrow() {
            return stream.is_readable();
        }
        self.with(|stream| stream.try_io(Interest::READABLE, || Ok(())).is_ok()).unwrap_or(true)
    }

    /// Ready if the stream has space to write, or is broken.
    pub(super) fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        #[cfg(feature = "tls")]
        if let StreamOwner::Tls(stream) = &*self.0.borrow() {
            return stream.poll_write_ready(cx);
        }
        self.poll(|stream| stream.poll_write_ready(cx))
    }

    /// Writes the beginning of a chunk, at most [`MAX_WRITE`] bytes, and removes it from the chunk.
    /// The next call must have the rest of the same chunk, if there is one.
    pub(super) fn poll_write(
        &self,
        chunk: &mut Bytes,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        #[cfg(feature = "tls")]
        if let StreamOwner::Tls(stream) = &mut *self.0.borrow_mut() {
            return stream.poll_write(chunk, MAX_WRITE, cx);
        }
        self.poll(|stream| {
            loop {
                // Try first: the kernel's buffer mostly has space.
                match stream.try_write(&chunk[..chunk.len().min(MAX_WRITE)]) {
                    Ok(count) => {
                        chunk.advance(count);
                        return Poll::Ready(Ok(()));
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        ready!(stream.poll_write_ready(cx))?;
                    }
                    Err(error) => return Poll::Ready(Err(error)),
                }
            }
        })
    }

    /// Closes the writing direction of the stream.
    pub(super) fn shut_down(&self) {
        #[cfg(feature = "tls")]
        if let StreamOwner::Tls(stream) = &mut *self.0.borrow_mut() {
            return stream.shut_down();
        }
        // This fails only if the client has gone already.
        let _ = self.with(|stream| SockRef::from(stream).shutdown(Shutdown::Write));
    }

    /// Calls `f` with the TCP stream. Returns `None` if the outbox does not have it, which does not
    /// happen: only this type detaches it. A TLS stream does not come here.
    fn with<R>(&self, f: impl FnOnce(&TcpStream) -> R) -> Option<R> {
        match &*self.0.borrow() {
            StreamOwner::Here(stream) => Some(f(stream)),
            StreamOwner::Outbox(outbox) => outbox.with_stream(f),
            #[cfg(feature = "tls")]
            StreamOwner::Tls(_) => None,
        }
    }

    fn poll<R>(&self, f: impl FnOnce(&TcpStream) -> Poll<io::Result<R>>) -> Poll<io::Result<R>> {
        self.with(f).unwrap_or_else(|| Poll::Ready(Err(ErrorKind::NotConnected.into())))
    }
}

impl Drop for ConnectionStream {
    fn drop(&mut self) {
        self.detach_stream();
    }
}

#[cfg(test)]
mod tests {
    use tokio::{io::AsyncReadExt, net::TcpListener};

    use super::*;
    use crate::model::Transport;

    async fn connection() -> (ConnectionStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let connecting = TcpStream::connect(listener.local_addr().unwrap());
        let (client, accepted) = tokio::join!(connecting, listener.accept());
        (ConnectionStream::new(accepted.unwrap().0), client.unwrap())
    }

    #[actix_web::test]
    async fn the_stream_closes_with_its_task_even_if_the_outbox_lives_on() {
        let outbox = Outbox::new(Transport::WebSocket, 1000, |_| {});
        let (stream, mut client) = connection().await;
        stream.attach_stream(&outbox);
        drop(stream);
        assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
        assert!(outbox.detach_stream().is_none());
    }

    #[actix_web::test]
    async fn it_is_the_same_stream_here_and_in_the_outbox() {
        let outbox = Outbox::new(Transport::WebSocket, 1000, |_| {});
        let (stream, mut client) = connection().await;
        let (mut expected, mut received) = (Vec::new(), Vec::new());
        let mut write = async |text: &'static str| {
            let mut chunk = Bytes::from_static(text.as_bytes());
            while !chunk.is_empty() {
                std::future::poll_fn(|cx| stream.poll_write(&mut chunk, cx)).await.unwrap();
            }
            expected.extend_from_slice(text.as_bytes());
        };
        write("here ").await;
        stream.attach_stream(&outbox);
        write("in the outbox ").await;
        stream.detach_stream();
        write("and back").await;
        stream.shut_down();
        client.read_to_end(&mut received).await.unwrap();
        assert_eq!(received, expected);
    }

    #[actix_web::test]
    async fn one_write_is_bounded() {
        let (stream, _client) = connection().await;
        let all = Bytes::from(vec![0; 1 << 20]);
        let mut rest = all.clone();
        std::future::poll_fn(|cx| stream.poll_write(&mut rest, cx)).await.unwrap();
        assert!((1..=MAX_WRITE).contains(&(all.len() - rest.len())), "{} are left", rest.len());
    }

    #[actix_web::test]
    async fn a_second_stream_of_a_session_is_not_attached() {
        let outbox = Outbox::new(Transport::WebSocket, 1000, |_| {});
        let ((first, mut client), (second, mut other)) = (connection().await, connection().await);
        first.attach_stream(&outbox);
        second.attach_stream(&outbox);
        drop(second);
        assert_eq!(other.read(&mut [0]).await.unwrap(), 0);
        first.shut_down();
        assert!(outbox.detach_stream().is_some(), "the first one is still attached");
        assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
    }
}
