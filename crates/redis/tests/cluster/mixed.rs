//! A server of this crate and one of Node in one cluster, with each adapter.

mod acks;
mod emitters;
mod events;
mod rooms;
mod servers;
mod sockets;

use actix_socketio::test::TestClient;
use serde_json::{Value, json};

use crate::{
    common::{NodeClient, NodeClients, NodePeer, RedisServer},
    fixture::{Kind, Node, eventually},
};

/// The namespaces of both servers.
const NAMESPACES: [&str; 2] = ["/", "/news"];

/// One server of each, and clients in JavaScript for both.
struct Mixed {
    kind: Kind,
    redis: RedisServer,
    ours: Node,
    theirs: NodePeer,
    clients: NodeClients,
    received: servers::ReceivedEvents,
}

impl Mixed {
    async fn start(kind: Kind) -> Self {
        Self::start_with(kind, json!({})).await
    }

    /// With options of Node's adapter.
    async fn start_with(kind: Kind, adapter: Value) -> Self {
        let redis = RedisServer::start();
        let options = json!({ "namespaces": NAMESPACES, "adapter": adapter, "name": "theirs" });
        let received = servers::ReceivedEvents::default();
        let theirs = NodePeer::start(kind.name(), redis.port(), &options);
        let ours = Node::new(kind.cluster(&redis), |builder| {
            builder.on_server_event(servers::answer(&received)).namespace("/news", |news| {
                news.open_channels().on_server_event(servers::answer(&received))
            })
        });
        let ours = ours.await;
        let clients = NodeClients::start();
        let mixed = Self { kind, ours, theirs, clients, redis, received };
        for nsp in NAMESPACES {
            eventually("Node counts both", async || mixed.count_of_theirs(nsp).await == 2).await;
        }
        eventually("ours counts both", async || mixed.ours.io.server_count().await == 2).await;
        mixed
    }

    /// The events that Node's server and emitters have sent to the handlers of ours.
    fn received(&self) -> Vec<Value> {
        self.received.lock().expect("no thread panics").clone()
    }

    async fn count_of_theirs(&self, nsp: &str) -> u64 {
        let count = self.theirs.call("serverCount", json!({ "nsp": nsp })).await;
        count.as_u64().expect("a number")
    }

    /// A client of Node's server, in rooms.
    async fn client_of_theirs(&self, rooms: Value) -> NodeClient {
        self.client_of_theirs_at("/", rooms).await
    }

    async fn client_of_theirs_at(&self, nsp: &str, rooms: Value) -> NodeClient {
        let client = self.clients.connect(&self.theirs.url(), nsp, json!({})).await;
        client.ask(json!(["join", rooms])).await;
        client
    }

    /// Waits until this many servers hear what is for a room. Only the sharded adapter has channels
    /// for rooms.
    async fn room_is_heard(&self, room: &str, servers: u64) {
        if self.kind != Kind::Sharded {
            return;
        }
        let channel = format!("socket.io#/#{room}#");
        let heard = async || {
            let counted = self.redis.command::<(String, u64)>(&["PUBSUB", "SHARDNUMSUB", &channel]);
            counted.1 == servers
        };
        eventually("servers listen to the room", heard).await;
    }

    /// Ends a test: nothing has ended or confused Node's server.
    async fn end(self) {
        assert_eq!(self.count_of_theirs("/").await, 2);
        assert_eq!(self.theirs.errors(), "");
    }
}

/// The events of a client up to the one with the name `last`: `[["name", …args], …]`.
async fn until_last(client: &mut TestClient) -> Value {
    let mut events = Vec::new();
    loop {
        let event = client.next().await;
        if event.name() == "last" {
            return events.into();
        }
        let args = event.args().iter().map(|arg| serde_json::from_str(arg).expect("JSON"));
        let event: Vec<Value> = [json!(event.name())].into_iter().chain(args).collect();
        events.push(Value::from(event));
    }
}

/// The same of a client in JavaScript.
async fn until_last_js(client: &NodeClient) -> Value {
    let mut events = Vec::new();
    loop {
        let event = client.next().await;
        if event[0] == "last" {
            return events.into();
        }
        events.push(event);
    }
}
