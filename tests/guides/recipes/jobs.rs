use std::{sync::mpsc, thread};

use actix_socketio::{Builder, SocketIo, channel};
use actix_web::{HttpRequest, HttpResponse, error::ErrorForbidden, post, web};
use serde_json::Value;

pub struct Key(pub String); // read from the environment

/// Another process publishes:
/// `curl -H "x-key: $KEY" -H "content-type: application/json" -d '"done"' …/publish/jobs/finished`
#[post("/publish/{channel}/{event}")]
pub async fn publish(
    io: web::Data<SocketIo>,
    key: web::Data<Key>,
    request: HttpRequest,
    target: web::Path<(String, String)>,
    data: web::Json<Value>,
) -> actix_web::Result<HttpResponse> {
    let given = request.headers().get("x-key").map_or(&[][..], |key| key.as_bytes());
    if !is_equal(given, key.0.as_bytes()) {
        return Err(ErrorForbidden("a key is needed"));
    }
    let (channel, event) = target.into_inner();
    let sent = io.to(channel).publish(&event, &data).await?;
    Ok(HttpResponse::Ok().json(sent.delivered))
}

/// Takes as long for the first difference as for the last.
fn is_equal(given: &[u8], key: &[u8]) -> bool {
    let differences = given.iter().zip(key).fold(0, |all, (given, key)| all | (given ^ key));
    given.len() == key.len() && differences == 0
}

/// A plain thread needs nothing but the handle.
pub fn worker(io: SocketIo, jobs: mpsc::Receiver<String>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        for job in jobs {
            // … the work
            if let Err(error) = io.to("jobs").emit("finished", &job) {
                log::warn!("{job}: {error}");
            }
        }
    })
}

pub fn builder() -> Builder {
    SocketIo::builder().route(channel("^jobs$"))
}
