//! Internal failures stay internal: no client receives the text of an error, a path, or the message
//! of a panic.

use std::{fs, io};

use actix_socketio::{HandlerError, HandlerResult, OnConnect, OnMessage, OnSubscribe, channel};
use actix_web::error::{ErrorInternalServerError, ErrorUnauthorized};
use serde_json::{Value, json};

use crate::{
    app::{TestServer, builder, recorder},
    client::{Client, Mode},
    transport::{get, http},
};

in_every_mode! {
    a_handler_that_fails_reveals_nothing_to_the_client,
}

/// Fails in one of the ways in which handlers fail, with a word that no client may receive.
fn fail(how: &str) -> HandlerResult {
    match how {
        "error" => Err(io::Error::other("SECRET of the database"))?,
        "path" => {
            let found = fs::read_to_string("/SECRET/path")?;
            Err(HandlerError::reject(found))
        }
        "data" => {
            let error = HandlerError::from(io::Error::other("SECRET"));
            Err(error.with_data("SECRET data"))
        }
        "panic" => panic!("SECRET of a panic"),
        _ => Ok(()),
    }
}

async fn a_handler_that_fails_reveals_nothing_to_the_client(mode: Mode) {
    let (record, recorder) = recorder();
    let server = TestServer::start(
        builder()
            .on_error(&recorder)
            .on_connect(async |event: OnConnect| {
                let how: Option<String> =
                    event.socket.handshake().auth::<Value>()?["how"].as_str().map(str::to_owned);
                fail(&how.unwrap_or_default())
            })
            .on_message(async |event: OnMessage| fail(event.event()))
            .route(channel("^room-").allow_publish().on_subscribe(async |event: OnSubscribe| {
                fail(event.channel.strip_prefix("room-").unwrap_or_default())
            })),
    );
    let mut client = Client::open(&server.url, mode).await;
    let ways = ["error", "path", "data", "panic"];
    for way in ways {
        client.send(&format!("0{}", json!({"how": way}))).await;
        assert_eq!(client.recv().await, r#"4{"message":"internal error"}"#, "{way}");
    }
    client.send("0{}").await;
    assert!(client.recv().await.starts_with(r#"0{"sid":"#));
    let opaque = json!([{"message": "internal error"}]);
    client.subscribe("room-").await;
    for way in ways {
        let answer = client.emit_with_ack("subscribe", json!([format!("room-{way}")])).await;
        assert_eq!(answer, opaque, "subscribe, {way}");
        let answer = client.emit_with_ack("publish", json!(["room-", way, 1])).await;
        assert_eq!(answer, opaque, "publish, {way}");
        let answer = client.emit_with_ack(way, json!([])).await;
        assert_eq!(answer, opaque, "an event, {way}");
    }
    // The client is answered first.
    record.until_there_are(4, "error: the handler panicked: SECRET of a panic").await;
    assert_eq!(
        record.lines().len(),
        16,
        "the application receives each error: {:#?}",
        record.lines()
    );
    assert!(
        record.lines().iter().filter(|line| line.contains("SECRET")).count() >= 12,
        "{:#?}",
        record.lines()
    );
}

#[actix_web::test]
async fn a_handshake_that_fails_inside_reports_only_forbidden() {
    let server = TestServer::start(builder().on_handshake(|request, _| {
        match request.headers().get("x-user").and_then(|user| user.to_str().ok()) {
            Some("ada") => Ok(()),
            Some(_) => Err(ErrorInternalServerError("SECRET of the session store")),
            None => Err(ErrorUnauthorized("log in first")),
        }
    }));
    let polling = format!("{}/socket.io/?EIO=4&transport=polling", server.url);
    let (status, body) = get(&http(), &polling).await;
    let body: Value = serde_json::from_str(&body).expect("an answer in JSON");
    assert_eq!((status, body), (403, json!({"code": 4, "message": "log in first"})));
    let mut answer =
        http().get(&polling).insert_header(("x-user", "bob")).send().await.expect("an answer");
    let body: Value = answer.json().await.expect("an answer in JSON");
    assert_eq!((answer.status().as_u16(), body), (403, json!({"code": 4, "message": "Forbidden"})));
    let websocket =
        format!("{}/socket.io/?EIO=4&transport=websocket", server.url.replacen("http", "ws", 1));
    for (user, admitted) in [("ada", true), ("bob", false)] {
        let answer = http().ws(&websocket).header("x-user", user).connect().await;
        assert_eq!(answer.is_ok(), admitted, "{user}");
    }
    server.wait_until_empty().await;
}
