//! Every sending verb reaches exactly its receivers, once.

use std::thread;

use actix_socketio::{
    ChannelError, HandlerResult, OnMessage, SendError, Socket, SocketId, SocketIo, channel,
};
use serde_json::{Value, json};

use crate::{
    app::{TestServer, builder},
    client::{Client, Mode},
};

in_every_mode! {
    each_verb_of_a_socket_has_its_receivers,
    each_verb_of_the_server_has_its_receivers,
    a_receipt_counts_the_clients_of_a_publication,
    each_verb_keeps_to_its_namespace,
    a_client_that_has_gone_can_not_be_sent_to,
    an_event_that_can_not_be_sent_is_an_error_and_reaches_no_client,
}

/// The clients by name, with their channels. The first one is the sender.
const CLIENTS: [(&str, &[&str]); 5] = [
    ("ada", &["x", "y"]),
    ("bob", &["x"]),
    ("cy", &["y"]),
    ("dan", &[]),
    ("eve", &["x", "y", "z"]),
];

struct Fixture {
    server: TestServer,
    clients: Vec<Client>,
    ids: Vec<SocketId>,
}

impl Fixture {
    async fn new(mode: Mode) -> Self {
        let server = TestServer::start(builder().on_message(sends).route(channel("^[xyz]$")));
        let mut clients = Vec::new();
        let mut ids = Vec::new();
        for (_, channels) in CLIENTS {
            let mut client = Client::connect(&server.url, mode).await;
            let id = client.emit_with_ack("who am i", json!([])).await;
            ids.push(id[0].as_str().expect("an id").parse().expect("an id"));
            for channel in channels {
                client.subscribe(channel).await;
            }
            clients.push(client);
        }
        Self { server, clients, ids }
    }

    /// The clients that received the message with this data, repeated for each copy. Other messages
    /// are an error.
    async fn receivers(&mut self, data: &str) -> Vec<&'static str> {
        let mut receivers = Vec::new();
        for (client, (name, _)) in self.clients.iter_mut().zip(CLIENTS) {
            for message in client.messages().await {
                assert_eq!(message, data, "{name}");
                receivers.push(name);
            }
        }
        receivers
    }
}

