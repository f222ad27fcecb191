//! A match of the past: its teams, ground, goals and result. `standing.rs` has its state at some
//! instant of the demo.

use serde::{Deserialize, Serialize};

use crate::minute::Minute;

/// Goals of the home team and of the away team.
pub(crate) type Score = [u8; 2];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Match {
    /// Part of the channel name, `match-<id>`, and of URLs.
    pub(crate) id: String,
    pub(crate) home: String,
    pub(crate) away: String,
    /// "World Cup 2022, Group A"
    pub(crate) stage: String,
    /// As in the source, commonly `2022-12-18`, or empty.
    pub(crate) date: String,
    pub(crate) ground: String,
    /// `None` for a match that has not been played: it stays on the list without events.
    pub(crate) ending: Option<Ending>,
    /// In the order in which they fell.
    pub(crate) goals: Vec<Goal>,
}

/// The extra time and the shoot-out, if the match had them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ending {
    pub(crate) extra_time: bool,
    pub(crate) penalties: Option<Score>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Goal {
    /// The team that the goal counts for, also for an own goal.
    pub(crate) side: Side,
    pub(crate) minute: Minute,
    pub(crate) scorer: Option<String>,
    pub(crate) how: GoalKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Side {
    Home,
    Away,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GoalKind {
    Play,
    Penalty,
    OwnGoal,
    /// The source has the score only, without scorer and minute. The goal counts at the whistle.
    Unrecorded,
}

impl Match {
    /// The goals of both teams, counted.
    pub(crate) fn score(&self) -> Score {
        let count = |side| self.goals.iter().filter(|goal| goal.side == side).count();
        // Both readers refuse a score that does not fit in a byte.
        [Side::Home, Side::Away].map(|side| u8::try_from(count(side)).unwrap_or(u8::MAX))
    }
}
