use std::{collections::HashMap, sync::Mutex, time::Duration};

use actix_socketio::{AckError, Auth, Builder, Data, HandlerResult, Many, Socket, SocketIo};

/// Messages that wait for a user until a client of this user has acknowledged them.
#[derive(Default)]
struct Waiting(Mutex<HashMap<String, Vec<(u64, String)>>>);

#[derive(serde::Deserialize)]
struct Login {
    user: String, // proven by a session or a token in your application
}

async fn deliver(socket: Socket, waiting: Data<Waiting>, user: String) {
    let messages = waiting.0.lock().unwrap().get(&user).cloned().unwrap_or_default();
    for (id, text) in messages {
        let question = Many((id, &text));
        loop {
            let once = socket.timeout(Duration::from_secs(5));
            match once.emit_with_ack_args("mail", &question).await {
                Ok(_) => break,
                Err(AckError::Timeout) => {} // again, with the same id
                Err(_) => return,            // gone: the next connection gets it
            }
        }
        let mut waiting = waiting.0.lock().unwrap();
        waiting.entry(user.clone()).or_default().retain(|(other, _)| *other != id);
    }
}

/// A task does the asking: the client's own events do not wait for it.
async fn enter(socket: Socket, waiting: Data<Waiting>, Auth(login): Auth<Login>) -> HandlerResult {
    actix::spawn(deliver(socket, waiting, login.user));
    Ok(())
}

pub fn builder() -> Builder {
    let mail = [("ada".to_owned(), vec![(1, "hello".to_owned()), (2, "again".to_owned())])];
    SocketIo::builder().data(Waiting(Mutex::new(mail.into()))).on_connect(enter)
}
