//! Users by tokens, whose sockets are on several servers.

mod coming_back;

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{Duration, SystemTime},
};

use actix_socketio::{Builder, Claims, Presence, RemoteSocket, Tokens, channel, test::TestClient};
use serde_json::{Value, json};

use crate::{
    common::RedisServer,
    fixture::{Kind, Node, eventually},
};

with_each_adapter!(
    &[crate::common::Need::Redis];
    a_user_is_reached_on_all_servers,
    a_user_is_disconnected_on_all_servers,
    the_sockets_of_a_user_are_moved_between_channels_on_all_servers,
    a_token_for_a_channel_ends_for_its_own_socket,
    a_user_on_two_servers_is_one_member,
);

fn tokens() -> Tokens {
    Tokens::hs256(b"0123456789abcdef0123456789abcdef").expect("a good secret").issuer("log-in")
}

fn signed(claims: &Claims) -> String {
    tokens().sign(claims).expect("HS256 signs")
}

fn after(seconds: u64) -> SystemTime {
    SystemTime::now() + Duration::from_secs(seconds)
}

/// A token of a user for an hour.
fn token(user: &str) -> String {
    signed(&Claims::new(user, after(3600)))
}

/// Servers that know of each other, all with the same tokens.
async fn nodes(kind: Kind, redis: &RedisServer, change: impl Fn(Builder) -> Builder) -> [Node; 2] {
    let node = || Node::new(kind.cluster(redis), |builder| change(builder.tokens(tokens())));
    let nodes = [node().await, node().await];
    for node in &nodes {
        eventually("both are counted", async || node.io.server_count().await == 2).await;
    }
    nodes
}

/// A client of a user.
async fn client(node: &Node, user: &str) -> TestClient {
    client_with(node, &Claims::new(user, after(3600))).await
}

async fn client_with(node: &Node, claims: &Claims) -> TestClient {
    node.client_as("/", &json!({ "token": signed(claims) })).await
}

/// Sends something to everyone by a server, and reads what a client has received before it.
async fn before_fence(node: &Node, client: &mut TestClient) -> Vec<(String, Value)> {
    static FENCES: AtomicU64 = AtomicU64::new(0);
    let fence = FENCES.fetch_add(1, Relaxed);
    node.io.everyone().publish("fence", &fence).await.expect("Redis is there");
    let mut events = Vec::new();
    loop {
        let event = client.next().await;
        match event.name() {
            "fence" if event.arg::<u64>(0) == fence => return events,
            // That of another client.
            "fence" => {}
            name => events.push((name.to_owned(), event.arg(0))),
        }
    }
}

/// The one event that a client has received.
fn one(name: &str, value: impl Into<Value>) -> Vec<(String, Value)> {
    vec![(name.to_owned(), value.into())]
}

async fn a_user_is_reached_on_all_servers(kind: Kind) {
    let redis = RedisServer::start();
    let [here, there] = nodes(kind, &redis, |builder| builder).await;
    let mut adas = [client(&here, "ada").await, client(&there, "ada").await];
    let mut bob = client(&there, "bob").await;
    // Another user, whose name begins with hers.
    let mut adam = client(&there, "adam").await;
    here.io.user("ada").emit("mail", &1).expect("capacity");
    here.io.user("ada").publish("post", &2).await.expect("Redis is there");
    for ada in &mut adas {
        let expected = [one("mail", 1), one("post", 2)].concat();
        assert_eq!(before_fence(&here, ada).await, expected);
    }
    for other in [&mut bob, &mut adam] {
        assert_eq!(before_fence(&here, other).await, []);
    }

    let found = here.io.user("ada").fetch_sockets().await.expect("a name");
    assert_eq!(found.missing_servers, 0);
    let mut ids: Vec<_> = found.sockets.iter().map(RemoteSocket::id).collect();
    ids.sort_unstable();
    let mut expected = adas.each_ref().map(TestClient::id);
    expected.sort_unstable();
    assert_eq!(ids, expected);
    for socket in &found.sockets {
        assert_eq!((socket.user(), socket.channels().len()), (Some("ada"), 0));
        let auth = socket.handshake().auth::<Value>().expect("JSON");
        assert_eq!(auth, json!({}), "other servers are not told the token");
    }
    assert_eq!(there.io.user("adam").fetch_sockets().await.expect("a name").len(), 1);
    assert_eq!(here.io.user("eve").fetch_sockets().await.expect("a name").len(), 0);
    assert!(here.io.channels().await.is_empty(), "users are in no list of channels");

    // A server without a socket of hers reaches the other one.
    let [first, mut second] = adas;
    first.disconnect().await;
    here.io.user("ada").publish("post", &3).await.expect("Redis is there");
    assert_eq!(before_fence(&here, &mut second).await, one("post", 3));
}

