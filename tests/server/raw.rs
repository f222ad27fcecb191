//! The lowest level: bytes written and bytes read, by threads that block. Nothing here knows what
//! is legal.

use std::{
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use actix_socketio::SocketId;
use parking_lot::Mutex;
use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};

use crate::app::PATIENCE;

/// Waits until something is so.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "it never came to this: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

// ── HTTP ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

/// An HTTP answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Engine.IO's refusal: its code and its words, and the headers that go with it.
    #[track_caller]
    pub(crate) fn is_refusal(&self, code: u8, message: &str) {
        assert_eq!(
            (self.status, &*self.body),
            (400, &*json!({"code": code, "message": message}).to_string())
        );
        assert_eq!(self.header("content-type"), Some("application/json"));
        assert_eq!(self.header("cache-control"), Some("no-store"));
    }

    /// The same to who wants a WebSocket: the words alone, as Node has it.
    #[track_caller]
    pub(crate) fn is_websocket_refusal(&self, message: &str) {
        assert_eq!((self.status, &*self.body), (400, message));
        assert_eq!(self.header("content-type"), Some("text/html"));
    }

    #[track_caller]
    pub(crate) fn is_unknown_session(&self) {
        self.is_refusal(1, "Session ID unknown");
    }

    /// The answer to a poll: these packets.
    #[track_caller]
    pub(crate) fn is_poll(&self, packets: &[&str]) {
        assert_eq!((self.status, &*self.body), (200, &*packets.join("\x1e")));
        assert_eq!(self.header("content-type"), Some("text/plain; charset=UTF-8"));
        assert_eq!(self.header("cache-control"), Some("no-store"));
    }

    /// The answer to a POST that was read.
    #[track_caller]
    pub(crate) fn is_ok(&self) {
        assert_eq!((self.status, &*self.body), (200, "ok"));
        assert_eq!(self.header("content-type"), Some("text/html"));
        assert_eq!(self.header("cache-control"), Some("no-store"));
    }

    /// An answer with nothing but a status.
    #[track_caller]
    pub(crate) fn is_bare(&self, status: u16) {
        assert_eq!((self.status, &*self.body), (status, ""));
        assert_eq!(self.header("cache-control"), Some("no-store"));
    }
}

/// A TCP connection on which HTTP is written by hand.
pub(crate) struct Http {
    stream: BufReader<TcpStream>,
}

impl Http {
    pub(crate) fn open(addr: SocketAddr) -> Self {
        Self::on(TcpStream::connect(addr).expect("the server listens"))
    }

    fn on(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_nodelay(true).expect("no delay");
        Self { stream: BufReader::new(stream) }
    }

    pub(crate) fn stream(&self) -> &TcpStream {
        self.stream.get_ref()
    }

    #[track_caller]
    pub(crate) fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.get_mut().write_all(bytes.as_ref()).expect("the server reads");
    }

    /// Writes what the server may not care to read any more.
    pub(crate) fn try_write(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.get_mut().write_all(bytes.as_ref());
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).expect("the server answers");
        assert!(line.ends_with("\r\n"), "the connection ended within a head: {line:?}");
        line.truncate(line.len() - 2);
        line
    }

    #[track_caller]
    fn head(&mut self) -> Answer {
        let status = self.line();
        let status = ["HTTP/1.1 ", "HTTP/1.0 "]
            .iter()
            .find_map(|version| status.strip_prefix(version))
            .expect("an HTTP answer")[..3]
            .parse()
            .expect("a status");
        let mut headers = Vec::new();
        loop {
            let line = self.line();
            if line.is_empty() {
                return Answer { status, headers, body: String::new() };
            }
            let (name, value) = line.split_once(':').expect("a header");
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    /// Reads one answer, and exactly that.
    #[track_caller]
    pub(crate) fn answer(&mut self) -> Answer {
        let mut answer = self.head();
        assert_eq!(answer.header("transfer-encoding"), None);
        let length = answer
            .header("content-length")
            .unwrap_or_else(|| panic!("no length: {answer:?}"))
            .parse()
            .expect("a number");
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).expect("the whole body");
        answer.body = String::from_utf8(body).expect("UTF-8");
        answer
    }

    /// Whether there is anything to read, or the end. Does not wait.
    pub(crate) fn is_quiet(&mut self) -> bool {
        self.stream().set_nonblocking(true).expect("a socket");
        let read = self.stream.fill_buf().map(<[u8]>::len);
        self.stream().set_nonblocking(false).expect("a socket");
        matches!(read, Err(error) if error.kind() == ErrorKind::WouldBlock)
    }

    /// Breaks the connection off.
    pub(crate) fn break_off(self) {
        // A client that has nothing unread is gone with a FIN.
        let _ = self.stream().shutdown(Shutdown::Both);
    }
}

