//! Clients that publish more than others read are held back, and disconnect no subscriber.

mod clients;

use std::{thread, time::Duration};

use actix_socketio::{Builder, OnMessage, SocketId, channel};

use clients::{Numbers, Publisher, read_slowly};

use crate::{
    fixture::Fixture,
    raw::{PollingSession, WebSocket},
    wait::wait_until,
};

/// Longer than any test, so that only a subscriber that reads lets a publisher go on.
const NEVER: Duration = Duration::from_secs(3600);

fn fixture(configure: impl FnOnce(Builder) -> Builder) -> Fixture {
    Fixture::with(|builder| {
        let builder = builder.slow_consumer_timeout(NEVER).max_outbox(128 * 1024);
        configure(builder).route(channel("^room-").allow_publish())
    })
}

fn subscribe(fixture: &Fixture, id: SocketId, channels: &[&str]) {
    let socket = fixture.io.socket(&id).expect("the socket is connected");
    for name in channels {
        socket.subscribe(name).expect("the subscription is allowed");
    }
}

/// A client on a WebSocket that is subscribed to these channels.
fn member(fixture: &Fixture, channels: &[&str]) -> (WebSocket, SocketId) {
    let mut client = WebSocket::open_with_small_buffers(fixture.addr);
    let id = client.join();
    subscribe(fixture, id, channels);
    (client, id)
}

#[track_caller]
fn assert_disconnects(fixture: &Fixture, slow_consumers: u64, timeouts: u64) {
    let stats = fixture.io.stats();
    assert_eq!(stats.disconnects["slow consumer"], slow_consumers);
    assert_eq!(stats.slow_consumer_timeouts, timeouts);
    assert!(stats.publications_held > 0);
}

/// With the default bounds, and messages as large as they may be.
#[test]
fn a_publisher_of_large_messages_disconnects_no_slower_subscriber() {
    const MESSAGES: usize = 16;
    let fixture = fixture(|builder| builder.max_outbox(4 << 20));
    let subscribers: Vec<_> = (0..10).map(|_| member(&fixture, &["room-1"]).0).collect();
    let publisher = Publisher::start(&fixture, 0, "room-1", MESSAGES, 990_000);
    wait_until("the publisher is held back", || fixture.io.stats().publications_held == 1);
    assert!(fixture.io.stats().outboxes_congested > 0);
    let readers: Vec<_> = subscribers
        .into_iter()
        .map(|mut client| {
            thread::spawn(move || {
                let mut numbers = Numbers::new(1);
                while !numbers.is_all(MESSAGES) {
                    numbers.receive(&client.text());
                }
            })
        })
        .collect();
    publisher.join();
    readers.into_iter().for_each(|reader| reader.join().expect("it receives everything"));
    assert_disconnects(&fixture, 0, 0);
    fixture.assert_all_freed();
}

#[test]
fn many_publishers_to_several_channels_disconnect_no_slower_subscriber() {
    const PUBLISHERS: usize = 8;
    const MESSAGES: usize = 40;
    const CHANNELS: [&str; 2] = ["room-1", "room-2"];
    let fixture = fixture(|builder| builder);
    // Each of them is in all the channels. The server has two workers.
    let subscribers: Vec<_> = (0..4).map(|_| member(&fixture, &CHANNELS).0).collect();
    let (polling, id) = PollingSession::join(fixture.addr);
    subscribe(&fixture, id, &CHANNELS);
    let publishers: Vec<_> = (0..PUBLISHERS)
        .map(|name| Publisher::start(&fixture, name, CHANNELS[name % 2], MESSAGES, 30_000))
        .collect();
    wait_until("all publishers are held back", || {
        fixture.io.stats().publications_held >= PUBLISHERS as u64
    });
    let mut readers: Vec<_> = subscribers
        .into_iter()
        .map(|client| {
            let io = fixture.io.clone();
            read_slowly(client, move || io.stats(), PUBLISHERS, MESSAGES)
        })
        .collect();
    readers.push(thread::spawn(move || {
        let mut numbers = Numbers::new(PUBLISHERS);
        while !numbers.is_all(MESSAGES) {
            let body = polling.get().body;
            let packets = body.split('\x1e').filter(|packet| *packet != "2");
            packets.for_each(|packet| numbers.receive(packet));
        }
        polling.close();
    }));
    publishers.into_iter().for_each(Publisher::join);
    readers.into_iter().for_each(|reader| reader.join().expect("it receives everything"));
    assert_disconnects(&fixture, 0, 0);
    fixture.assert_all_freed();
}

