use serde::Serialize;

/// How much the Admin UI shows.
///
/// ```
/// use actix_socketio::{Admin, AdminMode};
///
/// # let hash = "$2b$12$vVPs5SZ8eGgWqY2Ke3xJTuZyWTEK5cSqa0MYi9kHyfyfWqJ2WYKSm";
/// let admin = Admin::new("ada", hash).mode(AdminMode::Production);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum AdminMode {
    /// Numbers alone: servers, connections, traffic, namespaces. Commands are done. Its cost does
    /// not depend on the traffic.
    #[default]
    Production,
    /// Each socket, channel and event as well, of servers with few clients. Events are shown as
    /// they are, with all that is in them, and each of them costs time. The guide has the bounds.
    Development,
}

/// The event `config`: the abilities of the server.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UiConfig {
    supported_features: Vec<&'static str>,
}

impl UiConfig {
    pub(super) fn new(mode: AdminMode, is_readonly: bool) -> Self {
        const COMMANDS: [&str; 7] =
            ["EMIT", "JOIN", "LEAVE", "DISCONNECT", "MJOIN", "MLEAVE", "MDISCONNECT"];
        let commands = if is_readonly { &[][..] } else { &COMMANDS };
        let shown: &[&str] = match mode {
            AdminMode::Production => &["AGGREGATED_EVENTS"],
            AdminMode::Development => &["AGGREGATED_EVENTS", "ALL_EVENTS"],
        };
        Self { supported_features: [commands, shown].concat() }
    }
}
