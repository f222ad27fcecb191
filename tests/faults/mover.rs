//! A client that subscribes and unsubscribes, and hears only what it may.

use std::{collections::BTreeSet, net::SocketAddr};

use actix_socketio::SocketId;

use crate::raw::WebSocket;

pub(crate) struct Mover {
    ws: WebSocket,
    pub(crate) id: SocketId,
    /// What it is subscribed to.
    pub(crate) rooms: BTreeSet<String>,
    /// How many messages it has had.
    pub(crate) heard: usize,
}

impl Mover {
    pub(crate) fn come(addr: SocketAddr) -> Self {
        let mut ws = WebSocket::open(addr);
        let id = ws.join();
        Self { ws, id, rooms: BTreeSet::new(), heard: 0 }
    }

    /// Until this is acknowledged, what comes must be of a channel that it is in, or about to be in
    /// or out of.
    pub(crate) fn ask(&mut self, event: &str, room: &str) {
        self.ws.send(&format!(r#"421["{event}","{room}","{room}"]"#));
        loop {
            let text = self.ws.text();
            if text == "431[null]" {
                return;
            }
            let of = text.rsplit('"').nth(1).unwrap_or_else(|| panic!("{text}"));
            assert!(
                self.rooms.contains(of) || (event == "subscribe" && of == room),
                "it is not in {of}: {text}"
            );
            self.heard += 1;
        }
    }
}
