//! A client that follows a script.
//!
//! A line of a script is an operation, after the conditions that restrict it: `polling` or
//! `websocket`, `ours` or `node`.
//!
//! | operation | meaning |
//! | --- | --- |
//! | `> packet` | the client sends this; `␞` joins several packets, which go in one body, or in one write |
//! | `< packet` | the next thing that the client receives |
//! | `> close` | the client sends a Close frame, which may have a status |
//! | `poll` | a poll begins; the server holds it from now on |
//! | `>> packet`, `<< packet` | the same on a second WebSocket, which the first `>>` opens |
//! | `ask method query` | an HTTP request of its own, or a WebSocket handshake; `<` receives the response |
//! | `end` | the server ends the session: it closes the WebSocket without a status, or forgets the session |
//! | `b64` | the client supports no binary data |
//! | `beating` | the session is on a server with a short heartbeat |
//! | `old`, `old 3` | the session is on a server that accepts clients of Socket.IO 2; with `3`, the client is one |
//!
//! A poll after the `end` may still receive `1`, and from Node `6` before it. Where only one of
//! these is possible, the script says so. A conversation that has not ended closes with one more
//! echo, so that no packet stays unread.
//!
//! Packets are Engine.IO's, as they are in a polling body. `b` and base64 is a binary message on a
//! WebSocket, and `text b` a text message that begins with `b`. `…` is an id of 20 characters,
//! `closed` is a Close frame with or without a status, and a status with a body is an HTTP response
//! other than 200.

use std::{collections::VecDeque, net::SocketAddr};

use crate::{
    raw::{HttpConnection, Response, UPGRADE, WebSocket},
    servers::{Ports, TRANSPORTS},
    transcript::{
        UNKNOWN_SESSION, expand, mask_ids, one_line, open_websocket, read_body, read_response,
        receive, request_head, send_close, send_packets, send_request, sid_in,
    },
};

/// A client that follows a script.
pub(crate) struct Player {
    ports: Ports,
    addr: SocketAddr,
    eio: &'static str,
    /// Added to each query.
    query: &'static str,
    transport: &'static str,
    /// The id of the session.
    sid: String,
    /// A poll that the server holds.
    poll: Option<HttpConnection>,
    /// Received, but not compared yet.
    received: VecDeque<String>,
    websocket: Option<WebSocket>,
    second_websocket: Option<WebSocket>,
    is_open: bool,
    has_joined: bool,
    is_over: bool,
}

/// The operation and the text of a line, if its conditions hold.
fn parse<'a>(line: &'a str, conditions: &[&str]) -> Option<(&'a str, &'a str)> {
    let mut rest = line;
    let mut applies = true;
    loop {
        let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
        if !["node", "ours", "polling", "websocket"].contains(&word) {
            return applies.then_some((word, after.trim_start()));
        }
        applies &= conditions.contains(&word);
        rest = after.trim_start();
    }
}

impl Player {
    pub(crate) fn new(ports: Ports, transport: &str) -> Self {
        let transport =
            TRANSPORTS.into_iter().find(|known| *known == transport).expect("a transport");
        Self {
            ports,
            addr: ([127, 0, 0, 1], ports.plain).into(),
            eio: "4",
            query: "",
            transport,
            sid: String::new(),
            poll: None,
            received: VecDeque::new(),
            websocket: None,
            second_websocket: None,
            is_open: false,
            has_joined: false,
            is_over: false,
        }
    }

