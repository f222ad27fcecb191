use std::{
    collections::{HashMap, VecDeque},
    sync::Mutex,
};

use actix_socketio::{Builder, Data, HandlerError, HandlerResult, Many, Socket, SocketIo};

const KEPT: usize = 50;

/// What was said last, by room. The rooms are given: a client makes none.
struct Log(Mutex<HashMap<String, VecDeque<String>>>);

async fn join(
    socket: Socket,
    log: Data<Log>,
    room: String,
) -> Result<VecDeque<String>, HandlerError> {
    let mut log = log.0.lock().unwrap(); // held over both: subscribing, and reading
    let said = log.get_mut(&room).ok_or_else(|| HandlerError::reject("there is no such room"))?;
    socket.subscribe(&room)?;
    Ok(said.clone())
}

async fn say(socket: Socket, log: Data<Log>, room: String, text: String) -> HandlerResult {
    if !socket.is_subscribed(&room) {
        return Err(HandlerError::reject("you are not in this room"));
    }
    let mut log = log.0.lock().unwrap(); // held over both: writing, and publishing
    let said = log.get_mut(&room).ok_or_else(|| HandlerError::reject("there is no such room"))?;
    socket.io().to(&room).emit("said", &Many((&room, &text)))?;
    said.push_back(text);
    said.drain(..said.len().saturating_sub(KEPT));
    Ok(())
}

pub fn builder() -> Builder {
    let rooms = ["tea", "chess"].map(|room| (room.to_owned(), VecDeque::new()));
    SocketIo::builder().data(Log(Mutex::new(rooms.into()))).on("join", join).on("say", say).on(
        "leave",
        async |socket: Socket, room: String| {
            socket.unsubscribe(&room);
            Ok(())
        },
    )
}
