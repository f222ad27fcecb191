//! HTTP answers and WebSocket frames as the bytes that they are: compressed, or binary.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
};

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};

use crate::{
    app::PATIENCE,
    raw::{UPGRADE, frame},
};

/// An HTTP answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// The header's value. There must not be two.
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

    /// The session's id, in the answer to a handshake.
    #[track_caller]
    pub(crate) fn sid(&self) -> String {
        assert_eq!(self.status, 200, "{self:?}");
        let (_, after) = self.text().split_once(r#""sid":""#).expect("an open packet");
        after.split_once('"').expect("an id").0.to_owned()
    }
}

fn connect(addr: SocketAddr) -> BufReader<TcpStream> {
    let stream = TcpStream::connect(addr).expect("the server listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
    stream.set_nodelay(true).expect("no delay");
    BufReader::new(stream)
}

fn head(stream: &mut BufReader<TcpStream>) -> Reply {
    let mut line = || {
        let mut line = Vec::new();
        stream.read_until(b'\n', &mut line).expect("the server answers");
        let line = line.strip_suffix(b"\r\n").expect("the whole line");
        line.iter().copied().map(char::from).collect::<String>()
    };
    let status =
        line().strip_prefix("HTTP/1.1 ").expect("an HTTP answer")[..3].parse().expect("a status");
    let mut headers = Vec::new();
    loop {
        let line = line();
        let Some((name, value)) = line.split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    Reply { status, headers, body: Vec::new() }
}

/// One request on a connection of its own. `target` is a path with its query; each header ends in
/// `\r\n`.
#[track_caller]
pub(crate) fn ask(
    addr: SocketAddr,
    method: &str,
    target: &str,
    headers: &str,
    body: &[u8],
) -> Reply {
    let mut stream = connect(addr);
    let mut request = format!("{method} {target} HTTP/1.1\r\nHost: test\r\n{headers}").into_bytes();
    if method == "POST" || !body.is_empty() {
        request.extend(format!("Content-Length: {}\r\n", body.len()).bytes());
    }
    request.extend(b"\r\n");
    request.extend(body);
    stream.get_mut().write_all(&request).expect("the server reads");
    let mut reply = head(&mut stream);
    if ![101, 204, 304].contains(&reply.status) {
        let length: u64 =
            reply.header("content-length").expect("a length").parse().expect("a number");
        (&mut stream).take(length).read_to_end(&mut reply.body).expect("a body");
        assert_eq!(reply.body.len() as u64, length);
    }
    reply
}

#[track_caller]
pub(crate) fn get(addr: SocketAddr, target: &str, headers: &str) -> Reply {
    ask(addr, "GET", target, headers, b"")
}

/// A WebSocket, frame by frame.
pub(crate) struct Frames(BufReader<TcpStream>);

impl Frames {
    /// A WebSocket, and the answer to its handshake. Nothing of what comes is read yet.
    #[track_caller]
    pub(crate) fn open(addr: SocketAddr, query: &str, headers: &str) -> (Reply, Self) {
        let mut stream = connect(addr);
        let request =
            format!("GET /socket.io/?{query} HTTP/1.1\r\nHost: test\r\n{UPGRADE}{headers}\r\n");
        stream.get_mut().write_all(request.as_bytes()).expect("the server reads");
        let reply = head(&mut stream);
        assert_eq!(reply.status, 101, "{reply:?}");
        (reply, Self(stream))
    }

    /// A client in the main namespace, with no extension.
    #[track_caller]
    pub(crate) fn join(addr: SocketAddr, query: &str) -> Self {
        let (_, mut frames) = Self::open(addr, query, "");
        frames.joins();
        frames
    }

    /// Comes into the main namespace.
    #[track_caller]
    pub(crate) fn joins(&mut self) {
        self.says(0x81, br#"0{"sid":""#);
        self.send(0x81, b"40");
        self.says(0x81, br#"40{"sid":""#);
    }

    #[track_caller]
    fn says(&mut self, first: u8, beginning: &[u8]) {
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
        self.0.get_mut().write_all(bytes).expect("the server reads");
    }

    /// The first byte and the payload of the next frame.
    #[track_caller]
    pub(crate) fn next(&mut self) -> (u8, Vec<u8>) {
        let mut read = |count: usize| {
            let mut bytes = vec![0; count];
            self.0.read_exact(&mut bytes).expect("a whole frame");
            bytes
        };
        let head = read(2);
        let big_endian =
            |bytes: Vec<u8>| bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte));
        let length = match head[1] {
            126 => big_endian(read(2)),
            127 => big_endian(read(8)),
            short => usize::from(short),
        };
        (head[0], read(length))
    }

    /// The next frame is this text, not compressed.
    #[track_caller]
    pub(crate) fn is_text(&mut self, text: &str) {
        let (head, data) = self.next();
        assert_eq!((head, &*String::from_utf8_lossy(&data)), (0x81, text));
    }

    /// The server closes it with this code, or without.
    #[track_caller]
    pub(crate) fn is_closed(&mut self, code: Option<u16>) {
        let (head, data) = self.next();
        let told = data.first_chunk().map(|code| u16::from_be_bytes(*code));
        assert_eq!((head, told), (0x88, code), "{:?}", String::from_utf8_lossy(&data));
    }
}

/// What ends a flushed message, and is not sent (RFC 7692 §7.2.1).
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

/// A message, compressed by itself.
pub(crate) fn deflate(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 64);
    let mut compress = Compress::new(Compression::default(), false);
    compress.compress_vec(message, &mut out, FlushCompress::Sync).expect("it can be compressed");
    assert!(compress.total_in() == message.len() as u64 && out.ends_with(&TAIL));
    out.truncate(out.len() - TAIL.len());
    out
}

/// The message as it was before.
pub(crate) fn inflate(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(1 << 20);
    let whole = [message, &TAIL].concat();
    let mut decompress = Decompress::new(false);
    decompress.decompress_vec(&whole, &mut out, FlushDecompress::Sync).expect("it was compressed");
    assert!(
        decompress.total_in() == whole.len() as u64 && out.len() < out.capacity(),
        "it was not all"
    );
    out
}
