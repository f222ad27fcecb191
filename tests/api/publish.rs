//! Publishing, as clients receive it.

use std::{sync::mpsc, time::Duration};

use actix_socketio::{Api, OnMessage, SocketIo, channel};
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::{
    server::{ApiServer, KEY, builder, keys},
    wait::wait_until,
};

#[actix_web::test]
async fn subscribers_receive_the_data_as_it_came() {
    let server = ApiServer::start();
    let (mut client, _) = server.client(&["plain-1"]).await;
    let (mut outside, _) = server.client(&[]).await;
    for data in [
        "1",
        "null",
        r#""text \u00e9 é""#,
        "12345678901234567890123",
        "1.10",
        r#"{"b": 1, "a" : [ 2 ], "b": 3}"#,
        r#"{"_placeholder":true,"num":0}"#,
    ] {
        let body = format!(r#"{{"channel":"plain-1","data":{data}}}"#);
        let answer = server.post_as(KEY, "publish", &body);
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.body, json!({"position": server.io.position()}));
        assert_eq!(client.recv().await, format!(r#"2["message",{data}]"#));
    }
    assert_eq!(outside.fence().await, [""; 0]);
}

#[actix_web::test]
async fn options_choose_the_event_the_namespace_and_the_receivers() {
    let server = ApiServer::start();
    let (mut ada, ada_id) = server.client(&["plain-1"]).await;
    let (mut bob, _) = server.client(&["plain-1"]).await;
    let body = json!({"channel": "plain-1", "data": 1, "event": "goal", "wait": true});
    let answer = server.post("publish", &body);
    answer.assert_body(&json!({"position": server.io.position(), "delivered": 2}));
    let body = json!({"channel": "plain-1", "data": 2, "except": [ada_id], "wait": true});
    assert_eq!(server.post("publish", &body).body["delivered"], 1);
    let body = json!({"channel": "plain-1", "data": 3, "namespace": "/admin"});
    assert_eq!(server.post("publish", &body).status, 200);
    assert_eq!(ada.fence().await, [r#"2["goal",1]"#]);
    assert_eq!(bob.fence().await, [r#"2["goal",1]"#, r#"2["message",2]"#]);

    let kept = json!({"channel": "match-1", "data": 4});
    let skipped = json!({"channel": "match-1", "data": 5, "skip_history": true});
    assert_eq!(
        (server.post("publish", &kept).status, server.post("publish", &skipped).status),
        (200, 200)
    );
    assert_eq!(server.io.history("match-1").expect("a name").read().messages.len(), 1);
}

#[actix_web::test]
async fn bytes_arrive_as_an_attachment() {
    let server = ApiServer::start();
    let (_client, id) = server.client(&["match-1"]).await;
    let socket = server.io.socket(&id.parse().expect("an id")).expect("it is there");
    let mut outgoing = socket.outgoing(8);
    let body = json!({"channel": "match-1", "b64data": "AAH/", "wait": true});
    assert_eq!(server.post("publish", &body).body["delivered"], 1);
    let event = outgoing.next().await.expect("the event");
    assert_eq!(event.args.binary(0).expect("bytes"), &[0u8, 1, 255][..]);
    for b64data in ["AAH/=", "AAH", "A A=", "*"] {
        let answer = server.post("publish", &json!({"channel": "match-1", "b64data": b64data}));
        answer.assert_problem(400, "bad_request", "b64data: expected base64 with padding");
    }
    let history = server.post("history", &json!({"channel": "match-1"}));
    let message = &history.body["messages"][0];
    assert_eq!(message["args"], json!([{"_placeholder": true, "num": 0}]));
    assert_eq!(message["attachments"], json!(["AAH/"]));
}

#[actix_web::test]
async fn a_broadcast_comes_once_to_each_client() {
    let server = ApiServer::start();
    let (mut both, _) = server.client(&["plain-1", "plain-2"]).await;
    let (mut one, _) = server.client(&["plain-2"]).await;
    let body = json!({"channels": ["plain-1", "plain-2"], "data": "hi", "wait": true});
    assert_eq!(server.post("broadcast", &body).body["delivered"], 2);
    assert_eq!(both.messages().await, ["hi"]);
    assert_eq!(one.messages().await, ["hi"]);

    let channels = |count: usize| (0..count).map(|at| format!("plain-{at}")).collect::<Vec<_>>();
    let body = json!({"channels": channels(1000), "data": 1});
    assert_eq!(server.post("broadcast", &body).status, 200);
    let answer = server.post("broadcast", &json!({"channels": channels(1001), "data": 1}));
    answer.assert_problem(413, "too_large", "channels: expected 1000 at most");
    // It is not for everyone.
    let answer = server.post("broadcast", &json!({"channels": [], "data": 1}));
    answer.assert_problem(400, "bad_request", "channels: expected at least one");
    let answer = server.post("broadcast", &json!({"channels": ["plain-1", ""], "data": 1}));
    let detail = "channels[1]: a channel name has at least one character";
    answer.assert_problem(400, "bad_request", detail);
}

#[actix_web::test]
async fn what_no_client_could_read_is_refused() {
    let server = ApiServer::with(
        builder().max_payload(2000).max_json_depth(5),
        Api::builder(keys()).max_items(3),
    );
    let problem = |body: Value, status, code, detail: &str| {
        server.post("publish", &body).assert_problem(status, code, detail);
    };
    let bad = "bad_request";
    let exactly = "expected exactly one of `data` and `b64data`";
    problem(json!({"channel": "plain-1"}), 400, bad, exactly);
    problem(json!({"channel": "plain-1", "data": 1, "b64data": "AA=="}), 400, bad, exactly);
    let reserved = "event: Socket.IO reserves this name: choose another";
    problem(json!({"channel": "plain-1", "data": 1, "event": "connect"}), 400, bad, reserved);
    let long = json!({"channel": "plain-1", "data": "x".repeat(2000)});
    let large = "data: an event has at most 2000 bytes, \"max_payload\"";
    problem(long, 413, "too_large", large);
    let long = json!({"channel": "plain-1", "b64data": "AAAA".repeat(700)});
    problem(long, 413, "too_large", &large.replacen("data", "b64data", 1));
    let ids = vec!["AbCdEfGhIjKlMnOpQrSt"; 4];
    let except = json!({"channel": "plain-1", "data": 1, "except": ids});
    problem(except, 413, "too_large", "except: expected 3 at most");
    let id = json!({"channel": "plain-1", "data": 1, "except": ["", "x"]});
    problem(id, 400, bad, "except[0]: expected 20 base64url characters");

    let nested = |depth: usize| {
        let data = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        server.post_as(KEY, "publish", &format!(r#"{{"channel":"plain-1","data":{data}}}"#))
    };
    assert_eq!(nested(5).status, 200);
    nested(6).assert_problem(400, bad, "data: nested more than 5 levels deep");
    assert_eq!(server.io.stats().publications, 1);
}

#[actix_web::test]
async fn a_deep_body_of_any_kind_is_refused_and_nothing_more() {
    let server = ApiServer::start();
    let bomb = "[".repeat(400_000);
    for body in [
        bomb.clone(),
        format!(r#"{{"channel":{bomb}"#),
        format!(r#"{{"channel":"plain-1","data":{bomb}{}}}"#, "]".repeat(400_000)),
        format!(r#"{{"x":{bomb}"#),
        r#"{"a":"#.repeat(100_000),
    ] {
        assert_eq!(server.post_as(KEY, "publish", &body).status, 400);
        assert_eq!(server.post_as(KEY, "batch", &body).status, 400);
    }
    assert_eq!(server.post("info", &json!({})).status, 200);
}

#[actix_web::test]
async fn an_event_of_several_arguments_goes_to_one_socket_a_channel_or_all() {
    let server = ApiServer::start();
    let (mut ada, ada_id) = server.client(&["plain-1"]).await;
    let (mut bob, _) = server.client(&[]).await;
    let delivered = |body: Value, count: usize| {
        server.post("emit", &body).assert_body(&json!({"delivered": count}));
    };
    delivered(json!({"socket": ada_id, "event": "a", "args": [1, [2], {"x": null}]}), 1);
    delivered(json!({"channel": "plain-1", "event": "b", "args": ["x"]}), 1);
    delivered(json!({"everyone": true, "event": "c"}), 2);
    delivered(json!({"socket": "AbCdEfGhIjKlMnOpQrSt", "event": "d"}), 0);
    assert_eq!(ada.fence().await, [r#"2["a",1,[2],{"x":null}]"#, r#"2["b","x"]"#, r#"2["c"]"#]);
    assert_eq!(bob.fence().await, [r#"2["c"]"#]);

    let exactly = "expected exactly one of `socket`, `channel`, `everyone` and `user`";
    for body in [
        json!({"event": "x"}),
        json!({"event": "x", "everyone": false}),
        json!({"event": "x", "everyone": true, "channel": "plain-1"}),
        json!({"event": "x", "socket": ada_id, "channel": "plain-1"}),
    ] {
        server.post("emit", &body).assert_problem(400, "bad_request", exactly);
    }
    let body = json!({"socket": "ada", "event": "x"});
    let detail = "socket: expected 20 base64url characters";
    server.post("emit", &body).assert_problem(400, "bad_request", detail);
    let body = json!({"everyone": true, "event": "disconnect"});
    let detail = "event: Socket.IO reserves this name: choose another";
    server.post("emit", &body).assert_problem(400, "bad_request", detail);
    let body = json!({"everyone": true, "event": "x", "args": vec![1; 1001]});
    let detail = "args: expected 1000 at most";
    server.post("emit", &body).assert_problem(413, "too_large", detail);
}

/// A server whose only worker for clients stands still while the test keeps the sender.
async fn blocked(api: actix_socketio::ApiBuilder) -> (ApiServer, mpsc::Sender<()>) {
    let (unblock, blocked) = mpsc::channel::<()>();
    let (blocking, is_blocking) = mpsc::channel::<()>();
    let (blocked, blocking) = (Mutex::new(blocked), Mutex::new(blocking));
    let builder = SocketIo::builder().max_publications(2).route(channel("^plain-")).on_message(
        async move |event: OnMessage| {
            if event.event() == "block" {
                blocking.lock().send(()).expect("the test waits");
                // It ends when the test drops the other half.
                let _ = blocked.lock().recv();
            }
            Ok(())
        },
    );
    let server = ApiServer::with(builder, api);
    let (client, _) = server.client(&["plain-1"]).await;
    client.emit("block", json!([])).await;
    is_blocking.recv().expect("the handler runs");
    std::mem::forget(client);
    (server, unblock)
}

#[actix_web::test]
async fn a_server_without_capacity_says_when_to_come_again() {
    let wait = Duration::from_millis(20);
    let (server, unblock) = blocked(Api::builder(keys()).wait_timeout(wait)).await;
    let publish = |data: usize, wait: bool| {
        server.post("publish", &json!({"channel": "plain-1", "data": data, "wait": wait}))
    };
    assert_eq!((publish(1, false).status, publish(2, false).status), (200, 200));
    let detail = "the maximum of publications is on its way: try again later";
    for wait in [false, true] {
        let answer = publish(3, wait);
        answer.assert_problem(503, "overloaded", detail);
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
    drop(unblock);
    wait_until("there is capacity again", || publish(4, true).status == 200);
}

#[actix_web::test]
async fn a_publication_that_waits_is_published_when_there_is_capacity() {
    let (server, unblock) = blocked(Api::builder(keys())).await;
    let body = json!({"channel": "plain-1", "data": 1});
    assert_eq!(
        (server.post("publish", &body).status, server.post("publish", &body).status),
        (200, 200)
    );
    let refused = |server: &ApiServer| server.io.stats().refusals["max_publications"];
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            server.post("publish", &json!({"channel": "plain-1", "data": 2, "wait": true}))
        });
        wait_until("it was refused, and tries again", || refused(&server) >= 2);
        drop(unblock);
        let answer = waiting.join().expect("it is answered");
        assert_eq!((answer.status, answer.body["delivered"].as_u64()), (200, Some(1)));
    });
}

#[actix_web::test]
async fn a_misspelled_channel_is_an_error_if_the_api_wants_it() {
    let server = ApiServer::with(builder(), Api::builder(keys()).declared_only(true));
    let reason = "no route declares it";
    for (method, body, field) in [
        ("publish", json!({"channel": "plian-1", "data": 1}), "channel"),
        ("broadcast", json!({"channels": ["plain-1", "plian-1"], "data": 1}), "channels[1]"),
        ("emit", json!({"channel": "plian-1", "event": "x"}), "channel"),
        ("subscribe", json!({"channel": "plian-1", "in_channel": "plain-1"}), "channel"),
    ] {
        let answer = server.post(method, &body);
        answer.assert_problem(404, "no_such_channel", &format!("{field}: {reason}"));
    }
    assert_eq!(server.io.stats().publications, 0);
    let usual = ApiServer::start();
    let answer = usual.post("publish", &json!({"channel": "of-the-application", "data": 1}));
    assert_eq!(answer.status, 200, "the server may subscribe clients to any channel");
}
