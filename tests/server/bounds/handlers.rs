//! Handlers, acknowledgements and a shutdown that take too long.

use std::{
    future::pending,
    thread,
    time::{Duration, Instant},
};

use actix_socketio::{
    AckError, HandlerResult, OnConnect, OnFinish, OnMessage, OnSubscribe, channel,
};

use crate::{
    fixture::{Fixture, Gate},
    raw::{PollingSession, WebSocket},
    wait::PATIENCE,
};

#[actix_web::test]
async fn acknowledgements_that_are_waited_for_are_bounded_in_number_and_time() {
    const TIME: Duration = Duration::from_millis(700);
    let fixture = Fixture::with(|builder| builder.max_pending_acks(2).ack_timeout(TIME));
    let mut session = WebSocket::open(fixture.addr);
    let id = session.join();
    let socket = fixture.io.socket(&id).expect("the socket is connected");
    let begun = Instant::now();
    let ask = || socket.emit_with_ack::<_, u32>("ask", &1);
    let (first, second, third) = tokio::join!(ask(), ask(), ask());
    assert!(matches!(first, Err(AckError::Timeout)), "{first:?}");
    assert!(matches!(second, Err(AckError::Timeout)), "{second:?}");
    assert!(matches!(third, Err(AckError::TooMany { limit: 2 })), "{third:?}");
    assert!(begun.elapsed() >= TIME, "not before ack_timeout");

    // An answer that is too late is ignored. A new question is within the bound, and has another
    // id.
    assert_eq!([session.text(), session.text()], [r#"420["ask",1]"#, r#"421["ask",1]"#]);
    session.send("430[7]");
    session.assert_works();
    let client = thread::spawn(move || {
        assert_eq!(session.text(), r#"422["ask",1]"#);
        session.send("432[8]");
        session
    });
    // This client answers, if late on a busy machine.
    let answered = socket.timeout(PATIENCE).emit_with_ack::<_, u32>("ask", &1);
    assert_eq!(answered.await.expect("an answer"), 8);
    drop(client.join().expect("the client gets what it expects"));
    assert!(matches!(ask_a_closed_client(&fixture, &socket).await, Err(AckError::Closed)));
    fixture.assert_all_freed();
}

/// Asks a client that is about to leave.
async fn ask_a_closed_client(
    fixture: &Fixture,
    socket: &actix_socketio::Socket,
) -> Result<u32, AckError> {
    fixture.wait_for_connections(1);
    socket.emit_with_ack("ask", &1).await
}

const TIMED_OUT: &str = "error: the handler did not answer within handler_timeout";

#[test]
fn a_handler_that_does_not_answer_holds_its_client_for_handler_timeout() {
    let fixture = Fixture::with(|builder| {
        let builder = builder
            .handler_timeout(Duration::from_millis(100))
            .route(channel("slow").on_subscribe(stuck));
        builder.on_message(
            async |event: OnMessage| {
                if event.event() == "stuck" { pending().await } else { Ok(()) }
            },
        )
    });
    let mut session = WebSocket::open(fixture.addr);
    let id = session.join();
    session.send(r#"421["stuck"]"#);
    session.send(r#"42["next"]"#);
    assert_eq!(session.text(), r#"431[{"message":"internal error"}]"#);
    session.assert_works();
    assert_eq!(fixture.journal.of(id), ["connect", "event stuck", TIMED_OUT, "event next"]);

    // A request of the client is refused, without the text of the error.
    session.send(r#"422["subscribe","slow"]"#);
    assert_eq!(session.text(), r#"432[{"message":"internal error"}]"#);
    assert_eq!(fixture.journal.of(id).last().map(String::as_str), Some(TIMED_OUT));
    drop(session);
    fixture.assert_all_freed();
}

async fn stuck(_: OnSubscribe) -> HandlerResult {
    pending().await
}

#[test]
fn a_client_is_refused_if_its_admission_exceeds_handler_timeout() {
    let fixture = Fixture::with(|builder| {
        builder.handler_timeout(Duration::from_millis(100)).namespace("/slow", |namespace| {
            namespace.on_connect(async |_: OnConnect| pending::<HandlerResult>().await)
        })
    });
    let mut session = WebSocket::open(fixture.addr);
    session.send("40/slow,");
    assert_eq!(session.text(), r#"44/slow,{"message":"internal error"}"#);
    session.join();
    session.assert_works();
    drop(session);
    fixture.assert_all_freed();
}

#[actix_web::test]
async fn a_shutdown_waits_for_the_last_handler_and_shutdown_timeout_at_most() {
    const TIME: Duration = Duration::from_millis(700);
    let gate = Gate::closed();
    let passage = gate.clone();
    let fixture = Fixture::with(|builder| {
        builder.shutdown_timeout(TIME).on_finish(async move |_: OnFinish| {
            passage.pass().await;
            Ok(())
        })
    });
    let mut websocket = WebSocket::open(fixture.addr);
    let id = websocket.join();
    let (polling, polling_id) = PollingSession::join(fixture.addr);
    let begun = Instant::now();
    assert!(!fixture.io.shutdown().await, "three connections are left, one of them the bystander");
    assert!(begun.elapsed() >= TIME, "not before shutdown_timeout");
    assert_eq!(fixture.io.connections(), 3);
    assert_eq!(fixture.journal.disconnect_reason(id), "server shutting down");
    assert_eq!(fixture.journal.disconnect_reason(polling_id), "server shutting down");
    websocket.assert_closed(Some(1001));
    polling.get().assert_unknown_session();
    gate.let_through(3);
    assert!(fixture.io.shutdown().await, "all connections have ended");
    assert_eq!(fixture.io.connections(), 0);
}
