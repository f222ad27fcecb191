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
    input::{Input, Waiting},
    reader::{Parting, Reader},
    stream::Stream,
    takeover::Taken,
    wire::Body,
};
use crate::transport::Link;

/// Waits for the connection, and runs the WebSocket from then on to the end of the connection.
pub(super) async fn run(
    link: Arc<Link>,
    body: Body,
    taken: oneshot::Receiver<Taken>,
    probes: bool,
) {
    let Some(Taken { stream, early }) = taken_over(&link, taken).await else { return };
    let (wire, waiting) = (Rc::clone(&body.0), Waiting::default());
    let mut reader =
        Reader::new(Arc::clone(&link), wire, Input::Connection(&stream, &waiting), early);
    let parting = {
        let (reading, writing) = (pin!(reader.run(probes)), pin!(write(&stream, body, &link)));
        both(reading, writing, || waiting.is_over(&stream)).await
    };
    stream.close_port();
    if parting == Parting::Ours {
        // The client is to read why, which a connection that is closed while the client still sends
        // would keep it from.
        stream.shut_down();
        let _ = timeout(link.config.linger_timeout, reader.discard()).await;
    }
}

async fn taken_over(link: &Link, mut taken: oneshot::Receiver<Taken>) -> Option<Taken> {
    let taken = tokio::select! {
        taken = timeout(link.config.upgrade_timeout, &mut taken) => taken,
        // The client may have the answer already, and is to be told that it came for nothing.
        () = link.closed() => timeout(link.config.close_timeout, taken).await,
    };
    taken.ok()?.ok()
}

/// Reads and writes until all is written. Reads first, so that what comes of it leaves in the same
/// turn.
///
/// The halves are pinned by the caller: a future that takes others by value has room for them
/// twice, as long as it lives.
async fn both(
    mut reading: Pin<&mut impl Future<Output = Parting>>,
    mut writing: Pin<&mut impl Future<Output = bool>>,
    may_read: impl Fn() -> bool,
) -> Parting {
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
    if finished.await { parting.unwrap_or(Parting::Ours) } else { Parting::Theirs }
}

/// Chunks after which others on this thread have a turn, however fast the peer reads and somebody
/// has more to say.
const TURN: usize = 64;

/// Writes what there is to write. `false`: the peer is gone, or reads too slowly for it.
async fn write(stream: &Stream, body: Body, link: &Link) -> bool {
    // Most never wait for room, and have none for it.
    let mut limit = None;
    let mut turn = TURN;
    while let Some(mut chunk) = poll_fn(|cx| body.poll(cx)).await {
        while !chunk.is_empty() {
            let is_written = poll_fn(|cx| match stream.poll_write(&mut chunk, cx) {
                Poll::Pending => limit
                    .get_or_insert_with(|| Box::pin(patience(&body, link)))
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
            turn = TURN;
            yield_now().await;
        }
    }
    true
}

/// How long a session which is over may take to be written: what is left of it has `close_timeout`,
/// and one that was cut has nothing left.
async fn patience(body: &Body, link: &Link) {
    link.closed().await;
    if !body.is_cut() {
        sleep(link.config.close_timeout).await;
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
        outbox::{Outbox, Transport},
        protocol::Version,
        transport::{
            link::unheard,
            websocket::wire::{Source, Wire},
        },
    };

    #[actix_web::test]
    async fn a_session_that_is_over_before_its_connection_is_taken_says_goodbye_all_the_same() {
        for probes in [false, true] {
            let holder = if probes { Transport::Polling } else { Transport::WebSocket };
            let outbox = Outbox::new(holder, 1000, |_| {});
            let link = unheard(&outbox);
            let mut wire = Wire::new(false, Version::V4);
            if !probes {
                wire.source = Source::Outbox(Arc::clone(&link));
            }
            let body = Body(Rc::new(RefCell::new(wire)));
            let (taker, taken) = oneshot::channel();
            let running = rt::spawn(run(Arc::clone(&link), body, taken, probes));
            link.outbox.finish();
            link.close();
            yield_now().await;
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
            let connecting = TcpStream::connect(listener.local_addr().expect("an address"));
            let (client, accepted) = tokio::join!(connecting, listener.accept());
            let (mut client, (stream, _)) =
                (client.expect("a connection"), accepted.expect("its other end"));
            let stream = Stream::new(stream);
            taker
                .send(Taken { stream, early: BytesMut::new() })
                .unwrap_or_else(|_| panic!("nobody waits for it"));
            let mut heard = Vec::new();
            client.read_to_end(&mut heard).await.expect("an end");
            assert_eq!(heard, b"\x88\0", "a Close frame, probes: {probes}");
            drop(client);
            running.await.expect("it ends");
        }
    }
}
