//! `[admin]`: Socket.IO's Admin UI.

use std::{collections::BTreeSet, path::PathBuf, time::Duration};

use actix_socketio::{Admin, AdminMode, AdminUser, BuildError, Namespace, Socket};

use super::{
    reader::Reader,
    tree::Node,
    values::{self, Choice, choice},
};
use crate::endpoints::InternalListener;

/// The namespace that the UI's page asks for by itself.
const DEFAULT_NAMESPACE: &str = "/admin";
/// The page of the UI in its folder.
const PAGE: &str = "index.html";
/// The library's bound of its setting.
const MAX_WAITING_EVENTS: usize = 1 << 20;
/// A hash that is right, so that a check of a user finds mistakes in the name alone.
const SOME_HASH: &str = "$2b$04$abcdefghijklmnopqrstuuKVwpNGhZSSdfBYaBsvPcOx2s6GYLtJG";

choice! {
    /// How much the UI shows.
    Mode {
        #[default]
        Production = production,
        Development = development,
    }
}

/// The users of the UI, and what they may do. No `Debug` shows a hash.
#[derive(Debug, Clone)]
pub(crate) struct AdminSettings {
    pub(crate) users: Vec<AdminUser>,
    pub(crate) namespace: String,
    /// The folder with the UI's page.
    pub(crate) ui_dir: Option<PathBuf>,
    /// Whether administrators log in at the internal address alone.
    pub(crate) is_internal: bool,
    mode: Mode,
    is_readonly: bool,
    max_admins: Option<usize>,
    max_sessions: Option<usize>,
    session_lifetime: Option<Duration>,
    max_shown_sockets: Option<usize>,
    max_waiting_events: Option<usize>,
    max_event_bytes: Option<usize>,
}

impl AdminSettings {
    /// The namespace that they describe.
    pub(crate) fn build(&self) -> Admin {
        let mode = match self.mode {
            Mode::Production => AdminMode::Production,
            Mode::Development => AdminMode::Development,
        };
        let mut admin = Admin::of(self.users.iter().cloned())
            .namespace(&self.namespace)
            .mode(mode)
            .readonly(self.is_readonly);
        /// Calls the method with the name of each setting that is there.
        macro_rules! set {
            ($($name:ident),+) => { $(
                if let Some(value) = self.$name {
                    admin = admin.$name(value);
                }
            )+ };
        }
        set!(max_admins, max_sessions, session_lifetime);
        set!(max_shown_sockets, max_waiting_events, max_event_bytes);
        if self.is_internal {
            let is_internal =
                |socket: &Socket| socket.extensions().get::<InternalListener>().is_some();
            admin = admin.only_for(is_internal);
        }
        admin
    }

    /// Whether administrators are shown what clients send and receive.
    pub(crate) fn shows_events(&self) -> bool {
        self.mode == Mode::Development
    }

    /// The rights of administrators, for the log.
    pub(crate) fn describe(&self) -> String {
        let rights = if self.is_readonly { "only watch" } else { "watch and act" };
        let place = if self.is_internal { ", at the internal address alone" } else { "" };
        let count = self.users.len();
        format!("Admin UI: {count} users {rights} in namespace {}{place}", self.namespace)
    }
}

pub(super) fn read(section: &mut Reader<'_>) -> Option<AdminSettings> {
    const EXPECTED: &str = "a list of users, each with a name and a password hash";
    if !section.has("users") {
        section.missing("users", EXPECTED);
    }
    let mut names = BTreeSet::new();
    let users = section.list("users", |item| user(item, &mut names));
    let namespace = section.value("namespace", namespace);
    let settings = AdminSettings {
        users: users.unwrap_or_default(),
        namespace: namespace.unwrap_or_else(|| DEFAULT_NAMESPACE.to_owned()),
        ui_dir: section.value("ui_dir", ui_dir),
        is_internal: section.value("internal", values::switch).unwrap_or(false),
        mode: section.value("mode", Mode::read).unwrap_or_default(),
        is_readonly: section.value("readonly", values::switch).unwrap_or(false),
        max_admins: section.value("max_admins", values::count),
        max_sessions: section.value("max_sessions", values::count),
        session_lifetime: section.value("session_lifetime", values::some_time),
        max_shown_sockets: section.value("max_shown_sockets", values::count),
        max_waiting_events: section.value("max_waiting_events", waiting_events),
        max_event_bytes: section.value("max_event_bytes", event_bytes),
    };
    // Each reason has been told.
    (!settings.users.is_empty()).then_some(settings)
}

fn user(item: &mut Reader<'_>, names: &mut BTreeSet<String>) -> Option<AdminUser> {
    let name = item.required("name", "the name of a user", values::text);
    if !item.has("password") {
        item.missing("password", "a bcrypt hash: `actix-socketio hash-password` prints one");
    }
    let hash = item.secret("password", values::text);
    let name = name?;
    if let Err(BuildError::Setting { expected, .. }) = AdminUser::new(&name, SOME_HASH).check() {
        item.rule("name", &expected);
        return None;
    }
    if !names.insert(name.clone()) {
        item.rule("name", "it must differ from the names of the other users");
        return None;
    }
    let user = AdminUser::new(name, hash?);
    match user.check() {
        Err(BuildError::Setting { expected, .. }) => {
            // Neither the hash nor a password that stands in its place is shown.
            item.rule_of("password", "\"…\"", &expected);
            None
        }
        _ => Some(user),
    }
}

fn namespace(node: &Node) -> Result<String, String> {
    let name = values::text(node).unwrap_or_default();
    let is_own = name.starts_with('/') && Namespace::new(&name) != Namespace::default();
    match is_own && !name.contains(',') {
        true => Ok(name),
        false => Err("a name that starts with a slash, such as \"/admin\"".to_owned()),
    }
}

fn waiting_events(node: &Node) -> Result<usize, String> {
    let expected = || format!("a number from 1 to {MAX_WAITING_EVENTS}");
    let count = values::count(node).map_err(|_| expected())?;
    if count > MAX_WAITING_EVENTS { Err(expected()) } else { Ok(count) }
}

fn event_bytes(node: &Node) -> Result<usize, String> {
    match values::size(node)? {
        0 => Err("a size of at least one byte".to_owned()),
        size => Ok(size),
    }
}

fn ui_dir(node: &Node) -> Result<PathBuf, String> {
    let path = values::text(node).map(PathBuf::from).unwrap_or_default();
    match path.join(PAGE).is_file() {
        true => Ok(path),
        false => Err(format!("a folder with the UI's {PAGE}: ui/dist of @socket.io/admin-ui")),
    }
}
