//! The actor that checks the token of each new socket, and disconnects it when the token expires.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use actix::prelude::*;
use actix_socketio::{SocketId, prelude::*};
use serde::Deserialize;

use crate::{
    access,
    token::{Claims, Tokens},
};

/// The only answer to an invalid or missing token. The reason goes to the log.
pub(crate) const NO_TOKEN: &str = "a valid token is needed";

/// The only answer to a forbidden request. It does not even show whether the channel or the
/// namespace exists.
pub(crate) const NOT_ALLOWED: &str = "this is not allowed to you";

/// How often the gate looks for expired tokens: `exp` is in whole seconds.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// The `auth` object of a client: `io(url, { auth: { token } })`.
#[derive(Deserialize)]
struct Auth {
    token: Option<String>,
}

/// Asks each client for a token, and disconnects it when the token has expired.
pub(crate) struct Gate {
    tokens: Arc<Tokens>,
    admitted: ExpiryQueue<Socket>,
}

impl Gate {
    pub(crate) fn new(tokens: Arc<Tokens>) -> Self {
        Self { tokens, admitted: ExpiryQueue::default() }
    }

    /// The claims of the user that the socket belongs to.
    fn identify(&self, socket: &Socket) -> Result<Arc<Claims>, HandlerError> {
        let refused = |why: &dyn std::fmt::Display| {
            log::info!("{}: token refused: {}", socket.id(), log_text(why));
            HandlerError::reject(NO_TOKEN)
        };
        // With `?` alone, a token that is not a string would be an "internal error".
        let shown: Auth = socket.handshake().auth().map_err(|error| refused(&error))?;
        // Claims of the handshake, or of an earlier socket of the connection.
        let known = socket.extensions().get::<Claims>();
        let claims = match shown.token {
            Some(token) => Arc::new(self.tokens.check(&token).map_err(|error| refused(&error))?),
            None => known.clone().ok_or_else(|| refused(&"there is no token"))?,
        };
        // The token may have expired since the handshake.
        if claims.is_expired() {
            return Err(refused(&"it has expired"));
        }
        // All sockets of a connection share its extensions. A second token must not change the user
        // of the first socket. A client with another or a new token opens another connection.
        match known {
            Some(known) if known != claims => Err(refused(&"the connection has another token")),
            Some(known) => Ok(known),
            None => {
                socket.extensions().insert(Claims::clone(&claims));
                Ok(claims)
            }
        }
    }
}

/// An error that may contain text of the client. It must not start a new line in the log, or fill
/// the disk.
pub(crate) fn log_text(why: &dyn std::fmt::Display) -> String {
    why.to_string().escape_debug().take(200).collect()
}

