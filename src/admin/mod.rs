//! The protocol of Socket.IO's Admin UI: a namespace for administrators, behind the feature
//! `admin`.
//!
//! The tables of log-ins, the reading of commands and the statistics are plain data, tested without
//! a server. `state` joins them, and `handlers` hangs them into the namespace.

mod attempts;
mod command;
mod commands;
mod development;
mod features;
mod handlers;
mod log_in;
mod password;
mod sessions;
mod settings;
mod state;
mod stats;
mod stats_task;
mod user;
mod users;

pub use features::AdminMode;
pub use password::InvalidPassword;
pub use settings::Admin;
pub use user::AdminUser;

use crate::server::{BuildError, Builder, SocketIo};
use state::AdminState;
use user::mistake;
use users::UserTable;

/// # The Admin UI
impl Builder {
    /// Adds the namespace of Socket.IO's [Admin UI](https://admin.socket.io), in which users that
    /// log in watch the server, and act on its clients: the feature `admin`.
    ///
    /// The guide has the log-in, the bounds, and how to serve the UI's page.
    ///
    /// ```
    /// use actix_socketio::{Admin, SocketIo};
    ///
    /// # actix::System::new().block_on(async {
    /// // `actix-socketio hash-password` and `htpasswd -nBC 12 ada` print such hashes.
    /// let hash = "$2b$12$vVPs5SZ8eGgWqY2Ke3xJTuZyWTEK5cSqa0MYi9kHyfyfWqJ2WYKSm";
    /// let io = SocketIo::builder().admin(Admin::new("ada", hash)).build().unwrap();
    /// # });
    /// ```
    ///
    /// [`build`](Self::build) fails if a user or a bound has a mistake, or if the application has a
    /// namespace of the same name.
    pub fn admin(self, admin: Admin) -> Self {
        if self.has_data::<AdminState>() {
            let expected = "it must be added once: one namespace has all users";
            return self.refuse_to_build(mistake("twice".to_owned(), expected));
        }
        match AdminState::new(admin) {
            Ok(state) => handlers::add(self, state),
            Err(error) => self.refuse_to_build(error),
        }
    }
}

/// # The Admin UI
impl SocketIo {
    /// Replaces the users of the [Admin UI](Builder::admin), while the server runs: the feature
    /// `admin`.
    ///
    /// A user that is gone, or has another password, has to log in again: the sessions end, and the
    /// sockets are disconnected. Others notice nothing.
    ///
    /// ```
    /// use actix_socketio::{Admin, AdminUser, SocketIo};
    ///
    /// # actix::System::new().block_on(async {
    /// let hash = AdminUser::hash_password("correct horse").unwrap();
    /// let io = SocketIo::builder().admin(Admin::new("ada", &hash)).build().unwrap();
    /// io.set_admin_users([AdminUser::new("grace", &hash)]).unwrap();
    /// # });
    /// ```
    ///
    /// # Errors
    /// [`BuildError::Setting`]: a user has a mistake, the list is empty, or the server was built
    /// without [`Builder::admin`]. Then nothing changes.
    pub fn set_admin_users(
        &self,
        users: impl IntoIterator<Item = AdminUser>,
    ) -> Result<(), BuildError> {
        let Some(state) = self.data::<AdminState>() else {
            let expected = "it must be added by Builder::admin, before its users can change";
            return Err(mistake("not there".to_owned(), expected));
        };
        state.set_users(UserTable::new(users)?);
        Ok(())
    }
}
