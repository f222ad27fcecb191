use actix_socketio::{
    Auth, Builder, Call, Event, FromEvent, HandlerError, HandlerResult, Many, Socket, SocketIo,
};

/// The user of a client, for handlers.
struct User(String);

impl<E: Event> FromEvent<E> for User {
    fn from_event(call: &mut Call<'_, E>) -> Result<Self, HandlerError> {
        let user = call.socket().context().get("user")?;
        user.map(Self).ok_or_else(|| HandlerError::reject("log in first"))
    }
}

#[derive(serde::Deserialize)]
struct Login {
    user: String, // proven by a session or a token in your application
}

async fn enter(socket: Socket, Auth(login): Auth<Login>) -> HandlerResult {
    socket.subscribe(format!("user-{}", login.user))?;
    socket.subscribe(format!("room-{}", login.user))?; // each user owns one room
    socket.context().insert("user", login.user)?;
    Ok(())
}

/// The owner lets a user in: all connections that this user has now.
async fn invite(User(owner): User, io: SocketIo, guest: String) -> HandlerResult {
    let guest = io.to(format!("user-{guest}"));
    guest.clone().sockets_join(format!("room-{owner}")).await?;
    guest.emit("invited", &owner)?;
    Ok(())
}

async fn expel(User(owner): User, io: SocketIo, guest: String) -> HandlerResult {
    if guest != owner {
        io.to(format!("user-{guest}")).sockets_leave(format!("room-{owner}")).await?;
    }
    Ok(())
}

async fn say(socket: Socket, User(user): User, owner: String, text: String) -> HandlerResult {
    let room = format!("room-{owner}");
    if !socket.is_subscribed(&room) {
        return Err(HandlerError::reject("you are not in this room"));
    }
    socket.io().to(room).emit("said", &Many((owner, user, text)))?;
    Ok(())
}

pub fn builder() -> Builder {
    let builder = SocketIo::builder().on_connect(enter);
    builder.on("invite", invite).on("expel", expel).on("say", say)
}
