//! A client that writes its packets itself, over long-polling without a network.

use actix_socketio::test::TestServer;
use actix_web::{body::to_bytes, test::TestRequest};
use serde_json::Value;

const ENDPOINT: &str = "/socket.io/?EIO=4&transport=polling";
/// Between the packets of a body.
const SEPARATOR: char = '\u{1e}';

pub(super) struct PollingClient {
    uri: String,
    asked: u32,
    /// Packets that came behind CONNECT.
    unread: Vec<String>,
}

impl PollingClient {
    /// Connects to the main namespace. Returns the data of the answer.
    pub(super) async fn connect(server: &TestServer, auth: &Value) -> (Self, Value) {
        let open = get(server, ENDPOINT).await;
        let open: Value = serde_json::from_str(&open[1..]).expect(&open);
        let sid = open["sid"].as_str().expect("an id");
        let mut client =
            Self { uri: format!("{ENDPOINT}&sid={sid}"), asked: 0, unread: Vec::new() };
        client.send(server, format!("40{auth}")).await;
        let mut packets = client.poll(server).await.into_iter();
        let connected = packets.next().expect("an answer");
        client.unread = packets.collect();
        let data = connected.strip_prefix("40").expect(&connected);
        (client, serde_json::from_str(data).expect("an object"))
    }

    async fn send(&self, server: &TestServer, packet: String) {
        let request = TestRequest::post().uri(&self.uri).set_payload(packet);
        let response = server.call(request).await;
        assert!(response.status().is_success(), "{}", response.status());
    }

    /// The packets of the next answer, without pings.
    async fn poll(&mut self, server: &TestServer) -> Vec<String> {
        if !self.unread.is_empty() {
            return std::mem::take(&mut self.unread);
        }
        loop {
            let body = get(server, &self.uri).await;
            let packets = body.split(SEPARATOR);
            let (pings, packets): (Vec<_>, Vec<_>) = packets.partition(|packet| *packet == "2");
            for _ in pings {
                self.send(server, "3".to_owned()).await;
            }
            if !packets.is_empty() {
                return packets.into_iter().map(str::to_owned).collect();
            }
        }
    }

    /// Sends an event, and waits for its acknowledgement. `take` gets the events before it.
    pub(super) async fn ask(
        &mut self,
        server: &TestServer,
        event: Value,
        mut take: impl FnMut(Value),
    ) -> Value {
        self.asked += 1;
        self.send(server, format!("42{}{event}", self.asked)).await;
        let answer = format!("43{}[", self.asked);
        let mut acknowledged = None;
        while acknowledged.is_none() {
            for packet in self.poll(server).await {
                let json = |at: usize| serde_json::from_str(&packet[at..]).expect(&packet);
                if packet.starts_with(&answer) {
                    acknowledged = Some(json(answer.len() - 1));
                } else {
                    take(json(2));
                }
            }
        }
        acknowledged.expect("it was waited for")
    }

    /// Ends the connection, if the server has not ended it yet. A client that is only forgotten
    /// leaves it half open.
    pub(super) async fn close(self, server: &TestServer) {
        let request = TestRequest::post().uri(&self.uri).set_payload("1");
        let status = server.call(request).await.status();
        assert!(status.is_success() || status == 400, "{status}");
    }
}

async fn get(server: &TestServer, uri: &str) -> String {
    let response = server.call(TestRequest::get().uri(uri)).await;
    let status = response.status();
    let body = to_bytes(response.into_body()).await.expect("a body");
    let body = String::from_utf8(body.to_vec()).expect("text");
    assert!(status.is_success(), "{status}: {body}");
    body
}
