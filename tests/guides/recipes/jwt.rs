use actix_socketio::{Builder, KeyError, Socket, SocketIo, Tokens};

pub fn builder() -> Result<Builder, KeyError> {
    let tokens = Tokens::hs256(b"read this from the environment: 32 bytes or more")?
        .issuer("https://auth.example.com")
        .audience("scores");
    Ok(SocketIo::builder()
        .tokens(tokens)
        .on("whoami", async |socket: Socket| Ok(socket.user().map(str::to_owned))))
}
