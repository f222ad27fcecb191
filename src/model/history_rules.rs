use std::sync::Arc;

use super::{Channel, ChannelRoutes, History};

/// The histories that the channels of a namespace have.
#[derive(Debug, Clone, Default)]
pub(crate) struct HistoryRules {
    /// The routes, if one of them has a history.
    pub(crate) routes: Option<Arc<ChannelRoutes>>,
    /// The history of what goes to all sockets.
    pub(crate) everyone: Option<History>,
}

impl HistoryRules {
    /// Whether anything is kept.
    pub(crate) fn keeps_anything(&self) -> bool {
        self.routes.is_some() || self.everyone.is_some()
    }

    /// The history of a channel, or of what goes to all sockets.
    pub(crate) fn of(&self, channel: Option<&Channel>) -> Option<History> {
        match channel {
            Some(channel) => self.routes.as_ref()?.matches(channel).options.history,
            None => self.everyone,
        }
    }
}
