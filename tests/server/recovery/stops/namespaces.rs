use actix_socketio::{History, channel};
use serde_json::{Value, json};

use super::{routes, server, stop};
use crate::{
    app::TestServer,
    client::{Client, Mode},
    recovery::memory_store::MemoryStore,
};

/// A namespace whose clients are let in by a function.
const LIVE: &str = "/live";

#[actix_web::test]
async fn sessions_of_all_kinds_of_namespaces_come_back() {
    let dynamic = |store: &MemoryStore| {
        routes(store)
            .namespaces_matching("^/tenant-[0-9]+$", |tenant| {
                tenant.route(channel("news").history(History::last(3)))
            })
            .namespaces_if(
                |namespace, _| namespace.as_str() == LIVE,
                |live| live.route(channel("news").history(History::last(3))),
            )
    };
    for namespace in ["/tenant-7", LIVE] {
        let store = MemoryStore::default();
        let first = TestServer::start(dynamic(&store));
        let (mut client, ids) = enter(&first, namespace, json!({"offsets": true})).await;
        client.send(&format!(r#"2{namespace},1["subscribe","news"]"#)).await;
        assert_eq!(client.recv().await, format!("3{namespace},1[null]"));
        let publish = async |server: &TestServer, number: u32| {
            let news = server.io.of(namespace);
            news.to("news").publish("goal", &number).await.expect("it is published");
        };
        publish(&first, 1).await;
        let (_, goal) = read(&client.recv().await);
        publish(&first, 2).await;
        stop(first).await;
        drop(client);
        let second = TestServer::start(dynamic(&store));
        let auth = json!({"offsets": true, "pid": ids["pid"], "offset": goal[2]});
        let (mut client, again) = enter(&second, namespace, auth).await;
        assert_eq!(again, ids, "the same ids");
        let (of, goal) = read(&client.recv().await);
        assert_eq!((&*of, &goal[1]), (namespace, &json!(2)));
        stop(second).await;
        drop(client);
        // Without its routes, it does not come back.
        let third = server(&store);
        assert_eq!(third.io.stats().sessions_ended["restart"], 1);
    }
}

/// Enters a namespace. Returns the answer, too.
async fn enter(server: &TestServer, namespace: &str, auth: Value) -> (Client, Value) {
    let connect = format!("0{namespace},{auth}");
    let mut client = Client::ask(&server.url, Mode::WebSocket, "", &[], &connect).await;
    let (_, answer) = read(&client.recv().await);
    (client, answer)
}

/// The namespace and the JSON of a packet.
fn read(packet: &str) -> (String, Value) {
    let (namespace, json) = packet[1..].split_once(',').expect(packet);
    (namespace.to_owned(), serde_json::from_str(json).expect(packet))
}
