//! Channels of a client, and publications that wait.

use actix_socketio::{ChannelError, SendError, SocketIo, SubscribeError};
use serde_json::json;

use crate::{fixture::Fixture, raw::WebSocket};

#[test]
fn a_channel_too_many_is_refused_until_another_one_is_left() {
    let fixture = Fixture::with(|builder| builder.max_channels(2).open_channels());
    let mut session = WebSocket::open(fixture.addr);
    let id = session.join();
    let socket = fixture.io.socket(&id).expect("the socket is connected");
    let mut ask = |event: &str, name: &str| {
        session.send(&format!(r#"421["{event}","{name}"]"#));
        session.text()
    };
    assert_eq!(ask("subscribe", "a"), "431[null]");
    assert_eq!(ask("subscribe", "b"), "431[null]");
    let why =
        "a client may be subscribed to 2 channels at most: unsubscribe from another one first";
    assert_eq!(ask("subscribe", "c"), format!("431[{}]", json!({"message": why})));
    assert_eq!(ask("subscribe", "a"), "431[null]", "again");
    assert_eq!(socket.subscribe("c"), Err(SubscribeError::TooManyChannels { limit: 2 }));
    assert_eq!(socket.subscribe("a"), Ok(false));

    assert_eq!(ask("unsubscribe", "a"), "431[null]");
    assert_eq!(ask("subscribe", "c"), "431[null]");
    assert_eq!(socket.channels(), ["b", "c"]);
    drop(session);
    fixture.assert_all_freed();
}

#[actix_web::test]
async fn a_channel_name_has_at_most_max_channel_length_bytes() {
    let fixture = Fixture::with(|builder| builder.max_channel_length(10).open_channels());
    let mut session = WebSocket::open(fixture.addr);
    let id = session.join();
    let socket = fixture.io.socket(&id).expect("the socket is connected");
    let (longest, too_long) = ("é".repeat(5), "é".repeat(5) + "x");
    session.send(&format!(r#"421["subscribe","{longest}"]"#));
    assert_eq!(session.text(), "431[null]");
    session.send(&format!(r#"421["subscribe","{too_long}"]"#));
    let error = ChannelError::TooLong { length: 11, limit: 10 };
    assert_eq!(session.text(), format!("431[{}]", json!({"message": error.to_string()})));

    assert_eq!(socket.subscribe(&too_long), Err(SubscribeError::Channel(error.clone())));
    for sent in [
        fixture.io.broadcast_channel(&too_long, &1),
        fixture.io.to(&longest).to(&too_long).emit("e", &1),
        fixture.io.except(&too_long).emit("e", &1),
        socket.to(&too_long).emit("e", &1),
        fixture.io.to(&too_long).publish("e", &1).await.map(|_| ()),
    ] {
        assert!(
            matches!(&sent, Err(SendError::Channel(reported)) if *reported == error),
            "{sent:?}"
        );
    }
    assert_eq!(fixture.io.subscribers(&too_long).await, Err(error));
    assert_eq!(fixture.io.subscribers(&longest).await, Ok(vec![id]));
    drop(session);
    fixture.assert_all_freed();
}

/// The registry runs on the thread that builds the server, so it handles nothing while this test
/// keeps the thread.
#[actix_web::test]
async fn queued_publications_are_bounded_by_max_publications() {
    let io = SocketIo::builder().max_publications(100).build().expect("the settings are valid");
    let refused = |sent| matches!(sent, Err(SendError::Overloaded));
    for _ in 0..100 {
        io.emit("e", &1).expect("there is capacity");
    }
    assert!(refused(io.emit("e", &1)));
    assert!(refused(io.broadcast_channel("room", &1)));
    assert!(refused(io.to("room").publish("e", &1).await.map(|_| ())));

    // The answer to a publication follows its delivery, and that of all earlier publications.
    while refused(io.to("room").publish("e", &1).await.map(|_| ())) {
        tokio::task::yield_now().await;
    }
    for _ in 0..100 {
        io.emit("e", &1).expect("there is capacity again");
    }
    assert!(refused(io.emit("e", &1)));
}
