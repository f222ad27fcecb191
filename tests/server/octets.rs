//! HTTP responses and WebSocket frames as bytes, for tests of compressed and binary data.

use std::net::SocketAddr;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};

use crate::raw::{HttpConnection, UPGRADE, WebSocket, frame};

/// An HTTP response whose body may be binary.
#[derive(Debug)]
pub(crate) struct ByteResponse {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl ByteResponse {
    /// The value of a header that comes at most once.
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let values = self.headers(name);
        assert!(values.len() < 2, "{name}: {values:?}");
        values.first().copied()
    }

    pub(crate) fn headers(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(known, _)| known == name).map(|(_, value)| &**value).collect()
    }

    #[track_caller]
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }

    /// The session's id, in the response to a handshake.
    #[track_caller]
    pub(crate) fn sid(&self) -> String {
        assert_eq!(self.status, 200, "{self:?}");
        let (_, after) = self.text().split_once(r#""sid":""#).expect("an open packet");
        after.split_once('"').expect("an id").0.to_owned()
    }
}

#[track_caller]
fn head(http: &mut HttpConnection) -> ByteResponse {
    let head = http.head();
    ByteResponse { status: head.status, headers: head.headers, body: Vec::new() }
}

/// Sends one request on a connection of its own. `target` is a path with its query. Each header
/// ends in `\r\n`.
#[track_caller]
pub(crate) fn ask(
    addr: SocketAddr,
    method: &str,
    target: &str,
    headers: &str,
    body: &[u8],
) -> ByteResponse {
    let mut http = HttpConnection::open(addr);
    let mut request = format!("{method} {target} HTTP/1.1\r\nHost: test\r\n{headers}").into_bytes();
    if method == "POST" || !body.is_empty() {
        request.extend(format!("Content-Length: {}\r\n", body.len()).bytes());
    }
    request.extend(b"\r\n");
    request.extend(body);
    http.write(request);
    let mut response = head(&mut http);
    if ![101, 204, 304].contains(&response.status) {
        let length = response.header("content-length").expect("a length");
        response.body = http.bytes(length.parse().expect("a number"));
    }
    response
}

#[track_caller]
pub(crate) fn get(addr: SocketAddr, target: &str, headers: &str) -> ByteResponse {
    ask(addr, "GET", target, headers, b"")
}

/// A WebSocket that shows each frame as it is.
pub(crate) struct FrameSocket(WebSocket);

impl FrameSocket {
    /// Opens a WebSocket. Also returns the response to its handshake. Frames are not read yet.
    #[track_caller]
    pub(crate) fn open(addr: SocketAddr, query: &str, headers: &str) -> (ByteResponse, Self) {
        let mut http = HttpConnection::open(addr);
        http.write(crate::raw::request("GET", query, &format!("{UPGRADE}{headers}")));
        let response = head(&mut http);
        assert_eq!(response.status, 101, "{response:?}");
        (response, Self(WebSocket::after_handshake(http)))
    }

    /// Opens a WebSocket without an extension and joins the main namespace.
    #[track_caller]
    pub(crate) fn open_and_join(addr: SocketAddr, query: &str) -> Self {
        let (_, mut socket) = Self::open(addr, query, "");
        socket.join();
        socket
    }

    /// Joins the main namespace.
    #[track_caller]
    pub(crate) fn join(&mut self) {
        self.assert_starts_with(0x81, br#"0{"sid":""#);
        self.send(0x81, b"40");
        self.assert_starts_with(0x81, br#"40{"sid":""#);
    }

    #[track_caller]
    fn assert_starts_with(&mut self, first: u8, beginning: &[u8]) {
        let (head, data) = self.next();
        assert!(
            head == first && data.starts_with(beginning),
            "{head:#x} {:?}",
            String::from_utf8_lossy(&data)
        );
    }

    /// Sends a frame which begins with this byte: FIN, reserved bits, opcode.
    #[track_caller]
    pub(crate) fn send(&mut self, first: u8, data: &[u8]) {
        self.send_raw(&frame(first, data));
    }

    #[track_caller]
    pub(crate) fn send_raw(&mut self, bytes: &[u8]) {
        self.0.send_raw(bytes);
    }

    /// The first byte and the payload of the next frame.
    #[track_caller]
    pub(crate) fn next(&mut self) -> (u8, Vec<u8>) {
        self.0.frame().unwrap_or_else(|end| panic!("expected a frame, received {end:?}"))
    }

    /// Checks that the next frame is this text, not compressed.
    #[track_caller]
    pub(crate) fn assert_text(&mut self, text: &str) {
        let (head, data) = self.next();
        assert_eq!((head, &*String::from_utf8_lossy(&data)), (0x81, text));
    }

    /// Checks that the server closes the WebSocket, with this code or without one.
    #[track_caller]
    pub(crate) fn assert_closed(&mut self, expected: Option<u16>) {
        let (head, data) = self.next();
        let code = data.first_chunk().map(|code| u16::from_be_bytes(*code));
        assert_eq!((head, code), (0x88, expected), "{:?}", String::from_utf8_lossy(&data));
    }
}

/// The end of a flushed message, which is not sent (RFC 7692 §7.2.1).
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

/// Compresses a message without any context.
pub(crate) fn deflate(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 64);
    let mut compress = Compress::new(Compression::default(), false);
    compress.compress_vec(message, &mut out, FlushCompress::Sync).expect("it can be compressed");
    assert!(compress.total_in() == message.len() as u64 && out.ends_with(&TAIL));
    out.truncate(out.len() - TAIL.len());
    out
}

/// Reverses [`deflate`].
pub(crate) fn inflate(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(1 << 20);
    let whole = [message, &TAIL].concat();
    let mut decompress = Decompress::new(false);
    decompress.decompress_vec(&whole, &mut out, FlushDecompress::Sync).expect("deflated data");
    assert!(
        decompress.total_in() == whole.len() as u64 && out.len() < out.capacity(),
        "the whole message was inflated"
    );
    out
}
