//! The answers to broadcasts.

use actix_socketio::AckError;
use actix_web::rt::{spawn, task::spawn_blocking};

use crate::{fixture::Fixture, raw::WebSocket};

/// Two clients answer the same broadcast, each with more than half of `max_ack_bytes`.
#[actix_web::test]
async fn the_answers_to_broadcasts_have_max_ack_bytes_together() {
    let fixture = Fixture::with(|builder| builder.max_ack_bytes(1_000));
    let mut clients: Vec<_> = (0..2)
        .map(|_| {
            let mut session = WebSocket::open(fixture.addr);
            let id = session.join();
            let socket = fixture.io.socket(&id).expect("the socket is connected");
            socket.subscribe("room").expect("the subscription is allowed");
            session
        })
        .collect();
    // The second round shows that the memory of the first is given back.
    for round in 1..=2 {
        let target = fixture.io.to("room");
        let asked = spawn(async move { target.emit_with_ack::<_, String>("how?", &()).await });
        clients = spawn_blocking(move || {
            for session in &mut clients {
                let question = session.text();
                let id: String = question.chars().filter(char::is_ascii_digit).skip(2).collect();
                session.send(&format!(r#"43{id}["{}"]"#, "x".repeat(600)));
            }
            clients
        })
        .await
        .expect("both have answered");
        let acks = asked.await.expect("a task").expect("a broadcast");
        assert!(acks.missing.is_empty());
        let kept = acks.answers.iter().filter(|(_, answer)| answer.is_ok()).count();
        assert_eq!((kept, acks.answers.len()), (1, 2));
        let dropped = acks.answers.iter().find_map(|(_, answer)| answer.as_ref().err());
        assert!(matches!(dropped, Some(AckError::Overloaded)), "{dropped:?}");
        assert_eq!(fixture.io.stats().refusals["max_ack_bytes"], round);
    }
    drop(clients);
    fixture.assert_all_freed();
}
