//! The client rust_socketio with positions: it has no recovery of its own, and `since` gives it one.
//!
//! `SERVER_URL` names a running server, tests/recovery/app.rs. It exits with an error if anything is
//! not as it should be.

use std::{
    env,
    io::{Read, Write},
    net::TcpStream,
    process,
    sync::mpsc::{Receiver, Sender, channel},
    time::Duration,
};

use rust_socketio::{ClientBuilder, Payload, TransportType, client::Client};
use serde_json::{Value, json};

/// The limit of each wait. It ends a test that has failed, and delays none.
const DEADLINE: Duration = Duration::from_secs(20);

fn main() {
    let server = env::var("SERVER_URL").expect("the address of a running server");
    let transports = [("websocket", TransportType::Websocket), ("polling", TransportType::Polling)];
    for (name, transport) in transports {
        let room = format!("room-rust-{name}-{}", process::id());
        a_client_that_did_not_ask_sees_no_position(&server, &transport, &room);
        what_was_missed_comes_once_and_in_order(&server, &transport, &format!("{room}-2"));
    }
    println!("4 passed");
}

fn what_was_missed_comes_once_and_in_order(server: &str, transport: &TransportType, room: &str) {
    let asks = json!({"offsets": true});

    let (client, messages) = connect(server, transport, asks.clone());
    assert_eq!(ask(&client, json!([room])), json!([null]));
    publish(server, room, "first");
    let first = next(&messages);
    let position = &first[1];
    assert!(position.as_str().is_some_and(|token| token.len() == 16), "{first:?}");
    client.disconnect().expect("it is connected");

    publish(server, room, "missed 1");
    publish(server, room, "missed 2");
    let (client, messages) = connect(server, transport, asks);
    let answer = ask(&client, json!([room, {"since": position}]));
    assert_eq!(answer[0], Value::Null, "{answer}");
    assert_eq!((&answer[1]["recovered"], &answer[1]["missed"]), (&json!(true), &json!(2)));
    publish(server, room, "new");
    for text in ["missed 1", "missed 2", "new"] {
        assert_eq!(next(&messages)[0], text);
    }
    client.disconnect().expect("it is connected");
}

fn a_client_that_did_not_ask_sees_no_position(server: &str, transport: &TransportType, room: &str) {
    let (client, messages) = connect(server, transport, json!({}));
    assert_eq!(ask(&client, json!([room])), json!([null]));
    publish(server, room, "first");
    assert_eq!(next(&messages), ["first"]);
    client.disconnect().expect("it is connected");
}

/// A client, and the arguments of each message that it receives.
fn connect(server: &str, transport: &TransportType, auth: Value) -> (Client, Receiver<Vec<Value>>) {
    let (sender, messages) = channel();
    let (opened, open) = channel();
    let client = ClientBuilder::new(server)
        .transport_type(transport.clone())
        .auth(auth)
        .reconnect(false)
        .on("message", forward(sender))
        .on("open", forward(opened))
        .connect()
        .expect("the server runs");
    open.recv_timeout(DEADLINE).expect("CONNECT is answered");
    (client, messages)
}

fn forward(
    to: Sender<Vec<Value>>,
) -> impl FnMut(Payload, rust_socketio::RawClient) + Send + 'static {
    move |payload, _| {
        let arguments = match payload {
            Payload::Text(arguments) => arguments,
            other => panic!("not text: {other:?}"),
        };
        // The test may be over.
        let _ = to.send(arguments);
    }
}

/// Subscribes, and returns the arguments of the acknowledgement.
fn ask(client: &Client, arguments: Value) -> Value {
    let (sender, answers) = channel();
    let Value::Array(arguments) = arguments else { panic!("not a list: {arguments}") };
    let send = forward(sender);
    client
        .emit_with_ack("subscribe", Payload::Text(arguments), DEADLINE, send)
        .expect("it is connected");
    let mut answer = next(&answers);
    // Acknowledgements come as one list within the list.
    if let [Value::Array(_)] = answer[..] { answer.remove(0) } else { Value::Array(answer) }
}

fn next(values: &Receiver<Vec<Value>>) -> Vec<Value> {
    values.recv_timeout(DEADLINE).expect("it comes")
}

fn publish(server: &str, channel: &str, text: &str) {
    let order = json!({"verb": "emit", "channel": channel, "event": "message", "args": [text]});
    let body = order.to_string();
    let host = server.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).expect("the server runs");
    let length = body.len();
    write!(
        stream,
        "POST /control HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .expect("the server reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the server answers");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
