//! A request to another server, and its answer: HTTP/1.1, with actix-http's codec.

use std::{
    cell::RefCell,
    future::poll_fn,
    io::{self, ErrorKind},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use actix_http::{
    ConnectionType, RequestHead, RequestHeadType, ResponseHead, ServiceConfig,
    body::BodySize,
    h1::{ClientCodec, Message},
};
use actix_web::{
    dev::Payload,
    http::{StatusCode, header},
    web::BytesMut,
};
use futures_core::Stream as _;
use socket2::{SockRef, TcpKeepalive};
use tokio::{io::AsyncWriteExt, net::TcpStream, time::timeout};
use tokio_util::codec::{Decoder as _, Encoder as _};

use crate::{model::NodeAddress, stats::ForwardFailure};

/// When TCP asks whether the other machine is still there, and how often it asks again. A poll
/// waits for minutes otherwise, if the machine is gone without a word.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(5));

thread_local! {
    /// A codec's settings have a clock for `Date` of their own, which is shared here.
    static SETTINGS: RefCell<ServiceConfig> = RefCell::default();
}

fn codec() -> ClientCodec {
    ClientCodec::new(SETTINGS.with_borrow(ServiceConfig::clone))
}

/// A connection to another server.
#[derive(Debug)]
pub(super) struct NodeConnection {
    pub(super) stream: TcpStream,
    /// Bytes that were read, and are not used yet.
    pub(super) read: BytesMut,
}

/// The answer of another server. Its body is still to be read.
pub(super) struct NodeAnswer {
    pub(super) head: ResponseHead,
    pub(super) codec: ClientCodec,
    pub(super) connection: NodeConnection,
    /// Whether the connection can be used for another request, once the body is read.
    pub(super) is_reusable: bool,
}

impl NodeConnection {
    /// Connects to another server.
    ///
    /// # Errors
    /// It refuses the connection, or does not accept it in time.
    pub(super) async fn open(
        address: &NodeAddress,
        limit: Duration,
        tcp_timeout: Duration,
    ) -> Result<Self, ForwardFailure> {
        let connecting = TcpStream::connect((address.host(), address.port()));
        let Ok(Ok(stream)) = timeout(limit, connecting).await else {
            return Err(ForwardFailure::Unreachable);
        };
        prepare(&stream, tcp_timeout).map_err(|_| ForwardFailure::Unreachable)?;
        Ok(Self { stream, read: BytesMut::new() })
    }

    /// Whether the other end is open, and has sent nothing that was not asked for.
    pub(super) fn is_quiet(&self) -> bool {
        let read = self.stream.try_read(&mut [0]);
        self.read.is_empty() && read.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }

    /// Reads more bytes. Returns `false` at the end of the stream.
    pub(super) fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        loop {
            ready!(self.stream.poll_read_ready(cx))?;
            match self.stream.try_read_buf(&mut self.read) {
                Ok(count) => return Poll::Ready(Ok(count > 0)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

fn prepare(stream: &TcpStream, tcp_timeout: Duration) -> io::Result<()> {
    let (first, again) = KEEPALIVE;
    let socket = SockRef::from(stream);
    socket.set_tcp_nodelay(true)?;
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(first).with_interval(again))?;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    socket.set_tcp_user_timeout(Some(tcp_timeout))?;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = tcp_timeout;
    Ok(())
}

/// Sends a request, and returns its answer as soon as there is one. The other server may answer
/// before it has read the body: the rest then stays in `body`.
///
/// # Errors
/// The connection is lost before, or the answer is not HTTP.
pub(super) async fn exchange(
    mut connection: NodeConnection,
    head: RequestHead,
    body: &mut Payload,
    size: BodySize,
) -> Result<NodeAnswer, ForwardFailure> {
    let NodeConnection { stream, read } = &mut connection;
    let (reader, mut writer) = stream.split();
    let mut decoder = codec();
    let (mut is_sent, mut is_whole) = (false, false);
    let answer = {
        let mut sending = Box::pin(send(&mut writer, head, body, size));
        let mut decode = |read: &mut BytesMut| loop {
            match decoder.decode(read) {
                Ok(Some(head)) if head.status == StatusCode::CONTINUE => {}
                Ok(head) => break Ok(head),
                Err(_) => break Err(ForwardFailure::Broken),
            }
        };
        poll_fn(|cx| {
            if !is_sent && let Poll::Ready(sent) = sending.as_mut().poll(cx) {
                // If the other server closes its end, there may be an answer nonetheless.
                (is_sent, is_whole) = (true, sent.is_ok());
                if let Err(Unsent::Body) = sent {
                    return Poll::Ready(Err(ForwardFailure::Broken));
                }
            }
            loop {
                if let Some(head) = decode(read)? {
                    return Poll::Ready(Ok(head));
                }
                let lost = |_| ForwardFailure::Broken;
                ready!(reader.as_ref().poll_read_ready(cx)).map_err(lost)?;
                match reader.as_ref().try_read_buf(read) {
                    Ok(0) => return Poll::Ready(Err(ForwardFailure::Broken)),
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(_) => return Poll::Ready(Err(ForwardFailure::Broken)),
                }
            }
        })
        .await
    };
    let head = answer?;
    let is_reusable = is_whole && head.connection_type() == ConnectionType::KeepAlive;
    Ok(NodeAnswer { head, codec: decoder, connection, is_reusable })
}

/// Why a request could not be sent as a whole.
enum Unsent {
    /// The client has broken its body off.
    Body,
    /// The other server reads no more.
    Connection,
}

async fn send(
    writer: &mut (impl AsyncWriteExt + Unpin),
    head: RequestHead,
    body: &mut Payload,
    size: BodySize,
) -> Result<(), Unsent> {
    let lost = |_: io::Error| Unsent::Connection;
    let (mut encoder, mut bytes) = (codec(), BytesMut::new());
    let item = Message::Item((RequestHeadType::Owned(head), size));
    encoder.encode(item, &mut bytes).map_err(lost)?;
    writer.write_all(&bytes).await.map_err(lost)?;
    if matches!(size, BodySize::None | BodySize::Sized(0)) {
        return Ok(());
    }
    while let Some(chunk) = poll_fn(|cx| Pin::new(&mut *body).poll_next(cx)).await {
        bytes.clear();
        let chunk = chunk.map_err(|_| Unsent::Body)?;
        encoder.encode(Message::Chunk(Some(chunk)), &mut bytes).map_err(lost)?;
        writer.write_all(&bytes).await.map_err(lost)?;
    }
    bytes.clear();
    // A body that ends before its length is broken off.
    encoder.encode(Message::Chunk(None), &mut bytes).map_err(|_| Unsent::Body)?;
    writer.write_all(&bytes).await.map_err(lost)
}

impl NodeAnswer {
    /// The length of the body, if the answer names it.
    pub(super) fn length(&self) -> Option<u64> {
        self.head.headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
    }
}