/// The request line and headers of a request without a body.
pub(crate) fn request(method: &str, query: &str, headers: &str) -> String {
    format!("{method} /socket.io/?{query} HTTP/1.1\r\nHost: test\r\n{headers}\r\n")
}

/// One request on a connection of its own.
#[track_caller]
pub(crate) fn ask(
    addr: SocketAddr,
    method: &str,
    query: &str,
    headers: &str,
    body: &[u8],
) -> Answer {
    let mut http = Http::open(addr);
    let length = if body.is_empty() && method != "POST" {
        String::new()
    } else {
        format!("Content-Length: {}\r\n", body.len())
    };
    http.write(request(method, query, &format!("{headers}{length}")));
    http.write(body);
    http.answer()
}

/// What makes a request a WebSocket handshake.
pub(crate) const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

// ── a session on long-polling ────────────────────────────────────────────────────────────────────────────────────────

/// A session on long-polling; each request has a connection of its own.
pub(crate) struct Polling {
    pub(crate) addr: SocketAddr,
    pub(crate) sid: String,
}

impl Polling {
    /// An Engine.IO session.
    #[track_caller]
    pub(crate) fn open(addr: SocketAddr) -> Self {
        let answer = ask(addr, "GET", "EIO=4&transport=polling", "", b"");
        assert_eq!(answer.status, 200, "{answer:?}");
        let open: Value =
            serde_json::from_str(answer.body.strip_prefix('0').expect("an open packet"))
                .expect("JSON");
        Self { addr, sid: open["sid"].as_str().expect("a sid").to_owned() }
    }

    /// A session in the main namespace; answers the socket's id, too.
    #[track_caller]
    pub(crate) fn join(addr: SocketAddr) -> (Self, SocketId) {
        let session = Self::open(addr);
        session.post("40").is_ok();
        let answer = session.get();
        (session, id_in(&answer.body))
    }

    pub(crate) fn query(&self) -> String {
        format!("EIO=4&transport=polling&sid={}", self.sid)
    }

    #[track_caller]
    pub(crate) fn get(&self) -> Answer {
        ask(self.addr, "GET", &self.query(), "", b"")
    }

    #[track_caller]
    pub(crate) fn post(&self, body: impl AsRef<[u8]>) -> Answer {
        ask(self.addr, "POST", &self.query(), "", body.as_ref())
    }

    /// A poll that is under way; its answer is still to be read.
    #[track_caller]
    pub(crate) fn begin_get(&self) -> Http {
        self.begin(&request("GET", &self.query(), ""))
    }

    /// A POST that is under way; its body is still to be written.
    #[track_caller]
    pub(crate) fn begin_post(&self, headers: &str) -> Http {
        self.begin(&request("POST", &self.query(), headers))
    }

    /// A POST that is under way, its body written; its answer is still to be read.
    #[track_caller]
    pub(crate) fn begin_post_of(&self, body: &str) -> Http {
        self.begin(
            &(request("POST", &self.query(), &format!("Content-Length: {}\r\n", body.len()))
                + body),
        )
    }

    /// Two requests at once: when the first, a pong that nobody asked for, is answered, the second
    /// is under way.
    #[track_caller]
    fn begin(&self, second: &str) -> Http {
        let mut http = Http::open(self.addr);
        http.write(request("POST", &self.query(), "Content-Length: 1\r\n") + "3" + second);
        http.answer().is_ok();
        http
    }

