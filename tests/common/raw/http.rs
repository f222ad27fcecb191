//! HTTP, written by hand.

use std::{
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
};

use serde_json::json;

use crate::wait::PATIENCE;

/// What makes a request a WebSocket handshake.
pub(crate) const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// An HTTP response.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Checks that this is Engine.IO's refusal of a request: code, message, and headers.
    #[track_caller]
    pub(crate) fn assert_refusal(&self, code: u8, message: &str) {
        assert_eq!(
            (self.status, &*self.body),
            (400, &*json!({"code": code, "message": message}).to_string())
        );
        assert_eq!(self.header("content-type"), Some("application/json"));
        assert_eq!(self.header("cache-control"), Some("no-store"));
    }

    /// Checks that this refuses a WebSocket handshake: the message alone, as Node sends it.
    #[track_caller]
    pub(crate) fn assert_websocket_refusal(&self, message: &str) {
        assert_eq!((self.status, &*self.body), (400, message));
        assert_eq!(self.header("content-type"), Some("text/html"));
    }

    #[track_caller]
    pub(crate) fn assert_unknown_session(&self) {
        self.assert_refusal(1, "Session ID unknown");
    }

    /// Checks that this answers a poll with these packets.
    #[track_caller]
    pub(crate) fn assert_poll(&self, packets: &[&str]) {
        assert_eq!((self.status, &*self.body), (200, &*packets.join("\x1e")));
        assert_eq!(self.header("content-type"), Some("text/plain; charset=UTF-8"));
        assert_eq!(self.header("cache-control"), Some("no-store"));
    }

    /// Checks that this answers a POST that the server has read.
    #[track_caller]
    pub(crate) fn assert_ok(&self) {
        assert_eq!((self.status, &*self.body), (200, "ok"));
        assert_eq!(self.header("content-type"), Some("text/html"));
        assert_eq!(self.header("cache-control"), Some("no-store"));
    }

    /// Checks that this has a status and nothing else.
    #[track_caller]
    pub(crate) fn assert_status_only(&self, status: u16) {
        assert_eq!((self.status, &*self.body), (status, ""));
        assert_eq!(self.header("cache-control"), Some("no-store"));
    }
}

/// A TCP connection on which HTTP is written by hand.
pub(crate) struct HttpConnection {
    stream: BufReader<TcpStream>,
}

impl HttpConnection {
    #[track_caller]
    pub(crate) fn open(addr: SocketAddr) -> Self {
        Self::on(TcpStream::connect(addr).expect("the server listens"))
    }

    pub(crate) fn on(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_nodelay(true).expect("no delay");
        Self { stream: BufReader::new(stream) }
    }

    pub(crate) fn stream(&self) -> &TcpStream {
        self.stream.get_ref()
    }

    /// What comes after the parts that were read already.
    pub(crate) fn reader(&mut self) -> &mut impl Read {
        &mut self.stream
    }

    #[track_caller]
    pub(crate) fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.get_mut().write_all(bytes.as_ref()).expect("the server reads");
    }

    /// Writes bytes that the server may have stopped reading.
    pub(crate) fn try_write(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.get_mut().write_all(bytes.as_ref());
    }

    /// Reads a line, without its end. Each byte is one character, since a header may have any.
    #[track_caller]
    pub(crate) fn line(&mut self) -> String {
        let mut line = Vec::new();
        self.stream.read_until(b'\n', &mut line).expect("the server answers");
        let line = line.strip_suffix(b"\r\n");
        let line = line.expect("the connection stays open until the end of the line");
        line.iter().copied().map(char::from).collect()
    }

    /// Reads the status line and the headers of a response.
    #[track_caller]
    pub(crate) fn head(&mut self) -> Response {
        let status = self.line();
        let status = ["HTTP/1.1 ", "HTTP/1.0 "]
            .iter()
            .find_map(|version| status.strip_prefix(version))
            .expect("an HTTP response")[..3]
            .parse()
            .expect("a status");
        let mut headers = Vec::new();
        loop {
            let line = self.line();
            if line.is_empty() {
                return Response { status, headers, body: String::new() };
            }
            let (name, value) = line.split_once(':').expect("a header");
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    #[track_caller]
    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.stream.read_exact(&mut bytes).expect("the server sends everything");
        bytes
    }

    /// Reads one response, and nothing after it.
    #[track_caller]
    pub(crate) fn response(&mut self) -> Response {
        let mut response = self.head();
        assert_eq!(response.header("transfer-encoding"), None);
        let length = response
            .header("content-length")
            .unwrap_or_else(|| panic!("no length: {response:?}"))
            .parse()
            .expect("a number");
        response.body = String::from_utf8(self.bytes(length)).expect("UTF-8");
        response
    }

    /// Whether there is nothing to read, not even the end. Does not wait.
    pub(crate) fn is_quiet(&mut self) -> bool {
        self.stream().set_nonblocking(true).expect("a socket");
        let read = self.stream.fill_buf().map(<[u8]>::len);
        self.stream().set_nonblocking(false).expect("a socket");
        matches!(read, Err(error) if error.kind() == ErrorKind::WouldBlock)
    }

    /// Breaks the connection off.
    pub(crate) fn break_off(self) {
        // A client with no unread bytes sends a FIN and no reset.
        let _ = self.stream().shutdown(Shutdown::Both);
    }
}

/// The request line and headers of a request without a body.
pub(crate) fn request(method: &str, query: &str, headers: &str) -> String {
    format!("{method} /socket.io/?{query} HTTP/1.1\r\nHost: test\r\n{headers}\r\n")
}

/// Sends one request on a connection of its own.
#[track_caller]
pub(crate) fn ask(
    addr: SocketAddr,
    method: &str,
    query: &str,
    headers: &str,
    body: &[u8],
) -> Response {
    let mut http = HttpConnection::open(addr);
    let length = if body.is_empty() && method != "POST" {
        String::new()
    } else {
        format!("Content-Length: {}\r\n", body.len())
    };
    http.write(request(method, query, &format!("{headers}{length}")));
    http.write(body);
    http.response()
}
