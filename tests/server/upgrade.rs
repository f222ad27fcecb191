//! Upgrades from polling to a WebSocket: nothing is lost, and a client that fails continues to
//! poll.

use std::{
    cell::Cell,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use actix_socketio::{OnMessage, channel};
use awc::{
    error::WsClientError,
    http::StatusCode,
    ws::{Frame, Message},
};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::{
    app::{Record, TestServer, builder, recorder},
    client::{Client, Mode},
    transport::{get, http, websocket},
    wait::PATIENCE,
};

/// Messages go both ways while the client upgrades, to it alone and to its channel.
#[actix_web::test]
async fn an_upgrade_under_traffic_loses_doubles_and_reorders_nothing() {
    let record = Record::new();
    let log = record.clone();
    let server = TestServer::start(builder().route(channel("^room-")).on_message(
        async move |event: OnMessage| {
            match event.event() {
                "who am i" => event.ack(&event.socket.id())?,
                "up" => log.add(event.json::<u64>()?.to_string()),
                _ => {}
            }
            Ok(())
        },
    ));
    for round in 0..20 {
        let mut client = Client::connect(&server.url, Mode::Polling).await;
        client.subscribe("room-1").await;
        let id = client.emit_with_ack("who am i", json!([])).await;
        let id = id[0].as_str().expect("an id").parse().expect("an id");
        let socket = server.io.socket(&id).expect("the socket is connected");

        let stop = Arc::<AtomicBool>::default();
        let (io, stopped) = (server.io.clone(), Arc::clone(&stop));
        let down = thread::spawn(move || {
            let mut sent = 0;
            while !stopped.load(Ordering::SeqCst) {
                socket.emit("direct", &sent).expect("a client");
                io.to("room-1").emit("channel", &sent).expect("a publication");
                sent += 1;
                // As fast as a client can read.
                thread::sleep(Duration::from_micros(200));
            }
            sent
        });
        let (transport, upgraded) = (client.transport(), Rc::<Cell<bool>>::default());
        let (sender, done) = (client.transport(), Rc::clone(&upgraded));
        let up = actix_web::rt::spawn(async move {
            let (mut sent, mut after) = (0_u64, 0);
            while after < 20 {
                sender.send(&format!(r#"2["up",{sent}]"#)).await;
                sent += 1;
                after += u64::from(done.get());
                tokio::task::yield_now().await;
            }
            sent
        });
        transport.upgrade().await;
        upgraded.set(true);
        let up = up.await.expect("no panic");
        stop.store(true, Ordering::SeqCst);
        let down: u64 = down.join().expect("no panic");

        let packets = client.fence().await;
        for event in ["direct", "channel"] {
            let head = format!(r#"2["{event}","#);
            let received: Vec<_> =
                packets.iter().filter_map(|packet| packet.strip_prefix(&head)).collect();
            let expected: Vec<_> = (0..down).map(|n| format!("{n}]")).collect();
            assert_eq!(received, expected, "round {round}, {event}");
        }
        assert_eq!(packets.len() as u64, 2 * down, "round {round}");
        let expected: Vec<_> = (0..up).map(|n| n.to_string()).collect();
        let lines = record.lines();
        assert_eq!(lines[lines.len() - expected.len()..], expected, "round {round}");
        assert_eq!(record.count("0"), round + 1);
        client.close().await;
        server.wait_until_empty().await;
    }
}

/// Checks that a polling client works as before.
async fn assert_polls(client: &mut Client) {
    for _ in 0..3 {
        assert_eq!(client.fence().await, [""; 0]);
    }
}

/// Waits for the end of the WebSocket, which must be this Close frame. Returns the texts before it.
async fn texts_before_close(
    mut frames: impl futures_util::Stream<Item = Result<Frame, impl std::fmt::Debug>> + Unpin,
) -> Vec<String> {
    let mut before = Vec::new();
    loop {
        match timeout(PATIENCE, frames.next()).await.expect("the server closes it") {
            Some(Ok(Frame::Text(text))) => {
                before.push(String::from_utf8(text.into()).expect("text"));
            }
            Some(Ok(Frame::Close(None))) => return before,
            other => panic!("a Close frame is expected, not {other:?}"),
        }
    }
}

#[actix_web::test]
async fn a_probe_that_breaks_off_leaves_polling_as_it_was() {
    let server = TestServer::start(builder());
    let mut client = Client::connect(&server.url, Mode::Polling).await;
    let (mut sink, mut frames) =
        websocket(&http(), &client.transport().url("websocket"), &[]).await;
    sink.send(Message::Text("2probe".into())).await.expect("a WebSocket");
    assert!(matches!(frames.next().await, Some(Ok(Frame::Text(text))) if text == "3probe"));
    assert_eq!(client.fence().await, [""; 0], "polling goes on meanwhile");
    drop((sink, frames));
    assert_polls(&mut client).await;
    // Another one can succeed when the server knows that this one has ended.
    let transport = client.transport();
    let upgrade = async {
        loop {
            let (mut sink, mut frames) = websocket(&http(), &transport.url("websocket"), &[]).await;
            sink.send(Message::Text("2probe".into())).await.expect("a WebSocket");
            if matches!(frames.next().await, Some(Ok(Frame::Text(_)))) {
                return sink.close().await;
            }
        }
    };
    assert!(timeout(PATIENCE, upgrade).await.is_ok());
    assert_polls(&mut client).await;
}

#[actix_web::test]
async fn anything_but_a_probe_closes_the_websocket_only() {
    let server = TestServer::start(builder());
    let mut client = Client::connect(&server.url, Mode::Polling).await;
    for nonsense in ["2", "2nonsense", "40", r#"42["hello"]"#, "1", "3probe", "x", ""] {
        let (mut sink, frames) =
            websocket(&http(), &client.transport().url("websocket"), &[]).await;
        sink.send(Message::Text(nonsense.into())).await.expect("a WebSocket");
        assert_eq!(texts_before_close(frames).await, [""; 0], "{nonsense:?}");
        assert_polls(&mut client).await;
    }
    client.transport().upgrade().await;
    assert_eq!(client.fence().await, [""; 0]);
}

#[actix_web::test]
async fn a_probe_must_be_followed_by_an_upgrade() {
    let server = TestServer::start(builder());
    let mut client = Client::connect(&server.url, Mode::Polling).await;
    for nonsense in ["2probe", "40", "6"] {
        let (mut sink, frames) =
            websocket(&http(), &client.transport().url("websocket"), &[]).await;
        sink.send(Message::Text("2probe".into())).await.expect("a WebSocket");
        sink.send(Message::Text(nonsense.into())).await.expect("a WebSocket");
        assert_eq!(texts_before_close(frames).await, ["3probe"], "{nonsense:?}");
        assert_polls(&mut client).await;
    }
    client.transport().upgrade().await;
    assert_eq!(client.fence().await, [""; 0]);
}

#[actix_web::test]
async fn an_upgrade_needs_no_probe() {
    let server = TestServer::start(builder());
    let http = http();
    let (_, open) = get(&http, &format!("{}/socket.io/?EIO=4&transport=polling", server.url)).await;
    let open: Value = serde_json::from_str(&open[1..]).expect("an open packet");
    let session =
        format!("{}/socket.io/?EIO=4&sid={}", server.url, open["sid"].as_str().expect("a sid"));
    let (mut sink, mut frames) =
        websocket(&http, &format!("{session}&transport=websocket"), &[]).await;
    sink.send(Message::Text("5".into())).await.expect("a WebSocket");
    sink.send(Message::Text("40".into())).await.expect("a WebSocket");
    match timeout(PATIENCE, frames.next()).await {
        Ok(Some(Ok(Frame::Text(text)))) => assert!(text.starts_with(br#"40{"sid":"#), "{text:?}"),
        other => panic!("the client is admitted, not {other:?}"),
    }
}

#[actix_web::test]
async fn a_second_probe_is_closed_and_the_first_may_go_on() {
    let server = TestServer::start(builder());
    let mut client = Client::connect(&server.url, Mode::Polling).await;
    let (mut first, mut frames) =
        websocket(&http(), &client.transport().url("websocket"), &[]).await;
    first.send(Message::Text("2probe".into())).await.expect("a WebSocket");
    assert!(matches!(frames.next().await, Some(Ok(Frame::Text(text))) if text == "3probe"));
    let (mut second, closed) = websocket(&http(), &client.transport().url("websocket"), &[]).await;
    second.send(Message::Text("2probe".into())).await.expect("a WebSocket");
    assert_eq!(texts_before_close(closed).await, [""; 0]);
    assert_polls(&mut client).await;
    first.send(Message::Text("5".into())).await.expect("a WebSocket");
    first.send(Message::Text(r#"42["fence",7]"#.into())).await.expect("a WebSocket");
    match timeout(PATIENCE, frames.next()).await {
        Ok(Some(Ok(Frame::Text(text)))) => assert_eq!(text, r#"42["fence",7]"#),
        other => panic!("the first one has taken over, so not {other:?}"),
    }
}

#[actix_web::test]
async fn a_session_on_a_websocket_takes_no_other_transport() {
    let server = TestServer::start(builder());
    for mode in [Mode::WebSocket, Mode::Upgrade] {
        let mut client = Client::connect(&server.url, mode).await;
        // The answer to CONNECT may arrive by polling, before the server has read the upgrade.
        assert_eq!(client.fence().await, [""; 0]);
        let (status, body) = get(&http(), &client.transport().url("polling")).await;
        let body: Value = serde_json::from_str(&body).expect("an answer in JSON");
        assert_eq!((status, body), (400, json!({"code": 3, "message": "Bad request"})), "{mode:?}");
        let (mut sink, frames) =
            websocket(&http(), &client.transport().url("websocket"), &[]).await;
        sink.send(Message::Text("2probe".into())).await.expect("a WebSocket");
        assert_eq!(texts_before_close(frames).await, [""; 0]);
        assert_eq!(client.fence().await, [""; 0], "{mode:?}: the session goes on");
    }
}

#[actix_web::test]
async fn a_probe_that_never_ends_is_closed_and_polling_goes_on() {
    let (record, recorder) = recorder();
    let server =
        TestServer::start(builder().upgrade_timeout(Duration::from_millis(100)).to(&recorder));
    let mut client = Client::connect(&server.url, Mode::Polling).await;
    let (silent, frames) = websocket(&http(), &client.transport().url("websocket"), &[]).await;
    assert_eq!(texts_before_close(frames).await, [""; 0]);
    drop(silent);
    // On a busy machine, a probe may be too late itself.
    let mut was_answered = false;
    for _ in 0..20 {
        let (mut probing, frames) =
            websocket(&http(), &client.transport().url("websocket"), &[]).await;
        let _ = probing.send(Message::Text("2probe".into())).await;
        let before = texts_before_close(frames).await;
        assert!(before.is_empty() || before == ["3probe"], "{before:?}");
        was_answered = !before.is_empty();
        if was_answered {
            break;
        }
    }
    assert!(was_answered);
    assert_polls(&mut client).await;
    assert_eq!(record.lines(), ["connect"]);
}

/// The probe does not last until upgrade_timeout.
#[actix_web::test]
async fn a_probe_ends_with_its_session() {
    let server = TestServer::start(builder().upgrade_timeout(2 * PATIENCE));
    let client = Client::connect(&server.url, Mode::Polling).await;
    let mut probes = Vec::new();
    for _ in 0..2 {
        probes.push(websocket(&http(), &client.transport().url("websocket"), &[]).await);
    }
    client.close().await;
    for (_socket, frames) in probes {
        assert_eq!(texts_before_close(frames).await, [""; 0]);
    }
    server.wait_until_empty().await;
}

#[actix_web::test]
async fn upgrades_are_offered_only_if_they_are_allowed() {
    let allowed = TestServer::start(builder());
    let forbidden = TestServer::start(builder().allow_upgrades(false));
    let client = Client::connect(&allowed.url, Mode::Polling).await;
    assert_eq!(client.open["upgrades"], json!(["websocket"]));
    let client = Client::connect(&allowed.url, Mode::WebSocket).await;
    assert_eq!(client.open["upgrades"], json!([]), "there is nothing to upgrade to");
    let mut client = Client::connect(&forbidden.url, Mode::Polling).await;
    assert_eq!(client.open["upgrades"], json!([]));
    let refused =
        http().ws(client.transport().url("websocket").replacen("http", "ws", 1)).connect().await;
    assert!(matches!(refused, Err(WsClientError::InvalidResponseStatus(StatusCode::BAD_REQUEST))));
    assert_polls(&mut client).await;
}
