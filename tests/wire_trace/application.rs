//! The application that runs on this server. tests/clients/wire/server.mjs is the same for Node.
//!
//! The namespaces `/` and `/admin` behave alike. A client with the auth `{"refuse":…}` is refused
//! with the message `not today`, and with data if the value is `with data`.
//!
//! | event | arguments | reaction |
//! | --- | --- | --- |
//! | `echo`, `echo binary` | … | acknowledged with all arguments |
//! | `auth` | | acknowledged with the client's auth |
//! | `say`, `say binary` | event, … | the client receives this event |
//! | `ask`, `ask binary` | x | the client receives `question x`, and then its own answer as `answered` |
//! | `disconnect me` | | the server disconnects the socket |
//! | `close` | | the server closes the connection |

use actix_socketio::{
    Builder, HandlerError, HandlerResult, Many, NamespaceBuilder, OnConnect, OnMessage, SocketIo,
};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(crate) fn application() -> Builder {
    fn admin(namespace: NamespaceBuilder) -> NamespaceBuilder {
        namespace.on_connect(admit).on_message(handle)
    }
    SocketIo::builder().on_connect(admit).on_message(handle).namespace("/admin", admin)
}

async fn admit(event: OnConnect) -> HandlerResult {
    let auth: Option<Value> = event.socket.handshake().auth()?;
    let refusal = || HandlerError::reject("not today");
    match auth.as_ref().and_then(|auth| auth.get("refuse")) {
        None => Ok(()),
        Some(how) if how == "with data" => Err(refusal().with_data(&json!({"from": 18}))),
        Some(_) => Err(refusal()),
    }
}

/// Two arguments with binary data: one is binary, the other contains binary.
type BinaryArgs = Many<(Bytes, File)>;

#[derive(Debug, Serialize, Deserialize)]
struct File {
    name: String,
    data: Bytes,
}

async fn handle(event: OnMessage) -> HandlerResult {
    let socket = &event.socket;
    let values = |from: usize| {
        (from..event.args().len()).map(|at| event.arg::<Value>(at)).collect::<Result<Vec<_>, _>>()
    };
    match event.event() {
        "echo" => event.ack(&Many(values(0)?))?,
        "echo binary" => event.ack(&binary_args(&event)?)?,
        "auth" => event.ack(&socket.handshake().auth::<Value>()?)?,
        "say" => socket.emit(&event.arg::<String>(0)?, &Many(values(1)?))?,
        "say binary" => socket.emit("binary", &binary_args(&event)?)?,
        "ask" => {
            let answer: Value = socket.emit_with_ack("question", &event.json::<Value>()?).await?;
            socket.emit("answered", &answer)?;
        }
        "ask binary" => {
            let answer: Bytes = socket.emit_with_ack("question", &event.json::<Bytes>()?).await?;
            socket.emit("answered", &answer)?;
        }
        "disconnect me" => socket.disconnect(),
        "close" => socket.close(),
        other => return Err(HandlerError::reject(format!("unknown event {other}"))),
    }
    Ok(())
}

fn binary_args(event: &OnMessage) -> Result<BinaryArgs, HandlerError> {
    Ok(Many((event.arg(0)?, event.arg(1)?)))
}
