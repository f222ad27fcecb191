//! The task of a WebSocket whose TCP stream was taken over: it runs both halves.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    rc::Rc,
    sync::Arc,
    task::Poll,
};

use tokio::{sync::oneshot, task::yield_now};

use super::{
    read_source::{ReadGate, ReadSource},
    reader::{ClosedBy, Reader},
    stream::ConnectionStream,
    takeover::TakenStream,
    writer::Writer,
};
use crate::{
    deadline::{time_of_client, within},
    transport::Session,
};

/// Waits for the stream, and runs the WebSocket until the stream is closed.
pub(super) async fn run(
    session: Arc<Session>,
    writer: Writer,
    taken: oneshot::Receiver<TakenStream>,
    probes: bool,
) {
    let Some(TakenStream { stream, early }) = take_stream(&session, taken).await else { return };
    let (write_state, gate) = (Rc::clone(&writer.0), ReadGate::default());
    let source = ReadSource::Stream(&stream, &gate);
    let mut reader = Reader::new(Arc::clone(&session), write_state, source, early);
    let closed_by = {
        let (reading, writing) = (pin!(reader.run(probes)), pin!(write(&stream, writer, &session)));
        run_both(reading, writing, || gate.may_read(&stream)).await
    };
    stream.detach_stream();
    if closed_by == ClosedBy::Server {
        // If the stream were closed while the client still sends, the kernel would reset the
        // connection, and the client might not read the Close frame. So read until the client
        // closes, too.
        stream.shut_down();
        let _ = within(session.config.linger_timeout, reader.discard()).await;
    }
}

/// Waits until the answer to the handshake is written and the stream is handed over.
async fn take_stream(
    session: &Session,
    mut taken: oneshot::Receiver<TakenStream>,
) -> Option<TakenStream> {
    let taken = tokio::select! {
        taken = within(session.config.upgrade_timeout, &mut taken) => taken,
        // The client may have the answer already. Wait for the stream, to send a Close frame.
        () = session.closed() => within(session.config.close_timeout, taken).await,
    };
    taken?.ok()
}

/// Runs both halves until the writing half ends. The reading half is polled first, so that answers
/// to what it reads are written in the same poll.
///
/// The caller pins the halves. A future that takes other futures by value holds their memory twice.
async fn run_both(
    mut reading: Pin<&mut impl Future<Output = ClosedBy>>,
    mut writing: Pin<&mut impl Future<Output = bool>>,
    may_read: impl Fn() -> bool,
) -> ClosedBy {
    let mut closed_by = None;
    let finished = poll_fn(|cx| {
        if closed_by.is_none()
            && may_read()
            && let Poll::Ready(by) = reading.as_mut().poll(cx)
        {
            closed_by = Some(by);
        }
        writing.as_mut().poll(cx)
    });
    if finished.await { closed_by.unwrap_or(ClosedBy::Server) } else { ClosedBy::Client }
}

/// The number of chunks after which the task yields to others on its thread, however fast the
/// client reads and however much is queued.
const CHUNKS_PER_TURN: usize = 64;

/// Writes all chunks of the writer. Returns `false` if the client is gone, or did not read in time.
async fn write(stream: &ConnectionStream, writer: Writer, session: &Session) -> bool {
    // Made and boxed at the first write that has to wait. Most WebSockets never need it.
    let mut deadline = None;
    let mut chunks_left = CHUNKS_PER_TURN;
    while let Some(mut chunk) = poll_fn(|cx| writer.poll(cx)).await {
        while !chunk.is_empty() {
            let is_written = poll_fn(|cx| match stream.poll_write(&mut chunk, cx) {
                Poll::Pending => deadline
                    .get_or_insert_with(|| Box::pin(write_deadline(&writer, session)))
                    .as_mut()
                    .poll(cx)
                    .map(|()| false),
                Poll::Ready(result) => Poll::Ready(result.is_ok()),
            });
            if !is_written.await {
                return false;
            }
        }
        chunks_left -= 1;
        if chunks_left == 0 {
            chunks_left = CHUNKS_PER_TURN;
            yield_now().await;
        }
    }
    true
}

/// Waits until the session is closed and its last frames have had `close_timeout` to be written. A
/// session that was cut off has no frames left, and gets no time.
async fn write_deadline(writer: &Writer, session: &Session) {
    session.closed().await;
    if !writer.is_closed() {
        time_of_client(session.config.close_timeout).await;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use actix_web::rt;
    use bytes::BytesMut;
    use tokio::{
        io::AsyncReadExt,
        net::{TcpListener, TcpStream},
    };

    use super::*;
    use crate::{
        model::Transport,
        outbox::Outbox,
        protocol::Version,
        transport::{
            session::test_session,
            websocket::writer::{FrameSource, WriteState},
        },
    };

    #[actix_web::test]
    async fn a_session_that_ends_before_its_stream_is_taken_still_sends_a_close_frame() {
        for probes in [false, true] {
            let active_transport = if probes { Transport::Polling } else { Transport::WebSocket };
            let outbox = Outbox::new(active_transport, 1000, |_| {});
            let session = test_session(&outbox);
            let mut state = WriteState::new(false, Version::V4);
            if !probes {
                state.source = FrameSource::Outbox(Arc::clone(&session));
            }
            let writer = Writer(Rc::new(RefCell::new(state)));
            let (sender, taken) = oneshot::channel();
            let running = rt::spawn(run(Arc::clone(&session), writer, taken, probes));
            session.outbox.finish();
            session.close();
            yield_now().await;
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
            let connecting = TcpStream::connect(listener.local_addr().expect("an address"));
            let (client, accepted) = tokio::join!(connecting, listener.accept());
            let (mut client, (stream, _)) =
                (client.expect("a connection"), accepted.expect("its other end"));
            let stream = ConnectionStream::new(stream);
            sender
                .send(TakenStream { stream, early: BytesMut::new() })
                .unwrap_or_else(|_| panic!("the task waits for the stream"));
            let mut received = Vec::new();
            client.read_to_end(&mut received).await.expect("an end");
            assert_eq!(received, b"\x88\0", "a Close frame, probes: {probes}");
            drop(client);
            running.await.expect("the task completes");
        }
    }
}
