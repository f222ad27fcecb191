//! Namespaces beside the main one: limits of their own, dynamic namespaces as a group, and who
//! receives changes of their channels.

use std::time::Duration;

use actix_socketio::{
    Change, Changes, HandlerError, Namespace, OnConnect, OnMessage, Receipt, SendError, channel,
};
use serde_json::Value;
use tokio::time::timeout;

use crate::{
    app::{TestServer, builder},
    client::{Client, Mode},
    wait::PATIENCE,
};

in_every_mode! {
    a_namespace_has_limits_of_its_own,
    a_full_namespace_refuses_and_has_room_again,
    a_family_is_reached_as_a_whole,
    a_packet_finds_its_socket_while_others_come_and_go,
    the_feed_has_every_admitted_socket_and_why_it_goes,
}

async fn a_namespace_has_limits_of_its_own(mode: Mode) {
    let server = TestServer::start(
        builder()
            .route(channel("^r"))
            .max_channels(2)
            .namespace("/small", |small| {
                small.route(channel("^r")).max_channels(1).max_channel_length(2)
            })
            .namespaces_if(
                |name, _| name.as_str().starts_with("/open-"),
                |open| {
                    open.open_channels()
                        .handler_timeout(Duration::from_millis(20))
                        .on_message(stall)
                },
            ),
    );
    // A handle from before the first client changes nothing.
    let handle = server.io.of("/open-1");
    let mut main = Client::connect(&server.url, mode).await;
    let mut small = Client::connect_with(&server.url, mode, "0/small,").await;
    let mut open = Client::connect_with(&server.url, mode, "0/open-1,").await;
    let ask = async |client: &mut Client, namespace: &str, what: &str, id: u32| {
        client.send(&format!("2{namespace}{id}[\"subscribe\",\"{what}\"]")).await;
        let answer = client.recv().await;
        let head = format!("3{namespace}{id}");
        let json = answer
            .strip_prefix(&head)
            .unwrap_or_else(|| panic!("{head}[..] is expected, not {answer}"));
        serde_json::from_str::<Vec<Value>>(json).expect("an array").remove(0)
    };
    assert_eq!(ask(&mut main, "", "r-long", 1).await, Value::Null);
    assert_eq!(ask(&mut main, "", "r2", 2).await, Value::Null);
    assert_eq!(ask(&mut small, "/small,", "r1", 1).await, Value::Null);
    let refusal = ask(&mut small, "/small,", "r2", 2).await;
    assert!(
        refusal["message"].as_str().is_some_and(|why| why.contains("1 channels at most")),
        "{refusal}"
    );
    let refusal = ask(&mut small, "/small,", "r-long", 3).await;
    assert!(refusal["message"].as_str().is_some_and(|why| why.contains('2')), "{refusal}");
    assert_eq!(ask(&mut open, "/open-1,", "any name at all", 1).await, Value::Null);
    open.send(r#"2/open-1,["stall"]"#).await;
    // Its handler times out after 20 ms, not after the server's 30 s.
    assert_eq!(ask(&mut open, "/open-1,", "another", 2).await, Value::Null);
    assert_eq!(handle.channels().await.len(), 2);
}

async fn stall(_: OnMessage) -> actix_socketio::HandlerResult {
    std::future::pending().await
}

async fn a_full_namespace_refuses_and_has_room_again(mode: Mode) {
    let server = TestServer::start(builder().namespace("/two", |two| two.max_sockets(2)));
    let [first, _second] = [
        Client::connect_with(&server.url, mode, "0/two,").await,
        Client::connect_with(&server.url, mode, "0/two,").await,
    ];
    let mut third = Client::ask(&server.url, mode, "", &[], "0/two,").await;
    assert_eq!(third.recv().await, r#"4/two,{"message":"the namespace is full"}"#);
    first.close().await;
    let freed = async {
        while server
            .io
            .of("/two")
            .everyone()
            .fetch_sockets()
            .await
            .expect("no channel is named")
            .len()
            > 1
        {}
    };
    timeout(PATIENCE, freed).await.expect("the first one ends");
    let mut again = Client::ask(&server.url, mode, "", &[], "0/two,").await;
    assert!(again.recv().await.starts_with(r#"0/two,{"sid""#));
}

async fn a_family_is_reached_as_a_whole(mode: Mode) {
    let server = TestServer::start(
        builder()
            .namespace("/admin", |admin| admin)
            .namespaces_matching("^/tenant-[0-9]+$", |tenant| tenant.route(channel("news"))),
    );
    let mut clients = Vec::new();
    for connect in ["0/tenant-1,", "0/tenant-2,", "0/admin,"] {
        clients.push(Client::connect_with(&server.url, mode, connect).await);
    }
    clients[1].send(r#"2/tenant-2,1["subscribe","news"]"#).await;
    assert_eq!(clients[1].recv().await, "3/tenant-2,1[null]");
    let tenants = || server.io.of_each(|namespace| namespace.as_str().starts_with("/tenant-"));
    let delivered = |receipts: Result<Vec<Receipt>, SendError>| {
        let receipts = receipts.expect("the registry is alive");
        (receipts.len(), receipts.iter().map(|receipt| receipt.delivered).sum::<usize>())
    };
    assert_eq!(delivered(tenants().to("news").publish("news", &1).await), (2, 1));
    assert_eq!(delivered(tenants().except("news").publish("no news", &2).await), (2, 1));
    tenants().emit("to all", &3).expect("the registry has capacity");
    server.io.of_each(|_| true).emit("last", &4).expect("the registry has capacity");
    for (client, expected) in clients.iter_mut().zip([
        &[r#"2/tenant-1,["no news",2]"#, r#"2/tenant-1,["to all",3]"#, r#"2/tenant-1,["last",4]"#]
            [..],
        &[r#"2/tenant-2,["news",1]"#, r#"2/tenant-2,["to all",3]"#, r#"2/tenant-2,["last",4]"#],
        &[r#"2/admin,["last",4]"#],
    ]) {
        for packet in expected {
            assert_eq!(client.recv().await, *packet);
        }
    }
    let count = tenants().into_iter().count();
    assert_eq!(count, 2, "each is a target of its own");
}

#[actix_web::test]
async fn changes_are_reported_in_order() {
    let server = TestServer::start(
        builder().namespaces_matching("^/live-", |live| live.route(channel("^match-"))),
    );
    let mut changes = server.io.changes();
    let mut client = Client::connect_with(&server.url, Mode::WebSocket, "0/live-1,").await;
    client.send(r#"2/live-1,1["subscribe","match-1"]"#).await;
    assert_eq!(client.recv().await, "3/live-1,1[null]");
    let socket = server.io.of("/live-1").subscribers("match-1").await.expect("a name")[0];
    client.vanish().await;
    let namespace = Namespace::new("/live-1");
    let mut reported = Vec::new();
    while reported.last() != Some(&Change::NamespaceClosed { namespace: namespace.clone() }) {
        let change = timeout(PATIENCE, changes.next())
            .await
            .unwrap_or_else(|_| panic!("nothing after {reported:?}"));
        reported.push(change.expect("the server is alive"));
    }
    let text: Vec<_> = reported
        .iter()
        .map(|change| match change {
            Change::NamespaceOpened { namespace } => format!("{namespace} opened"),
            Change::SocketConnected { socket: who, .. } if *who == socket => "connected".to_owned(),
            Change::SocketDisconnected { socket: who, reason, .. } if *who == socket => {
                format!("disconnected: {reason}")
            }
            Change::ChannelOpened { channel, .. } => format!("{channel} opened"),
            Change::Joined { channel, socket: who, .. } if *who == socket => {
                format!("joined {channel}")
            }
            Change::Left { channel, socket: who, .. } if *who == socket => {
                format!("left {channel}")
            }
            Change::ChannelClosed { channel, .. } => format!("{channel} closed"),
            Change::NamespaceClosed { namespace } => format!("{namespace} closed"),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(
        text,
        [
            "/live-1 opened",
            "connected",
            "match-1 opened",
            "joined match-1",
            "disconnected: transport close",
            "left match-1",
            "match-1 closed",
            "/live-1 closed"
        ]
    );
}

/// The sockets of the feed: who came to which namespace, and why who has gone.
async fn sockets_of(changes: &mut Changes, count: usize) -> Vec<String> {
    let mut seen = Vec::new();
    while seen.len() < count {
        let change = timeout(PATIENCE, changes.next()).await;
        match change.unwrap_or_else(|_| panic!("nothing after {seen:?}")).expect("a server") {
            Change::SocketConnected { namespace, .. } => seen.push(format!("{namespace} +")),
            Change::SocketDisconnected { namespace, reason, .. } => {
                seen.push(format!("{namespace} - {reason}"));
            }
            _ => {}
        }
    }
    seen
}

async fn the_feed_has_every_admitted_socket_and_why_it_goes(mode: Mode) {
    let refused = async |_: OnConnect| Err(HandlerError::reject("not here"));
    let server = TestServer::start(
        builder()
            .namespace("/refused", |namespace| namespace.on_connect(refused))
            .namespace("/chat", |namespace| namespace),
    );
    let mut changes = server.io.changes();
    let mut client = Client::connect_with(&server.url, mode, "0/chat,").await;
    client.send("0/refused,").await;
    assert!(client.recv().await.starts_with("4/refused,"), "it is refused");
    client.send("0").await;
    assert!(client.recv().await.starts_with("0{"), "it is admitted");
    assert_eq!(sockets_of(&mut changes, 2).await, ["/chat +", "/ +"], "and not the refused one");
    client.send("1/chat,").await;
    assert_eq!(sockets_of(&mut changes, 1).await, ["/chat - client namespace disconnect"]);
    client.send("0/chat,").await;
    assert!(client.recv().await.starts_with("0/chat,"), "it is admitted again");
    server.io.of("/chat").everyone().disconnect_sockets(false).await.expect("they are told");
    let chat = ["/chat +", "/chat - server namespace disconnect"];
    assert_eq!(sockets_of(&mut changes, 2).await, chat);
    server.io.everyone().disconnect_sockets(true).await.expect("they are told");
    assert_eq!(sockets_of(&mut changes, 1).await, ["/ - server namespace disconnect"]);
}

/// Sockets are found by a table while there are several. It follows each that comes and goes.
async fn a_packet_finds_its_socket_while_others_come_and_go(mode: Mode) {
    const NAMES: [&str; 5] = ["/n-0,", "/n-1,", "/n-2,", "/n-3,", "/n-4,"];
    let server = TestServer::start(
        builder().namespaces_matching("^/n-", |namespace| namespace.on_message(tell_namespace)),
    );
    let mut client = Client::connect_with(&server.url, mode, "0/n-0,").await;
    let mut present = vec![NAMES[0]];
    // Each round, one comes, or the first or the last of those that are there goes.
    for (round, comes) in [1, 2, 3, 4].into_iter().map(Some).chain([None; 4]).cycle().enumerate() {
        match comes {
            Some(at) if !present.contains(&NAMES[at]) => {
                client.send(&format!("0{}", NAMES[at])).await;
                assert!(client.recv().await.starts_with(&format!("0{}", NAMES[at])));
                present.push(NAMES[at]);
            }
            _ => {
                let gone = present.remove(if round % 2 == 0 { 0 } else { present.len() - 1 });
                client.send(&format!("1{gone}")).await;
                if present.is_empty() || round % 3 == 0 {
                    // It comes back at once, while the old socket's end may still wait.
                    client.send(&format!("0{gone}")).await;
                    assert!(client.recv().await.starts_with(&format!("0{gone}")));
                    present.push(gone);
                }
            }
        }
        for name in &present {
            client.send(&format!("2{name}7[\"where\"]")).await;
            let expected = format!("3{name}7[\"{}\"]", name.trim_end_matches(','));
            assert_eq!(client.recv().await, expected);
        }
        if round == 40 {
            break;
        }
    }
}

async fn tell_namespace(event: OnMessage) -> actix_socketio::HandlerResult {
    event.ack(event.socket.namespace())?;
    Ok(())
}
