#[cfg(feature = "jwt")]
use std::collections::HashMap;
use std::sync::Arc;
#[cfg(test)]
use std::sync::atomic::{AtomicUsize, Ordering};

#[cfg(feature = "jwt")]
use regex::Regex;
use regex::RegexSet;

#[cfg(feature = "jwt")]
use super::user::is_user_channel;
use super::{
    Channel, History, PatternError, PresenceOptions,
    pattern::{anchored, anchored_source},
};

/// Which clients may do something in a channel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Access {
    #[default]
    Anyone,
    /// Those with a user, who is the one that the channel's name has, if it has one.
    #[cfg(feature = "jwt")]
    Users,
    /// Those who show a token for the channel.
    #[cfg(feature = "jwt")]
    Token,
}

/// The options that a route declares for its channels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ChannelOptions {
    /// Subscribers may publish to the channel.
    pub(crate) allow_publish: bool,
    /// The publications that the channel keeps.
    pub(crate) history: Option<History>,
    /// The members of the channel are known.
    pub(crate) presence: Option<PresenceOptions>,
    pub(crate) subscribe_access: Access,
    pub(crate) publish_access: Access,
}

impl ChannelOptions {
    /// Whether clients show tokens for the channel.
    #[cfg(feature = "jwt")]
    pub(crate) fn uses_tokens(&self) -> bool {
        self.subscribe_access == Access::Token || self.publish_access == Access::Token
    }

    /// Adds the options of a later route that matches the same channel: a permission of one route
    /// is enough, and the first presence counts.
    fn merge(self, other: Self) -> Self {
        Self {
            allow_publish: self.allow_publish || other.allow_publish,
            history: match (self.history, other.history) {
                (Some(one), Some(other)) => Some(one.merge(other)),
                (one, other) => one.or(other),
            },
            presence: self.presence.or(other.presence),
            // A restriction of one route holds, whatever the others are for.
            subscribe_access: self.subscribe_access.max(other.subscribe_access),
            publish_access: self.publish_access.max(other.publish_access),
        }
    }
}

/// The routes that match one channel, and their options together.
///
/// It is worked out once, when a socket subscribes to the channel, and kept with the subscription.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ChannelMatch {
    /// Indices of the routes in their namespace, in ascending order.
    pub(crate) routes: Box<[usize]>,
    pub(crate) options: ChannelOptions,
}

impl ChannelMatch {
    /// Whether each member that comes is announced before its client is told that it is subscribed.
    pub(crate) fn is_told_at_once(&self) -> bool {
        self.options.presence.is_some_and(|presence| presence.every.is_zero())
    }

    /// Whether a route matches the channel, so that clients may subscribe to it.
    pub(crate) fn is_declared(&self) -> bool {
        !self.routes.is_empty()
    }
}

/// The compiled patterns of one namespace's routes, and their options. A route is known by its
/// index.
#[derive(Debug)]
pub(crate) struct ChannelRoutes {
    patterns: RegexSet,
    /// The match of a channel without a route.
    none: Arc<ChannelMatch>,
    /// For each route, the match of a channel that has this route only. Most channels have one, and
    /// share its match.
    single: Vec<Arc<ChannelMatch>>,
    /// Of several routes that match a channel, only the first counts.
    is_first_only: bool,
    /// The patterns with a group `user`.
    #[cfg(feature = "jwt")]
    user_patterns: HashMap<usize, Regex>,
    #[cfg(test)]
    searches: AtomicUsize,
}

impl ChannelRoutes {
    /// Compiles the patterns. The position of a route is its index.
    pub(crate) fn new(routes: &[(&str, ChannelOptions)]) -> Result<Self, PatternError> {
        // One by one first: the error of a set does not name the pattern.
        for (pattern, _) in routes {
            anchored(pattern)?;
        }
        let patterns =
            RegexSet::new(routes.iter().map(|(pattern, _)| anchored_source(pattern))).map_err(
                |source| PatternError { pattern: "all patterns together".to_owned(), source },
            )?;
        let single = routes.iter().enumerate().map(|(route, (_, options))| {
            Arc::new(ChannelMatch { routes: [route].into(), options: *options })
        });
        Ok(Self {
            patterns,
            none: Arc::default(),
            single: single.collect(),
            is_first_only: false,
            #[cfg(feature = "jwt")]
            user_patterns: user_patterns(routes)?,
            #[cfg(test)]
            searches: AtomicUsize::new(0),
        })
    }

