//! A connection that was taken over, for the task that runs it.

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

/// Bytes that are written at once, under the outbox's lock.
const PIECE: usize = 64 * 1024;

/// The connection, wherever it is. It is closed when this is dropped.
pub(super) struct ConnectionStream(RefCell<StreamOwner>);

enum StreamOwner {
    Here(TcpStream),
    /// In the outbox, where whoever publishes finds it.
    Outbox(Arc<Outbox>),
}

impl ConnectionStream {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self(RefCell::new(StreamOwner::Here(stream)))
    }

    /// Lets those who publish write to it while the outbox is waited for.
    pub(super) fn attach_stream(&self, outbox: &Arc<Outbox>) {
        let place = &mut *self.0.borrow_mut();
        if let StreamOwner::Here(stream) =
            mem::replace(place, StreamOwner::Outbox(Arc::clone(outbox)))
            && let Err(stream) = outbox.attach_stream(stream)
        {
            *place = StreamOwner::Here(stream);
        }
    }

    /// From now on, nobody else writes to it.
    pub(super) fn detach_stream(&self) {
        let place = &mut *self.0.borrow_mut();
        if let StreamOwner::Outbox(outbox) = place
            && let Some(stream) = outbox.detach_stream()
        {
            *place = StreamOwner::Here(stream);
        }
    }

    /// Reads as [`AsyncRead`](tokio::io::AsyncRead) does.
    pub(super) fn poll_read(
        &self,
        buffer: &mut [u8],
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        self.poll(|stream| {
            loop {
                ready!(stream.poll_read_ready(cx))?;
                let mut count = 0;
                let result = stream.try_io(Interest::READABLE, || {
                    count = (&*SockRef::from(stream)).read(buffer)?;
                    // Where there was room for more, it was all: not to be asked for again before
                    // more comes.
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

    /// Whether there may be something to read, by what the last events have said, without a system
    /// call.
    pub(super) fn is_readable(&self) -> bool {
        self.with(|stream| stream.try_io(Interest::READABLE, || Ok(())).is_ok()).unwrap_or(true)
    }

    /// Ready: there is room to write, or nobody there.
    pub(super) fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll(|stream| stream.poll_write_ready(cx))
    }

    /// Writes some of a chunk, at most [`PIECE`]: whoever has something for this client waits
    /// meanwhile.
    pub(super) fn poll_write(
        &self,
        chunk: &mut Bytes,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        self.poll(|stream| {
            loop {
                // There is room most of the time.
                match stream.try_write(&chunk[..chunk.len().min(PIECE)]) {
                    Ok(count) => {
                        chunk.advance(count);
                        return Poll::Ready(Ok(()));
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        ready!(stream.poll_write_ready(cx))?
                    }
                    Err(error) => return Poll::Ready(Err(error)),
                }
            }
        })
    }

    /// Nothing more is written.
    pub(super) fn shut_down(&self) {
        // One who has gone needs not to be told.
        let _ = self.with(|stream| SockRef::from(stream).shutdown(Shutdown::Write));
    }

    /// Nothing, if somebody else has closed the port; nobody does.
    fn with<R>(&self, does: impl FnOnce(&TcpStream) -> R) -> Option<R> {
        match &*self.0.borrow() {
            StreamOwner::Here(stream) => Some(does(stream)),
            StreamOwner::Outbox(outbox) => outbox.with_stream(does),
        }
    }

    fn poll<R>(&self, does: impl FnOnce(&TcpStream) -> Poll<io::Result<R>>) -> Poll<io::Result<R>> {
        self.with(does).unwrap_or_else(|| Poll::Ready(Err(ErrorKind::NotConnected.into())))
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
    async fn a_connection_ends_with_its_task_whoever_keeps_the_outbox() {
        let outbox = Outbox::new(Transport::WebSocket, 1000, |_| {});
        let (stream, mut client) = connection().await;
        stream.attach_stream(&outbox);
        drop(stream);
        assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
        assert!(outbox.detach_stream().is_none());
    }

    #[actix_web::test]
    async fn it_is_the_same_connection_wherever_it_is() {
        let outbox = Outbox::new(Transport::WebSocket, 1000, |_| {});
        let (stream, mut client) = connection().await;
        let (mut expected, mut got) = (Vec::new(), Vec::new());
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
        client.read_to_end(&mut got).await.unwrap();
        assert_eq!(got, expected);
    }

    #[actix_web::test]
    async fn no_more_than_a_piece_is_written_at_once() {
        let (stream, _client) = connection().await;
        let all = Bytes::from(vec![0; 1 << 20]);
        let mut rest = all.clone();
        std::future::poll_fn(|cx| stream.poll_write(&mut rest, cx)).await.unwrap();
        assert!((1..=PIECE).contains(&(all.len() - rest.len())), "{} are left", rest.len());
    }

    #[actix_web::test]
    async fn a_second_connection_of_a_session_stays_where_it_is() {
        let outbox = Outbox::new(Transport::WebSocket, 1000, |_| {});
        let ((first, mut client), (second, mut other)) = (connection().await, connection().await);
        first.attach_stream(&outbox);
        second.attach_stream(&outbox);
        drop(second);
        assert_eq!(other.read(&mut [0]).await.unwrap(), 0);
        first.shut_down();
        assert!(outbox.detach_stream().is_some(), "the first one is there still");
        assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
    }
}
