//! Tokens and users, as the application sees them: [`Tokens`] of a server, and its users.

use std::{error, fmt, time::SystemTime};

use super::{Builder, SocketIo};
use crate::{
    model::user_channel,
    socket::{Socket, Target},
    tokens::{Tokens, TooManyRevoked},
};

/// # Users
impl Builder {
    /// Lets clients connect by JSON Web Tokens, which say who they are.
    ///
    /// A client shows its token as `token` in its `auth`, or in the header `Authorization: Bearer`
    /// of its handshake. One whose token is not believed is refused, and so is one without a
    /// token, unless [`allow_guests`](Self::allow_guests) is set. Handlers find the user by
    /// [`Socket::user`](crate::Socket::user). The token is taken out of `auth`. The guide
    /// [`tokens`](crate::guide::tokens) has clients and channels for users.
    ///
    /// ```
    /// use actix_socketio::{Socket, SocketIo, Tokens, channel};
    ///
    /// # actix::System::new().block_on(async {
    /// let tokens = Tokens::hs256(b"32 bytes or more, of random data").unwrap();
    /// let io = SocketIo::builder()
    ///     .tokens(tokens)
    ///     .on("whoami", async |socket: Socket| Ok(socket.user().map(str::to_owned)))
    ///     .route(channel("^inbox-(?<user>.+)$").for_users()) // each has one
    ///     .build()
    ///     .unwrap();
    /// io.user("ada").emit("mail", "you have mail").unwrap();
    /// # });
    /// ```
    pub fn tokens(mut self, tokens: Tokens) -> Self {
        self.tokens = Some(tokens);
        self
    }
}

/// # Users
impl SocketIo {
    /// All sockets of a user, in the namespace of this handle and on all servers of a cluster.
    ///
    /// The sockets of a user are in a channel of the server's, `@user:` and the name, which clients
    /// can't subscribe to. So everything that a [`Target`] does works for users.
    ///
    /// ```no_run
    /// # async fn example(io: actix_socketio::SocketIo) -> Result<(), Box<dyn std::error::Error>> {
    /// io.user("ada").emit("mail", "you have mail")?;
    /// io.user("eve").disconnect_sockets(true).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn user(&self, user: &str) -> Target {
        self.to(user_channel(user))
    }

    /// Believes a token no more, whose id (`jti`) this is, until the date at which it ends. The
    /// connections of clients that have shown it are closed. Returns their number.
    ///
    /// It holds for this server alone. In a cluster, call it on each.
    ///
    /// ```no_run
    /// # use std::time::{Duration, SystemTime};
    /// # fn example(io: actix_socketio::SocketIo) -> Result<(), actix_socketio::RevokeError> {
    /// // All tokens end in an hour at most.
    /// let closed = io.revoke("4711", SystemTime::now() + Duration::from_secs(3600))?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RevokeError`]: there are [`max_revoked_tokens`](crate::Config::max_revoked_tokens), or the
    /// server has no tokens.
    pub fn revoke(&self, token_id: &str, until: SystemTime) -> Result<usize, RevokeError> {
        let gate = self.state.tokens.as_ref().ok_or(RevokeError::NoTokens)?;
        gate.revoke(token_id, until, SystemTime::now()).map_err(|TooManyRevoked| {
            RevokeError::Full { limit: self.state.config().max_revoked_tokens }
        })?;
        let has_it = |socket: &Socket| {
            socket.claims().is_some_and(|claims| claims.token_id() == Some(token_id))
        };
        let sockets = self.state.sockets.matching(has_it);
        // Clients come back, and are refused with this token.
        sockets.iter().for_each(Socket::close_transport);
        Ok(sockets.len())
    }
}

/// Why a token can't be revoked.
///
/// ```
/// use std::time::SystemTime;
///
/// use actix_socketio::{RevokeError, SocketIo};
///
/// # actix::System::new().block_on(async {
/// let io = SocketIo::builder().build().unwrap();
/// assert_eq!(io.revoke("4711", SystemTime::now()), Err(RevokeError::NoTokens));
/// # });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RevokeError {
    /// The server was built without [`Builder::tokens`](crate::Builder::tokens).
    NoTokens,
    /// The maximum of tokens is revoked and has not ended.
    #[non_exhaustive]
    Full {
        /// [`Config::max_revoked_tokens`](crate::Config::max_revoked_tokens).
        limit: usize,
    },
}

impl fmt::Display for RevokeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoTokens => f.write_str("the server has no tokens: Builder::tokens sets them"),
            Self::Full { limit } => {
                write!(f, "{limit} tokens are revoked, which is \"max_revoked_tokens\"")
            }
        }
    }
}

impl error::Error for RevokeError {}
