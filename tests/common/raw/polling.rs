//! A session on long-polling.

use std::net::SocketAddr;

use actix_socketio::SocketId;
use serde_json::Value;

use super::http::{HttpConnection, Response, ask, request};
use crate::wait::wait_until;

/// A session on long-polling. Each request has a connection of its own.
pub(crate) struct PollingSession {
    pub(crate) addr: SocketAddr,
    pub(crate) sid: String,
}

impl PollingSession {
    /// Opens an Engine.IO session.
    #[track_caller]
    pub(crate) fn open(addr: SocketAddr) -> Self {
        let response = ask(addr, "GET", "EIO=4&transport=polling", "", b"");
        assert_eq!(response.status, 200, "{response:?}");
        let open: Value =
            serde_json::from_str(response.body.strip_prefix('0').expect("an open packet"))
                .expect("JSON");
        Self { addr, sid: open["sid"].as_str().expect("a sid").to_owned() }
    }

    /// Opens a session and joins the main namespace. Also returns the socket's id.
    #[track_caller]
    pub(crate) fn join(addr: SocketAddr) -> (Self, SocketId) {
        let session = Self::open(addr);
        session.post("40").assert_ok();
        let response = session.get();
        (session, socket_id(&response.body))
    }

    pub(crate) fn query(&self) -> String {
        format!("EIO=4&transport=polling&sid={}", self.sid)
    }

    #[track_caller]
    pub(crate) fn get(&self) -> Response {
        ask(self.addr, "GET", &self.query(), "", b"")
    }

    #[track_caller]
    pub(crate) fn post(&self, body: impl AsRef<[u8]>) -> Response {
        ask(self.addr, "POST", &self.query(), "", body.as_ref())
    }

    /// Begins a poll. Its response is still to be read.
    #[track_caller]
    pub(crate) fn begin_get(&self) -> HttpConnection {
        self.begin(&request("GET", &self.query(), ""))
    }

    /// Begins a POST. Its body is still to be written.
    #[track_caller]
    pub(crate) fn begin_post(&self, headers: &str) -> HttpConnection {
        self.begin(&request("POST", &self.query(), headers))
    }

    /// Begins a POST and writes its body. Its response is still to be read.
    #[track_caller]
    pub(crate) fn begin_post_of(&self, body: &str) -> HttpConnection {
        let headers = format!("Content-Length: {}\r\n", body.len());
        self.begin(&(request("POST", &self.query(), &headers) + body))
    }

    /// Sends two requests together. The first is an unrequested pong: when it is answered, the
    /// server has begun to handle the second.
    #[track_caller]
    fn begin(&self, second: &str) -> HttpConnection {
        let mut http = HttpConnection::open(self.addr);
        http.write(request("POST", &self.query(), "Content-Length: 1\r\n") + "3" + second);
        http.response().assert_ok();
        http
    }

    /// Checks that the session works in both directions.
    #[track_caller]
    pub(crate) fn assert_works(&self) {
        self.post(r#"427["echo","still here"]"#).assert_ok();
        self.get().assert_poll(&[r#"437["still here"]"#]);
    }

    /// Polls until the server does not know the session any more. A poll just before that may
    /// receive a close packet.
    #[track_caller]
    pub(crate) fn wait_until_unknown(&self) {
        wait_until("the session is unknown", || {
            let response = self.get();
            if response.status == 200 {
                response.assert_poll(&["1"]);
                return false;
            }
            response.assert_unknown_session();
            true
        });
    }

    /// Closes the session by a close packet.
    #[track_caller]
    pub(crate) fn close(self) {
        self.post("1").assert_ok();
    }
}

/// The socket's id in the answer to CONNECT.
#[track_caller]
pub(super) fn socket_id(packet: &str) -> SocketId {
    let json =
        packet.strip_prefix("40").unwrap_or_else(|| panic!("not an answer to CONNECT: {packet:?}"));
    let answer: Value = serde_json::from_str(json).expect("JSON");
    answer["sid"].as_str().expect("a sid").parse().expect("an id")
}