    /// It is heard, and hears.
    #[track_caller]
    pub(crate) fn goes_on(&self) {
        self.post(r#"427["echo","still here"]"#).is_ok();
        self.get().is_poll(&[r#"437["still here"]"#]);
    }

    /// Polls until the server knows it no more. A poll that comes just before is told to close.
    #[track_caller]
    pub(crate) fn is_forgotten(&self) {
        wait_until("the session is unknown", || {
            let answer = self.get();
            if answer.status == 200 {
                answer.is_poll(&["1"]);
                return false;
            }
            answer.is_unknown_session();
            true
        });
    }

    /// Says goodbye.
    #[track_caller]
    pub(crate) fn close(self) {
        self.post("1").is_ok();
    }
}

/// The socket's id in an answer to CONNECT.
#[track_caller]
fn id_in(packet: &str) -> SocketId {
    let json =
        packet.strip_prefix("40").unwrap_or_else(|| panic!("no answer to CONNECT: {packet:?}"));
    let answer: Value = serde_json::from_str(json).expect("JSON");
    answer["sid"].as_str().expect("a sid").parse().expect("an id")
}

// ── a session on a WebSocket ─────────────────────────────────────────────────────────────────────────────────────────

/// What comes over a WebSocket.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Text(String),
    Binary(Vec<u8>),
    /// A pong of the WebSocket's own.
    Pong(Vec<u8>),
    /// A Close frame with its code.
    Close(Option<u16>),
    /// The end of the TCP connection.
    End,
    /// The end of the TCP connection, within a frame.
    Cut,
}

/// A WebSocket whose frames are written byte by byte.
pub(crate) struct Ws {
    http: Http,
}

impl Ws {
    /// An Engine.IO session, on a WebSocket from the start.
    #[track_caller]
    pub(crate) fn open(addr: SocketAddr) -> Self {
        let mut ws = Self::handshake(Http::open(addr), "EIO=4&transport=websocket");
        ws.opened();
        ws
    }

    /// The same, with room for little that it does not read, or the server does not, at once.
    #[track_caller]
    pub(crate) fn open_with_small_buffers(addr: SocketAddr) -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        socket.set_recv_buffer_size(4096).expect("a small buffer");
        socket.set_send_buffer_size(65536).expect("a small buffer");
        socket.connect(&addr.into()).expect("the server listens");
        let mut ws = Self::handshake(Http::on(socket.into()), "EIO=4&transport=websocket");
        ws.opened();
        ws
    }

    /// The same, for a client which sends more before it can have read the answer to its handshake.
    #[track_caller]
    pub(crate) fn open_and_send(addr: SocketAddr, more: impl AsRef<[u8]> + Send + 'static) -> Self {
        let mut http = Http::open(addr);
        let mut writer = http.stream().try_clone().expect("a second handle");
        http.write(request("GET", "EIO=4&transport=websocket", UPGRADE));
        thread::spawn(move || writer.write_all(more.as_ref()).expect("the server reads"));
        let mut ws = Self::answered(http);
        ws.opened();
        ws
    }

    #[track_caller]
    fn opened(&mut self) {
        let open = self.text();
        assert!(open.starts_with(r#"0{"sid":""#), "{open}");
    }

    /// A WebSocket that wants to take over from polling.
    #[track_caller]
    pub(crate) fn probe(session: &Polling) -> Self {
        Self::handshake(
            Http::open(session.addr),
            &format!("EIO=4&transport=websocket&sid={}", session.sid),
        )
    }

    #[track_caller]
    fn handshake(mut http: Http, query: &str) -> Self {
        http.write(request("GET", query, UPGRADE));
        Self::answered(http)
    }

    #[track_caller]
    fn answered(mut http: Http) -> Self {
        let answer = http.head();
        assert_eq!(answer.status, 101, "{answer:?}");
        assert_eq!(
            answer.header("sec-websocket-accept"),
            Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
            "RFC 6455 §1.3"
        );
        Self { http }
    }

    pub(crate) fn stream(&self) -> &TcpStream {
        self.http.stream()
    }

    /// Comes into the main namespace; answers the socket's id.
    #[track_caller]
    pub(crate) fn join(&mut self) -> SocketId {
        self.send("40");
        id_in(&self.text())
    }

    /// Sends a text frame.
    #[track_caller]
    pub(crate) fn send(&mut self, text: &str) {
        self.http.write(frame(0x81, text.as_bytes()));
    }

    /// Sends any bytes.
    #[track_caller]
    pub(crate) fn send_raw(&mut self, bytes: impl AsRef<[u8]>) {
        self.http.write(bytes);
    }

    /// Sends what the server may not care to read any more.
    pub(crate) fn try_send_raw(&mut self, bytes: impl AsRef<[u8]>) {
        self.http.try_write(bytes);
    }

    /// A second handle, to write with while another thread reads.
    pub(crate) fn writer(&self) -> TcpStream {
        self.stream().try_clone().expect("a second handle")
    }

    /// What comes next. A reset counts as the end.
    #[track_caller]
    pub(crate) fn hear(&mut self) -> Heard {
        let mut head = [0; 2];
        match self.http.stream.read_exact(&mut head) {
            Ok(()) => {}
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset
                ) =>
            {
                return Heard::End;
            }
            Err(error) => panic!("nothing comes: {error}"),
        }
        assert_eq!(head[1] & 0x80, 0, "servers don't mask");
        let Some(data) = self.payload(head[1]) else { return Heard::Cut };
        match head[0] {
            0x81 => Heard::Text(String::from_utf8(data).expect("UTF-8")),
            0x82 => Heard::Binary(data),
            0x88 => Heard::Close(data.first_chunk().map(|code| u16::from_be_bytes(*code))),
            0x8a => Heard::Pong(data),
            other => panic!("a frame that starts with {other:#x}"),
        }
    }

    /// What a frame carries; nothing, if the connection ends within it.
    fn payload(&mut self, length: u8) -> Option<Vec<u8>> {
        let mut read = |count: usize| {
            let mut data = vec![0; count];
            self.http.stream.read_exact(&mut data).ok().map(|()| data)
        };
        let length = match length {
            126 => usize::from(u16::from_be_bytes(*read(2)?.first_chunk()?)),
            127 => usize::try_from(u64::from_be_bytes(*read(8)?.first_chunk()?)).ok()?,
            short => usize::from(short),
        };
        read(length)
    }

    /// The next packet; pings are answered, and not shown.
    #[track_caller]
    pub(crate) fn text(&mut self) -> String {
        loop {
            match self.hear() {
                Heard::Text(ping) if ping == "2" => self.send("3"),
                Heard::Text(text) => return text,
                other => panic!("a packet was expected: {other:?}"),
            }
        }
    }

    /// It is heard, and hears.
    #[track_caller]
    pub(crate) fn goes_on(&mut self) {
        self.send(r#"427["echo","still here"]"#);
        assert_eq!(self.text(), r#"437["still here"]"#);
    }

    /// The server closes it with this code. It ends the TCP connection when the client does, or
    /// after a second.
    #[track_caller]
    pub(crate) fn is_closed(&mut self, code: Option<u16>) {
        assert_eq!(self.hear(), Heard::Close(code));
    }
}

/// A WebSocket which a thread of its own reads, answering pings as they come. It is closed when
/// this is dropped.
pub(crate) struct Attended {
    stream: Arc<Mutex<TcpStream>>,
    texts: mpsc::Receiver<String>,
    pings: Arc<AtomicUsize>,
}

impl Attended {
    pub(crate) fn new(mut ws: Ws) -> Self {
        let stream = Arc::new(Mutex::new(ws.stream().try_clone().expect("a second handle")));
        let pings = Arc::<AtomicUsize>::default();
        let (sender, texts) = mpsc::channel();
        let (writer, pinged) = (Arc::clone(&stream), Arc::clone(&pings));
        thread::spawn(move || {
            while let Heard::Text(text) = ws.hear() {
                if text == "2" {
                    pinged.fetch_add(1, SeqCst);
                    // The connection may have ended meanwhile.
                    let _ = writer.lock().write_all(&frame(0x81, b"3"));
                } else if sender.send(text).is_err() {
                    return;
                }
            }
        });
        Self { stream, texts, pings }
    }

    #[track_caller]
    pub(crate) fn send(&self, text: &str) {
        self.stream.lock().write_all(&frame(0x81, text.as_bytes())).expect("the server reads");
    }

    /// The next packet that is no ping.
    #[track_caller]
    pub(crate) fn text(&self) -> String {
        self.texts.recv_timeout(PATIENCE).expect("a packet")
    }

    /// How many pings have come.
    pub(crate) fn pings(&self) -> usize {
        self.pings.load(SeqCst)
    }
}

impl Drop for Attended {
    fn drop(&mut self) {
        // The thread that reads then sees the end.
        let _ = self.stream.lock().shutdown(Shutdown::Both);
    }
}

/// A masked frame which begins with this byte: FIN, reserved bits, opcode.
pub(crate) fn frame(first: u8, data: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    let mut frame = frame_head(first, data.len() as u64);
    frame.extend(MASK);
    frame.extend(data.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// The first bytes of a masked frame, up to its length.
pub(crate) fn frame_head(first: u8, length: u64) -> Vec<u8> {
    let mut head = vec![first];
    match length {
        0..=125 => head.push(0x80 | length as u8),
        126..=0xffff => {
            head.push(0x80 | 126);
            head.extend((length as u16).to_be_bytes());
        }
        _ => {
            head.push(0x80 | 127);
            head.extend(length.to_be_bytes());
        }
    }
    head
}
