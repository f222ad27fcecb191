//! Limits on the number of connections and on their rates: what happens at each limit, and what is
//! counted.

use std::time::{Duration, Instant};

use actix_socketio::{Config, Rate, Stats, channel};
use serde_json::{Value, json};

use crate::{
    app::{TestServer, builder},
    client::{Client, Mode},
    fixture::Fixture,
    raw::{HttpConnection, PollingSession, UPGRADE, WebSocket, ask},
    wait::wait_until,
};

in_every_mode! {
    a_client_that_sends_too_fast_waits_and_loses_nothing,
    a_client_that_sends_too_many_bytes_waits_and_loses_nothing,
    a_client_that_subscribes_too_fast_receives_the_time_to_wait,
    statistics_count_what_happens,
}

const POLL: &str = "EIO=4&transport=polling";

#[test]
fn one_connection_too_many_is_refused_until_another_one_ends() {
    let fixture = Fixture::with(|builder| builder.max_connections(3));
    let polling = PollingSession::open(fixture.addr);
    let websocket = WebSocket::open(fixture.addr);
    let refused = ask(fixture.addr, "GET", POLL, "", b"");
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")));
    assert_eq!(refused.body, r#"{"code":4,"message":"Too many connections"}"#);
    let refused = ask(fixture.addr, "GET", "EIO=4&transport=websocket", UPGRADE, b"");
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")));
    assert_eq!(fixture.io.stats().refusals["max_connections"], 2);
    assert_eq!(fixture.io.connections(), 3, "a refused client does not count");
    polling.close();
    fixture.wait_for_connections(2);
    let another = PollingSession::open(fixture.addr);
    drop(websocket);
    another.close();
    fixture.assert_all_freed();
}

#[test]
fn the_connections_of_one_address_are_limited_also_behind_a_proxy() {
    let fixture =
        Fixture::with(|builder| builder.max_connections_per_address(2).trusted_proxies(1));
    let from = |forwarded: &str| {
        let headers = format!("X-Forwarded-For: {forwarded}\r\n");
        ask(fixture.addr, "GET", POLL, &headers, b"")
    };
    for _ in 0..2 {
        assert_eq!(from("6.6.6.6, 1.1.1.1").status, 200);
        assert_eq!(from("2001:db8::1").status, 200);
    }
    for (forwarded, status) in
        [("1.1.1.1", 429), ("2001:db8::ffff:1", 429), ("2.2.2.2", 200), ("1.1.1.1, 2.2.2.2", 200)]
    {
        let answer = from(forwarded);
        assert_eq!(answer.status, status, "{forwarded}");
        assert_eq!(answer.header("retry-after"), (status == 429).then_some("1"), "{forwarded}");
    }
    assert_eq!(fixture.io.stats().refusals["max_connections_per_address"], 2);
    // The bystander is connected without the proxy, from loopback.
    let _second = PollingSession::open(fixture.addr);
    assert_eq!(ask(fixture.addr, "GET", POLL, "", b"").status, 429);
}

#[test]
fn clients_without_a_readable_address_share_one_limit_and_no_other_is_theirs() {
    let fixture =
        Fixture::with(|builder| builder.max_connections_per_address(2).trusted_proxies(1));
    let from = |forwarded: &[u8]| {
        let mut http = HttpConnection::open(fixture.addr);
        let head = format!("GET /socket.io/?{POLL} HTTP/1.1\r\nHost: test\r\nX-Forwarded-For: ");
        http.write([head.as_bytes(), forwarded, b"\r\n\r\n"].concat());
        http.response().status
    };
    assert_eq!(from(b"\xe9, 203.0.113.9"), 200);
    assert_eq!(from(b"\xc3\xa4\xff, 203.0.113.9"), 200);
    assert_eq!(from(b"\xe9, 203.0.113.9"), 429, "counted by the entry of the proxy");
    let unknown = [b"unknown".as_slice(), b"1.1.1.1, \xe9", b"unix:", b"_gazonk", b","];
    let answers = unknown.map(from);
    assert_eq!(answers, [200, 200, 429, 429, 429], "counted together");
    let (_session, _) = PollingSession::join(fixture.addr);
    assert_eq!(fixture.io.stats().refusals["max_connections_per_address"], 4);
}

#[test]
fn an_address_is_free_again_when_its_connections_go() {
    let mut fixture = Fixture::with(|builder| builder.max_connections_per_address(2));
    for _ in 0..20 {
        let session = WebSocket::open(fixture.addr);
        assert_eq!(ask(fixture.addr, "GET", POLL, "", b"").status, 429);
        drop(session);
        fixture.assert_only_bystander_left();
    }
    fixture.assert_all_freed();
}

/// Sends a hundred numbers at once, so that it exceeds a rate also on a busy machine, and receives
/// all of them in order.
async fn count_to_a_hundred(server: &TestServer, mode: Mode) {
    let mut client = Client::connect(&server.url, mode).await;
    let packets: Vec<_> = (0..100).map(|n| format!(r#"42["echo",{n}]"#)).collect();
    client.transport().send_engine(&packets.join("\x1e")).await.expect("a session");
    for n in 0..100 {
        assert_eq!(client.expect_event("echo").await, json!([n]));
    }
    client.close().await;
    server.wait_until_empty().await;
}

fn echoing() -> actix_socketio::Builder {
    builder().on_message(async |event: actix_socketio::OnMessage| {
        Ok(event.socket.emit(event.event(), &event.json::<Value>()?)?)
    })
}

async fn a_client_that_sends_too_fast_waits_and_loses_nothing(mode: Mode) {
    let server = TestServer::start(echoing().event_rate(Rate::per_second(500).burst(1)));
    count_to_a_hundred(&server, mode).await;
    let Stats { throttled, messages_received, .. } = server.io.stats();
    assert!(throttled > 0, "the client was throttled");
    assert!(messages_received > 100);
}

async fn a_client_that_sends_too_many_bytes_waits_and_loses_nothing(mode: Mode) {
    let server = TestServer::start(echoing().byte_rate(Rate::per_second(10_000).burst(1)));
    count_to_a_hundred(&server, mode).await;
    assert!(server.io.stats().throttled > 0, "the client was throttled");
}

/// Its events are still unread when its pong is due.
#[actix_web::test]
async fn a_throttled_client_does_not_time_out() {
    let quick = Duration::from_millis(60);
    let server = TestServer::start(
        echoing()
            .event_rate(Rate::per_second(200).burst(1))
            .ping_interval(quick)
            // Less than it is throttled, and enough on a busy machine when it is not.
            .ping_timeout(4 * quick),
    );
    count_to_a_hundred(&server, Mode::WebSocket).await;
    let stats = server.io.stats();
    assert_eq!((stats.disconnects["ping timeout"], stats.disconnects["transport close"]), (0, 1));
}

async fn a_client_that_subscribes_too_fast_receives_the_time_to_wait(mode: Mode) {
    let server = TestServer::start(
        builder()
            .route(channel("^room-"))
            .namespace("/other", |other| other.route(channel("^room-")))
            .subscribe_rate(Rate::per_second(1).burst(2)),
    );
    let begun = Instant::now();
    let mut client = Client::connect(&server.url, mode).await;
    // A busy machine may be so slow that more than the burst is due.
    let mut subscribed = 0;
    let refusal = loop {
        let room = format!("room-{subscribed}");
        let answer = client.emit_with_ack("subscribe", json!([room])).await;
        if answer != json!([null]) {
            break answer;
        }
        subscribed += 1;
    };
    assert!(subscribed >= 2, "the burst");
    let why = refusal[0]["message"].as_str().expect("a reason");
    assert!(why.starts_with("too many subscriptions in a short time: try again in "), "{why}");
    let wait: u64 = why.split(' ').rev().nth(1).and_then(|ms| ms.parse().ok()).expect("how long");
    assert!(wait <= 1_000, "{why}");
    // The limit also holds across namespaces.
    client.send("0/other,").await;
    assert!(client.recv().await.starts_with("0/other,"));
    loop {
        client.send(&format!(r#"2/other,7["subscribe","room-{subscribed}"]"#)).await;
        let answer = client.recv().await;
        if answer != "3/other,7[null]" {
            assert!(answer.contains("too many subscriptions"), "{answer}");
            break;
        }
        subscribed += 1;
    }
    let due = 2.0 + begun.elapsed().as_secs_f64();
    assert!(f64::from(subscribed) <= due, "{subscribed} subscriptions, where {due} were due");
    assert_eq!(server.io.stats().refusals["subscribe_rate"], 2);
    // The client waits as long as the server asks before each try.
    let mut tries = 0;
    while client.emit_with_ack("subscribe", json!(["room-last"])).await != json!([null]) {
        tries += 1;
        assert!(tries < 10);
        tokio::time::sleep(Duration::from_millis(wait)).await;
    }
}

async fn statistics_count_what_happens(mode: Mode) {
    let server = TestServer::start(
        builder().route(channel("^room-")).namespaces_matching("^/t-", |tenant| tenant),
    );
    assert!(server.io.stats().is_idle());
    let mut client = Client::connect(&server.url, mode).await;
    client.subscribe("room-1").await;
    client.subscribe("room-2").await;
    assert_eq!(
        client.emit_with_ack("subscribe", json!(["elsewhere"])).await[0]["message"],
        "no such channel"
    );
    client.send("0/t-1,").await;
    assert!(client.recv().await.starts_with("0/t-1,"));
    client.send("0/nowhere,").await;
    assert!(client.recv().await.starts_with("4/nowhere,"));
    let receipt = server.io.to("room-1").publish("news", "x").await.expect("the registry is alive");
    assert_eq!(receipt.delivered, 1);
    assert_eq!(client.expect_event("news").await, json!(["x"]));
    let stats = server.io.stats();
    assert!(!stats.is_idle());
    let (first, now) = match mode {
        Mode::Polling => ("polling", "polling"),
        Mode::WebSocket => ("websocket", "websocket"),
        Mode::Upgrade => ("polling", "websocket"),
    };
    assert_eq!(
        (stats.connections, stats.transports[now], stats.connections_opened[first]),
        (1, 1, 1)
    );
    assert_eq!(stats.upgrades, u64::from(mode == Mode::Upgrade));
    assert_eq!((stats.sockets["/"], stats.sockets["^/t-"]), (1, 1));
    assert_eq!((stats.channels, stats.subscriptions), (2, 2));
    assert_eq!((stats.refusals["subscribe"], stats.refusals["unknown_namespace"]), (1, 1));
    // CONNECT three times, and three requests.
    assert_eq!(stats.messages_received, 6);
    // Three acknowledgements, and the news.
    assert_eq!((stats.messages_sent, stats.publications), (4, 1));
    // Two connects, and three requests.
    assert_eq!(stats.events_handled, 5);
    client.close().await;
    server.wait_until_empty().await;
    wait_until("every gauge is zero", || server.io.stats().is_idle());
    let stats = server.io.stats();
    assert_eq!(stats.disconnects.values().sum::<u64>(), 1);
    let json = serde_json::to_value(&stats).expect("a health page can show it");
    assert_eq!(json["disconnects"]["transport close"], 1);
}

#[test]
fn limits_of_zero_are_invalid_settings() {
    let nothing = Rate::per_second(0);
    for builder in [
        builder().event_rate(nothing),
        builder().byte_rate(Rate::per_second(1).burst(0)),
        builder().subscribe_rate(nothing),
        builder().max_connections(0),
        builder().max_connections_per_address(0),
    ] {
        actix_web::rt::System::new().block_on(async {
            let error = builder.build().expect_err("the limit lets nothing through");
            assert!(error.to_string().contains("must"), "{error}");
        });
    }
    assert_eq!(Config::default().max_connections, 100_000);
}