    /// Lets only the first of several routes count that match a channel, or all of them.
    pub(crate) fn first_only(self, is_first_only: bool) -> Self {
        Self { is_first_only, ..self }
    }

    /// The routes that match a channel. This is the only place that runs the patterns.
    pub(crate) fn matches(&self, channel: &Channel) -> Arc<ChannelMatch> {
        #[cfg(test)]
        self.searches.fetch_add(1, Ordering::Relaxed);
        #[cfg(feature = "jwt")]
        if is_user_channel(channel) {
            return self.match_of_user(channel);
        }
        self.search(channel)
    }

    /// The channel of a user is the server's, so no route lets clients do something in it, and none
    /// has handlers for it. It may have a history.
    #[cfg(feature = "jwt")]
    fn match_of_user(&self, channel: &Channel) -> Arc<ChannelMatch> {
        let history = self.search(channel).options.history;
        if history.is_none() {
            return Arc::clone(&self.none);
        }
        let options = ChannelOptions { history, ..ChannelOptions::default() };
        Arc::new(ChannelMatch { routes: Box::default(), options })
    }

    fn search(&self, channel: &Channel) -> Arc<ChannelMatch> {
        let matched = self.patterns.matches(channel);
        let mut routes = matched.iter();
        match (routes.next(), routes.next()) {
            (None, _) => Arc::clone(&self.none),
            // The set reports positions of patterns, of which there are as many as matches here.
            (Some(route), None) => Arc::clone(&self.single[route]),
            (Some(route), Some(_)) if self.is_first_only => Arc::clone(&self.single[route]),
            (Some(_), Some(_)) => Arc::new(self.merged(matched.iter().collect())),
        }
    }

    /// Whether a channel may be this user's: each of its routes that names a user names this one.
    #[cfg(feature = "jwt")]
    pub(crate) fn is_of_user(&self, matched: &ChannelMatch, channel: &str, user: &str) -> bool {
        let mut patterns = matched.routes.iter().filter_map(|route| self.user_patterns.get(route));
        patterns.all(|pattern| {
            let captures = pattern.captures(channel);
            captures.is_some_and(|groups| groups.name("user").is_some_and(|at| at.as_str() == user))
        })
    }

    fn merged(&self, routes: Box<[usize]>) -> ChannelMatch {
        let options = routes.iter().map(|route| self.single[*route].options);
        let options = options.fold(ChannelOptions::default(), ChannelOptions::merge);
        ChannelMatch { routes, options }
    }

    /// Whether any route has a history.
    pub(crate) fn has_history(&self) -> bool {
        self.single.iter().any(|matched| matched.options.history.is_some())
    }

    /// The patterns of the routes that deliver after the commit.
    pub(crate) fn committed_first(&self) -> impl Iterator<Item = &str> {
        let is_committed_first = |matched: &ChannelMatch| {
            matched.options.history.is_some_and(|history| history.after_commit)
        };
        let routes = self.patterns.patterns().iter().zip(&self.single);
        let routes = routes.filter(move |(_, matched)| is_committed_first(matched));
        routes.map(|(pattern, _)| &**pattern)
    }

    /// How often the patterns were run.
    #[cfg(test)]
    pub(crate) fn searches(&self) -> usize {
        self.searches.load(Ordering::Relaxed)
    }
}

