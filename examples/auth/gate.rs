//! Who comes in, and for how long.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use actix::prelude::*;
use actix_socketio::{SocketId, prelude::*};
use serde::Deserialize;

use crate::{
    access,
    token::{Claims, Tokens},
};

/// All that anybody is told whose token is none: why it is none is for the log.
pub(crate) const NO_TOKEN: &str = "a valid token is needed";

/// All that anybody is told who has one, and may not: also whether there is such a thing at all is
/// not theirs to know.
pub(crate) const NOT_ALLOWED: &str = "this is not allowed to you";

/// `exp` is in whole seconds, so this is as often as it is worth looking.
const EVERY: Duration = Duration::from_secs(1);

/// What a client shows to a namespace: `io(url, { auth: { token } })`.
#[derive(Deserialize)]
struct Auth {
    token: Option<String>,
}

/// Asks everyone for a token, and puts them out when it has expired.
pub(crate) struct Gate {
    tokens: Arc<Tokens>,
    guests: Guests<Socket>,
}

impl Gate {
    pub(crate) fn new(tokens: Arc<Tokens>) -> Self {
        Self { tokens, guests: Guests::default() }
    }

    /// Whose the socket is.
    fn identify(&self, socket: &Socket) -> Result<Arc<Claims>, HandlerError> {
        let refused = |why: &dyn std::fmt::Display| {
            // It may hold the client's words; they are to stay on their line.
            log::info!("{}: token refused: {}", socket.id(), why.to_string().escape_debug());
            HandlerError::reject(NO_TOKEN)
        };
        // By `?` alone, a token that is no string would be an "internal error".
        let shown: Auth = socket.handshake().auth().map_err(|error| refused(&error))?;
        // From the handshake, or from an earlier socket of the connection.
        let known = socket.extensions().get::<Claims>();
        let claims = match shown.token {
            Some(token) => Arc::new(self.tokens.check(&token).map_err(|error| refused(&error))?),
            None => known.clone().ok_or_else(|| refused(&"none was shown"))?,
        };
        // It was good when it was shown; that may be a while ago.
        if claims.is_expired() {
            return Err(refused(&"it has expired"));
        }
        // All sockets of a connection share its extensions. A second token must not change whose
        // the first socket is; who wants to be somebody else opens another connection, and so does
        // who has a new token.
        match known {
            Some(known) if known != claims => Err(refused(&"the connection has another one")),
            Some(known) => Ok(known),
            None => {
                socket.extensions().insert(Claims::clone(&claims));
                Ok(claims)
            }
        }
    }
}

impl Actor for Gate {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(EVERY, |gate, _| {
            for socket in gate.guests.overdue(jsonwebtoken::get_current_timestamp()) {
                log::info!("{}: its token has expired", socket.id());
                // The client sees `io server disconnect`, and does not come back by itself.
                // `Socket::close` would end the connection instead; then it comes back, and shows
                // what its `auth` function has got by then.
                socket.disconnect();
            }
        });
    }
}

impl SocketHandler for Gate {
    type Events = (OnConnect, OnFinish);
}

impl Handler<OnConnect> for Gate {
    type Result = HandlerResult;

    fn handle(
        &mut self,
        OnConnect { socket, .. }: OnConnect,
        _: &mut Self::Context,
    ) -> HandlerResult {
        let claims = self.identify(&socket)?;
        if !access::may_enter(&claims, socket.namespace().as_str()) {
            return Err(HandlerError::reject(NOT_ALLOWED));
        }
        // The last thing that is done: who is refused has no `OnFinish` to be crossed out by.
        self.guests.enter(claims.exp, socket.id(), socket);
        Ok(())
    }
}

/// Whoever goes first is kept no longer.
impl Handler<OnFinish> for Gate {
    type Result = HandlerResult;

    fn handle(
        &mut self,
        OnFinish { socket, .. }: OnFinish,
        _: &mut Self::Context,
    ) -> HandlerResult {
        if let Some(claims) = socket.extensions().get::<Claims>() {
            self.guests.leave(claims.exp, socket.id());
        }
        Ok(())
    }
}

