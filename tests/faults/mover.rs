//! A client that subscribes and unsubscribes, and checks that it receives only what it may.

use std::{collections::BTreeSet, net::SocketAddr};

use actix_socketio::SocketId;

use crate::raw::WebSocket;

pub(crate) struct Mover {
    ws: WebSocket,
    pub(crate) id: SocketId,
    /// Its subscriptions.
    pub(crate) rooms: BTreeSet<String>,
    /// The number of messages that it has received.
    pub(crate) received: usize,
}

impl Mover {
    pub(crate) fn come(addr: SocketAddr) -> Self {
        let mut ws = WebSocket::open(addr);
        let id = ws.join();
        Self { ws, id, rooms: BTreeSet::new(), received: 0 }
    }

    /// Sends a request. Until its acknowledgement, messages must belong to a channel of the client,
    /// or to the channel that it joins or leaves.
    pub(crate) fn ask(&mut self, event: &str, room: &str) {
        let data = if event == "publish" { format!(r#","{room}""#) } else { String::new() };
        self.ws.send(&format!(r#"421["{event}","{room}"{data}]"#));
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
            self.received += 1;
        }
    }
}
