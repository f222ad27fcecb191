//! Server options.

use std::time::Duration;

use actix_socketio::{Cookie, Cors, HandlerResult, OnMessage, SameSite, SocketIo};
use actix_web::{error::ErrorForbidden, http::header, web::ServiceConfig};

use super::{io, with_handle};
use crate::running::RunningApp;

/// Starts a server with the options from the examples of "Server options" that a client can
/// observe.
pub(crate) fn start_with_options() -> RunningApp {
    RunningApp::start(|| {
        let io = with_handle(SocketIo::builder())
            .path("/my-custom-path/")
            .serve_client(false)
            .allow_upgrades(false)
            .ping_interval(Duration::from_secs(30))
            .ping_timeout(Duration::from_secs(25))
            .max_payload(100_000)
            .per_message_deflate(true)
            .deflate_threshold(2048)
            .compression_threshold(2048)
            .cookie(
                Cookie::new("my-cookie")
                    .http_only(true)
                    .same_site(SameSite::Strict)
                    .max_age(Duration::from_secs(86400)),
            )
            .cors(Cors::origins(["https://example.com"]).credentials())
            .on_handshake(|request, _| match request.headers().get(header::ORIGIN) {
                None => Ok(()),
                Some(origin) if origin == "https://example.com" => Ok(()),
                Some(_) => Err(ErrorForbidden("not from there")),
            })
            .on_message(server_options)
            .build()
            .expect("the settings are valid");
        (io.clone(), move |services: &mut ServiceConfig| {
            services.configure(io.mount());
        })
    })
}

async fn server_options(event: OnMessage) -> HandlerResult {
    let (socket, text) = (&event.socket, "x".repeat(20_000));
    match event.event() {
        "with compression" => socket.emit("text", &text)?,
        "without compression" => socket.compress(false).emit("text", &text)?,
        "broadcast with compression" => io(socket).emit("text", &text)?,
        "broadcast without compression" => {
            io(socket).everyone().compress(false).emit("text", &text)?;
        }
        _ => {}
    }
    Ok(())
}