/// The patterns that name a user, by the group `user`.
#[cfg(feature = "jwt")]
fn user_patterns(routes: &[(&str, ChannelOptions)]) -> Result<HashMap<usize, Regex>, PatternError> {
    let mut named = HashMap::new();
    for (at, (pattern, _)) in routes.iter().enumerate() {
        let pattern = anchored(pattern)?;
        if pattern.capture_names().any(|name| name == Some("user")) {
            named.insert(at, pattern);
        }
    }
    Ok(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOSED: ChannelOptions = ChannelOptions {
        allow_publish: false,
        history: None,
        presence: None,
        subscribe_access: Access::Anyone,
        publish_access: Access::Anyone,
    };
    const OPEN: ChannelOptions = ChannelOptions { allow_publish: true, ..CLOSED };

    fn matches(routes: &ChannelRoutes, name: &str) -> Arc<ChannelMatch> {
        routes.matches(&Channel::new(name, 100).unwrap())
    }

    #[test]
    fn patterns_match_from_the_start_and_need_not_reach_the_end() {
        let patterns = [("room-", CLOSED), ("^match-[0-9]+$", CLOSED), ("a|b", CLOSED)];
        let routes = ChannelRoutes::new(&patterns).unwrap();
        let is_declared = |name| matches(&routes, name).is_declared();
        assert!(is_declared("room-1") && is_declared("room-") && is_declared("match-42"));
        assert!(is_declared("a") && is_declared("bc"), "an alternative is anchored as a whole");
        assert!(!is_declared("my-room-1") && !is_declared("match-42x") && !is_declared("cb"));
    }

    #[test]
    fn a_channel_has_the_options_of_all_its_routes() {
        let patterns = [("room-", CLOSED), ("room-1", OPEN), ("room-2", CLOSED)];
        let routes = ChannelRoutes::new(&patterns).unwrap();
        let of = |name| {
            let matched = matches(&routes, name);
            (matched.routes.to_vec(), matched.options)
        };
        assert_eq!(of("room-1"), (vec![0, 1], OPEN));
        assert_eq!(of("room-2"), (vec![0, 2], CLOSED));
        assert_eq!(of("room-3"), (vec![0], CLOSED));
        assert_eq!(of("hall"), (vec![], CLOSED));
    }

    #[test]
    fn only_the_first_route_counts_if_that_is_asked_for() {
        let patterns = [("room-1", CLOSED), ("room-", OPEN)];
        let routes = ChannelRoutes::new(&patterns).unwrap().first_only(true);
        assert_eq!(matches(&routes, "room-1").routes.to_vec(), [0]);
        assert_eq!(matches(&routes, "room-1").options, CLOSED);
        assert_eq!(matches(&routes, "room-2").options, OPEN);
        assert!(!matches(&routes, "hall").is_declared());
    }

    #[cfg(feature = "jwt")]
    #[test]
    fn of_a_route_the_channel_of_a_user_has_the_history_alone() {
        let history = Some(History::last(5));
        let patterns = [("", OPEN), ("@user:", ChannelOptions { history, ..OPEN })];
        let routes = ChannelRoutes::new(&patterns).unwrap();
        let of_user = matches(&routes, "@user:ada");
        assert!(!of_user.is_declared());
        assert_eq!(of_user.options, ChannelOptions { history, ..CLOSED });
        assert!(matches(&routes, "@users").is_declared());
        assert_eq!(
            *matches(&ChannelRoutes::new(&patterns[..1]).unwrap(), "@user:ada"),
            ChannelMatch::default()
        );
    }

    #[test]
    fn channels_of_one_route_share_their_match() {
        let routes = ChannelRoutes::new(&[("room-", OPEN)]).unwrap();
        assert!(Arc::ptr_eq(&matches(&routes, "room-1"), &matches(&routes, "room-2")));
        assert!(Arc::ptr_eq(&matches(&routes, "hall"), &matches(&routes, "yard")));
        assert_eq!(routes.searches(), 4);
    }

    #[test]
    fn an_invalid_pattern_is_named() {
        let compile =
            |pattern| ChannelRoutes::new(&[("ok", CLOSED), (pattern, CLOSED), ("also ok", CLOSED)]);
        assert_eq!(compile("(").unwrap_err().pattern, "(");
        assert!(compile("a)|(b").is_err(), "a pattern does not break out of its group");
    }
}
