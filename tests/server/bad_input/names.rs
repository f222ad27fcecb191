//! Names of channels and events that are refused.

use actix_socketio::{Builder, channel};
use serde_json::json;

use super::frames::assert_closes_with;
use crate::{
    fixture::Fixture,
    raw::{PollingSession, WebSocket, frame},
};

/// Sends one of the three events, and checks that it is refused with this message.
#[track_caller]
fn assert_refused(session: &mut WebSocket, event: &str, args: &str, why: &str) {
    session.send(&format!(r#"421["{event}"{args}]"#));
    assert_eq!(session.text(), format!("431[{}]", json!({"message": why})), "{event}{args}");
}

const CHANNEL_EVENTS: [(&str, &str); 3] =
    [("subscribe", ""), ("unsubscribe", ""), ("publish", r#","data""#)];

#[test]
fn a_channel_name_of_ten_megabytes_is_refused_with_its_size() {
    const TEN_MEGABYTES: usize = 10_000_000;
    let fixture = Fixture::with(|builder| builder.open_channels().max_payload(2 * TEN_MEGABYTES));
    let mut session = WebSocket::open(fixture.addr);
    session.join();
    for (event, data) in CHANNEL_EVENTS {
        let args = format!(r#","{}"{data}"#, "x".repeat(TEN_MEGABYTES));
        session.send(&format!(r#"421["{event}"{args}]"#));
        let why = format!("a channel name has at most 255 bytes, this one has {TEN_MEGABYTES}");
        assert_eq!(session.text(), format!(r#"431[{{"message":"{why}"}}]"#), "{event}");
    }
    session.assert_works();
    drop(session);
    fixture.assert_all_freed();
}

#[test]
fn a_channel_name_of_ten_megabytes_is_too_large_a_message_by_default() {
    let mut fixture = Fixture::with(Builder::open_channels);
    let event = format!(r#"421["subscribe","{}"]"#, "x".repeat(10_000_000));
    assert_closes_with(&mut fixture, &frame(0x81, event.as_bytes()), 1009, "transport error");
    let (session, _) = PollingSession::join(fixture.addr);
    session
        .begin_post(&format!("Content-Length: {}\r\n", event.len()))
        .response()
        .assert_status_only(413);
    session.assert_works();
    session.close();
    fixture.assert_all_freed();
}

#[test]
fn names_with_control_characters_are_refused() {
    let fixture = Fixture::with(Builder::open_channels);
    let mut session = WebSocket::open(fixture.addr);
    session.join();
    for (written, shown) in
        [(r"\n", r"'\n'"), (r"\u0000", r"'\0'"), (r"\u001b", r"'\u{1b}'"), (r"\u0085", r"'\u{85}'")]
    {
        for (event, data) in CHANNEL_EVENTS {
            let why =
                format!("a channel name has no control characters, this one has {shown} at byte 2");
            assert_refused(&mut session, event, &format!(r#","ab{written}c"{data}"#), &why);
        }
    }
    session.assert_works();
    drop(session);
    fixture.assert_all_freed();
}

#[test]
fn names_that_are_empty_or_not_strings_are_refused() {
    let fixture = Fixture::with(Builder::open_channels);
    let mut session = WebSocket::open(fixture.addr);
    session.join();
    for (event, data) in CHANNEL_EVENTS {
        assert_refused(
            &mut session,
            event,
            &format!(r#",""{data}"#),
            "a channel name has at least one character",
        );
        let why = "the channel's name must be the first argument, a string";
        if event == "subscribe" {
            // It takes a list of names, too.
            let why = "the names of the channels must be strings";
            assert_refused(&mut session, event, r#",["a",1]"#, why);
        } else {
            assert_refused(&mut session, event, &format!(r#",["a"]{data}"#), why);
        }
        for name in ["1", "null", "true", r#"{"a":"b"}"#] {
            assert_refused(&mut session, event, &format!(",{name}{data}"), why);
        }
        assert_refused(
            &mut session,
            event,
            "",
            "the channel's name must be the first argument, a string",
        );
    }
    session.assert_works();
    drop(session);
    fixture.assert_all_freed();
}

#[test]
fn an_invalid_publication_is_refused() {
    let fixture = Fixture::with(|builder| builder.route(channel("room-").allow_publish()));
    let mut session = WebSocket::open(fixture.addr);
    session.join();
    let shape = r#"publish takes a channel, an event's name if it is not "message", and data"#;
    assert_refused(&mut session, "publish", r#","room-1""#, shape);
    assert_refused(&mut session, "publish", r#","room-1","a","b","c""#, shape);
    assert_refused(
        &mut session,
        "publish",
        r#","room-1",5,"b""#,
        "the event's name must be a string",
    );
    assert_refused(
        &mut session,
        "publish",
        r#","room-1","connect",1"#,
        r#"the event name "connect" is reserved"#,
    );
    assert_refused(
        &mut session,
        "publish",
        r#","room-1",1"#,
        "subscribe to the channel before you publish to it",
    );
    assert_refused(&mut session, "subscribe", r#","elsewhere""#, "no such channel");
    session.assert_works();
    drop(session);
    fixture.assert_all_freed();
}
