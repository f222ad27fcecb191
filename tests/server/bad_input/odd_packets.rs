//! Socket.IO packets that are odd and legal.

use crate::{
    fixture::Fixture,
    raw::{PollingSession, WebSocket},
};

#[test]
fn a_client_that_leaves_a_namespace_twice_is_closed() {
    let fixture = Fixture::new();
    let mut session = WebSocket::open(fixture.addr);
    let id = session.join();
    session.send("41");
    assert_eq!(fixture.journal.disconnect_reason(id), "client namespace disconnect");
    session.send("41");
    session.assert_closed(None);
    fixture.assert_all_freed();
}

#[test]
fn an_event_without_a_payload_is_ignored() {
    let fixture = Fixture::new();
    let (polling, id) = PollingSession::join(fixture.addr);
    polling.post("42\x1e427").assert_ok();
    polling.assert_works();
    assert_eq!(fixture.journal.of(id), ["connect"]);
    polling.close();
    fixture.assert_all_freed();
}

#[test]
fn an_unrequested_acknowledgement_is_ignored() {
    let fixture = Fixture::new();
    let (polling, _) = PollingSession::join(fixture.addr);
    for ack in ["430[]", "43[]", "4312[1,2]", "4399999999999999999999999999[]", "43000[null]"] {
        polling.post(ack).assert_ok();
        polling.assert_works();
    }
    polling.close();
    fixture.assert_all_freed();
}

#[test]
fn an_ack_id_of_any_length_is_echoed() {
    let fixture = Fixture::new();
    let (polling, _) = PollingSession::join(fixture.addr);
    for (asked, echoed) in [
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("18446744073709551616", "18446744073709551616"),
        ("007", "7"),
        ("000", "0"),
        (&"9".repeat(5000), &"9".repeat(5000)),
    ] {
        polling.post(format!(r#"42{asked}["echo",1]"#)).assert_ok();
        polling.get().assert_poll(&[&format!("43{echoed}[1]")]);
    }
    polling.close();
    fixture.assert_all_freed();
}