/// Those who are in, by when they have to go: one timer does for all of them.
struct Guests<T>(BTreeMap<(u64, SocketId), T>);

impl<T> Default for Guests<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> Guests<T> {
    fn enter(&mut self, until: u64, id: SocketId, guest: T) {
        self.0.insert((until, id), guest);
    }

    fn leave(&mut self, until: u64, id: SocketId) {
        self.0.remove(&(until, id));
    }

    /// Takes out those whose time is over.
    fn overdue(&mut self, now: u64) -> Vec<T> {
        let mut overdue = Vec::new();
        while let Some(first) = self.0.first_entry()
            && first.key().0 <= now
        {
            overdue.push(first.remove());
        }
        overdue
    }
}

#[cfg(test)]
mod tests {
    use actix_web::{App, HttpServer, rt};
    use awc::ws::{Frame, Message as WsMessage};
    use futures_util::{SinkExt, StreamExt};
    use serde_json::json;

    use super::*;
    use crate::users::USERS;

    /// Asks how many the gate keeps.
    #[derive(Message)]
    #[rtype(usize)]
    struct Count;

    impl Handler<Count> for Gate {
        type Result = usize;

        fn handle(&mut self, _: Count, _: &mut Self::Context) -> usize {
            self.guests.0.len()
        }
    }

    async fn comes_down_to(count: usize, gate: &Addr<Gate>) {
        let comes = async {
            while gate.send(Count).await.unwrap() != count {
                rt::task::yield_now().await;
            }
        };
        rt::time::timeout(Duration::from_secs(20), comes)
            .await
            .expect("whoever has gone is forgotten");
    }

    #[actix_web::test]
    async fn who_goes_first_is_kept_no_longer() {
        let tokens = Arc::new(Tokens::new(&[7; 32]).unwrap());
        let token = tokens.issue(&Claims::of(&USERS[0])).unwrap();
        let gate = Gate::new(tokens).start();
        let io = SocketIo::builder().to(&gate).build().unwrap();
        let server =
            HttpServer::new(move || App::new().configure(io.mount())).workers(1).disable_signals();
        let server = server.bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}/socket.io/?EIO=4&transport=websocket", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        let running = rt::spawn(server);

        let mut clients = Vec::new();
        for (shown, answer) in
            [(token.as_str(), "40{"), ("garbage", "44{"), (token.as_str(), "40{")]
        {
            let (_, mut client) = awc::Client::new().ws(&url).connect().await.unwrap();
            client
                .send(WsMessage::Text(format!("40{}", json!({"token": shown})).into()))
                .await
                .unwrap();
            // Engine.IO's open packet, and the answer.
            for expected in ["0{", answer] {
                let Some(Ok(Frame::Text(text))) = client.next().await else {
                    panic!("a packet was expected")
                };
                assert!(text.starts_with(expected.as_bytes()), "{text:?}");
            }
            clients.push(client);
        }
        assert_eq!(gate.send(Count).await.unwrap(), 2, "who was refused is not kept at all");
        drop(clients.pop());
        comes_down_to(1, &gate).await;
        drop(clients);
        comes_down_to(0, &gate).await;
        handle.stop(false).await;
        running.await.unwrap().unwrap();
    }

    #[test]
    fn guests_go_in_time_and_those_who_have_gone_are_forgotten() {
        let [a, b, c] =
            ["a", "b", "c"].map(|letter| letter.repeat(20).parse::<SocketId>().unwrap());
        let mut guests = Guests::default();
        guests.enter(30, a, "a");
        guests.enter(10, b, "b");
        guests.enter(20, c, "c");
        assert_eq!(guests.overdue(9), [""; 0]);
        assert_eq!(guests.overdue(10), ["b"]);
        guests.leave(20, c);
        guests.leave(20, c);
        assert_eq!(guests.overdue(29), [""; 0]);
        assert_eq!(guests.overdue(30), ["a"]);
        assert!(guests.0.is_empty());
    }
}
