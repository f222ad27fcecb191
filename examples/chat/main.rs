//! A chat with rooms, where each name is used once in a room: `cargo run --example chat`, then open
//! http://127.0.0.1:8080 twice.

use std::collections::{BTreeMap, HashMap};

use actix::prelude::*;
use actix_socketio::{Channel, SocketId, prelude::*};
use actix_web::{App, HttpResponse, HttpServer, web};
use serde_json::json;

/// The members of each room, with their names. One actor has all rooms, so there is no lock.
#[derive(Default)]
struct Chat {
    rooms: HashMap<Channel, BTreeMap<SocketId, String>>,
}

impl Actor for Chat {
    type Context = Context<Self>;
}

impl SocketHandler for Chat {
    type Events = (OnSubscribe, OnMessage, OnUnsubscribe);
}

impl Handler<OnSubscribe> for Chat {
    type Result = HandlerResult;

    fn handle(&mut self, event: OnSubscribe, _: &mut Self::Context) -> HandlerResult {
        let OnSubscribe { socket, channel, .. } = event;
        let name: String = socket
            .context()
            .get("name")?
            .ok_or_else(|| HandlerError::reject("choose a name first"))?;
        if self
            .rooms
            .get(&channel)
            .is_some_and(|people| people.values().any(|other| *other == name))
        {
            return Err(HandlerError::reject("this name is in use here").with_data(&name));
        }
        // The subscription comes before the list, so that this client is also notified of a member
        // that joins in between. If the subscription fails, the name stays free.
        socket.subscribe(&channel)?;
        let people = self.rooms.entry(channel.clone()).or_default();
        people.insert(socket.id(), name.clone());
        let names: Vec<_> = people.values().collect();
        socket.emit("people", &names)?;
        socket.to(&channel).emit("join", &name)?;
        Ok(())
    }
}

impl Handler<OnMessage> for Chat {
    type Result = HandlerResult;

    fn handle(&mut self, event: OnMessage, _: &mut Self::Context) -> HandlerResult {
        // An event without a channel is for `introduction`.
        let Some(room) = &event.channel else { return Ok(()) };
        let name: Option<String> = event.socket.context().get("name")?;
        event.socket.send_and_broadcast_channel(
            room,
            &json!({"name": name, "text": event.json::<String>()?}),
        )?;
        Ok(())
    }
}

/// The client has left the room or closed the page. In both cases its name is free again.
impl Handler<OnUnsubscribe> for Chat {
    type Result = HandlerResult;

    fn handle(&mut self, event: OnUnsubscribe, _: &mut Self::Context) -> HandlerResult {
        let Some(people) = self.rooms.get_mut(&event.channel) else { return Ok(()) };
        let name = people.remove(&event.socket.id());
        if people.is_empty() {
            self.rooms.remove(&event.channel);
        }
        if let Some(name) = name {
            event.socket.to(&event.channel).emit("leave", &name)?;
        }
        Ok(())
    }
}

/// The client chooses a name before it enters a room.
async fn introduction(event: OnMessage) -> HandlerResult {
    if event.event() != "name" || event.channel.is_some() {
        return Ok(());
    }
    let name = event.json::<String>()?.trim().to_owned();
    if name.is_empty() || name.chars().count() > 20 || !event.socket.channels().is_empty() {
        event.ack(
            &json!({"message": "a name has 1 to 20 characters, and you choose it before a room"}),
        )?;
    } else {
        event.socket.context().insert("name", name)?;
        event.ack(&None::<()>)?;
    }
    Ok(())
}

async fn page() -> HttpResponse {
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(include_str!("index.html"))
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    env_logger::init_from_env(env_logger::Env::default().default_filter_or("info"));
    let chat = Chat::default().start();
    let io = SocketIo::builder()
        .on_message(introduction)
        .route(channel("^room-[a-z]{1,20}$").to(&chat))
        .build()?;
    let app = io.clone();
    let server =
        HttpServer::new(move || App::new().configure(app.mount()).route("/", web::get().to(page)))
            .socketio(&io)
            .bind(("127.0.0.1", 8080))?;
    println!("open http://127.0.0.1:8080");
    server.run().await
}
