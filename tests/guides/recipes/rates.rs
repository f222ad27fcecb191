use std::time::{Duration, SystemTime, UNIX_EPOCH};

use actix_socketio::{Builder, HandlerError, HandlerResult, Rate, Socket, SocketIo};

/// Refuses what comes too soon after the last one. Events of a client are handled one at a time.
fn at_most_every(wait: Duration, socket: &Socket, what: &str) -> HandlerResult {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let key = format!("last {what}");
    let last = socket.context().get(&key)?.map(Duration::from_millis);
    if last.is_some_and(|last| now.saturating_sub(last) < wait) {
        return Err(HandlerError::reject("not so fast").with_data(&wait.as_millis()));
    }
    socket.context().insert(key, now.as_millis() as u64)?;
    Ok(())
}

async fn search(socket: Socket, text: String) -> Result<Vec<String>, HandlerError> {
    at_most_every(Duration::from_secs(60), &socket, "search")?;
    Ok(vec![format!("a result for {text}")])
}

pub fn builder() -> Builder {
    SocketIo::builder()
        .event_rate(Rate::per_second(20).burst(50)) // of each client: more waits, nothing is lost
        .max_connections_per_address(50)
        .on("search", search)
}
