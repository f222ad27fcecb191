//! The messages to the pages: their channels, events and data. README.md describes them for authors
//! of clients.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    course::{Phase, Seconds},
    matches::{GoalKind, Score, Side},
};

/// The channel of all goals, and of the list of matches.
pub(crate) const GOALS: &str = "goals";

/// The channel of one match.
pub(crate) fn channel(id: &str) -> String {
    format!("match-{id}")
}

/// The match of a channel, or `None` for a channel of another kind.
pub(crate) fn match_id(channel: &str) -> Option<&str> {
    channel.strip_prefix("match-")
}

/// A message to several channels. A client that is in more than one receives it once.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Publication {
    pub(crate) channels: Vec<String>,
    pub(crate) event: &'static str,
    pub(crate) data: Message,
}

#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Message {
    All(AllMatches),
    One(OneMatch),
    Update(Update),
    Clock(ClockFace),
    Watchers(Watchers),
}

impl Message {
    /// Whether a page that was away has a use for it. The minutes are shown anew each minute.
    pub(crate) fn is_kept(&self) -> bool {
        !matches!(self, Self::Clock(_))
    }
}

/// `matches`: the whole list.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct AllMatches {
    pub(crate) version: u64,
    /// In the time of `State::kick_off`.
    pub(crate) now: Seconds,
    /// Match minutes in a second.
    pub(crate) speed: f64,
    pub(crate) matches: Vec<Summary>,
}

/// `match`: one match and all that has happened in it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct OneMatch {
    pub(crate) version: u64,
    #[serde(flatten)]
    pub(crate) summary: Summary,
    pub(crate) events: Vec<Event>,
}

/// `goal` and `state`: what happened, and how the match stands after it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Update {
    pub(crate) version: u64,
    pub(crate) id: String,
    pub(crate) home: String,
    pub(crate) away: String,
    #[serde(flatten)]
    pub(crate) state: State,
    pub(crate) event: Event,
}

/// `clock`: the minutes that have changed, by match.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ClockFace {
    pub(crate) version: u64,
    pub(crate) minutes: BTreeMap<String, String>,
}

/// `watchers`: how many are in the match's channel, for the list.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Watchers {
    pub(crate) version: u64,
    pub(crate) id: String,
    pub(crate) watchers: usize,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Summary {
    pub(crate) id: String,
    pub(crate) home: String,
    pub(crate) away: String,
    pub(crate) stage: String,
    pub(crate) date: String,
    pub(crate) ground: String,
    /// Whether the match plays without an end.
    pub(crate) endless: bool,
    pub(crate) watchers: usize,
    #[serde(flatten)]
    pub(crate) state: State,
}

/// How a match stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct State {
    pub(crate) phase: Phase,
    /// "45+2", or empty while the match is not on.
    pub(crate) minute: String,
    pub(crate) score: Score,
    /// Whether the match has an extra time, now or earlier.
    pub(crate) extra_time: bool,
    /// Of the shoot-out, once it is over.
    pub(crate) penalties: Option<Score>,
    /// In time of the schedule: match seconds, as `AllMatches::now`.
    pub(crate) kick_off: Option<Seconds>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Event {
    pub(crate) version: u64,
    pub(crate) minute: String,
    /// After the event.
    pub(crate) score: Score,
    #[serde(flatten)]
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Kind {
    Goal {
        side: Side,
        scorer: Option<String>,
        how: GoalKind,
        /// Whether the goal came by a request and is not in the records.
        reported: bool,
    },
    /// A phase began.
    Phase { phase: Phase },
}