async fn a_user_is_disconnected_on_all_servers(kind: Kind) {
    let redis = RedisServer::start();
    let [here, there] = nodes(kind, &redis, |builder| builder).await;
    let mut near = client(&here, "ada").await;
    let mut far = client(&there, "ada").await;
    let mut bob = client(&there, "bob").await;
    here.io.user("ada").disconnect_sockets(false).await.expect("a name");
    for ada in [&mut near, &mut far] {
        assert_eq!(ada.disconnected().await, "io server disconnect");
    }
    let mut again = client(&there, "ada").await;
    here.io.user("ada").disconnect_sockets(true).await.expect("a name");
    assert_eq!(again.disconnected().await, "io server disconnect");
    assert_eq!(before_fence(&here, &mut bob).await, []);
    let left = async || here.io.everyone().fetch_sockets().await.expect("no channel is named");
    eventually("bob alone is left", async || {
        let sockets = left().await.sockets;
        sockets.len() == 1 && sockets[0].user() == Some("bob")
    })
    .await;
}

async fn the_sockets_of_a_user_are_moved_between_channels_on_all_servers(kind: Kind) {
    let redis = RedisServer::start();
    let [here, there] = nodes(kind, &redis, |builder| builder).await;
    let mut far = client(&there, "ada").await;
    let mut bob = client(&there, "bob").await;
    here.io.user("ada").sockets_join("team-1").await.expect("a name");
    eventually("she is there", async || far.socket().channels().len() == 1).await;
    here.io.to("team-1").publish("goal", &1).await.expect("Redis is there");
    assert_eq!(before_fence(&here, &mut far).await, one("goal", 1));
    here.io.user("ada").sockets_leave("team-1").await.expect("a name");
    eventually("she has left", async || far.socket().channels().is_empty()).await;
    here.io.to("team-1").publish("goal", &2).await.expect("Redis is there");
    for client in [&mut far, &mut bob] {
        assert_eq!(before_fence(&here, client).await, []);
    }
}

/// Subscribes a client to a channel by a token for it.
async fn subscribe(client: &mut TestClient, name: &str, until: SystemTime) {
    let shown = signed(&Claims::new("ada", until).for_channel(name));
    let answer = client.ask_args("subscribe", &(name, json!({ "token": shown }))).await;
    assert_eq!(answer.expect("an answer").get::<Value>(0).expect("JSON"), Value::Null);
}

async fn a_token_for_a_channel_ends_for_its_own_socket(kind: Kind) {
    let redis = RedisServer::start();
    let route = || channel("^match-").with_token();
    let [here, there] = nodes(kind, &redis, |builder| builder.route(route())).await;
    let mut near = client(&here, "ada").await;
    let mut far = client(&there, "ada").await;
    subscribe(&mut near, "match-1", after(3600)).await;
    // A date so near that it passes while the test waits.
    subscribe(&mut far, "match-1", after(5)).await;
    here.io.to("match-1").publish("goal", &1).await.expect("Redis is there");
    for client in [&mut near, &mut far] {
        assert_eq!(client.wait_for("goal").await, ("goal", json!([1])));
    }
    assert_eq!(
        far.wait_for("token_expired").await,
        ("token_expired", json!([{ "channel": "match-1" }]))
    );
    eventually("one subscriber is left", async || {
        let found = there.io.to("match-1").fetch_sockets().await.expect("a name");
        found.sockets.iter().map(RemoteSocket::id).eq([near.id()])
    })
    .await;
    there.io.to("match-1").publish("goal", &2).await.expect("Redis is there");
    assert_eq!(before_fence(&there, &mut near).await, one("goal", 2));
    let left = before_fence(&there, &mut far).await;
    assert!(left.iter().all(|(name, _)| name == "token_expires"), "{left:?}");
    // She is still the user that she was.
    here.io.user("ada").publish("mail", &3).await.expect("Redis is there");
    assert_eq!(before_fence(&here, &mut far).await, one("mail", 3));
}

async fn a_user_on_two_servers_is_one_member(kind: Kind) {
    let redis = RedisServer::start();
    let route = || {
        let presence = Presence::by_user().every(Duration::ZERO).grace(Duration::ZERO);
        channel("^team-").for_users().presence(presence)
    };
    let [here, there] = nodes(kind, &redis, |builder| builder.route(route())).await;
    let ada = Claims::new("ada", after(3600)).info(json!({ "name": "Ada" }));
    let mut near = client_with(&here, &ada).await;
    let mut far = client_with(&there, &ada).await;
    let mut bob = client(&there, "bob").await;
    for client in [&mut near, &mut far, &mut bob] {
        client.subscribe("team-1").await.expect("it is for users");
    }
    let members = async |node: &Node| {
        let list = node.io.presence("team-1").await.expect("a name");
        let members = list.members.expect("a list").into_iter();
        let mut members: Vec<_> =
            members.map(|member| json!([member.id, member.sockets, member.info])).collect();
        members.sort_by_key(|member| member[0].to_string());
        members
    };
    let agree_on = async |expected: &[Value]| {
        for node in [&here, &there] {
            eventually(&format!("{expected:?} are there"), async || {
                members(node).await == expected
            })
            .await;
        }
    };
    let bob_is_there = json!(["bob", 1, null]);
    agree_on(&[json!(["ada", 2, { "name": "Ada" }]), bob_is_there.clone()]).await;
    near.disconnect().await;
    agree_on(&[json!(["ada", 1, { "name": "Ada" }]), bob_is_there.clone()]).await;
    here.io.user("ada").disconnect_sockets(true).await.expect("a name");
    far.disconnected().await;
    agree_on(&[bob_is_there]).await;
}
