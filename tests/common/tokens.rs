//! The server of tests/clients/tokens: its clients connect by tokens.

use actix_socketio::{Socket, SocketIo, Tokens, channel};
use actix_web::web::ServiceConfig;

use crate::running::RunningApp;

/// The secret of the tokens.
pub(crate) const SECRET: &str = "the secret of these tests, 32 bytes or more";

pub(crate) fn start() -> RunningApp {
    RunningApp::start(|| {
        let tokens = Tokens::hs256(SECRET.as_bytes()).expect("a good secret");
        let io = SocketIo::builder()
            .tokens(tokens.issuer("log-in").audience("clients"))
            .on("whoami", async |socket: Socket| Ok(socket.user().map(str::to_owned)))
            .route(channel("^inbox-(?<user>.+)$").for_users())
            .route(channel("^match-").with_token().publish_with_token())
            .build()
            .expect("the settings are valid");
        (io.clone(), move |services: &mut ServiceConfig| io.mount()(services))
    })
}
