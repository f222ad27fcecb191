//! The development mode: what administrators are shown, its bounds, and that it costs nothing
//! without them.

use std::time::Duration;

use actix_socketio::{Admin, AdminMode, Builder, OnMessage, SocketId, channel};
use actix_web::rt::time::{sleep, timeout};
use serde_json::{Value, json};

use crate::{
    client::Client,
    needs::{Need, all_there, clients},
    programs::node_tests,
    server::{AdminServer, PASSWORD, admin, builder, event, hash},
    wait::PATIENCE,
};

fn development() -> Admin {
    admin().mode(AdminMode::Development)
}

/// A server that answers its clients, and shows what they say.
pub(crate) fn talking() -> Builder {
    builder()
        .admin(development())
        .on("rename", async move |event: OnMessage| {
            event.socket.context().insert("user", event.json::<String>()?)?;
            Ok(())
        })
        .on("ask", async move |event: OnMessage| {
            event.ack("answer")?;
            event.socket.emit("told", &json!({"a": 1}))?;
            Ok(())
        })
}

/// The next packet for administrators but a report, which comes every 2 s: the name of the event,
/// and its arguments.
async fn next(admin: &mut Client) -> (String, Vec<Value>) {
    loop {
        let packet = admin.recv().await;
        let json = packet.strip_prefix("2/admin,").unwrap_or_else(|| panic!("{packet}"));
        let parts: Vec<Value> = serde_json::from_str(json).expect("an event");
        let name = parts[0].as_str().expect("a name").to_owned();
        if name != "server_stats" {
            return (name, parts[1..].to_vec());
        }
    }
}

/// The next event of a name, of those that concern a socket.
async fn next_of(admin: &mut Client, wanted: &str, id: &str) -> Vec<Value> {
    loop {
        let (name, args) = next(admin).await;
        if name == wanted && args.iter().any(|arg| *arg == id || arg["id"] == id) {
            return args;
        }
    }
}

