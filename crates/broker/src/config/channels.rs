//! `[[channels]]`: rules for the channels whose names match a pattern.

use std::time::Duration;

use actix_socketio::{BuildError, Config, History, channel};
use regex::Regex;

use super::{
    reader::Reader,
    values::{self, Choice, choice},
};

choice! {
    /// The clients that may subscribe to a channel.
    Subscribers {
        /// All clients.
        #[default]
        Anyone = anyone,
        /// No client. The server alone puts clients into the channel.
        Nobody = nobody,
        /// Those that have shown a token. A group `user` in the pattern is their name.
        User = user,
        /// Users that show a token for the channel.
        Token = token,
    }
}

choice! {
    /// The clients that may publish to a channel.
    Publishers {
        /// No client. The server alone publishes.
        #[default]
        Nobody = nobody,
        /// Those that are subscribed to it.
        Subscriber = subscriber,
        /// Subscribers that have shown a token. A group `user` in the pattern is their name.
        User = user,
        /// Subscribers whose token for the channel says so.
        Token = token,
    }
}

/// A rule for channels. The first rule whose pattern matches a name is the rule of the channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChannelRule {
    pub(crate) pattern: String,
    pub(crate) subscribe: Subscribers,
    pub(crate) publish: Publishers,
    pub(crate) history: Option<History>,
    pub(crate) presence: Option<PresenceRule>,
}

/// The presence of a channel. An option that is not set is as the library has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PresenceRule {
    pub(crate) grace: Option<Duration>,
    pub(crate) every: Option<Duration>,
    pub(crate) max_members: Option<usize>,
    pub(crate) max_info: Option<usize>,
}

/// The parts of the configuration that a rule depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) config: &'a Config,
    pub(super) has_store: bool,
    /// Whether there is a `[jwt]`, and so are users.
    pub(super) has_tokens: bool,
}

pub(super) fn read(table: &mut Reader<'_>, around: Around<'_>) -> Vec<ChannelRule> {
    table.list("channels", |rule| read_rule(rule, around)).unwrap_or_default()
}

fn read_rule(rule: &mut Reader<'_>, around: Around<'_>) -> Option<ChannelRule> {
    const EXPECTED: &str = "a regular expression, such as '^match-[0-9]+$'";
    let pattern = rule.required("pattern", EXPECTED, |node| match &node.value {
        // The empty pattern matches all names.
        super::tree::Value::Text(pattern) => Ok(pattern.clone()),
        _ => Err(EXPECTED.to_owned()),
    });
    let subscribe = rule.value("subscribe", Subscribers::read).unwrap_or_default();
    let publish = rule.value("publish", Publishers::read).unwrap_or_default();
    let needs_users = [
        ("subscribe", matches!(subscribe, Subscribers::User | Subscribers::Token)),
        ("publish", matches!(publish, Publishers::User | Publishers::Token)),
    ];
    for (key, needs_users) in needs_users {
        if needs_users && !around.has_tokens {
            rule.rule(key, "it must not be there without a [jwt], which says who the users are");
        }
    }
    let history =
        rule.section("history", |history| read_history(history, around.has_store)).flatten();
    let presence = rule.section("presence", read_presence);
    let pattern = pattern?;
    match channel(pattern.as_str()).mistake(around.config) {
        Some(BuildError::Pattern(error)) => {
            // A regular expression's own error has several lines, with a mark below the place.
            let reason = error.source.to_string();
            let reason = reason.lines().last().unwrap_or_default().to_owned();
            let rule_text = format!("it must be a regular expression: {reason}");
            rule.rule("pattern", &rule_text);
        }
        Some(BuildError::Setting { setting: "route", expected, .. }) => {
            rule.rule("pattern", &expected);
        }
        Some(BuildError::Setting { setting, value, expected, .. }) => {
            rule.rule_of("pattern", &format!("there, and limits.{setting} is {value}"), &expected);
        }
        _ if names_user(&pattern) && subscribe == Subscribers::Anyone => {
            rule.rule(
                "pattern",
                "it must not have a group `user` where subscribe is \"anyone\": \"user\" lets in \
                 the user of this name alone",
            );
        }
        _ => {}
    }
    Some(ChannelRule { pattern, subscribe, publish, history, presence })
}

/// Whether a pattern has a group with the name `user`.
pub(crate) fn names_user(pattern: &str) -> bool {
    // Of a pattern that is invalid, its syntax is the mistake.
    Regex::new(pattern)
        .is_ok_and(|pattern| pattern.capture_names().flatten().any(|it| it == "user"))
}

fn read_history(section: &mut Reader<'_>, has_store: bool) -> Option<History> {
    let last = section.required("last", "a number of publications", values::count);
    let within = section.value("within", values::some_time);
    let after_commit = section.value("after_commit", values::switch).unwrap_or(false);
    if after_commit && !has_store {
        section.rule("after_commit", "it must not be there without a [store]");
    }
    let mut history = History::last(last?);
    if let Some(age) = within {
        history = history.within(age);
    }
    if after_commit {
        history = history.after_commit();
    }
    Some(history)
}

fn read_presence(section: &mut Reader<'_>) -> PresenceRule {
    PresenceRule {
        grace: section.value("grace", values::time),
        every: section.value("every", values::time),
        max_members: section.value("max_members", values::number),
        max_info: section.value("max_info", values::size),
    }
}
