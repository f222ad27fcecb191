//! The server's side of the examples in Socket.IO's documentation, <https://socket.io/docs/v4/>,
//! page by page.
//!
//! Each page has a namespace with the page's name, except for "Namespaces", whose examples name
//! theirs. An event without a name in its example has the title of the example, or the line itself:
//! `io.in("room1").emit`. The client's side, with the assertions, is
//! tests/clients/complete/documentation.

mod events;
mod namespaces;
mod options;
mod parser;
mod socket;
mod whom;

use std::sync::Mutex;

use actix_socketio::{Builder, HandlerResult, OnMessage, RemoteSocket, Socket, SocketIo};
use actix_web::{
    HttpMessage,
    dev::Service,
    http::header::{self, HeaderName, HeaderValue},
    web::{self, ServiceConfig},
};
use serde_json::Value;

use events::{catch_all, emitting_events, error_event, listening_to_events, say_hello};
use namespaces::{
    admin_events, dynamic, enter_admin, enter_orders, enter_users, greet, orders_events,
    users_events,
};
pub(crate) use options::start_with_options;
pub(crate) use parser::start_with_parser;
use socket::{
    User, authorized, disconnect_the_unauthorized, each_packet, fetch_user, first, left,
    middlewares, second, server_socket_instance, tell_about_itself, tell_its_rooms, third,
    upgraded, user,
};
use whom::{
    broadcasting_events, emit_cheatsheet, join_its_rooms, rooms, rooms_it_was_in, server_instance,
};

use crate::running::RunningApp;

/// Starts the application.
pub(crate) fn start() -> RunningApp {
    RunningApp::start(|| {
        let io = pages().build().expect("the settings are valid");
        (io.clone(), move |services: &mut ServiceConfig| {
            // Middlewares, "Compatibility with Express middleware": the same with middleware of
            // actix-web.
            let with_session =
                web::scope("/with-session").configure(io.mount()).wrap_fn(|request, next| {
                    if let Some(user) = request.cookie("user") {
                        request.extensions_mut().insert(User(user.value().to_owned()));
                    }
                    let response = next.call(request);
                    async {
                        let mut response = response.await?;
                        response.headers_mut().insert(
                            header::X_FRAME_OPTIONS,
                            HeaderValue::from_static("SAMEORIGIN"),
                        );
                        Ok(response)
                    }
                });
            services.service(with_session).configure(io.mount());
        })
    })
}

fn pages() -> Builder {
    with_handle(SocketIo::builder())
        .on_initial_headers(|headers, _| {
            headers.insert(HeaderName::from_static("test"), HeaderValue::from_static("123"));
            headers.append(header::SET_COOKIE, HeaderValue::from_static("mycookie=456"));
        })
        .on_headers(|headers, _| {
            headers.insert(HeaderName::from_static("test"), HeaderValue::from_static("789"));
        })
        .on_connection_error(|error| {
            note("connection_error", &format!("{} {}", error.code(), error.message()));
        })
        .namespace("/server-socket-instance", |page| {
            page.on_connect(fetch_user)
                .on_connect(tell_about_itself)
                .on_packet(each_packet)
                .on_message(common)
                .on_message(server_socket_instance)
                .on_upgrade(upgraded)
                .on_error(disconnect_the_unauthorized)
                .on_disconnect(tell_its_rooms)
        })
        .namespace("/middlewares", |page| {
            page.on_connect(first)
                .on_connect(second)
                .on_connect(third)
                .on_message(middlewares)
                .on_disconnect(left)
        })
        .namespace("/passport", |page| page.on_connect(authorized).on_message(user))
        .namespace("/listening-to-events", |page| {
            page.on_message(catch_all).on_message(listening_to_events).on_error(error_event)
        })
        .namespace("/emitting-events", |page| {
            page.on_connect(say_hello).on_message(emitting_events)
        })
        .namespace("/broadcasting-events", |page| {
            page.on_message(common).on_message(broadcasting_events)
        })
        .namespace("/rooms", |page| {
            page.on_connect(join_its_rooms)
                .on_message(common)
                .on_message(rooms)
                .on_disconnect(rooms_it_was_in)
        })
        .namespace("/emit-cheatsheet", |page| page.on_message(common).on_message(emit_cheatsheet))
        .namespace("/server-instance", |page| page.on_message(common).on_message(server_instance))
        .namespace("/orders", |orders| orders.on_connect(enter_orders).on_message(orders_events))
        .namespace("/users", |users| users.on_connect(enter_users).on_message(users_events))
        .namespace("/admin", |admin| {
            admin.on_connect(enter_admin).on_message(common).on_message(admin_events)
        })
        .namespace("/my-namespace", |mine| mine.on_connect(greet).on_message(common))
        .namespaces_matching(r"^/dynamic-\d+$", dynamic)
        .namespaces_if(
            |name, handshake| {
                let auth: Value = handshake.auth().unwrap_or_default();
                name.as_str().starts_with("/function-") && auth["allowed"] == true
            },
            dynamic,
        )
}

// ── what all pages have ──────────────────────────────────────────────────────────────────────────────────────────────

/// The handlers exist before the handle, so they take it from their connection: `mount` registers
/// it with actix-web.
fn with_handle(builder: Builder) -> Builder {
    builder.on_handshake(|request, extensions| {
        let io = request.app_data::<web::Data<SocketIo>>().expect("registered by `mount`");
        extensions.insert(SocketIo::clone(io));
        if let Some(user) = request.extensions().get::<User>() {
            extensions.insert(user.clone());
        }
        Ok(())
    })
}

/// What the examples call `io`, or the namespace.
fn io(socket: &Socket) -> SocketIo {
    let io = socket.extensions().get::<SocketIo>().expect("put in by `on_handshake`");
    io.of(socket.namespace().as_str())
}

async fn common(event: OnMessage) -> HandlerResult {
    let (io, socket) = (io(&event.socket), &event.socket);
    match event.event() {
        "join" => event.ack(&socket.subscribe(event.json::<String>()?)?)?,
        "leave" => event.ack(&socket.unsubscribe(event.json::<String>()?))?,
        "rooms" => event.ack(&socket.channels())?,
        "who is here" => {
            let sockets = io.everyone().fetch_sockets().await?;
            event.ack(&sockets.iter().map(RemoteSocket::id).collect::<Vec<_>>())?;
        }
        // Earlier messages arrive earlier, in every namespace.
        "fence" => {
            let mark: Value = event.json()?;
            io.namespaces()
                .iter()
                .try_for_each(|name| io.of(name.as_str()).emit("fence", &mark))?;
        }
        _ => {}
    }
    Ok(())
}

/// Notes about clients that are gone, by client.
static NOTES: Mutex<Vec<(String, String)>> = Mutex::new(Vec::new());

fn note(about: &str, what: &str) {
    NOTES
        .lock()
        .expect("no thread panics while it holds the lock")
        .push((about.to_owned(), what.to_owned()));
}

fn notes(about: &str) -> Vec<String> {
    let notes = NOTES.lock().expect("no thread panics while it holds the lock");
    notes.iter().filter(|(of, _)| of == about).map(|(_, what)| what.clone()).collect()
}
