use std::{collections::HashSet, sync::Mutex};

use actix_socketio::{
    Auth, Builder, Call, Data, Event, FromEvent, HandlerError, HandlerResult, Socket, SocketIo,
};

#[derive(Default)]
struct Banned(Mutex<HashSet<String>>);

#[derive(serde::Deserialize)]
struct Login {
    user: String, // proven by a session or a token in your application
}

async fn enter(socket: Socket, banned: Data<Banned>, Auth(login): Auth<Login>) -> HandlerResult {
    // The channel first, and then the check: a ban in between finds the client in the channel.
    socket.subscribe(format!("user-{}", login.user))?;
    if banned.0.lock().unwrap().contains(&login.user) {
        return Err(HandlerError::reject("you are banned"));
    }
    socket.context().insert("user", login.user)?;
    Ok(())
}

/// A parameter that only an administrator has.
struct Admin;

impl<E: Event> FromEvent<E> for Admin {
    fn from_event(call: &mut Call<'_, E>) -> Result<Self, HandlerError> {
        match call.socket().context().get::<String>("user")?.as_deref() {
            Some("admin") => Ok(Self),
            _ => Err(HandlerError::reject("for administrators only")),
        }
    }
}

/// Disconnects the user, who may come back.
async fn kick(_: Admin, io: SocketIo, user: String) -> HandlerResult {
    let clients = io.to(format!("user-{user}"));
    clients.clone().emit("notice", "you were kicked")?; // arrives first
    clients.disconnect_sockets(true).await?;
    Ok(())
}

async fn ban(admin: Admin, io: SocketIo, banned: Data<Banned>, user: String) -> HandlerResult {
    banned.0.lock().unwrap().insert(user.clone());
    kick(admin, io, user).await
}

pub fn builder() -> Builder {
    let builder = SocketIo::builder().data(Banned::default()).on_connect(enter);
    builder.on("kick", kick).on("ban", ban)
}
