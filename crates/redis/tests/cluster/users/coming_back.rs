//! Sockets that come back to another server: its own user has it, and no other.

use actix_socketio::{History, Recovery, SocketIo, channel};
use actix_web::{App, HttpServer, dev::ServerHandle, rt};
use serde_json::{Value, json};

use super::{token, tokens};
use crate::{
    common::{NodeClients, REDIS_AND_NODE, RedisServer, RoamingClient, all_there},
    fixture::{Kind, eventually},
};

/// A path to nowhere, for clients that are away.
const NOWHERE: &str = "http://127.0.0.1:1";

/// More than a test publishes.
const KEPT: History = History::last(100);

/// A server with an address, for real clients.
struct Server {
    io: SocketIo,
    url: String,
    handle: ServerHandle,
}

impl Server {
    fn start(redis: &RedisServer) -> Self {
        let io = SocketIo::builder()
            .tokens(tokens())
            .cluster(Kind::Streams.cluster(redis))
            .recovery(Recovery::new().for_everyone())
            .route(channel("^@user:").history(KEPT))
            .route(channel("^team-").for_users().history(KEPT))
            .build()
            .expect("valid settings");
        let app = io.clone();
        let server = HttpServer::new(move || App::new().configure(app.mount()))
            .workers(1)
            .disable_signals()
            .bind(("127.0.0.1", 0))
            .expect("a port");
        let url = format!("http://{}", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        drop(rt::spawn(server));
        Self { io, url, handle }
    }

    /// The users of its own sockets.
    async fn users(&self) -> Vec<String> {
        let found = self.io.everyone().local().fetch_sockets().await.expect("no channel is named");
        let users = found.sockets.iter().filter_map(|socket| socket.user().map(str::to_owned));
        users.collect()
    }

    async fn send(&self, number: u64) {
        self.io.user("ada").publish("mail", &number).await.expect("Redis is there");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

async fn two(redis: &RedisServer) -> [Server; 2] {
    let servers = [Server::start(redis), Server::start(redis)];
    for server in &servers {
        eventually("both are counted", async || server.io.server_count().await == 2).await;
    }
    servers
}

/// A client of Ada's, in `team-1`.
async fn ada(clients: &NodeClients, server: &Server) -> RoamingClient {
    let options = json!({ "auth": { "token": token("ada") } });
    let join = json!([["subscribe", "team-1"]]);
    clients.roam_with(&server.url, "/", join, options).await
}

async fn has(client: &RoamingClient, expected: &[Value]) {
    eventually(&format!("it has {expected:?}"), async || {
        client.log().await.len() >= expected.len()
    })
    .await;
    assert_eq!(client.log().await, expected);
}

/// Loses the client, and waits until its server knows it.
async fn lose(client: &RoamingClient, server: &Server) {
    client.move_to(NOWHERE).await;
    eventually("it is away", async || server.users().await.is_empty()).await;
}

/// Waits until the client is back at a server that knows it.
async fn comes_back(client: &RoamingClient, to: &Server) {
    let back = client.returned().await;
    assert_eq!(back, (true, client.id().to_owned()), "{:?}", to.io.stats().unrecovered);
}

#[actix_web::test]
async fn a_user_comes_back_to_another_server_with_its_token() {
    if !all_there("a client of two servers", REDIS_AND_NODE) {
        return;
    }
    let (redis, clients) = (RedisServer::start(), NodeClients::start());
    let [a, b] = two(&redis).await;
    let client = ada(&clients, &a).await;
    b.send(1).await;
    has(&client, &[json!(1)]).await;
    lose(&client, &a).await;
    a.send(2).await;
    b.io.to("team-1").publish("goal", &3).await.expect("Redis is there");
    client.move_to(&b.url).await;
    comes_back(&client, &b).await;
    has(&client, &[json!(1), json!(true), json!(2), json!(3)]).await;
    // It is the user's there, and nowhere else.
    a.send(4).await;
    a.io.to("team-1").publish("goal", &5).await.expect("Redis is there");
    has(&client, &[json!(1), json!(true), json!(2), json!(3), json!(4), json!(5)]).await;
    assert_eq!((a.users().await.len(), b.users().await), (0, vec!["ada".to_owned()]));
    let socket = b.io.socket(&client.id().parse().expect("an id")).expect("it is connected");
    assert!(socket.recovered() && socket.claims().is_some_and(|claims| claims.user() == "ada"));
    assert_eq!((b.io.stats().recovered, b.io.stats().unrecovered["other_user"]), (1, 0));
}

#[actix_web::test]
async fn another_user_gets_another_socket_on_another_server() {
    if !all_there("a client of two servers", REDIS_AND_NODE) {
        return;
    }
    let (redis, clients) = (RedisServer::start(), NodeClients::start());
    let [a, b] = two(&redis).await;
    let client = ada(&clients, &a).await;
    a.send(1).await;
    has(&client, &[json!(1)]).await;
    let (pid, offset) = client.secret().await;
    lose(&client, &a).await;
    a.send(2).await;
    let auth = json!({ "pid": pid, "offset": offset, "token": token("eve") });
    let eve = clients.claim_with(&b.url, auth).await.expect("she is let in");
    assert_ne!(eve, client.id());
    let stats = b.io.stats();
    assert_eq!((stats.recovered, stats.unrecovered["other_user"]), (0, 1), "{stats:?}");
    let socket = b.io.socket(&eve.parse().expect("an id")).expect("it is connected");
    assert!(!socket.recovered() && socket.channels().is_empty());
    assert_eq!(socket.user(), Some("eve"));
    // Ada's session is still hers.
    client.move_to(&b.url).await;
    comes_back(&client, &b).await;
    has(&client, &[json!(1), json!(true), json!(2)]).await;
    a.send(3).await;
    has(&client, &[json!(1), json!(true), json!(2), json!(3)]).await;
}
