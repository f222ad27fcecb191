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

    /// The patterns of the channels that deliver after the commit. An empty one stands for what
    /// goes to all sockets.
    pub(crate) fn committed_first(&self) -> impl Iterator<Item = &str> {
        let everyone = self.everyone.filter(|history| history.after_commit).map(|_| "");
        let routes = self.routes.iter().flat_map(|routes| routes.committed_first());
        everyone.into_iter().chain(routes)
    }

    /// The history of a channel, or of what goes to all sockets.
    pub(crate) fn of(&self, channel: Option<&Channel>) -> Option<History> {
        match channel {
            Some(channel) => self.routes.as_ref()?.matches(channel).options.history,
            None => self.everyone,
        }
    }
}
