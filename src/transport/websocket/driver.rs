//! Both halves over a connection that was taken over: one task for each WebSocket.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    rc::Rc,
    sync::Arc,
    task::Poll,
};

use tokio::{
    sync::oneshot,
    task::yield_now,
    time::{sleep, timeout},
};

use super::{
    read_source::{ReadSource, Waiting},
    reader::{ClosedBy, Reader},
    stream::ConnectionStream,
    takeover::TakenStream,
    writer::Writer,
};
use crate::transport::Session;

/// Waits for the connection, and runs the WebSocket from then on to the end of the connection.
pub(super) async fn run(
    session: Arc<Session>,
    body: Writer,
    taken: oneshot::Receiver<TakenStream>,
    probes: bool,
) {
    let Some(TakenStream { stream, early }) = taken_over(&session, taken).await else { return };
    let (state, waiting) = (Rc::clone(&body.0), Waiting::default());
    let mut reader =
        Reader::new(Arc::clone(&session), state, ReadSource::Connection(&stream, &waiting), early);
    let parting = {
        let (reading, writing) = (pin!(reader.run(probes)), pin!(write(&stream, body, &session)));
        both(reading, writing, || waiting.is_over(&stream)).await
    };
    stream.detach_stream();
    if parting == ClosedBy::Server {
        // The client is to read why, which a connection that is closed while the client still sends
        // would keep it from.
        stream.shut_down();
        let _ = timeout(session.config.linger_timeout, reader.discard()).await;
    }
}

async fn taken_over(
    session: &Session,
    mut taken: oneshot::Receiver<TakenStream>,
) -> Option<TakenStream> {
    let taken = tokio::select! {
        taken = timeout(session.config.upgrade_timeout, &mut taken) => taken,
        // The client may have the answer already, and is to be told that it came for nothing.
        () = session.closed() => timeout(session.config.close_timeout, taken).await,
    };
    taken.ok()?.ok()
}

/// Reads and writes until all is written. Reads first, so that what comes of it leaves in the same
/// turn.
///
/// The halves are pinned by the caller: a future that takes others by value has room for them
/// twice, as long as it lives.
async fn both(
    mut reading: Pin<&mut impl Future<Output = ClosedBy>>,
    mut writing: Pin<&mut impl Future<Output = bool>>,
    may_read: impl Fn() -> bool,
) -> ClosedBy {
    let mut parting = None;
    let finished = poll_fn(|cx| {
        if parting.is_none()
            && may_read()
            && let Poll::Ready(word) = reading.as_mut().poll(cx)
        {
            parting = Some(word);
        }
        writing.as_mut().poll(cx)
    });
    if finished.await { parting.unwrap_or(ClosedBy::Server) } else { ClosedBy::Client }
}

/// Chunks after which others on this thread have a turn, however fast the peer reads and somebody
/// has more to say.
const CHUNKS_PER_TURN: usize = 64;

/// Writes what there is to write. `false`: the peer is gone, or reads too slowly for it.
async fn write(stream: &ConnectionStream, body: Writer, session: &Session) -> bool {
    // Most never wait for room, and have none for it.
    let mut limit = None;
    let mut turn = CHUNKS_PER_TURN;
    while let Some(mut chunk) = poll_fn(|cx| body.poll(cx)).await {
        while !chunk.is_empty() {
            let is_written = poll_fn(|cx| match stream.poll_write(&mut chunk, cx) {
                Poll::Pending => limit
                    .get_or_insert_with(|| Box::pin(patience(&body, session)))
                    .as_mut()
                    .poll(cx)
                    .map(|()| false),
                Poll::Ready(result) => Poll::Ready(result.is_ok()),
            });
            if !is_written.await {
                return false;
            }
        }
        turn -= 1;
        if turn == 0 {
            turn = CHUNKS_PER_TURN;
            yield_now().await;
        }
    }
    true
}

/// How long a session which is over may take to be written: what is left of it has `close_timeout`,
/// and one that was cut has nothing left.
async fn patience(body: &Writer, session: &Session) {
    session.closed().await;
    if !body.is_closed() {
        sleep(session.config.close_timeout).await;
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
    async fn a_session_that_is_over_before_its_connection_is_taken_says_goodbye_all_the_same() {
        for probes in [false, true] {
            let active_transport = if probes { Transport::Polling } else { Transport::WebSocket };
            let outbox = Outbox::new(active_transport, 1000, |_| {});
            let session = test_session(&outbox);
            let mut state = WriteState::new(false, Version::V4);
            if !probes {
                state.source = FrameSource::Outbox(Arc::clone(&session));
            }
            let body = Writer(Rc::new(RefCell::new(state)));
            let (taker, taken) = oneshot::channel();
            let running = rt::spawn(run(Arc::clone(&session), body, taken, probes));
            session.outbox.finish();
            session.close();
            yield_now().await;
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
            let connecting = TcpStream::connect(listener.local_addr().expect("an address"));
            let (client, accepted) = tokio::join!(connecting, listener.accept());
            let (mut client, (stream, _)) =
                (client.expect("a connection"), accepted.expect("its other end"));
            let stream = ConnectionStream::new(stream);
            taker
                .send(TakenStream { stream, early: BytesMut::new() })
                .unwrap_or_else(|_| panic!("nobody waits for it"));
            let mut heard = Vec::new();
            client.read_to_end(&mut heard).await.expect("an end");
            assert_eq!(heard, b"\x88\0", "a Close frame, probes: {probes}");
            drop(client);
            running.await.expect("it ends");
        }
    }
}
