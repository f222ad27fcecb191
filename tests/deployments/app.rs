//! The application that is deployed.
//!
//! | event | arguments | reaction |
//! | --- | --- | --- |
//! | `echo` | … | acknowledged with all of them, as they came |
//! | `count` | n | remembered |
//! | `counted` | | acknowledged with all remembered numbers |
//! | `stream` | n | the client receives `numbered 0`, `numbered 1`, … n of them |
//! | `large` | n, size | the client receives n events `large` with that many bytes of text |
//! | `ask` | x | the client receives `question x`; acknowledged with the answer |
//! | `whoami` | | acknowledged with `{address, transport}` |

use actix_socketio::{Builder, HandlerResult, Many, OnMessage, SocketIo};
use serde_json::{Value, json};

pub(crate) fn builder() -> Builder {
    SocketIo::builder().on_message(answer)
}

async fn answer(event: OnMessage) -> HandlerResult {
    let socket = &event.socket;
    match event.event() {
        "echo" => event.ack(&Many(event.args()))?,
        "count" => {
            let number: u32 = event.json()?;
            socket.context().update("counted", |counted: Option<Vec<u32>>| {
                let mut counted = counted.unwrap_or_default();
                counted.push(number);
                counted
            })?;
        }
        "counted" => event.ack(&socket.context().get::<Value>("counted")?)?,
        "stream" => {
            for number in 0..event.json::<u32>()? {
                socket.emit("numbered", &number)?;
            }
        }
        "large" => {
            let text = "x".repeat(event.arg(1)?);
            for _ in 0..event.json::<u32>()? {
                socket.emit("large", &text)?;
            }
        }
        "ask" => {
            let answer: Value = socket.emit_with_ack("question", &event.json::<Value>()?).await?;
            event.ack(&answer)?;
        }
        "whoami" => event.ack(&json!({
            "address": socket.handshake().client_ip(),
            "transport": socket.transport().as_str(),
        }))?,
        _ => {}
    }
    Ok(())
}
