use std::{fmt, sync::Arc, time::Duration};

use super::{
    AdminMode, AdminUser, attempts::AttemptLimits, development::DevelopmentLimits, user::mistake,
};
use crate::{model::Namespace, server::BuildError, socket::Socket};

/// Decides which clients may try to log in.
#[derive(Clone)]
pub(super) struct ClientFilter(Arc<dyn Fn(&Socket) -> bool + Send + Sync>);

/// The settings of the [Admin UI](crate::Builder::admin): its users, and its bounds.
///
/// ```
/// use actix_socketio::{Admin, SocketIo};
///
/// # actix::System::new().block_on(async {
/// # let hash = "$2b$12$vVPs5SZ8eGgWqY2Ke3xJTuZyWTEK5cSqa0MYi9kHyfyfWqJ2WYKSm";
/// let admin = Admin::new("ada", hash).user("grace", hash).namespace("/operators").readonly(true);
/// let io = SocketIo::builder().admin(admin).build().unwrap();
/// # });
/// ```
#[derive(Debug, Clone)]
#[must_use = "give it to `Builder::admin`"]
pub struct Admin {
    pub(super) users: Vec<AdminUser>,
    pub(super) namespace: String,
    pub(super) mode: AdminMode,
    pub(super) is_readonly: bool,
    pub(super) server_id: Option<String>,
    pub(super) only_for: Option<ClientFilter>,
    pub(super) max_admins: usize,
    pub(super) max_sessions: usize,
    pub(super) session_lifetime: Duration,
    pub(super) attempts: AttemptLimits,
    pub(super) development: DevelopmentLimits,
}

impl Admin {
    /// The settings with one user: a name, and the bcrypt hash of a password.
    pub fn new(name: impl Into<String>, hash: impl Into<String>) -> Self {
        Self::of([AdminUser::new(name, hash)])
    }

    /// The settings with these users.
    ///
    /// ```
    /// use actix_socketio::{Admin, AdminUser};
    ///
    /// # let hash = "$2b$12$vVPs5SZ8eGgWqY2Ke3xJTuZyWTEK5cSqa0MYi9kHyfyfWqJ2WYKSm";
    /// let admin = Admin::of(["ada", "grace"].map(|name| AdminUser::new(name, hash)));
    /// ```
    pub fn of(users: impl IntoIterator<Item = AdminUser>) -> Self {
        Self {
            users: users.into_iter().collect(),
            namespace: "/admin".to_owned(),
            mode: AdminMode::default(),
            is_readonly: false,
            server_id: None,
            only_for: None,
            max_admins: 100,
            max_sessions: 1_000,
            session_lifetime: Duration::from_secs(24 * 3_600),
            attempts: AttemptLimits {
                max_checks: 4,
                max_failures: 5,
                failure_window: Duration::from_secs(60),
                failure_pause: Duration::from_secs(30),
            },
            development: DevelopmentLimits {
                max_shown_sockets: 1_000,
                max_waiting_events: 1_000,
                max_event_bytes: 8 << 10,
            },
        }
    }

    /// Adds a user. The name has at most 64 bytes.
    pub fn user(mut self, name: impl Into<String>, hash: impl Into<String>) -> Self {
        self.users.push(AdminUser::new(name, hash));
        self
    }

    /// Sets the namespace. It can't be `/` or one of the application's. Default: `/admin`, as the
    /// UI has it.
    pub fn namespace(mut self, name: impl Into<String>) -> Self {
        self.namespace = name.into();
        self
    }

    /// Sets how much the UI shows. Default: [`AdminMode::Production`].
    pub fn mode(mut self, mode: AdminMode) -> Self {
        self.mode = mode;
        self
    }

    /// Refuses all commands: administrators watch, and do not act. Default: no.
    pub fn readonly(mut self, readonly: bool) -> Self {
        self.is_readonly = readonly;
        self
    }

    /// Sets the name by which the UI tells servers apart. Default: the name of the machine and the
    /// number of the process, such as `web-1#4711`.
    pub fn server_id(mut self, id: impl Into<String>) -> Self {
        self.server_id = Some(id.into());
        self
    }

    /// Lets a client log in only if the function returns `true`: one of your own network, for
    /// example. Others read `administrators can't log in from here`, whatever they show. The
    /// function must not block. Default: all clients.
    ///
    /// ```
    /// use actix_socketio::{Admin, Socket};
    ///
    /// # let hash = "$2b$12$vVPs5SZ8eGgWqY2Ke3xJTuZyWTEK5cSqa0MYi9kHyfyfWqJ2WYKSm";
    /// let admin = Admin::new("ada", hash).only_for(|socket: &Socket| {
    ///     socket.handshake().client_ip().is_some_and(|ip| ip.is_loopback())
    /// });
    /// ```
    pub fn only_for(mut self, admits: impl Fn(&Socket) -> bool + Send + Sync + 'static) -> Self {
        self.only_for = Some(ClientFilter(Arc::new(admits)));
        self
    }

    /// Sets the maximum of administrators that are connected at once. More are refused with `the
    /// namespace is full`. Default: 100.
    pub fn max_admins(mut self, count: usize) -> Self {
        self.max_admins = count;
        self
    }