/// Waits without stopping the clients of this thread.
async fn until(condition: &str, holds: impl Fn() -> bool) {
    let holding = async {
        while !holds() {
            sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(PATIENCE, holding).await.unwrap_or_else(|_| panic!("it did not happen: {condition}"));
}

fn is_admin(socket: &Value) -> bool {
    socket["nsp"] == "/admin"
}

/// An administrator that knows all sockets, itself included, and the others that it was listed.
async fn watch(server: &AdminServer) -> (Client, Vec<Value>) {
    let (mut admin, _) = server.log_in().await;
    let (name, args) = next(&mut admin).await;
    assert_eq!(name, "all_sockets");
    let (own, others): (Vec<_>, Vec<_>) =
        args[0].as_array().expect("a list").iter().cloned().partition(is_admin);
    let mut is_known = !own.is_empty();
    while !is_known {
        let (name, args) = next(&mut admin).await;
        is_known = name == "socket_connected" && is_admin(&args[0]);
    }
    (admin, others)
}

fn socket_of(server: &AdminServer, id: &str) -> actix_socketio::Socket {
    let id: SocketId = id.parse().expect("an id");
    server.io.socket(&id).expect("it is here")
}

#[actix_web::test]
async fn administrators_see_sockets_channels_and_events_as_they_happen() {
    let server = AdminServer::with(builder().admin(development()).on(
        "rename",
        async move |event: OnMessage| {
            event.socket.context().insert("name", event.json::<String>()?)?;
            Ok(())
        },
    ));
    let (_early, early) = server.client("/").await;
    let (mut admin, listed) = watch(&server).await;
    let listed: Vec<_> = listed.iter().map(|socket| &socket["id"]).collect();
    assert_eq!(listed, [&early]);

    let (client, id) = server.client("/").await;
    let room = next_of(&mut admin, "room_joined", &id).await;
    assert_eq!(room[..3], [json!("/"), json!(id), json!(id)], "the room of its own id");
    let connected = next_of(&mut admin, "socket_connected", &id).await;
    let socket = &connected[0];
    assert_eq!(socket["rooms"], json!([id]));
    assert_eq!((&socket["transport"], &socket["data"]), (&json!("websocket"), &json!({})));
    assert_eq!(socket["handshake"]["address"], "127.0.0.1");
    assert!(socket["clientId"].as_str().is_some_and(|client| client.len() == 20));

    client.send(r#"2["rename","Ada"]"#).await;
    let received = next_of(&mut admin, "event_received", &id).await;
    assert_eq!(received[..3], [json!("/"), json!(id), json!(["rename", "Ada"])]);
    let updated = next_of(&mut admin, "socket_updated", &id).await;
    assert_eq!(updated, [json!({"id": id, "nsp": "/", "data": {"name": "Ada"}})]);

    socket_of(&server, &id).subscribe("room-1").expect("it may");
    let joined = next_of(&mut admin, "room_joined", &id).await;
    assert_eq!(joined[..3], [json!("/"), json!("room-1"), json!(id)]);
    server.io.to("room-1").emit("news", &json!({"b": 2})).expect("it is sent");
    let sent = next_of(&mut admin, "event_sent", &id).await;
    assert_eq!(sent[..3], [json!("/"), json!(id), json!(["news", {"b": 2}])]);
    socket_of(&server, &id).unsubscribe("room-1");
    let left = next_of(&mut admin, "room_left", &id).await;
    assert_eq!(left[..3], [json!("/"), json!("room-1"), json!(id)]);

    // By the administrator, whose command comes back as the change itself.
    admin.send(&format!(r#"2/admin,["_disconnect","/",false,"{id}"]"#)).await;
    let gone = next_of(&mut admin, "socket_disconnected", &id).await;
    assert_eq!(gone[..3], [json!("/"), json!(id), json!("server namespace disconnect")]);
    let left = next_of(&mut admin, "room_left", &id).await;
    assert_eq!(left[..3], [json!("/"), json!(id), json!(id)]);
}

#[actix_web::test]
async fn sockets_are_tapped_while_an_administrator_watches_and_no_longer() {
    let server = AdminServer::with(builder().admin(development()));
    let (mut client, id) = server.client("/").await;
    assert_eq!(server.io.stats().admin_taps, 0);
    for _ in 0..3 {
        let (admin, _) = watch(&server).await;
        let (other, _) = watch(&server).await;
        let (_chat, _) = server.client("/chat").await;
        until("each socket but those of administrators is tapped", || {
            server.io.stats().admin_taps == server.io.connections() - 2
        })
        .await;
        admin.vanish().await;
        socket_of(&server, &id).emit("one", "still watches").expect("it is here");
        assert_eq!(client.recv().await, r#"2["one","still watches"]"#);
        assert!(server.io.stats().admin_taps > 0);
        other.vanish().await;
        until("the taps are gone", || server.io.stats().admin_taps == 0).await;
    }
    let production = AdminServer::start(admin());
    let (_client, _) = production.client("/").await;
    let _admin = production.log_in().await;
    assert_eq!(production.io.stats().admin_taps, 0);
}

#[actix_web::test]
async fn no_more_sockets_are_shown_than_may_be() {
    let server = AdminServer::with(builder().admin(development().max_shown_sockets(3)));
    let (_one, _) = server.client("/").await;
    let (mut admin, listed) = watch(&server).await;
    assert_eq!(listed.len(), 1);
    let (two, shown) = server.client("/").await;
    next_of(&mut admin, "socket_connected", &shown).await;
    let (_three, hidden) = server.client("/").await;
    until("it is counted", || server.io.stats().admin_sockets_hidden == 1).await;
    socket_of(&server, &hidden).emit("hidden", &1).expect("it is here");
    socket_of(&server, &shown).emit("shown", &2).expect("it is here");
    let sent = loop {
        let (name, args) = next(&mut admin).await;
        assert!(!args.iter().any(|arg| *arg == hidden || arg["id"] == hidden), "{name} {args:?}");
        if name == "event_sent" {
            break args;
        }
    };
    assert_eq!(sent[2], json!(["shown", 2]));
    admin.vanish().await;
    until("the administrator has gone", || server.io.stats().sockets["/admin"] == 0).await;
    let (_four, _) = server.client("/").await;
    // Four sockets are more than three: this administrator sees what the production mode shows.
    let auth = json!({"username": "admin", "password": PASSWORD});
    let mut admin = server.ask(&auth).await;
    let (_connect, _session) = (admin.recv().await, admin.recv().await);
    let config = event(&admin.recv().await, "config");
    assert!(!config[0].to_string().contains("ALL_EVENTS"), "{config:?}");
    assert!(admin.recv().await.starts_with(r#"2/admin,["server_stats""#));
    assert_eq!(server.io.stats().admin_taps, 0);
    drop(two);
}

#[actix_web::test]
async fn a_flood_costs_a_slow_administrator_events_and_nothing_else() {
    const MAX_OUTBOX: usize = 64 << 10;
    let server = AdminServer::with(builder().max_outbox(MAX_OUTBOX).admin(development()));
    let (mut client, id) = server.client("/").await;
    let (mut admin, _) = watch(&server).await;
    let socket = socket_of(&server, &id);
    let text = "x".repeat(1_000);
    // The administrator reads nothing, the client everything. What the kernel takes of the
    // administrator's events has a bound that is not known.
    while server.io.stats().admin_events_dropped < 10_000 {
        for n in 0..20 {
            socket.emit("flood", &json!([n, text])).expect("the client reads");
        }
        for n in 0..20 {
            assert!(client.recv().await.starts_with(&format!(r#"2["flood",[{n},"#)));
        }
        assert!(server.io.stats().outbox_bytes <= 2 * MAX_OUTBOX);
    }
    // A change while it is slow is told later.
    let (_late, late) = server.client("/").await;
    loop {
        let (name, args) = next(&mut admin).await;
        let lists = |list: &Value| {
            list.as_array().is_some_and(|list| list.iter().any(|socket| socket["id"] == late))
        };
        if (name == "socket_connected" && args[0]["id"] == late)
            || (name == "all_sockets" && lists(&args[0]))
        {
            break;
        }
    }
    assert_eq!(server.io.stats().disconnects["slow consumer"], 0);
}

#[actix_web::test]
async fn all_sockets_are_listed_again_after_changes_were_missed() {
    let server =
        AdminServer::with(builder().route(channel("^c")).max_changes(1).admin(development()));
    let (_client, id) = server.client("/").await;
    let (mut admin, _) = watch(&server).await;
    let socket = socket_of(&server, &id);
    let listed = loop {
        for n in 0..500 {
            socket.subscribe(format!("c{n}")).expect("it may");
            socket.unsubscribe(format!("c{n}"));
        }
        socket.subscribe("room-last").expect("it may");
        let (name, args) = next(&mut admin).await;
        if name == "all_sockets" && args[0].to_string().contains("room-last") {
            break args;
        }
    };
    let of_client = listed[0].as_array().expect("a list").iter().find(|it| it["id"] == id);
    assert_eq!(of_client.expect("it is listed")["rooms"], json!([id, "room-last"]));
}

#[actix_web::test]
async fn events_are_shown_up_to_a_length() {
    let server = AdminServer::with(builder().admin(development().max_event_bytes(400)));
    let (client, id) = server.client("/").await;
    let (mut admin, _) = watch(&server).await;
    let text = "x".repeat(1_000);
    client.send(&json!(["long", text]).to_string().replacen('[', "2[", 1)).await;
    let received = next_of(&mut admin, "event_received", &id).await;
    assert_eq!(received[2][0], "long");
    assert!(received[2].to_string().contains("too many to show"), "{received:?}");
    socket_of(&server, &id).emit("long", &text).expect("it is here");
    let sent = next_of(&mut admin, "event_sent", &id).await;
    assert!(!sent[2].to_string().contains("xxx"), "{sent:?}");
}

#[test]
fn what_is_shown_is_what_nodes_own_server_shows() {
    if !all_there("the Admin UI beside Node's server", &[Need::Node, Need::NodePackages]) {
        return;
    }
    let server = AdminServer::with(talking());
    node_tests(&clients().join("admin_development"), |node| {
        node.env("SERVER_URL", &server.url).env("HASH", hash(PASSWORD))
    });
}
