//! A strict Socket.IO client that shows each packet as it arrives.

use std::{collections::VecDeque, time::Duration};

use serde_json::{Value, json};
use tokio::{sync::mpsc, time::timeout};

use crate::{
    transport::{ClientTransport, Incoming},
    wait::PATIENCE,
};

/// How a client is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Polling,
    WebSocket,
    /// Polling first, which is the default of clients. The client sends CONNECT, upgrades to a
    /// WebSocket, and continues to read there.
    Upgrade,
}

/// A client. Each method that waits has a time limit, and panics with all packets received so far.
pub(crate) struct Client {
    transport: ClientTransport,
    /// The payload of the open packet.
    pub(crate) open: Value,
    incoming: mpsc::UnboundedReceiver<Incoming>,
    /// Packets that arrived while the test waited for others.
    packets: VecDeque<String>,
    seen: Vec<String>,
    ids: u64,
}

impl Client {
    /// Opens a session and joins the main namespace.
    pub(crate) async fn connect(url: &str, mode: Mode) -> Self {
        Self::connect_with(url, mode, "0").await
    }

    /// Opens a session that sends this CONNECT packet and is admitted.
    pub(crate) async fn connect_with(url: &str, mode: Mode, connect: &str) -> Self {
        let mut client = Self::ask(url, mode, "", &[], connect).await;
        let answer = client.recv().await;
        assert!(answer.starts_with('0') && answer.contains(r#""sid""#), "not admitted: {answer}");
        client
    }

    /// Opens a session without a namespace.
    pub(crate) async fn open(url: &str, mode: Mode) -> Self {
        let client = Self::handshake(url, mode, "", &[]).await;
        if mode == Mode::Upgrade {
            client.transport.upgrade().await;
        }
        client
    }

    /// Opens a session that sends this CONNECT packet. The answer is still to be read.
    pub(crate) async fn ask(
        url: &str,
        mode: Mode,
        query: &str,
        headers: &[(&str, &str)],
        connect: &str,
    ) -> Self {
        let client = Self::handshake(url, mode, query, headers).await;
        client.send(connect).await;
        if mode == Mode::Upgrade {
            client.transport.upgrade().await;
        }
        client
    }

    pub(crate) async fn handshake(
        url: &str,
        mode: Mode,
        query: &str,
        headers: &[(&str, &str)],
    ) -> Self {
        let (transport, incoming, open) =
            ClientTransport::handshake(url, mode == Mode::WebSocket, query, headers).await;
        Self { transport, open, incoming, packets: VecDeque::new(), seen: Vec::new(), ids: 0 }
    }

    /// The half that sends.
    pub(crate) fn transport(&self) -> ClientTransport {
        self.transport.clone()
    }

    /// Sends a Socket.IO packet.
    pub(crate) async fn send(&self, packet: &str) {
        self.transport.send(packet).await;
    }

    /// Sends an event. `args` is an array.
    pub(crate) async fn emit(&self, event: &str, args: Value) {
        self.transport.send(&event_packet("", event, &args)).await;
    }

    /// Sends an event. `args` is an array, and so is the acknowledgement. Other packets are kept.
    pub(crate) async fn emit_with_ack(&mut self, event: &str, args: Value) -> Value {
        self.ids += 1;
        let id = self.ids.to_string();
        self.transport.send(&event_packet(&id, event, &args)).await;
        let answer = format!("3{id}[");
        let ack = self.wait_for(|packet| packet.starts_with(&answer)).await;
        serde_json::from_str(&ack[answer.len() - 1..]).expect(&ack)
    }

    /// Subscribes to a channel. The server must allow it.
    pub(crate) async fn subscribe(&mut self, channel: &str) {
        assert_eq!(
            self.emit_with_ack("subscribe", json!([channel])).await,
            json!([null]),
            "subscribe {channel}"
        );
    }

    /// The next Socket.IO packet.
    pub(crate) async fn recv(&mut self) -> String {
        if let Some(packet) = self.packets.pop_front() {
            return packet;
        }
        self.next().await.unwrap_or_else(|why| panic!("closed: {why}; seen: {:#?}", self.seen))
    }

    /// The arguments of the next packet. It must be this event.
    pub(crate) async fn expect_event(&mut self, event: &str) -> Value {
        let packet = self.recv().await;
        let mut parts =
            packet.strip_prefix('2').and_then(|json| serde_json::from_str::<Vec<Value>>(json).ok());
        match &mut parts {
            Some(parts) if !parts.is_empty() && parts[0] == event => parts.drain(1..).collect(),
            _ => panic!("{event:?} is expected, not {packet:?}; seen: {:#?}", self.seen),
        }
    }

    /// The packets that arrive before the server's answer to this call. All earlier messages and
    /// publications are among them, or never arrive. The server needs the handler `app::fence`.
    pub(crate) async fn fence(&mut self) -> Vec<String> {
        self.ids += 1;
        let fence = event_packet("", "fence", &json!([self.ids]));
        self.transport.send(&fence).await;
        // With its position, if the client asks for positions.
        let stamped = format!("{},\"", &fence[..fence.len() - 1]);
        let mut before = Vec::new();
        loop {
            match self.recv().await {
                packet if packet == fence || packet.starts_with(&stamped) => return before,
                packet => before.push(packet),
            }
        }
    }

    /// The data of the events `message` that arrive before the fence. Other packets are an error.
    pub(crate) async fn messages(&mut self) -> Vec<Value> {
        let data = |packet: &String| {
            let json =
                packet.strip_prefix(r#"2["message","#).and_then(|rest| rest.strip_suffix(']'));
            json.and_then(|json| serde_json::from_str(json).ok())
                .unwrap_or_else(|| panic!("not a message: {packet:?}"))
        };
        self.fence().await.iter().map(data).collect()
    }

    /// Waits until the transport has ended. Returns the reason. Packets before the end are kept.
    pub(crate) async fn closed(&mut self) -> String {
        loop {
            match self.next().await {
                Ok(packet) => self.packets.push_back(packet),
                Err(why) => return why,
            }
        }
    }

    /// The packets that have arrived and were not read yet.
    pub(crate) fn rest(&mut self) -> Vec<String> {
        self.packets.drain(..).collect()
    }

    /// Stops answering pings.
    pub(crate) fn stop_answering_pings(&self) {
        self.transport.stop_answering_pings();
    }

    /// Waits for more pings, and answers them.
    pub(crate) async fn pings(&self, count: usize) {
        let wanted = self.transport.pings() + count;
        let pings = async {
            while self.transport.pings() < wanted {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        assert!(timeout(PATIENCE, pings).await.is_ok(), "there were not {count} more pings");
    }

    /// Closes the transport as a client does that leaves.
    pub(crate) async fn close(&self) {
        self.transport.close().await;
    }

    /// Breaks the connection off without closing the session. Over polling, the server holds a poll
    /// at that moment. The server needs the handler `app::fence`.
    pub(crate) async fn vanish(mut self) {
        if self.transport.is_polling().await {
            self.transport.poll_until(event_packet("", "fence", &json!([self.ids + 1])));
            self.fence().await;
            self.transport.break_off_a_poll().await;
        }
    }

    /// Takes the first such packet. Others are kept.
    pub(crate) async fn wait_for(&mut self, wanted: impl Fn(&str) -> bool) -> String {
        if let Some(at) = self.packets.iter().position(|packet| wanted(packet)) {
            return self.packets.remove(at).expect("it exists");
        }
        loop {
            match self.next().await {
                Ok(packet) if wanted(&packet) => return packet,
                Ok(packet) => self.packets.push_back(packet),
                Err(why) => panic!("closed: {why}; seen: {:#?}", self.seen),
            }
        }
    }

    /// The next packet, or the end.
    async fn next(&mut self) -> Result<String, String> {
        match timeout(PATIENCE, self.incoming.recv()).await {
            Ok(Some(Incoming::Packet(packet))) => {
                self.seen.push(packet.clone());
                Ok(packet)
            }
            Ok(Some(Incoming::Closed(why))) => Err(why),
            Ok(None) => Err("the reader is gone".to_owned()),
            Err(_) => panic!("nothing more arrives; seen: {:#?}", self.seen),
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.transport.drop_connection();
    }
}

fn event_packet(id: &str, event: &str, args: &Value) -> String {
    let mut parts = vec![json!(event)];
    parts.extend(args.as_array().expect("the arguments are an array").iter().cloned());
    format!("2{id}{}", Value::from(parts))
}