/// The handler does for its clients what `allow_publish` does.
#[test]
fn a_handler_that_relays_disconnects_no_slower_subscriber() {
    const MESSAGES: usize = 200;
    let fixture = fixture(|builder| {
        builder.route(channel("^forwarded$").on_message(async |event: OnMessage| {
            if let Some(channel) = &event.channel {
                let numbers: (usize, usize, String) = event.json()?;
                event.socket.to(channel).relay(event.event(), &numbers).await?;
            }
            Ok(())
        }))
    });
    let (mut subscriber, _) = member(&fixture, &["forwarded"]);
    let publisher = Publisher::start(&fixture, 0, "forwarded", MESSAGES, 30_000);
    wait_until("the publisher is held back", || fixture.io.stats().publications_held == 1);
    let mut numbers = Numbers::new(1);
    while !numbers.is_all(MESSAGES) {
        numbers.receive(&subscriber.text());
    }
    publisher.join();
    assert_disconnects(&fixture, 0, 0);
    drop(subscriber);
    fixture.assert_all_freed();
}

/// A volatile event goes to those that wait for one, and is dropped for the others.
#[actix_web::test]
async fn what_is_volatile_does_not_wait() {
    let fixture = fixture(|builder| builder);
    let (session, id) = PollingSession::join(fixture.addr);
    subscribe(&fixture, id, &["room-1"]);
    let io = &fixture.io;
    io.to("room-1").emit("own", &"x".repeat(90_000)).expect("there is capacity");
    let volatile = io.to("room-1").volatile();
    is_send(volatile.relay("e", &1)).await.expect("there is capacity");
    assert!(session.get().body.starts_with(r#"42["own""#));
    // The answer counts until the server has dropped it, which is after the client has read it.
    wait_until("the answer is gone", || io.stats().outboxes_congested == 0);
    is_send(io.to("room-1").relay("e", &2)).await.expect("there is capacity");
    session.get().assert_poll(&[r#"42["e",2]"#]);
    assert_eq!(io.stats().publications_held, 0);
    session.close();
    fixture.assert_all_freed();
}

/// Handlers on other threads publish, too.
fn is_send<F: Future + Send>(future: F) -> F {
    future
}

/// Otherwise one client could silence a channel.
#[test]
fn a_subscriber_that_never_reads_delays_a_publisher_once_and_is_disconnected() {
    const MESSAGES: usize = 400;
    let fixture = fixture(|builder| builder.slow_consumer_timeout(Duration::from_secs(2)));
    let (stalled, id) = member(&fixture, &["room-1"]);
    let (mut other, _) = member(&fixture, &["room-1"]);
    let reader = thread::spawn(move || {
        let mut numbers = Numbers::new(1);
        while !numbers.is_all(MESSAGES) {
            numbers.receive(&other.text());
        }
    });
    let publisher = Publisher::start(&fixture, 0, "room-1", MESSAGES, 30_000);
    publisher.join();
    reader.join().expect("it receives everything");
    assert_eq!(fixture.journal.disconnect_reason(id), "slow consumer");
    assert_disconnects(&fixture, 1, 1);
    drop(stalled);
    fixture.assert_all_freed();
}

#[test]
fn only_the_channels_of_a_slow_subscriber_wait_for_it() {
    const MESSAGES: usize = 400;
    let fixture = fixture(|builder| builder);
    let (stalled, _) = member(&fixture, &["room-1", "own"]);
    let held = Publisher::start(&fixture, 0, "room-1", MESSAGES, 30_000);
    wait_until("it is held back", || fixture.io.stats().publications_held == 1);
    let (mut other, _) = member(&fixture, &["room-2"]);
    let publisher = Publisher::start(&fixture, 0, "room-2", 20, 30_000);
    let mut numbers = Numbers::new(1);
    while !numbers.is_all(20) {
        numbers.receive(&other.text());
    }
    publisher.join();
    let so_far = held.answered();
    assert!(so_far < MESSAGES, "it waits");
    assert_eq!(fixture.io.stats().disconnects["slow consumer"], 0);
    // The server's own publications do not wait, and disconnect a client that does not read. They go
    // to that client alone: the publisher reads, but perhaps not as fast as this loop writes.
    while fixture.io.stats().disconnects["slow consumer"] == 0 {
        fixture.io.to("own").emit("own", &"x".repeat(20_000)).expect("there is capacity");
    }
    held.join();
    assert_disconnects(&fixture, 1, 0);
    drop((stalled, other));
    fixture.assert_all_freed();
}

#[test]
fn a_publisher_does_not_wait_for_what_it_does_not_read_itself() {
    let mut fixture = fixture(|builder| builder);
    let (publisher, id) = PollingSession::join(fixture.addr);
    subscribe(&fixture, id, &["room-1"]);
    let (mut other, _) = member(&fixture, &["room-1"]);
    let socket = fixture.io.socket(&id).expect("the socket is connected");
    socket.emit("own", &"x".repeat(90_000)).expect("there is capacity");
    assert_eq!(fixture.io.stats().outboxes_congested, 1);
    for number in 0..20 {
        publisher.post(format!(r#"42["publish","room-1","numbered",[0,{number},1]]"#)).assert_ok();
        assert_eq!(other.text(), format!(r#"42["numbered",[0,{number},1]]"#));
    }
    assert_eq!(fixture.io.stats().publications_held, 0);
    assert!(publisher.get().body.starts_with(r#"42["own""#));
    wait_until("the answer is read", || fixture.io.stats().outboxes_congested == 0);
    publisher.close();
    drop(other);
    fixture.assert_only_bystander_left();
    fixture.assert_all_freed();
}

/// What it has published is still sent, as are other events of a client that has gone.
#[test]
fn a_publisher_that_leaves_while_it_is_held_back_loses_nothing() {
    let fixture = fixture(|builder| builder);
    let (subscriber, id) = PollingSession::join(fixture.addr);
    subscribe(&fixture, id, &["room-1"]);
    let (mut publisher, publisher_id) = member(&fixture, &["room-1"]);
    let text = "x".repeat(40_000);
    for number in 0..4 {
        publisher.send(&format!(r#"42["publish","room-1",[{number},"{text}"]]"#));
    }
    wait_until("it is held back", || fixture.io.stats().publications_held == 1);
    drop(publisher);
    assert_eq!(fixture.io.stats().publications, 2);
    let mut received = Vec::new();
    while received.len() < 4 {
        let body = subscriber.get().body;
        received.extend(body.split('\x1e').map(|packet| packet[..17].to_owned()));
    }
    assert!((0..4).all(|n| received[n] == format!(r#"42["message",[{n},""#)), "{received:?}");
    assert_eq!(fixture.journal.disconnect_reason(publisher_id), "transport close");
    subscriber.close();
    fixture.assert_all_freed();
}

#[test]
fn a_shutdown_does_not_wait_for_publishers_that_are_held_back() {
    let fixture = fixture(|builder| builder.shutdown_timeout(Duration::from_secs(60)));
    let (stalled, _) = member(&fixture, &["room-1"]);
    let held = Publisher::start(&fixture, 0, "room-1", 400, 30_000);
    wait_until("it is held back", || fixture.io.stats().publications_held == 1);
    let io = fixture.io.clone();
    let is_done = actix_web::rt::System::new().block_on(io.shutdown());
    assert!(is_done, "all handlers are done");
    held.join();
    assert_eq!(fixture.io.stats().disconnects["slow consumer"], 0);
    assert_eq!(fixture.io.stats().slow_consumer_timeouts, 0);
    drop(stalled);
}

#[test]
fn with_a_timeout_of_zero_nothing_is_held_back() {
    let fixture = fixture(|builder| builder.slow_consumer_timeout(Duration::ZERO));
    let (stalled, id) = member(&fixture, &["room-1"]);
    let publisher = Publisher::start(&fixture, 0, "room-1", 400, 30_000);
    publisher.join();
    assert_eq!(fixture.journal.disconnect_reason(id), "slow consumer");
    assert_eq!(fixture.io.stats().publications_held, 0);
    drop(stalled);
    fixture.assert_all_freed();
}
