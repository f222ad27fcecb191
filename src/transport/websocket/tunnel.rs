//! A WebSocket whose session is on another server of the cluster: bytes are carried in both
//! directions as they come.

use std::{
    cell::RefCell,
    future::poll_fn,
    io,
    pin::{Pin, pin},
    rc::Rc,
    task::{Context, Poll, ready},
};

use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, dev::Payload, rt, web::Bytes};
use futures_core::Stream;
use tokio::{net::TcpStream, sync::oneshot, time::timeout};

use super::{
    stream::ConnectionStream,
    takeover::{TakenStream, Takeover},
};
use crate::{config::Config, model::Slot};

/// The bytes that are read at a time.
const READ_SIZE: usize = 16 << 10;

thread_local! {
    /// All tunnels of a thread read into it, so that one without traffic has no buffer.
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_SIZE]);
}

/// The two ends of a tunnel.
pub(crate) struct TunnelEnds<'a> {
    pub(crate) request: &'a HttpRequest,
    pub(crate) payload: Payload,
    /// The connection to the other server, which has accepted the handshake.
    pub(crate) stream: TcpStream,
    /// Bytes of the other server that came with its answer.
    pub(crate) early: Bytes,
}

/// Opens a tunnel behind a response. `slot` is given back when it ends.
pub(crate) fn tunnel(
    ends: TunnelEnds<'_>,
    mut response: HttpResponseBuilder,
    config: &Config,
    slot: Slot,
) -> HttpResponse {
    let TunnelEnds { request, payload, stream, early } = ends;
    let node = ConnectionStream::new(stream);
    match Takeover::begin(request, payload, config.max_payload) {
        Ok((takeover, taken)) => {
            let (upgrade, linger) = (config.upgrade_timeout, config.linger_timeout);
            rt::spawn(async move {
                let taken = timeout(upgrade, taken).await;
                if let Ok(Ok(taken)) = taken {
                    carry(taken, &node, linger).await;
                }
                drop(slot);
            });
            response.body(takeover.with_first_frames(early))
        }
        Err(payload) => {
            let node = Rc::new(node);
            let (ended, is_ended) = oneshot::channel();
            rt::spawn(carry_payload(payload, Rc::clone(&node), is_ended));
            response.streaming(NodeBytes { node, early, _ended: ended, _slot: slot })
        }
    }
}

/// Carries bytes in both directions until one end is closed. Then the other one has `linger` to
/// close, too.
async fn carry(taken: TakenStream, node: &ConnectionStream, linger: std::time::Duration) {
    let TakenStream { stream: client, early } = taken;
    let mut up = pin!(pump(&client, node, early.freeze()));
    let mut down = pin!(pump(node, &client, Bytes::new()));
    tokio::select! {
        () = &mut up => {
            node.shut_down();
            let _ = timeout(linger, down).await;
        }
        () = &mut down => {
            client.shut_down();
            let _ = timeout(linger, up).await;
        }
    }
}

/// Carries bytes in one direction, until there are no more or they can't be written. It reads on
/// when everything before is written, so that a slow reader slows the sender down.
async fn pump(from: &ConnectionStream, to: &ConnectionStream, mut bytes: Bytes) {
    loop {
        while !bytes.is_empty() {
            if poll_fn(|cx| to.poll_write(&mut bytes, cx)).await.is_err() {
                return;
            }
        }
        match poll_fn(|cx| poll_bytes(from, cx)).await {
            Ok(more) if !more.is_empty() => bytes = more,
            _ => return,
        }
    }
}

/// Reads some bytes: none at the end of the stream.
fn poll_bytes(from: &ConnectionStream, cx: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
    BUFFER.with_borrow_mut(|buffer| {
        let count = ready!(from.poll_read(buffer, cx))?;
        Poll::Ready(Ok(Bytes::copy_from_slice(&buffer[..count])))
    })
}

/// Carries the client's bytes, where its connection stays with actix-http.
async fn carry_payload(
    mut payload: Payload,
    node: Rc<ConnectionStream>,
    mut is_ended: oneshot::Receiver<()>,
) {
    loop {
        let next = tokio::select! {
            _ = &mut is_ended => None,
            next = poll_fn(|cx| Pin::new(&mut payload).poll_next(cx)) => next,
        };
        let Some(Ok(mut bytes)) = next else { break };
        while !bytes.is_empty() {
            if poll_fn(|cx| node.poll_write(&mut bytes, cx)).await.is_err() {
                return;
            }
        }
    }
    node.shut_down();
}

/// The bytes of the other server, where the client's connection stays with actix-http.
struct NodeBytes {
    node: Rc<ConnectionStream>,
    early: Bytes,
    /// Dropped with this, which ends the other direction.
    _ended: oneshot::Sender<()>,
    _slot: Slot,
}

impl Stream for NodeBytes {
    type Item = io::Result<Bytes>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Bytes>>> {
        if !self.early.is_empty() {
            return Poll::Ready(Some(Ok(std::mem::take(&mut self.early))));
        }
        let bytes = ready!(poll_bytes(&self.node, cx));
        Poll::Ready(bytes.map(|bytes| Some(bytes).filter(|bytes| !bytes.is_empty())).transpose())
    }
}
