//! The rules for channels while the broker runs. A reload replaces them.

use std::sync::Arc;

use actix_socketio::{
    Config, HandlerError, HandlerResult, OnMessage, OnSubscribe, Presence, Route, Socket, channel,
};
use parking_lot::RwLock;
use regex::RegexSet;

use crate::config::{ChannelRule, Publishers, Subscribers};

/// The rights of clients in one namespace. The first rule whose pattern matches a channel counts.
#[derive(Debug)]
pub(crate) struct Rules {
    patterns: RegexSet,
    rights: Vec<(Subscribers, Publishers)>,
    /// Channels without a rule exist: the setting `open_channels`.
    is_open: bool,
}

impl Rules {
    /// # Errors
    /// The patterns are too large together. Each of them is valid.
    pub(crate) fn new(rules: &[ChannelRule], config: &Config) -> Result<Self, regex::Error> {
        // As the library anchors the patterns of routes.
        let patterns = rules.iter().map(|rule| format!("^(?:{})", rule.pattern));
        Ok(Self {
            patterns: RegexSet::new(patterns)?,
            rights: rules.iter().map(|rule| (rule.subscribe, rule.publish)).collect(),
            is_open: config.open_channels,
        })
    }

    fn of(&self, channel: &str) -> Option<(Subscribers, Publishers)> {
        let first = self.patterns.matches(channel).iter().next();
        let open = self.is_open.then_some((Subscribers::Anyone, Publishers::Nobody));
        first.map(|rule| self.rights[rule]).or(open)
    }
}

/// The rules of one namespace, for its handlers and for the reload.
#[derive(Debug, Clone)]
pub(crate) struct SharedRules(Arc<RwLock<Arc<Rules>>>);

impl SharedRules {
    pub(crate) fn new(rules: Rules) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(rules))))
    }

    /// Requests that are being decided see the old rules, and later ones the new rules.
    pub(crate) fn replace(&self, rules: Rules) {
        *self.0.write() = Arc::new(rules);
    }

    fn now(&self) -> Arc<Rules> {
        Arc::clone(&self.0.read())
    }

    fn may_subscribe(&self, event: &OnSubscribe) -> HandlerResult {
        match self.now().of(&event.channel) {
            None => Err(HandlerError::reject("no such channel")),
            // The server may have put the client into the channel before its connection broke.
            Some(_) if event.recovered => Ok(()),
            Some((Subscribers::Anyone, _)) => Ok(()),
            Some((Subscribers::Nobody, _)) => {
                Err(HandlerError::reject("clients may not subscribe to this channel"))
            }
        }
    }

    fn may_publish(&self, event: &OnMessage) -> HandlerResult {
        // An event without a channel reaches no other client.
        let Some(channel) = &event.channel else { return Ok(()) };
        match self.now().of(channel) {
            Some((_, Publishers::Subscriber)) => Ok(()),
            _ => Err(HandlerError::reject("clients may not publish to this channel")),
        }
    }

    /// The routes of the rules, for a builder with `first_route_only`. The last one is for all
    /// channels that a later rule may allow.
    pub(crate) fn routes(&self, rules: &[ChannelRule]) -> Vec<Route> {
        let routes = rules.iter().map(|rule| {
            let mut route = self.route(&rule.pattern);
            if let Some(history) = rule.history {
                route = route.history(history);
            }
            match rule.presence {
                Some(rule) => route.presence(rule.presence()),
                None => route,
            }
        });
        routes.chain([self.route("")]).collect()
    }

    fn route(&self, pattern: &str) -> Route {
        let (subscribing, publishing) = (self.clone(), self.clone());
        channel(pattern)
            .allow_publish()
            .on_subscribe(async move |event: OnSubscribe| subscribing.may_subscribe(&event))
            .on_message(async move |event: OnMessage| publishing.may_publish(&event))
    }
}

impl crate::config::PresenceRule {
    /// Each socket is a member: without tokens the broker knows no users.
    fn presence(self) -> Presence {
        let mut presence = Presence::by(|socket: &Socket| socket.id());
        if let Some(grace) = self.grace {
            presence = presence.grace(grace);
        }
        if let Some(every) = self.every {
            presence = presence.every(every);
        }
        if let Some(max_members) = self.max_members {
            presence = presence.max_members(max_members);
        }
        match self.max_info {
            Some(max_info) => presence.max_info(max_info),
            None => presence,
        }
    }
}
