//! A helper that fails says where, what the test expected, and what came.

use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
};

use actix_socketio::{
    HandlerResult, OnMessage, SocketIo,
    test::{self, TestClient, TestServer},
};
use serde_json::json;

/// The message of the panic with which a future ends.
async fn panic_of<T>(future: impl Future<Output = T>) -> String {
    let mut future = pin!(future);
    let panic = poll_fn(|cx| {
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx).map(|_| ()))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(())) => panic!("it does not panic"),
            Err(panic) => Poll::Ready(panic),
        }
    });
    *panic.await.downcast::<String>().expect("a message")
}

async fn client() -> (SocketIo, TestClient) {
    let io = SocketIo::builder()
        .on_message(async |_: OnMessage| -> HandlerResult { std::future::pending().await })
        .build()
        .expect("the settings are valid");
    let client = TestServer::new(&io).await.client().connect().await.expect("it is admitted");
    (io, client)
}

/// `tests/in_process/mistakes.rs:<line>:<column>: <text>`
#[track_caller]
fn assert_says(message: &str, text: &str) {
    let (at, said) = message.split_once(": ").expect("a place");
    assert!(at.starts_with(file!()), "{message}");
    assert_eq!(said, text);
}

#[test]
fn an_event_that_does_not_come() {
    test::system(async {
        let (io, mut ada) = client().await;
        let said = panic_of(ada.next()).await;
        assert_says(&said, "expected an event within 5s; nothing else came");
        io.emit("score", "1:0").unwrap();
        let said = panic_of(ada.wait_for("goal")).await;
        assert_says(
            &said,
            r#"expected the event "goal" within 5s; these came and were not read: [("score", ["1:0"])]"#,
        );
        ada.socket().disconnect();
        ada.disconnected().await;
        assert_eq!(ada.expect::<String>("score").await, "1:0");
        let said = panic_of(ada.next()).await;
        assert_says(
            &said,
            "expected an event within 5s; nothing else came; the client is disconnected: io server \
             disconnect",
        );
    });
}

#[test]
fn another_event_than_expected() {
    test::system(async {
        let (io, mut ada) = client().await;
        io.emit("score", "1:0").unwrap();
        io.emit("over", &1).unwrap();
        let said = panic_of(ada.expect::<String>("goal")).await;
        let inbox = r#"nothing else came"#;
        assert!(
            said.contains(r#"expected the event "goal", got ("score", ["1:0"]); "#)
                && (said.contains(inbox) || said.contains(r#"[("over", [1])]"#)),
            "{said}"
        );
        let event = ada.next().await;
        let failed = catch_unwind(AssertUnwindSafe(|| event.read::<String>())).unwrap_err();
        let said = failed.downcast::<String>().unwrap();
        assert!(said.contains(r#"the arguments of ("over", [1]) are not a "#), "{said}");
        let failed = catch_unwind(AssertUnwindSafe(|| event.arg::<u8>(1))).unwrap_err();
        let said = failed.downcast::<String>().unwrap();
        assert!(said.contains("argument 1 (u8) is missing: received 1"), "{said}");
        assert_eq!(event, ("over", json!([1])));
    });
}

#[test]
fn events_where_there_should_be_none() {
    test::system(async {
        let (io, mut ada) = client().await;
        io.emit("score", "1:0").unwrap();
        let said = panic_of(ada.nothing()).await;
        assert_says(&said, r#"expected no events, got [("score", ["1:0"])]"#);
    });
}

#[test]
fn handlers_that_do_not_end() {
    test::system(async {
        let (_io, mut ada) = client().await;
        ada.emit("hang", &()).await;
        let said = panic_of(ada.nothing()).await;
        assert_says(&said, "handlers of the client's events run for 5s");
        let said = panic_of(ada.disconnected()).await;
        assert_says(&said, "the client is still connected after 5s");
        let said = panic_of(ada.close()).await;
        assert_says(&said, "handlers of the client's end run for 5s");
    });
}

#[test]
fn a_client_that_is_gone_sends_nothing() {
    test::system(async {
        let (_io, mut ada) = client().await;
        ada.socket().disconnect();
        ada.disconnected().await;
        let emit = catch_unwind(AssertUnwindSafe(|| drop(ada.emit("late", &())))).unwrap_err();
        let said = emit.downcast::<String>().unwrap();
        assert_says(&said, "the client is disconnected: io server disconnect");
    });
}

#[test]
fn an_acknowledgement_that_is_not_wanted() {
    test::system(async {
        let (io, mut ada) = client().await;
        io.emit("score", "1:0").unwrap();
        let event = ada.next().await;
        let ack = catch_unwind(AssertUnwindSafe(|| drop(ada.ack(&event, &())))).unwrap_err();
        let said = ack.downcast::<String>().unwrap();
        assert_eq!(*said, r#"the server wants no acknowledgement of ("score", ["1:0"])"#);
    });
}
