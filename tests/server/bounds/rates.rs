//! `event_rate` and `byte_rate` hold for whatever a client makes the server read.

use std::{io::Write, net::Shutdown, thread, time::Duration};

use actix_socketio::{Builder, Rate};

use crate::{
    fixture::Fixture,
    raw::{PollingSession, WebSocket, frame},
    wait::wait_until,
};

/// Nothing is due before the end of the test.
const SLOW: Duration = Duration::from_secs(3_600);

/// A rate that lets a test join, and then next to nothing.
fn event_rate(builder: Builder) -> Builder {
    builder.event_rate(Rate::per_second(1).burst(20)).ping_interval(SLOW)
}

fn byte_rate(builder: Builder) -> Builder {
    builder.byte_rate(Rate::per_second(1).burst(5_000)).ping_interval(SLOW)
}

/// More than the buffers of the kernel hold, on both sides.
const FLOOD: usize = 64 * 1024 * 1024;

/// Sends a frame over and over. The server stops to read, so that not all of it can be written.
fn assert_held_back(limit: fn(Builder) -> Builder, frames: &[u8]) {
    let mut fixture = Fixture::with(limit);
    let mut session = WebSocket::open(fixture.addr);
    session.join();
    let before = fixture.io.stats().throttled;
    let mut writer = session.writer();
    let chunk = frames.repeat((64 * 1024 / frames.len()).max(1));
    let flood = thread::spawn(move || {
        let mut written = 0;
        while written < FLOOD && writer.write_all(&chunk).is_ok() {
            written += chunk.len();
        }
        written
    });
    wait_until("the client is held back", || fixture.io.stats().throttled > before);
    fixture.assert_bystander_works();
    // Ends a write that waits.
    session.stream().shutdown(Shutdown::Both).expect("the stream is open");
    let written = flood.join().expect("the flood ends");
    assert!(written < FLOOD, "all of {written} bytes were read");
}

#[test]
fn packets_without_an_event_are_held_back() {
    for packet in ["3", "6", "0{}", "5", "3xxxxxxxxxxxxxxxx"] {
        assert_held_back(event_rate, &frame(0x81, packet.as_bytes()));
    }
    for kind in ["3", "6", "0"] {
        let packet = frame(0x81, format!("{kind}{}", "x".repeat(10_000)).as_bytes());
        assert_held_back(byte_rate, &packet);
    }
}

#[test]
fn control_frames_are_held_back() {
    for first in [0x89, 0x8a] {
        assert_held_back(event_rate, &frame(first, b""));
        assert_held_back(byte_rate, &frame(first, &[b'x'; 125]));
    }
}

#[test]
fn fragments_are_held_back() {
    // The first fragment of a message, and empty ones without an end.
    let mut fixture = Fixture::with(event_rate);
    let mut session = WebSocket::open(fixture.addr);
    session.join();
    let before = fixture.io.stats().throttled;
    session.send_raw(frame(0x01, b"42"));
    session.send_raw(frame(0x00, b"").repeat(100));
    wait_until("the client is held back", || fixture.io.stats().throttled > before);
    fixture.assert_bystander_works();
}

#[test]
fn messages_of_many_small_fragments_are_charged_for_their_frames() {
    let fixture = Fixture::with(byte_rate);
    let mut session = WebSocket::open(fixture.addr);
    session.join();
    let before = fixture.io.stats().throttled;
    // The messages have 2 bytes each, and the frames 6,000 together.
    let message = [frame(0x01, b"3"), frame(0x00, b"").repeat(98), frame(0x80, b"x")].concat();
    session.send_raw(message.repeat(10));
    wait_until("the client is held back", || fixture.io.stats().throttled > before);
}

#[test]
fn bodies_of_small_packets_are_held_back() {
    for limit in [event_rate, byte_rate] {
        let mut fixture = Fixture::with(limit);
        let (session, _) = PollingSession::join(fixture.addr);
        let body = ["3"; 4_000].join("\x1e");
        let mut held = session.begin_post_of(&body);
        wait_until("the client is held back", || fixture.io.stats().throttled > 0);
        for _ in 0..5 {
            fixture.assert_bystander_works();
            assert!(held.is_quiet(), "the client is over its rate");
        }
    }
}

#[test]
fn separators_and_base64_are_charged_as_they_are_read() {
    let fixture = Fixture::with(|builder| {
        builder.byte_rate(Rate::per_second(1).burst(1_000)).ping_interval(SLOW)
    });
    let (session, _) = PollingSession::join(fixture.addr);
    // 400 packets of one byte, and 399 separators.
    let before = fixture.io.stats().throttled;
    session.post(["3"; 400].join("\x1e")).assert_ok();
    assert_eq!(fixture.io.stats().throttled, before, "within the burst");
    let mut held = session.begin_post_of(&["3"; 400].join("\x1e"));
    wait_until("the client is held back", || fixture.io.stats().throttled > before);
    assert!(held.is_quiet());
}

#[test]
fn bodies_that_are_too_large_are_charged() {
    let fixture = Fixture::with(|builder| event_rate(builder).max_payload(1_000));
    let (session, _) = PollingSession::join(fixture.addr);
    // `begin_post` sends a pong before, so each round takes two of the burst.
    for _ in 0..15 {
        let mut refused = session.begin_post("Content-Length: 1001\r\n");
        wait_until("it is refused or held back", || {
            !refused.is_quiet() || fixture.io.stats().throttled > 0
        });
        if fixture.io.stats().throttled > 0 {
            return;
        }
        refused.response().assert_status_only(413);
    }
    panic!("the burst has 20 packets");
}

/// Its own pings, pongs and events are within any rate that lets it send events.
#[test]
fn a_client_within_its_rate_is_never_held_back() {
    let quick = Duration::from_millis(20);
    let fixture = Fixture::with(|builder| {
        builder
            .event_rate(Rate::per_second(1_000))
            .byte_rate(Rate::per_second(1_000_000))
            .ping_interval(quick)
    });
    let mut session = WebSocket::open(fixture.addr);
    session.join();
    for _ in 0..50 {
        session.assert_works();
        session.send_raw(frame(0x8a, b""));
    }
    assert_eq!(fixture.io.stats().throttled, 0);
}
