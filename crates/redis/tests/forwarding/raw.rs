//! HTTP, written by hand.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
};

use crate::common::PATIENCE;

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    /// All values of a header.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let named = self.headers.iter().filter(|(known, _)| known == name);
        named.map(|(_, value)| value.as_str()).collect()
    }

    #[track_caller]
    pub(crate) fn assert_unknown_session(&self) {
        let refusal = r#"{"code":1,"message":"Session ID unknown"}"#;
        assert_eq!((self.status, self.body.as_str()), (400, refusal));
    }

    #[track_caller]
    pub(crate) fn assert_ok(&self, body: &str) {
        assert_eq!((self.status, self.body.as_str()), (200, body));
    }
}

pub(crate) fn connect(addr: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(addr).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a valid time");
    stream.set_write_timeout(Some(PATIENCE)).expect("a valid time");
    stream
}

/// Reads an answer. Its body ends at its length, after its chunks, or with the connection.
pub(crate) fn read_answer(stream: TcpStream) -> Answer {
    let mut reader = BufReader::new(stream);
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a line of the head");
        line.trim_end().to_owned()
    };
    let status = line().split(' ').nth(1).and_then(|status| status.parse().ok());
    let mut headers = Vec::new();
    loop {
        let line = line();
        let Some((name, value)) = line.split_once(": ") else { break };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = Vec::new();
    match length.map(|(_, length)| length.parse::<u64>().expect("a number")) {
        Some(length) => reader.take(length).read_to_end(&mut body).expect("the body"),
        None => reader.read_to_end(&mut body).expect("the body"),
    };
    let body = String::from_utf8(body).unwrap_or_else(|bytes| format!("{bytes:?}"));
    Answer { status: status.expect("a status"), headers, body }
}

/// The head of a request to the endpoint.
pub(crate) fn head(method: &str, query: &str, headers: &str) -> String {
    format!("{method} /socket.io/?EIO=4&{query} HTTP/1.1\r\nHost: example.com\r\n{headers}\r\n")
}

pub(crate) fn get(addr: SocketAddr, query: &str, headers: &str) -> Answer {
    let mut stream = connect(addr);
    let head = head("GET", query, &format!("Connection: close\r\n{headers}"));
    stream.write_all(head.as_bytes()).expect("a request");
    read_answer(stream)
}

pub(crate) fn post(addr: SocketAddr, query: &str, headers: &str, body: &str) -> Answer {
    let mut stream = connect(addr);
    let length = body.len();
    let headers = format!("Connection: close\r\nContent-Length: {length}\r\n{headers}");
    let request = head("POST", query, &headers) + body;
    stream.write_all(request.as_bytes()).expect("a request");
    read_answer(stream)
}

/// Opens a session by polling. Returns its id.
pub(crate) fn open(addr: SocketAddr) -> String {
    let answer = get(addr, "transport=polling", "");
    assert_eq!(answer.status, 200, "{answer:?}");
    let (_, rest) = answer.body.split_once(r#""sid":""#).expect("an open packet");
    rest[..20].to_owned()
}

/// The query of a poll.
pub(crate) fn poll(sid: &str) -> String {
    format!("transport=polling&sid={sid}")
}

/// Opens a session by polling on one server, and connects to the main namespace over another one.
pub(crate) fn open_over(owner: SocketAddr, other: SocketAddr) -> String {
    let sid = open(owner);
    post(other, &poll(&sid), "", "40").assert_ok("ok");
    let connected = get(other, &poll(&sid), "");
    assert!(connected.body.starts_with(r#"40{"sid":"#), "{connected:?}");
    sid
}
