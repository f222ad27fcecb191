//! Clients between servers of this crate and of Node, in all four directions.

use serde_json::{Value, json};

use super::NodeProcess;
use crate::{
    common::{NodeClients, NodePeer, REDIS_AND_NODE, RedisServer, RoamingClient, all_there},
    fixture::eventually,
};

/// A server of either kind.
enum Server {
    Ours(NodeProcess),
    Node(NodePeer),
}

impl Server {
    fn url(&self) -> String {
        match self {
            Self::Ours(ours) => ours.url(),
            Self::Node(node) => node.url(),
        }
    }

    async fn clients(&self) -> usize {
        match self {
            Self::Ours(ours) => usize::try_from(ours.clients().await).expect("few"),
            Self::Node(node) => {
                node.call("sockets", json!({})).await.as_array().expect("ids").len()
            }
        }
    }
}

/// Two servers, of which both know.
struct Two {
    redis: RedisServer,
    from: Server,
    to: Server,
    clients: NodeClients,
}

impl Two {
    /// `ours`: which of the two are of this crate.
    async fn start(ours: [bool; 2]) -> Self {
        let redis = RedisServer::start();
        let options = json!({ "server": { "connectionStateRecovery": {} } });
        let [from, to] = ours.map(|is_ours| match is_ours {
            true => Server::Ours(NodeProcess::start(&redis)),
            false => Server::Node(NodePeer::start("streams", redis.port(), &options)),
        });
        eventually("both are there", async || {
            let subscribers = ["PUBSUB", "NUMSUB", "socket.io#/#"];
            redis.command::<(String, u64)>(&subscribers).1 == 2
        })
        .await;
        Self { redis, from, to, clients: NodeClients::start() }
    }

    /// Publishes a number by a server, and waits until it is in the stream.
    async fn publish(&self, by: &Server, room: &str, number: u64) {
        let entries = || self.redis.command::<u64>(&["XLEN", "socket.io"]);
        let before = entries();
        match by {
            Server::Ours(ours) => ours.publish(Some(room), number).await,
            Server::Node(node) => {
                node.call("emit", json!({ "rooms": [room], "args": ["m", number] })).await;
            }
        }
        eventually("it is in the stream", async || entries() > before).await;
    }

    /// A client of the first server that is in a room, and has had an event.
    async fn client(&self) -> RoamingClient {
        let join = json!([["join", ["room"]]]);
        let client = self.clients.roam(&self.from.url(), "/", join).await;
        self.publish(&self.from, "room", 0).await;
        eventually("it has it", async || !client.log().await.is_empty()).await;
        client
    }

    /// Breaks the connection of a client, and waits until its session is in Redis.
    async fn cut(&self, client: &RoamingClient) {
        client.move_to("http://127.0.0.1:1").await;
        let (pid, _) = client.secret().await;
        let key = format!("sio:session:{pid}");
        eventually("its session is kept", async || {
            self.redis.command::<u64>(&["EXISTS", &key]) == 1
        })
        .await;
    }
}

/// The events of a client, without its returns.
async fn events(client: &RoamingClient) -> Vec<Value> {
    client.log().await.into_iter().filter(Value::is_u64).collect()
}

/// A client goes from the one to the other, and has missed something of both.
async fn is_whole(ours: [bool; 2]) {
    if !all_there("clients of servers of both kinds", REDIS_AND_NODE) {
        return;
    }
    let two = Two::start(ours).await;
    let client = two.client().await;
    two.cut(&client).await;
    two.publish(&two.from, "room", 1).await;
    two.publish(&two.to, "room", 2).await;
    two.publish(&two.from, "other", 999).await;
    two.publish(&two.from, "room", 3).await;
    client.move_to(&two.to.url()).await;
    assert_eq!(client.returned().await, (true, client.id().to_owned()));
    two.publish(&two.to, "room", 4).await;
    two.publish(&two.from, "room", 5).await;
    let expected: Vec<Value> = (0..6).map(Value::from).collect();
    eventually("it has all", async || events(&client).await.len() >= expected.len()).await;
    let mut all = events(&client).await;
    if !ours[1] {
        // A server of Node sends its own events when Redis has them, before those that it reads.
        all.sort_by_key(Value::as_u64);
    }
    assert_eq!(all, expected);
    assert_eq!((two.from.clients().await, two.to.clients().await), (0, 1));
}

#[actix_web::test]
async fn from_ours_to_ours() {
    is_whole([true, true]).await;
}

#[actix_web::test]
async fn from_ours_to_node() {
    is_whole([true, false]).await;
}

#[actix_web::test]
async fn from_node_to_ours() {
    is_whole([false, true]).await;
}

/// Node's servers among themselves, as the measure of the others.
#[actix_web::test]
async fn from_node_to_node() {
    is_whole([false, false]).await;
}

/// A server of this crate keeps a client that goes to a server of Node. Then its session is newer.
#[actix_web::test]
async fn the_newest_server_says_in_which_rooms_a_client_is() {
    if !all_there("clients of servers of both kinds", REDIS_AND_NODE) {
        return;
    }
    let two = Two::start([true, false]).await;
    let client = two.client().await;
    two.cut(&client).await;
    client.move_to(&two.to.url()).await;
    assert!(client.returned().await.0);
    let Server::Node(node) = &two.to else { unreachable!("the second one is of Node") };
    let join = json!({ "socket": client.id(), "join": "room-of-later" });
    node.call("socketJoin", join).await;
    // So that it shows an offset that is in the stream.
    two.publish(&two.to, "room", 1).await;
    eventually("it has it", async || events(&client).await.len() == 2).await;
    two.cut(&client).await;
    two.publish(&two.to, "room-of-later", 2).await;
    client.move_to(&two.from.url()).await;
    assert_eq!(client.returned().await, (true, client.id().to_owned()));
    two.publish(&two.from, "room-of-later", 3).await;
    eventually("it has all", async || events(&client).await.len() >= 4).await;
    assert_eq!(events(&client).await, [0, 1, 2, 3].map(Value::from));
}

/// The session of a server of Node says nothing of its namespace.
#[actix_web::test]
async fn what_node_can_not_have_kept_is_told() {
    if !all_there("clients of servers of both kinds", REDIS_AND_NODE) {
        return;
    }
    let two = Two::start([false, true]).await;
    let client = two.client().await;
    two.cut(&client).await;
    // The new server keeps nothing of this channel.
    let bare = two.clients.roam(&two.from.url(), "/", json!([["join", ["bare"]]])).await;
    two.publish(&two.from, "bare", 1).await;
    eventually("it has it", async || !bare.log().await.is_empty()).await;
    two.cut(&bare).await;
    two.publish(&two.from, "bare", 2).await;
    bare.move_to(&two.to.url()).await;
    assert!(!bare.returned().await.0, "it is told");
    // A value that is not a session.
    let (pid, _) = client.secret().await;
    two.redis.command::<()>(&["SET", &format!("sio:session:{pid}"), "{not a session}"]);
    client.move_to(&two.to.url()).await;
    assert!(!client.returned().await.0, "it is told");
}
