use std::{
    collections::{BTreeMap, HashMap},
    sync::Mutex,
};

use actix_socketio::{
    Auth, Builder, Channel, Data, HandlerResult, SendError, Socket, SocketIo, channel,
};

/// The users in each room, with the number of their connections.
#[derive(Default)]
struct Present(Mutex<HashMap<Channel, BTreeMap<String, usize>>>);

#[derive(serde::Deserialize)]
struct Login {
    user: String, // proven by a session or a token in your application
}

async fn enter(
    socket: Socket,
    present: Data<Present>,
    room: Channel,
    Auth(login): Auth<Login>,
) -> HandlerResult {
    let mut rooms = present.0.lock().unwrap(); // lists are published in the order of the changes
    if socket.subscribe(&room)? {
        let users = rooms.entry(room.clone()).or_default();
        *users.entry(login.user).or_default() += 1;
        publish(&socket.io(), &room, users)?;
    }
    Ok(())
}

/// Runs once for each `enter`, whether the client leaves the room or is suddenly gone.
async fn leave(
    socket: Socket,
    present: Data<Present>,
    room: Channel,
    Auth(login): Auth<Login>,
) -> HandlerResult {
    let mut rooms = present.0.lock().unwrap();
    let Some(users) = rooms.get_mut(&room) else { return Ok(()) };
    if let Some(connections) = users.get_mut(&login.user) {
        *connections -= 1;
    }
    users.retain(|_, connections| *connections > 0);
    publish(&socket.io(), &room, users)?;
    if users.is_empty() {
        rooms.remove(&room);
    }
    Ok(())
}

fn publish(
    io: &SocketIo,
    room: &Channel,
    users: &BTreeMap<String, usize>,
) -> Result<(), SendError> {
    io.to(room).emit("present", &users.keys().collect::<Vec<_>>())
}

pub fn builder() -> Builder {
    let rooms = channel("^room-[a-z]{1,20}$").on_subscribe(enter).on_unsubscribe(leave);
    SocketIo::builder().data(Present::default()).route(rooms)
}
