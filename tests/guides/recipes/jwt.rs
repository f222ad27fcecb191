use actix_socketio::{Auth, Builder, HandlerError, HandlerResult, Socket, SocketIo};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::Deserialize;

#[derive(Deserialize)]
struct Token {
    token: String,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
}

async fn enter(socket: Socket, Auth(auth): Auth<Token>) -> HandlerResult {
    let key = DecodingKey::from_secret(b"read this from the environment: 32 bytes or more")?;
    let claims = decode::<Claims>(auth.token, &key, &Validation::new(Algorithm::HS256))
        .map_err(|_| HandlerError::reject("log in first"))?
        .claims;
    socket.context().insert("user", claims.sub)?;
    Ok(())
}

pub fn builder() -> Builder {
    SocketIo::builder()
        .on_connect(enter)
        .on("whoami", async |socket: Socket| Ok(socket.context().get::<String>("user")?))
}
