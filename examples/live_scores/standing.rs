//! The current state of one match: its score, its events so far, and how many watch it.

use crate::{
    course::{CourseEvent, Phase, Seconds},
    matches::{Goal, GoalKind, Match, Score, Side},
    minute::Minute,
    wire::{Event, Kind, OneMatch, State, Summary, Update},
};

/// A team cannot have more goals: further reports are refused.
pub(crate) const MOST_GOALS: u8 = 99;

#[derive(Debug)]
pub(crate) struct Standing {
    of: Match,
    /// Whether it kicks off again in place of its last whistle.
    endless: bool,
    state: State,
    /// The minute on the clock, also in a break; `None` before the kick-off.
    minute: Option<Minute>,
    events: Vec<Event>,
    watchers: usize,
}

impl Standing {
    pub(crate) fn new(of: Match, endless: bool) -> Self {
        Self { of, endless, state: before(None), minute: None, events: Vec::new(), watchers: 0 }
    }

    pub(crate) fn of(&self) -> &Match {
        &self.of
    }

    pub(crate) fn phase(&self) -> Phase {
        self.state.phase
    }

    pub(crate) fn score(&self) -> Score {
        self.state.score
    }

    pub(crate) fn minute(&self) -> Option<Minute> {
        self.minute
    }

    /// Sets the match to its state before the kick-off. Its watchers stay.
    pub(crate) fn announce(&mut self, kick_off: Option<Seconds>) {
        self.state = before(kick_off);
        self.minute = None;
        self.events.clear();
    }

    /// Applies an event, with `minute` on the clock, and returns what to publish.
    pub(crate) fn apply(
        &mut self,
        what: CourseEvent,
        minute: Option<Minute>,
        version: u64,
    ) -> Update {
        self.minute = minute;
        match what {
            CourseEvent::Phase(phase) => self.begin(phase, version),
            CourseEvent::Goal(goal) => self.count(goal, false, version),
        }
    }

    /// Counts a reported goal. The caller has checked that the match is on.
    pub(crate) fn report(
        &mut self,
        side: Side,
        minute: Minute,
        by: String,
        version: u64,
    ) -> Update {
        let goal = Goal { side, minute, scorer: Some(by), how: GoalKind::Play };
        self.count(goal, true, version)
    }

    /// Sets the clock, and returns whether a page has to show another minute.
    pub(crate) fn set_minute(&mut self, minute: Option<Minute>) -> bool {
        self.minute = minute;
        let shown = self.shown_minute();
        let changed = self.state.minute != shown;
        self.state.minute = shown;
        changed
    }

    /// Sets how many watch the match, and returns whether that is another number.
    pub(crate) fn set_watchers(&mut self, watchers: usize) -> bool {
        let changed = self.watchers != watchers;
        self.watchers = watchers;
        changed
    }

    pub(crate) fn summary(&self) -> Summary {
        Summary {
            id: self.of.id.clone(),
            home: self.of.home.clone(),
            away: self.of.away.clone(),
            stage: self.of.stage.clone(),
            date: self.of.date.clone(),
            ground: self.of.ground.clone(),
            endless: self.endless,
            watchers: self.watchers,
            state: self.state.clone(),
        }
    }

    pub(crate) fn whole(&self, version: u64) -> OneMatch {
        OneMatch { version, summary: self.summary(), events: self.events.clone() }
    }

    fn begin(&mut self, phase: Phase, version: u64) -> Update {
        self.state.phase = phase;
        self.state.extra_time |= phase == Phase::ExtraFirst;
        if phase == Phase::FullTime {
            self.state.penalties = self.of.ending.and_then(|ending| ending.penalties);
        }
        self.state.minute = self.shown_minute();
        self.record(self.state.minute.clone(), Kind::Phase { phase }, version)
    }

    fn count(&mut self, goal: Goal, reported: bool, version: u64) -> Update {
        let goals = &mut self.state.score[goal.side as usize];
        *goals = goals.saturating_add(1).min(MOST_GOALS);
        self.state.minute = self.shown_minute();
        let minute = match goal.how {
            GoalKind::Unrecorded => String::new(),
            _ => goal.minute.to_string(),
        };
        let kind = Kind::Goal { side: goal.side, scorer: goal.scorer, how: goal.how, reported };
        self.record(minute, kind, version)
    }

    fn record(&mut self, minute: String, kind: Kind, version: u64) -> Update {
        let event = Event { version, minute, score: self.state.score, kind };
        self.events.push(event.clone());
        Update {
            version,
            id: self.of.id.clone(),
            home: self.of.home.clone(),
            away: self.of.away.clone(),
            state: self.state.clone(),
            event,
        }
    }

    fn shown_minute(&self) -> String {
        let minute = self.minute.filter(|_| self.state.phase.is_play());
        minute.map_or_else(String::new, |minute| minute.to_string())
    }
}

fn before(kick_off: Option<Seconds>) -> State {
    State {
        phase: Phase::Scheduled,
        minute: String::new(),
        score: [0, 0],
        extra_time: false,
        penalties: None,
        kick_off,
    }
}
