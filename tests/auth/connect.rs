//! Tokens at CONNECT, and when they expire.

use std::{thread, time::Duration};

use jsonwebtoken::get_current_timestamp;
use serde_json::{Value, json};

use super::{
    NO_TOKEN, NOT_ALLOWED,
    example::ExampleServer,
    steps::{assert_admitted, connect, connect_error, session},
    tokens::{ada_but, bad_tokens, claims, token},
};
use crate::{
    raw::{PollingSession, Received, WebSocket, frame},
    wait::wait_until,
};

#[test]
fn a_bad_token_at_connect_is_refused_without_a_reason() {
    let server = ExampleServer::start();
    let polling = PollingSession::open(server.addr);
    let mut websocket = WebSocket::open(server.addr);
    let mut shown: Vec<_> =
        bad_tokens().into_iter().map(|(what, token)| (what, json!({"token": token}))).collect();
    shown.extend([
        ("no token", json!({})),
        ("null", json!({"token": null})),
        ("a number", json!({"token": 5})),
        ("an object", json!({"token": {"sub": "ada"}})),
        ("an array", json!({"token": [token("ada")]})),
        ("another name", json!({"jwt": token("ada")})),
        ("claims themselves", claims("ada")),
    ]);
    for (what, auth) in shown {
        for namespace in ["", "/editors,"] {
            let refusal = format!("44{namespace}{}", json!({"message": NO_TOKEN}));
            polling.post(format!("40{namespace}{auth}")).assert_ok();
            assert_eq!(polling.get().body, refusal, "{what}");
            websocket.send(&format!("40{namespace}{auth}"));
            assert_eq!(websocket.text(), refusal, "{what}");
        }
    }
    // A valid token is accepted.
    assert_admitted(&connect(&polling, &json!({"token": token("bob")})));
}

#[test]
fn an_auth_that_is_not_an_object_ends_the_connection() {
    let server = ExampleServer::start();
    let token = token("ada");
    for auth in [
        json!([token]),
        json!([{"token": token}]),
        json!(token),
        json!(-1),
        json!(true),
        json!(null),
    ] {
        let polling = PollingSession::open(server.addr);
        // The POST may have an answer or not. The client is not admitted.
        let _ = polling.post(format!("40{auth}"));
        polling.wait_until_unknown();

        let mut websocket = WebSocket::open(server.addr);
        websocket.send(&format!("40{auth}"));
        match websocket.receive() {
            Received::Close(_) | Received::End => {}
            other => panic!("{auth}: {other:?}"),
        }
    }
}

#[test]
fn requests_of_a_refused_client_are_not_handled() {
    let server = ExampleServer::start();
    for events in [r#"42["subscribe","news"]"#, r#"421["publish","news",1]"#] {
        let mut websocket = WebSocket::open(server.addr);
        websocket.send(r#"40{"token":"garbage"}"#);
        assert_eq!(websocket.text(), connect_error(NO_TOKEN));
        websocket.send(events);
        match websocket.receive() {
            Received::Close(_) | Received::End => {}
            other => panic!("{events}: {other:?}"),
        }
    }
}

#[test]
fn a_client_that_is_refused_repeatedly_is_disconnected() {
    let server = ExampleServer::start();
    let mut websocket = WebSocket::open(server.addr);
    wait_until("the server disconnects the client", || {
        websocket.try_send_raw(frame(0x81, br#"40{"token":"garbage"}"#));
        match websocket.receive() {
            Received::Text(text) => {
                assert_eq!(text, connect_error(NO_TOKEN));
                // The pause leaves time for other tests on a small machine.
                thread::sleep(Duration::from_millis(20));
                false
            }
            Received::Close(_) | Received::End => true,
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn a_connection_has_one_token() {
    let server = ExampleServer::start();
    let ada = token("ada");
    for (first, headers) in [
        ("at the handshake", format!("Authorization: Bearer {ada}\r\n")),
        ("at CONNECT", String::new()),
    ] {
        let session = session(server.addr, &headers);
        assert_admitted(&connect(&session, &json!({"token": ada})));
        // Another user, more rights, or another expiry: in another namespace, and in the same one
        // after leaving it.
        for other in [
            token("bob"),
            ada_but("teams", json!(["red", "blue"])),
            ada_but("exp", json!(4_000_000_000_u64)),
        ] {
            session.post(format!("40/editors,{}", json!({"token": other}))).assert_ok();
            let refusal = format!("44/editors,{}", json!({"message": NO_TOKEN}));
            assert_eq!(session.get().body, refusal, "{first}");
        }
        session.post("41").assert_ok();
        assert_eq!(
            connect(&session, &json!({"token": token("bob")})),
            connect_error(NO_TOKEN),
            "{first}"
        );
        // The rights of the first token still hold.
        assert_admitted(&connect(&session, &json!({"token": ada})));
        session.post(r#"421["subscribe","team-blue"]"#).assert_ok();
        assert_eq!(
            session.get().body,
            format!("431{}", json!([{"message": NOT_ALLOWED}])),
            "{first}"
        );
        session.post(r#"422["subscribe","user-ada"]"#).assert_ok();
        assert_eq!(session.get().body, "432[null]", "{first}");
    }
}

#[test]
fn a_namespace_authorizes_by_itself() {
    let server = ExampleServer::start();
    let bob = session(server.addr, "");
    assert_admitted(&connect(&bob, &json!({"token": token("bob")})));
    for (namespace, auth, message) in [
        ("/editors", json!({}), NOT_ALLOWED),
        ("/editors", json!({"token": token("bob")}), NOT_ALLOWED),
        ("/editors", json!({"token": token("ada")}), NO_TOKEN),
        ("/elsewhere", json!({}), "Invalid namespace"),
    ] {
        bob.post(format!("40{namespace},{auth}")).assert_ok();
        let answer = bob.get().body;
        let json =
            answer.strip_prefix(&format!("44{namespace},")).unwrap_or_else(|| panic!("{answer}"));
        assert_eq!(serde_json::from_str::<Value>(json).expect("JSON"), json!({"message": message}));
    }
}

#[test]
fn a_client_whose_token_expires_is_disconnected_from_every_namespace() {
    let server = ExampleServer::start();
    let token = ada_but("exp", json!(get_current_timestamp() + 5));
    let mut ada = WebSocket::open(server.addr);
    ada.send(&format!("40{}", json!({"token": token})));
    assert_admitted(&ada.text());
    ada.send("40/editors,");
    assert!(ada.text().starts_with("40/editors,{"));
    let mut ends = [ada.text(), ada.text()];
    ends.sort();
    assert_eq!(ends, ["41", "41/editors,"]);
    // The connection stays, but the token admits no other socket.
    ada.send("40{}");
    assert_eq!(ada.text(), connect_error(NO_TOKEN));
    ada.send(&format!("40{}", json!({"token": token})));
    assert_eq!(ada.text(), connect_error(NO_TOKEN));
}