impl Actor for Gate {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        // If the address is in use, the system ends first, and this actor has no timer.
        if ctx.state() != ActorState::Running {
            return;
        }
        ctx.run_interval(CHECK_INTERVAL, |gate, _| {
            for socket in gate.admitted.take_expired(jsonwebtoken::get_current_timestamp()) {
                log::info!("{}: its token has expired", socket.id());
                // The client sees `io server disconnect`, and does not reconnect by itself.
                // `Socket::close` would close the connection instead. Then the client reconnects,
                // with the token that its `auth` function returns by then.
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
        // This comes last: a refused client has no `OnFinish` that would remove it again.
        self.admitted.insert(claims.exp, socket.id(), socket);
        Ok(())
    }
}

/// Forgets a client that leaves before its token expires.
impl Handler<OnFinish> for Gate {
    type Result = HandlerResult;

    fn handle(
        &mut self,
        OnFinish { socket, .. }: OnFinish,
        _: &mut Self::Context,
    ) -> HandlerResult {
        if let Some(claims) = socket.extensions().get::<Claims>() {
            self.admitted.remove(claims.exp, socket.id());
        }
        Ok(())
    }
}

/// Admitted sockets in the order in which their tokens expire, so that one timer is enough.
struct ExpiryQueue<T>(BTreeMap<(u64, SocketId), T>);

impl<T> Default for ExpiryQueue<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> ExpiryQueue<T> {
    fn insert(&mut self, expires: u64, id: SocketId, item: T) {
        self.0.insert((expires, id), item);
    }

    fn remove(&mut self, expires: u64, id: SocketId) {
        self.0.remove(&(expires, id));
    }

    /// Removes and returns the items that have expired.
    fn take_expired(&mut self, now: u64) -> Vec<T> {
        let mut expired = Vec::new();
        while let Some(first) = self.0.first_entry()
            && first.key().0 <= now
        {
            expired.push(first.remove());
        }
        expired
    }
}

#[cfg(test)]
mod tests {
    use actix_socketio::test::{self, TestServer};
    use serde_json::json;

    use super::*;
    use crate::users::USERS;

    /// Asks the gate for the number of its sockets.
    #[derive(Message)]
    #[rtype(usize)]
    struct Count;

    impl Handler<Count> for Gate {
        type Result = usize;

        fn handle(&mut self, _: Count, _: &mut Self::Context) -> usize {
            self.admitted.0.len()
        }
    }

    #[test]
    fn the_gate_forgets_a_client_that_leaves_before_its_token_expires() {
        test::system(async {
            let tokens = Arc::new(Tokens::new(&[7; 32]).unwrap());
            let token = tokens.issue(&Claims::of(&USERS[0])).unwrap();
            let gate = Gate::new(tokens).start();
            let io = SocketIo::builder().to(&gate).build().unwrap();
            let server = TestServer::new(&io).await;
            let count = async || gate.send(Count).await.unwrap();
            let connect = |token: &str| server.client().auth(&json!({"token": token})).connect();

            let (first, second) = (connect(&token).await.unwrap(), connect(&token).await.unwrap());
            let refused = connect("garbage").await.unwrap_err();
            assert_eq!((&*refused.message, count().await), (NO_TOKEN, 2));
            first.close().await;
            assert_eq!(count().await, 1);
            second.vanish().await;
            assert_eq!(count().await, 0);
        });
    }

    #[test]
    fn a_connection_has_one_user_and_its_claims_are_there_for_later_handlers() {
        test::system(async {
            let tokens = Arc::new(Tokens::new(&[7; 32]).unwrap());
            let [ada, bob] =
                [&USERS[0], &USERS[1]].map(|user| tokens.issue(&Claims::of(user)).unwrap());
            let mut gate = Gate::new(tokens);
            let io = SocketIo::builder().build().unwrap();
            let server = TestServer::new(&io).await;
            let client = server.client().auth(&json!({"token": ada})).connect().await.unwrap();
            let socket = client.socket();
            assert_eq!(gate.identify(&socket).unwrap().sub, USERS[0].name);
            assert_eq!(socket.extensions().get::<Claims>().unwrap().sub, USERS[0].name);
            // As if another token had come first.
            socket.extensions().insert(gate.tokens.check(&bob).unwrap());
            let error = gate.identify(&socket).unwrap_err();
            assert_eq!(error.to_client(), json!({"message": NO_TOKEN}));
            assert!(gate.admitted.take_expired(u64::MAX).is_empty());
        });
    }

    #[test]
    fn items_expire_in_order_and_removed_ones_do_not() {
        let [a, b, c] =
            ["a", "b", "c"].map(|letter| letter.repeat(20).parse::<SocketId>().unwrap());
        let mut admitted = ExpiryQueue::default();
        admitted.insert(30, a, "a");
        admitted.insert(10, b, "b");
        admitted.insert(20, c, "c");
        assert_eq!(admitted.take_expired(9), [""; 0]);
        assert_eq!(admitted.take_expired(10), ["b"]);
        admitted.remove(20, c);
        admitted.remove(20, c);
        assert_eq!(admitted.take_expired(29), [""; 0]);
        assert_eq!(admitted.take_expired(30), ["a"]);
        assert!(admitted.0.is_empty());
    }
}