    /// Plays a script.
    ///
    /// # Panics
    /// The server deviates from the script.
    pub(crate) fn play(mut self, script: &str, conditions: &[&str]) {
        for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let Some((operation, text)) = parse(line, conditions) else { continue };
            match operation {
                "b64" => self.query = "&b64=1",
                "beating" => self.addr.set_port(self.ports.beating),
                "old" => {
                    self.addr.set_port(self.ports.old);
                    self.eio = if text == "3" { "3" } else { "4" };
                }
                _ => {
                    if !self.is_open && operation != "ask" && self.received.is_empty() {
                        self.open();
                        self.is_open = true;
                    }
                    self.step(line, operation, &expand(text), conditions);
                }
            }
        }
        if self.has_joined && !self.is_over {
            self.send(r#"4299["echo","that was all"]"#);
            let received = self.receive();
            assert!(received == r#"4399["that was all"]"#, "at the end\nreceived {received}");
        }
    }

    fn step(&mut self, line: &str, operation: &str, text: &str, conditions: &[&str]) {
        match operation {
            ">" if text.starts_with("close") => {
                send_close(self.websocket.as_mut().expect("a WebSocket"), text);
            }
            ">" => self.send(text),
            "<" => self.expect(line, text),
            "poll" => self.begin_poll(),
            ">>" => self.send_on_second_websocket(text),
            "<<" => {
                let websocket = self.second_websocket.as_mut().expect("a second WebSocket");
                let received = receive(websocket);
                assert!(received == text, "{line}\nreceived {received}");
            }
            "ask" => self.ask(text),
            "end" => {
                self.expect_end(line, conditions);
                self.is_over = true;
            }
            _ => panic!("unknown operation: {line}"),
        }
    }

    fn path(&self, transport: &str) -> String {
        let sid = if self.sid.is_empty() { String::new() } else { format!("&sid={}", self.sid) };
        format!("/socket.io/?EIO={}&transport={transport}{}{sid}", self.eio, self.query)
    }

    fn open(&mut self) {
        let path = self.path(self.transport);
        if self.transport == "websocket" {
            self.websocket = Some(open_websocket(self.addr, &path));
            return;
        }
        let mut http = send_request(self.addr, "GET", &path, "", b"");
        let response = read_response(&mut http);
        self.take_packets(&response);
        self.sid = sid_in(self.received.front().expect("an open packet"));
    }

    fn send(&mut self, packets: &str) {
        if let Some(websocket) = &mut self.websocket {
            return send_packets(websocket, packets);
        }
        let packets: Vec<&str> =
            packets.split('␞').map(|packet| packet.trim_start_matches("text ")).collect();
        let body = match self.eio {
            "3" => packets
                .iter()
                .map(|packet| format!("{}:{packet}", packet.encode_utf16().count()))
                .collect(),
            _ => packets.join("\x1e"),
        };
        let path = self.path("polling");
        let response =
            read_response(&mut send_request(self.addr, "POST", &path, "", body.as_bytes()));
        if response.status == 200 {
            response.assert_ok();
        } else {
            self.received.push_back(one_line(&response));
        }
    }

    fn send_on_second_websocket(&mut self, text: &str) {
        let path = self.path("websocket");
        let addr = self.addr;
        let websocket = self.second_websocket.get_or_insert_with(|| open_websocket(addr, &path));
        send_packets(websocket, text);
        if text == "5" {
            self.websocket = self.second_websocket.take();
        }
    }

    fn expect(&mut self, line: &str, text: &str) {
        let received = self.receive();
        self.has_joined |= received.starts_with("40{");
        self.is_over = received.starts_with("closed") || received == UNKNOWN_SESSION;
        let is_open = text == "OPEN" && received.starts_with(r#"0{"sid":"…","upgrades":["#);
        assert!(received == text || is_open, "{line}\nreceived {received}");
    }

    /// The next packet or response, with its ids masked.
    fn receive(&mut self) -> String {
        if let Some(received) = self.received.pop_front() {
            return mask_ids(&received);
        }
        if let Some(websocket) = &mut self.websocket {
            let received = receive(websocket);
            if received.starts_with('0') {
                self.sid = sid_in(&received);
            }
            return mask_ids(&received);
        }
        let path = self.path("polling");
        let poll = self.poll.take();
        let mut http = poll.unwrap_or_else(|| send_request(self.addr, "GET", &path, "", b""));
        let response = read_response(&mut http);
        self.take_packets(&response);
        mask_ids(&self.received.pop_front().expect("a response has at least one packet"))
    }

    /// Takes the packets out of the response to a poll.
    fn take_packets(&mut self, response: &Response) {
        if response.status != 200 {
            return self.received.push_back(one_line(response));
        }
        let content_type = response.header("content-type");
        assert_eq!(content_type, Some("text/plain; charset=UTF-8"), "{response:?}");
        assert_eq!(response.header("cache-control"), Some("no-store"), "{response:?}");
        if self.eio == "4" {
            return self.received.extend(response.body.split('\x1e').map(str::to_owned));
        }
        let mut rest = &*response.body;
        while let Some((length, after)) = rest.split_once(':') {
            let units: Vec<u16> =
                after.encode_utf16().take(length.parse().expect("a number")).collect();
            let packet = String::from_utf16(&units).expect("whole characters");
            rest = &after[packet.len()..];
            self.received.push_back(packet);
        }
        assert_eq!(rest, "", "each packet has a length");
    }

    /// Sends two requests together. The first is an unrequested pong: when it is answered, the
    /// server has begun to handle the poll.
    fn begin_poll(&mut self) {
        let mut http = HttpConnection::open(self.addr);
        let path = self.path("polling");
        let post = request_head("POST", &path, "Content-Length: 1\r\n") + "3";
        http.write(post + &request_head("GET", &path, ""));
        assert_eq!(read_response(&mut http).body, "ok");
        self.poll = Some(http);
    }

    fn ask(&mut self, text: &str) {
        let (method, query) = text.split_once(' ').expect("a method and a query");
        let path = format!("/socket.io/?{}", query.replace('…', &self.sid));
        let headers = if query.contains("transport=websocket") { UPGRADE } else { "" };
        let mut http = send_request(self.addr, method, &path, headers, b"");
        let head = http.head();
        let response = match head.status {
            101 => "101".to_owned(),
            _ => one_line(&read_body(&mut http, head)),
        };
        self.received.push_back(response);
    }

    fn expect_end(&mut self, line: &str, conditions: &[&str]) {
        if self.transport == "websocket" {
            let received = self.receive();
            assert!(received == "closed", "{line}\nreceived {received}");
            return;
        }
        let mut received = self.receive();
        if received == "6" && conditions.contains(&"node") {
            received = self.receive();
            assert!(received == "1", "{line}\nreceived {received}");
        }
        while received == "1" {
            received = self.receive();
        }
        assert!(received == UNKNOWN_SESSION, "{line}\nreceived {received}");
    }
}
