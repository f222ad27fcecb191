//! The state that the connections of administrators share.

use std::{collections::HashMap, fmt, mem, sync::Arc};

use parking_lot::{Mutex, RwLock};
use tokio::time::Instant;

use super::{
    Admin, AdminMode, attempts::AttemptTable, development::Development, features::UiConfig,
    sessions::AdminSessions, settings::ClientFilter, stats::ServerIdentity, stats_task::WATCH_TIME,
    users::UserTable,
};
use crate::{
    model::{Namespace, SocketId},
    server::{BuildError, WeakSocketIo},
    socket::{SendError, Socket},
    stats::AdminCounters,
};

/// The Admin UI of a server.
pub(super) struct AdminState {
    pub(super) namespace: Namespace,
    pub(super) identity: ServerIdentity,
    pub(super) max_admins: usize,
    pub(super) attempts: Mutex<AttemptTable>,
    pub(super) only_for: Option<ClientFilter>,
    is_readonly: bool,
    /// In the development mode.
    development: Option<Arc<Development>>,
    users: RwLock<Arc<UserTable>>,
    sessions: Mutex<AdminSessions>,
    watch: Mutex<Watch>,
}

/// The administrators that watch.
#[derive(Default)]
struct Watch {
    /// The administrators of this server.
    admins: HashMap<SocketId, (Arc<str>, Socket)>,
    /// Until when other servers of the cluster want to be told.
    wanted_until: Option<Instant>,
    /// Whether the task runs that tells them.
    is_telling: bool,
    /// The server, once it is built.
    io: Option<WeakSocketIo>,
}

impl AdminState {
    /// # Errors
    /// [`BuildError::Setting`]: a user or a bound has a mistake.
    pub(super) fn new(admin: Admin) -> Result<Self, BuildError> {
        admin.check()?;
        let Admin { users, namespace, mode, is_readonly, server_id, development, .. } = admin;
        let namespace = Namespace::new(&namespace);
        let development = (mode == AdminMode::Development)
            .then(|| Arc::new(Development::new(development, namespace.clone())));
        Ok(Self {
            namespace,
            identity: ServerIdentity::new(server_id),
            max_admins: admin.max_admins,
            only_for: admin.only_for,
            attempts: Mutex::new(AttemptTable::new(admin.attempts)),
            is_readonly,
            development,
            users: RwLock::new(Arc::new(UserTable::new(users)?)),
            sessions: Mutex::new(AdminSessions::new(admin.max_sessions, admin.session_lifetime)),
            watch: Mutex::default(),
        })
    }

    pub(super) fn is_readonly(&self) -> bool {
        self.is_readonly
    }

    /// Tells an administrator the abilities of the server, and begins to show it everything, if
    /// that is the mode and the server has few sockets.
    pub(super) fn begin(&self, admin: &Socket) -> Result<(), SendError> {
        let io = self.watch.lock().io.clone();
        let development = self
            .development
            .as_ref()
            .zip(io)
            .filter(|(development, io)| io.upgrade().is_some_and(|io| development.shows(&io)));
        let mode = match development {
            Some(_) => AdminMode::Development,
            None => AdminMode::Production,
        };
        admin.emit("config", &UiConfig::new(mode, self.is_readonly))?;
        if let Some((development, io)) = development {
            development.enter(admin, io);
        }
        Ok(())
    }

    pub(super) fn users(&self) -> Arc<UserTable> {
        Arc::clone(&self.users.read())
    }

    /// Replaces the users, and ends what those have begun that are gone or changed.
    pub(super) fn set_users(&self, users: UserTable) {
        let users = Arc::new(users);
        let old = {
            // A log-in that reads the users meanwhile waits until no session is of an old user.
            let mut current = self.users.write();
            let old = mem::replace(&mut *current, Arc::clone(&users));
            self.sessions.lock().retain(|name| old.is_unchanged(name, &users));
            old
        };
        let mut gone = Vec::new();
        self.watch.lock().admins.retain(|_, (name, socket)| {
            let stays = old.is_unchanged(name, &users);
            if !stays {
                gone.push(socket.clone());
            }
            stays
        });
        for socket in gone {
            socket.disconnect();
        }
    }

    pub(super) fn open_session(&self, user: Arc<str>, counters: &AdminCounters) -> String {
        let mut sessions = self.sessions.lock();
        let id = sessions.open(user, Instant::now());
        counters.sessions.set(sessions.count());
        id
    }

    pub(super) fn user_of_session(&self, id: &str, counters: &AdminCounters) -> Option<Arc<str>> {
        let mut sessions = self.sessions.lock();
        let user = sessions.user(id, Instant::now());
        counters.sessions.set(sessions.count());
        user
    }

    /// The name of an administrator.
    pub(super) fn name_of(&self, socket: &Socket) -> Option<Arc<str>> {
        self.watch.lock().admins.get(&socket.id()).map(|(name, _)| Arc::clone(name))
    }

    /// Notes the server, which is built by now.
    pub(super) fn built(&self, io: WeakSocketIo) {
        self.watch.lock().io = Some(io);
    }

    /// Adds an administrator that was checked against these users, and starts to tell. `false`: the
    /// user has changed since.
    pub(super) fn enter(
        self: &Arc<Self>,
        socket: &Socket,
        user: &Arc<str>,
        checked: &UserTable,
    ) -> bool {
        {
            // `set_users` writes the users first, so that one of the two sees the other.
            let mut watch = self.watch.lock();
            if !checked.is_unchanged(user, &self.users()) {
                return false;
            }
            watch.admins.insert(socket.id(), (Arc::clone(user), socket.clone()));
        }
        self.start_telling();
        true
    }

    pub(super) fn leave(&self, socket: &Socket) {
        // It is dropped after the lock is released.
        let gone = self.watch.lock().admins.remove(&socket.id());
        drop(gone);
    }

    /// Another server of the cluster has administrators, which want to be told for a while.
    pub(super) fn want(self: &Arc<Self>) {
        self.watch.lock().wanted_until = Some(Instant::now() + WATCH_TIME);
        self.start_telling();
    }

    /// The server, if the task that tells administrators has to start.
    pub(super) fn begin_telling(&self) -> Option<WeakSocketIo> {
        let mut watch = self.watch.lock();
        let io = watch.io.clone().filter(|_| !watch.is_telling);
        watch.is_telling |= io.is_some();
        io
    }

    /// Whether this server has administrators. `None`: no server has, and the task ends.
    pub(super) fn go_on_telling(&self) -> Option<bool> {
        let mut gone = Vec::new();
        let mut watch = self.watch.lock();
        // Those that have gone before they were admitted have no end that is reported.
        watch.admins.retain(|_, (_, socket)| {
            let stays = socket.is_connected();
            if !stays {
                gone.push(socket.clone());
            }
            stays
        });
        let has_admins = !watch.admins.is_empty();
        let is_wanted = watch.wanted_until.is_some_and(|until| Instant::now() < until);
        watch.is_telling = has_admins || is_wanted;
        let goes_on = watch.is_telling;
        drop(watch);
        goes_on.then_some(has_admins)
    }

    pub(super) fn stop_telling(&self) {
        self.watch.lock().is_telling = false;
    }
}

impl fmt::Debug for AdminState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminState").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}