type Verb = (&'static str, fn(&Socket, &str) -> Result<(), SendError>, &'static [&'static str]);

/// The verbs of a socket in `x` and `y`.
const OF_A_SOCKET: [Verb; 16] = [
    ("send", |socket, data| socket.send(data), &["ada"]),
    ("emit", |socket, data| socket.emit("message", data), &["ada"]),
    ("broadcast", |socket, data| socket.broadcast(data), &["bob", "cy", "dan", "eve"]),
    ("others", |socket, data| socket.others().emit("message", data), &["bob", "cy", "dan", "eve"]),
    ("broadcast_channel", |socket, data| socket.broadcast_channel("x", data), &["bob", "eve"]),
    ("broadcast_channel of others", |socket, data| socket.broadcast_channel("z", data), &["eve"]),
    ("to", |socket, data| socket.to("x").emit("message", data), &["bob", "eve"]),
    ("to two", |socket, data| socket.to("x").to("y").emit("message", data), &["bob", "cy", "eve"]),
    ("broadcast_channels", |socket, data| socket.broadcast_channels(data), &["bob", "cy", "eve"]),
    (
        "send_and_broadcast",
        |socket, data| socket.send_and_broadcast(data),
        &["ada", "bob", "cy", "dan", "eve"],
    ),
    (
        "send_and_broadcast_channel",
        |socket, data| socket.send_and_broadcast_channel("x", data),
        &["ada", "bob", "eve"],
    ),
    (
        "send_and_broadcast_channel of others",
        |socket, data| socket.send_and_broadcast_channel("z", data),
        &["ada", "eve"],
    ),
    ("to except", |socket, data| socket.to("x").except("z").emit("message", data), &["bob"]),
    (
        "others except",
        |socket, data| socket.others().except("y").emit("message", data),
        &["bob", "dan"],
    ),
    (
        "including itself",
        |socket, data| socket.to("y").including(socket).emit("message", data),
        &["ada", "cy", "eve"],
    ),
    ("to an empty channel", |socket, data| socket.to("empty").emit("message", data), &[]),
];

async fn sends(event: OnMessage) -> HandlerResult {
    match event.event() {
        "who am i" => event.ack(&event.socket.id())?,
        "verb" => {
            let wanted: String = event.json()?;
            let (_, verb, _) =
                OF_A_SOCKET.iter().find(|(name, ..)| *name == wanted).expect("a verb");
            verb(&event.socket, &wanted)?;
            event.ack(&())?;
        }
        _ => {}
    }
    Ok(())
}

async fn each_verb_of_a_socket_has_its_receivers(mode: Mode) {
    let mut fixture = Fixture::new(mode).await;
    for (name, _, receivers) in OF_A_SOCKET {
        assert_eq!(
            fixture.clients[0].emit_with_ack("verb", json!([name])).await,
            json!([null]),
            "{name}"
        );
        assert_eq!(fixture.receivers(name).await, receivers, "{name}");
    }
}

async fn each_verb_of_the_server_has_its_receivers(mode: Mode) {
    type Verb = (
        &'static str,
        fn(&SocketIo, &[SocketId], &str) -> Result<(), SendError>,
        &'static [&'static str],
    );
    let of_the_server: [Verb; 12] = [
        ("broadcast", |io, _, data| io.broadcast(data), &["ada", "bob", "cy", "dan", "eve"]),
        ("emit", |io, _, data| io.emit("message", data), &["ada", "bob", "cy", "dan", "eve"]),
        (
            "broadcast_channel",
            |io, _, data| io.broadcast_channel("x", data),
            &["ada", "bob", "eve"],
        ),
        ("to", |io, _, data| io.to("y").emit("message", data), &["ada", "cy", "eve"]),
        (
            "to two",
            |io, _, data| io.to("x").to("y").emit("message", data),
            &["ada", "bob", "cy", "eve"],
        ),
        ("the same twice", |io, _, data| io.to("z").to("z").emit("message", data), &["eve"]),
        ("send", |io, ids, data| io.send(&ids[3], data), &["dan"]),
        (
            "socket",
            |io, ids, data| {
                io.socket(&ids[2]).expect("the socket is connected").emit("message", data)
            },
            &["cy"],
        ),
        ("except", |io, _, data| io.except("x").emit("message", data), &["cy", "dan"]),
        (
            "to except",
            |io, _, data| io.to("x").to("y").except("z").emit("message", data),
            &["ada", "bob", "cy"],
        ),
        (
            "except_socket",
            |io, ids, data| {
                io.to("x").except_socket(ids[0]).except_socket(ids[4]).emit("message", data)
            },
            &["bob"],
        ),
        (
            "including",
            |io, ids, data| {
                let [dan, eve] =
                    [3, 4].map(|at| io.socket(&ids[at]).expect("the socket is connected"));
                io.to("y").except("z").including(&dan).including(&eve).emit("message", data)
            },
            &["ada", "cy", "dan", "eve"],
        ),
    ];
    let mut fixture = Fixture::new(mode).await;
    for (name, verb, receivers) in of_the_server {
        let (io, ids) = (fixture.server.io.clone(), fixture.ids.clone());
        // From any thread, outside of events and runtimes.
        let sent = thread::spawn(move || verb(&io, &ids, name)).join().expect("no panic");
        sent.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(fixture.receivers(name).await, receivers, "{name}");
    }
}

async fn a_receipt_counts_the_clients_of_a_publication(mode: Mode) {
    let mut fixture = Fixture::new(mode).await;
    for (channels, count) in [(&["x"][..], 3), (&["x", "y"], 4), (&["empty"], 0)] {
        let target = channels
            .iter()
            .skip(1)
            .fold(fixture.server.io.to(channels[0]), actix_socketio::Target::to);
        assert_eq!(
            target.publish("message", "data").await.expect("a publication").delivered,
            count,
            "{channels:?}"
        );
        assert_eq!(fixture.receivers("data").await.len(), count, "{channels:?}");
    }
}

async fn each_verb_keeps_to_its_namespace(mode: Mode) {
    let server = TestServer::start(
        builder()
            .route(channel("x"))
            .namespace("/admin", |admin| admin.route(channel("x")).on_message(sends)),
    );
    let mut client = Client::connect(&server.url, mode).await;
    client.subscribe("x").await;
    client.send("0/admin,").await;
    client.wait_for(|packet| packet.starts_with("0/admin,")).await;
    for packet in [r#"2/admin,1["subscribe","x"]"#, r#"2/admin,2["verb","send_and_broadcast"]"#] {
        client.send(packet).await;
    }
    assert_eq!(client.wait_for(|packet| packet.starts_with("3/admin,2")).await, "3/admin,2[null]");
    server.io.of("/admin").broadcast("all").expect("a publication");
    server.io.of("admin").broadcast_channel("x", "some").expect("a publication");
    server.io.of("/nowhere").broadcast("no receiver").expect("a publication");
    server.io.broadcast_channel("x", "here").expect("a publication");
    assert_eq!(
        client.fence().await,
        [
            "3/admin,1[null]",
            r#"2/admin,["message","send_and_broadcast"]"#,
            r#"2/admin,["message","all"]"#,
            r#"2/admin,["message","some"]"#,
            r#"2["message","here"]"#,
        ]
    );
}

async fn a_client_that_has_gone_can_not_be_sent_to(mode: Mode) {
    let mut fixture = Fixture::new(mode).await;
    let [ada, bob] = [fixture.ids[0], fixture.ids[1]];
    let socket = fixture.server.io.socket(&bob).expect("the socket is connected");
    assert!(fixture.server.io.of("/admin").socket(&bob).is_none(), "it is not in that namespace");
    assert!(socket.is_connected());
    fixture.clients.remove(1).close().await;
    while fixture.server.io.connections() > 4 {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    assert!(
        matches!(fixture.server.io.send(&bob, "data"), Err(SendError::NoSocket(id)) if id == bob)
    );
    assert!(matches!(socket.send("data"), Err(SendError::Closed)));
    assert!(!socket.is_connected());
    assert_eq!(socket.channels().len(), 0);
    assert!(socket.subscribe("x").is_err());
    let receipt =
        fixture.server.io.to("x").publish("message", "data").await.expect("a publication");
    assert_eq!(receipt.delivered, 2);
    let mut left = fixture.server.io.subscribers("x").await.expect("a name");
    left.sort();
    let mut expected = [ada, fixture.ids[4]];
    expected.sort();
    assert_eq!(left, expected);
}

async fn an_event_that_can_not_be_sent_is_an_error_and_reaches_no_client(mode: Mode) {
    let mut fixture = Fixture::new(mode).await;
    let io = fixture.server.io.clone();
    let socket = io.socket(&fixture.ids[0]).expect("the socket is connected");
    assert!(matches!(
        io.broadcast_channel("", "data"),
        Err(SendError::Channel(ChannelError::Empty))
    ));
    assert!(matches!(io.to("x").to("a\nb").emit("message", "data"), Err(SendError::Channel(_))));
    assert!(matches!(
        io.except("y".repeat(256)).emit("message", "data"),
        Err(SendError::Channel(_))
    ));
    assert!(matches!(io.emit("connect", "data"), Err(SendError::Reserved(_))));
    assert!(matches!(socket.emit("disconnect", "data"), Err(SendError::Reserved(_))));
    let no_json = std::collections::HashMap::from([((1, 2), 3)]);
    assert!(matches!(socket.send(&no_json), Err(SendError::Serialize(_))));
    assert!(matches!(io.broadcast(&no_json), Err(SendError::Serialize(_))));
    assert!(matches!(io.to("x").publish("message", &no_json).await, Err(SendError::Serialize(_))));
    for client in &mut fixture.clients {
        assert_eq!(client.messages().await, [Value::Null; 0]);
    }
}
