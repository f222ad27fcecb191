//! The rules for channels while the broker runs. A reload replaces them.

use std::sync::Arc;

use actix_socketio::{
    Config, HandlerError, HandlerResult, OnMessage, OnSubscribe, Presence, Route, Socket, channel,
};
use parking_lot::RwLock;
use regex::{Regex, RegexSet};

use crate::config::{ChannelRule, Publishers, Subscribers, names_user};

/// The rights of clients in one namespace. The first rule whose pattern matches a channel counts.
#[derive(Debug)]
pub(crate) struct Rules {
    patterns: RegexSet,
    rights: Vec<Rights>,
    /// Channels without a rule exist: the setting `open_channels`.
    is_open: bool,
}

/// The rights that one rule gives.
#[derive(Debug, Clone)]
struct Rights {
    subscribe: Subscribers,
    publish: Publishers,
    /// The pattern, if it has a group `user`.
    owner: Option<Regex>,
}

/// Those of channels without a rule, where they exist.
const OPEN: Rights =
    Rights { subscribe: Subscribers::Anyone, publish: Publishers::Nobody, owner: None };

impl Rights {
    /// Whether a client has a user, and is the one that the name of the channel has in it.
    fn check_user(&self, channel: &str, socket: &Socket) -> HandlerResult {
        let user = socket.user().ok_or_else(|| HandlerError::reject("log in first"))?;
        let Some(owner) = &self.owner else { return Ok(()) };
        let groups = owner.captures(channel);
        let is_owner =
            groups.is_some_and(|groups| groups.name("user").is_some_and(|it| it.as_str() == user));
        let refused = || HandlerError::reject("this channel is another user's");
        is_owner.then_some(()).ok_or_else(refused)
    }
}

impl Rules {
    /// # Errors
    /// The patterns are too large together. Each of them is valid.
    pub(crate) fn new(rules: &[ChannelRule], config: &Config) -> Result<Self, regex::Error> {
        // As the library anchors the patterns of routes.
        let anchored = |rule: &ChannelRule| format!("^(?:{})", rule.pattern);
        let rights = |rule: &ChannelRule| {
            let (subscribe, publish) = (rule.subscribe, rule.publish);
            let has_owner = names_user(&rule.pattern);
            let owner = has_owner.then(|| Regex::new(&anchored(rule))).transpose()?;
            Ok(Rights { subscribe, publish, owner })
        };
        Ok(Self {
            patterns: RegexSet::new(rules.iter().map(anchored))?,
            rights: rules.iter().map(rights).collect::<Result<_, _>>()?,
            is_open: config.open_channels,
        })
    }

    fn of(&self, channel: &str) -> Option<&Rights> {
        let first = self.patterns.matches(channel).iter().next();
        first.map(|rule| &self.rights[rule]).or(self.is_open.then_some(&OPEN))
    }
}

/// The rules of one namespace, for its handlers and for the reload.
#[derive(Debug, Clone)]
pub(crate) struct SharedRules {
    now: Arc<RwLock<Arc<Rules>>>,
    /// Those of the start. The routes of the library are made of them, and check the tokens for
    /// channels.
    at_start: Arc<Rules>,
}

impl SharedRules {
    pub(crate) fn new(rules: Rules) -> Self {
        let rules = Arc::new(rules);
        Self { now: Arc::new(RwLock::new(Arc::clone(&rules))), at_start: rules }
    }

    /// Requests that are being decided see the old rules, and later ones the new rules.
    pub(crate) fn replace(&self, rules: Rules) {
        *self.now.write() = Arc::new(rules);
    }

    fn now(&self) -> Arc<Rules> {
        Arc::clone(&self.now.read())
    }

    fn may_subscribe(&self, event: &OnSubscribe) -> HandlerResult {
        const REFUSED: &str = "clients may not subscribe to this channel";
        let now = self.now();
        let rights =
            now.of(&event.channel).ok_or_else(|| HandlerError::reject("no such channel"))?;
        // The server may have put the client into the channel before its connection broke.
        if event.recovered {
            return Ok(());
        }
        match rights.subscribe {
            Subscribers::Anyone => Ok(()),
            Subscribers::Nobody => Err(HandlerError::reject(REFUSED)),
            Subscribers::User => rights.check_user(&event.channel, &event.socket),
            Subscribers::Token => {
                let at_start = self.at_start.of(&event.channel);
                let is_checked = at_start.is_some_and(|it| it.subscribe == Subscribers::Token);
                // Only a restart has the library check the token.
                is_checked.then_some(()).ok_or_else(|| HandlerError::reject(REFUSED))
            }
        }
    }

    fn may_publish(&self, event: &OnMessage) -> HandlerResult {
        // An event without a channel reaches no other client.
        let Some(channel) = &event.channel else { return Ok(()) };
        let refused = || HandlerError::reject("clients may not publish to this channel");
        let now = self.now();
        let rights = now.of(channel).ok_or_else(refused)?;
        match rights.publish {
            Publishers::Subscriber => Ok(()),
            Publishers::Nobody => Err(refused()),
            Publishers::User => rights.check_user(channel, &event.socket),
            Publishers::Token => {
                let at_start = self.at_start.of(channel);
                let is_checked = at_start.is_some_and(|it| it.publish == Publishers::Token);
                is_checked.then_some(()).ok_or_else(refused)
            }
        }
    }

    /// The routes of the rules, for a builder with `first_route_only`. The last one is for all
    /// channels that a later rule may allow.
    pub(crate) fn routes(&self, rules: &[ChannelRule], has_tokens: bool) -> Vec<Route> {
        let routes = rules.iter().map(|rule| {
            let mut route = self.route(&rule.pattern);
            // A reload may change the other rights, so they are decided by the handlers.
            if rule.subscribe == Subscribers::Token {
                route = route.with_token();
            }
            if rule.publish == Publishers::Token {
                route = route.publish_with_token();
            }
            if let Some(history) = rule.history {
                route = route.history(history);
            }
            match rule.presence {
                Some(rule) => route.presence(rule.presence(has_tokens)),
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
    /// The members are users. Without tokens the broker knows no users, and each socket is one.
    fn presence(self, has_tokens: bool) -> Presence {
        let mut presence = if has_tokens {
            Presence::by_user()
        } else {
            Presence::by(|socket: &Socket| socket.id())
        };
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