    /// Sets the maximum of sessions of administrators. The oldest ends, and its page asks for the
    /// password again. Default: 1,000.
    pub fn max_sessions(mut self, count: usize) -> Self {
        self.max_sessions = count;
        self
    }

    /// Sets how long a page may be reloaded without a password. Default: 24 hours.
    pub fn session_lifetime(mut self, lifetime: Duration) -> Self {
        self.session_lifetime = lifetime;
        self
    }

    /// Sets the maximum of passwords that are checked at once, each on a thread of its own and at
    /// most one for each address. More are refused. Default: 4.
    pub fn max_checks(mut self, count: usize) -> Self {
        self.attempts.max_checks = count;
        self
    }

    /// Sets the wrong passwords of one address within a window, such as 5 in 60 s, after which it
    /// has to wait, such as 30 s. These are the defaults.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actix_socketio::Admin;
    ///
    /// # let hash = "$2b$12$vVPs5SZ8eGgWqY2Ke3xJTuZyWTEK5cSqa0MYi9kHyfyfWqJ2WYKSm";
    /// let admin = Admin::new("ada", hash).max_failures(
    ///     3,
    ///     Duration::from_secs(60),
    ///     Duration::from_secs(300),
    /// );
    /// ```
    pub fn max_failures(mut self, count: usize, window: Duration, pause: Duration) -> Self {
        self.attempts.max_failures = count;
        self.attempts.failure_window = window;
        self.attempts.failure_pause = pause;
        self
    }

    /// Sets the maximum of sockets that the [development mode](AdminMode::Development) shows.
    /// Further ones are not shown. An administrator that comes when there are more sees what the
    /// production mode shows. Default: 1,000, as the UI does not respond with many more.
    ///
    /// ```
    /// use actix_socketio::{Admin, AdminMode};
    ///
    /// # let hash = "$2b$12$vVPs5SZ8eGgWqY2Ke3xJTuZyWTEK5cSqa0MYi9kHyfyfWqJ2WYKSm";
    /// let admin = Admin::new("ada", hash)
    ///     .mode(AdminMode::Development)
    ///     .max_shown_sockets(200)
    ///     .max_waiting_events(5_000)
    ///     .max_event_bytes(1_024);
    /// ```
    pub fn max_shown_sockets(mut self, count: usize) -> Self {
        self.development.max_shown_sockets = count;
        self
    }

    /// Sets the maximum of events that wait to be shown in the development mode. More are left out
    /// and counted. 1,048,576 at most. Default: 1,000.
    pub fn max_waiting_events(mut self, count: usize) -> Self {
        self.development.max_waiting_events = count;
        self
    }

    /// Sets the maximum size of an event that is shown in the development mode, in bytes. The
    /// length of a larger one is shown. Default: 8 KiB.
    pub fn max_event_bytes(mut self, bytes: usize) -> Self {
        self.development.max_event_bytes = bytes;
        self
    }

    /// Finds a setting that no server can work with. The users are checked elsewhere.
    pub(super) fn check(&self) -> Result<(), BuildError> {
        const YEAR: Duration = Duration::from_secs(365 * 86_400);
        let name = Namespace::new(&self.namespace);
        if name == Namespace::default() {
            let expected = "it must be a namespace of its own: all clients are in \"/\"";
            return Err(mistake("the namespace \"/\"".to_owned(), expected));
        }
        if self.server_id.as_ref().is_some_and(|id| id.is_empty() || id.len() > 255) {
            let expected = "it must have 1 to 255 bytes";
            return Err(mistake("the server id".to_owned(), expected));
        }
        let counts = [
            ("max_admins", self.max_admins),
            ("max_sessions", self.max_sessions),
            ("max_checks", self.attempts.max_checks),
            ("max_failures", self.attempts.max_failures),
            ("max_shown_sockets", self.development.max_shown_sockets),
            ("max_waiting_events", self.development.max_waiting_events),
            ("max_event_bytes", self.development.max_event_bytes),
        ];
        if let Some((name, _)) = counts.iter().find(|(_, count)| *count == 0) {
            return Err(mistake(format!("{name} 0"), "it must be at least 1"));
        }
        if self.development.max_waiting_events > 1 << 20 {
            let found = format!("max_waiting_events {}", self.development.max_waiting_events);
            return Err(mistake(found, "it must be 1048576 at most"));
        }
        let times = [
            ("session_lifetime", self.session_lifetime),
            ("the window of max_failures", self.attempts.failure_window),
            ("the pause of max_failures", self.attempts.failure_pause),
        ];
        let wrong = |time: &Duration| time.is_zero() || *time > YEAR;
        match times.iter().find(|(_, time)| wrong(time)) {
            Some((name, time)) => {
                let expected = "it must be longer than zero, and a year at most (8760 h)";
                Err(mistake(format!("{name} {time:?}"), expected))
            }
            None => Ok(()),
        }
    }
}

impl ClientFilter {
    pub(super) fn admits(&self, socket: &Socket) -> bool {
        (self.0)(socket)
    }
}

impl fmt::Debug for ClientFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientFilter").finish_non_exhaustive()
    }
}
