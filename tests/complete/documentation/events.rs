//! Listening to events, and Emitting events.

use std::{io, time::Duration};

use actix_socketio::{AckError, HandlerResult, Many, OnConnect, OnError, OnMessage};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(super) async fn catch_all(event: OnMessage) -> HandlerResult {
    event.socket.emit("any", &Many((event.event(), event.args())))?;
    Ok(())
}

pub(super) async fn error_event(OnError { socket, error, .. }: OnError) -> HandlerResult {
    socket.emit("error", &error.to_string())?;
    Ok(())
}

pub(super) async fn listening_to_events(event: OnMessage) -> HandlerResult {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct NewUser {
        username: String,
        email: String,
    }
    let socket = &event.socket;
    match event.event() {
        "details" => event.ack(&Many(event.args()))?,
        "details, once" if !socket.context().contains_key("once") => {
            socket.context().insert("once", true)?;
            socket.emit("listened once", &Many(event.args()))?;
        }
        "outgoing" => {
            let mut outgoing = socket.outgoing(10);
            socket.emit("hello", &Many((1, "2")))?;
            event.ack(&outgoing.next().await.map(|hello| (hello.name, hello.args)))?;
        }
        "create user" if !event.wants_ack() => socket.disconnect(),
        "create user" => {
            let user = event.json::<NewUser>().map_err(|error| error.to_string());
            let checked = user.and_then(|user| match user {
                NewUser { username, .. } if username.len() > 30 => {
                    Err("the name is too long".to_owned())
                }
                NewUser { email, .. } if !email.contains('@') => {
                    Err("that is not an address".to_owned())
                }
                _ => Ok(()),
            });
            event.ack(&match checked {
                Ok(()) => json!({"status": "OK"}),
                Err(error) => json!({"status": "KO", "error": error}),
            })?;
        }
        "list items" => event.ack(&match find(event.json()?) {
            Ok(items) => json!({"status": "OK", "items": items}),
            Err(_) => json!({"status": "NOK"}),
        })?,
        "list products" => socket.emit("products", &find(event.json()?)?)?,
        _ => {}
    }
    Ok(())
}

fn find(there: bool) -> io::Result<[u8; 2]> {
    if there { Ok([1, 2]) } else { Err(io::Error::other("the database is down")) }
}

// ── Emitting events ──────────────────────────────────────────────────────────────────────────────────────────────────

#[derive(Serialize, Deserialize)]
struct Numbered {
    #[serde(rename = "3")]
    three: String,
    #[serde(rename = "5")]
    five: Bytes,
}

fn numbered() -> Many<(u8, &'static str, Numbered)> {
    Many((1, "2", Numbered { three: "4".to_owned(), five: Bytes::from_static(&[6]) }))
}

pub(super) async fn say_hello(OnConnect { socket, .. }: OnConnect) -> HandlerResult {
    socket.emit("hello", "world")?;
    Ok(())
}

pub(super) async fn emitting_events(event: OnMessage) -> HandlerResult {
    let socket = &event.socket;
    match event.event() {
        "hello" if event.args().len() == 1 => {
            event.ack(&format!("hello {}", event.json::<String>()?))?;
        }
        "hello" => {
            let (one, two, more): (u8, String, Numbered) =
                (event.arg(0)?, event.arg(1)?, event.arg(2)?);
            event.ack(&json!([one, two, more.three, more.five.to_vec()]))?;
        }
        "several arguments" => socket.emit("hello", &numbered())?,
        "pass on" => socket.others().emit("passed on", &Many(event.args()))?,
        "update item" => {
            let (id, item): (String, Value) = (event.arg(0)?, event.arg(1)?);
            event.ack(&json!({"status": "ok", "id": id, "name": item["name"]}))?;
        }
        "ask me" => {
            let item = Many(("1", json!({"name": "updated"})));
            event.ack(&socket.emit_with_ack::<_, Value>("update item", &item).await?)?;
        }
        "with timeout" => {
            let delay = Duration::from_millis(event.json()?);
            let answer =
                socket.timeout(delay).emit_with_ack::<_, Value>("my-event", &Many(())).await;
            event.ack(&match answer {
                Err(AckError::Timeout) => json!({"error": "not within the delay"}),
                answer => json!({"answer": answer?}),
            })?;
        }
        "position" => {
            socket.volatile().emit("hello", "might or might not be received")?;
            event.ack(&())?;
        }
        // The transport has no chance to send between two lines.
        "positions" => {
            socket.emit("first", &1)?;
            socket.volatile().emit("hello", "might not be received")?;
            socket.emit("last", &2)?;
        }
        "ping" => socket.others().emit("count", &event.json::<u32>()?)?,
        _ => {}
    }
    Ok(())
}
