//! The log-in of an administrator, by password or by the session of an earlier one.

use std::sync::Arc;

use actix_web::{error::BlockingError, web};
use log::Level;
use serde::Deserialize;
use tokio::time::Instant;

use super::{
    attempts::{AttemptOrigin, NotChecked},
    state::AdminState,
    users::UserTable,
};
use crate::{
    event::{HandlerError, HandlerResult, OnConnect},
    log_text::log_line,
    socket::Socket,
    stats::LogInOutcome,
};

/// The text at which the UI opens its log-in again.
const INVALID_CREDENTIALS: &str = "invalid credentials";

/// The `auth` of a client.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credentials {
    username: Option<String>,
    password: Option<String>,
    session_id: Option<String>,
}

/// A user that has logged in, and the way.
struct LoggedIn {
    user: Arc<str>,
    outcome: LogInOutcome,
}

/// A log-in that was refused, with the text that the client reads.
struct RefusedLogIn {
    outcome: LogInOutcome,
    message: String,
}

/// A check of a password that is counted until this is dropped, on whatever thread that is.
struct PasswordCheck {
    state: Arc<AdminState>,
    origin: AttemptOrigin,
    /// Also if it is given up, or panics.
    has_failed: bool,
}

impl AdminState {
    /// Decides whether a client is an administrator, and sends it what a page begins with.
    pub(super) async fn log_in(self: Arc<Self>, event: OnConnect) -> HandlerResult {
        let OnConnect { socket, .. } = event;
        let address = socket.handshake().client_ip().map(|ip| ip.to_string());
        let address = address.as_deref().unwrap_or("an unknown address");
        let users = self.users();
        let result = self.authenticate(&socket, &users).await?;
        let counters = &socket.counters().admin;
        match result {
            Ok(LoggedIn { user, outcome }) => {
                if !self.enter(&socket, &user, &users) {
                    // The users have changed meanwhile.
                    counters.log_ins.add(LogInOutcome::Wrong);
                    return Err(HandlerError::reject(INVALID_CREDENTIALS));
                }
                counters.log_ins.add(outcome);
                let by = if outcome == LogInOutcome::Password { "password" } else { "session" };
                log_line!(
                    Level::Info,
                    "the administrator {} has logged in by {} from {}",
                    user,
                    by,
                    address
                );
                if outcome == LogInOutcome::Password {
                    socket.emit("session", &self.open_session(user, counters))?;
                }
                self.begin(&socket)?;
                Ok(())
            }
            Err(RefusedLogIn { outcome, message }) => {
                counters.log_ins.add(outcome);
                // Not the name: a hurried user may have typed the password there.
                if !matches!(outcome, LogInOutcome::Unreadable | LogInOutcome::UnknownSession) {
                    log_line!(
                        Level::Warn,
                        "a log-in of an administrator from {} was refused: {}",
                        address,
                        message
                    );
                }
                Err(HandlerError::reject(message))
            }
        }
    }

    /// The outer error is a fault of the server.
    async fn authenticate(
        self: &Arc<Self>,
        socket: &Socket,
        users: &Arc<UserTable>,
    ) -> Result<Result<LoggedIn, RefusedLogIn>, BlockingError> {
        if self.only_for.as_ref().is_some_and(|filter| !filter.admits(socket)) {
            let message = "administrators can't log in from here".to_owned();
            return Ok(Err(RefusedLogIn { outcome: LogInOutcome::Forbidden, message }));
        }
        let Ok(auth) = socket.handshake().auth::<Option<Credentials>>() else {
            return Ok(Err(RefusedLogIn::credentials(LogInOutcome::Unreadable)));
        };
        let outcome = LogInOutcome::Session;
        match auth {
            Some(Credentials { username: Some(name), password: Some(password), .. }) => {
                self.check_password(socket, users, name, password).await
            }
            Some(Credentials { session_id: Some(id), .. }) => {
                let user = self.user_of_session(&id, &socket.counters().admin);
                let refusal = || RefusedLogIn::credentials(LogInOutcome::UnknownSession);
                Ok(user.map(|user| LoggedIn { user, outcome }).ok_or_else(refusal))
            }
            _ => Ok(Err(RefusedLogIn::credentials(LogInOutcome::Unreadable))),
        }
    }

    async fn check_password(
        self: &Arc<Self>,
        socket: &Socket,
        users: &Arc<UserTable>,
        name: String,
        password: String,
    ) -> Result<Result<LoggedIn, RefusedLogIn>, BlockingError> {
        let origin = AttemptOrigin::new(socket.handshake().client_ip());
        if let Err(reason) = self.attempts.lock().begin(origin, Instant::now()) {
            return Ok(Err(RefusedLogIn::not_checked(reason)));
        }
        let users = Arc::clone(users);
        let check = PasswordCheck { state: Arc::clone(self), origin, has_failed: true };
        // bcrypt takes a processor for some tenths of a second. The check goes on, and counts, if
        // the client does not wait for it.
        let user = web::block(move || {
            let user = users.verify(&name, &password);
            check.end(user.is_none());
            user
        });
        let outcome = LogInOutcome::Password;
        let refusal = || RefusedLogIn::credentials(LogInOutcome::Wrong);
        Ok(user.await?.map(|user| LoggedIn { user, outcome }).ok_or_else(refusal))
    }
}

impl RefusedLogIn {
    fn credentials(outcome: LogInOutcome) -> Self {
        Self { outcome, message: INVALID_CREDENTIALS.to_owned() }
    }

    fn not_checked(reason: NotChecked) -> Self {
        let (outcome, message) = match reason {
            NotChecked::Busy => {
                let message = "another log-in is being checked: try again";
                (LogInOutcome::Busy, message.to_owned())
            }
            NotChecked::Throttled(wait) => {
                let seconds = wait.as_secs() + 1;
                let message = format!("too many wrong passwords: try again in {seconds} s");
                (LogInOutcome::Throttled, message)
            }
        };
        Self { outcome, message }
    }
}

impl PasswordCheck {
    /// Consumes the whole of it, so that a closure that calls it owns it.
    fn end(mut self, has_failed: bool) {
        self.has_failed = has_failed;
    }
}

impl Drop for PasswordCheck {
    fn drop(&mut self) {
        self.state.attempts.lock().end(self.origin, self.has_failed, Instant::now());
    }
}
