//! A match as history knows it: who met where, who scored when, how it ended. What a page shows of
//! it at some instant is another thing, see `standing.rs`.

use serde::{Deserialize, Serialize};

use crate::minute::Minute;

/// Goals of the home team and of the away team.
pub(crate) type Score = [u8; 2];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Match {
    /// Stands in the channel's name, `match-<id>`, and in URLs.
    pub(crate) id: String,
    pub(crate) home: String,
    pub(crate) away: String,
    /// "World Cup 2022, Group A"
    pub(crate) stage: String,
    /// As the source has it, commonly `2022-12-18`; empty where it has none.
    pub(crate) date: String,
    pub(crate) ground: String,
    /// `None` for a match that has not been played: it stays on the list, and nothing happens.
    pub(crate) ending: Option<Ending>,
    /// In the order in which they fell.
    pub(crate) goals: Vec<Goal>,
}

/// What came after ninety minutes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ending {
    pub(crate) extra_time: bool,
    pub(crate) penalties: Option<Score>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Goal {
    /// The team it counts for, also if a player of the other one put the ball in.
    pub(crate) side: Side,
    pub(crate) minute: Minute,
    pub(crate) scorer: Option<String>,
    pub(crate) how: How,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Side {
    Home,
    Away,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum How {
    Play,
    Penalty,
    OwnGoal,
    /// The source has the score only, neither who nor when: counted at the whistle.
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
