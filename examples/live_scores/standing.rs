//! How one match stands at present: what has happened in it so far, and who watches.

use std::collections::HashSet;

use crate::{
    course::{Phase, Seconds, What},
    matches::{Goal, How, Match, Score, Side},
    minute::Minute,
    wire::{Event, Kind, OneMatch, State, Summary, Update},
};

/// More goals of one team are not believed, whoever reports them.
pub(crate) const MOST_GOALS: u8 = 99;

#[derive(Debug)]
pub(crate) struct Standing {
    of: Match,
    state: State,
    /// The minute on the clock, also in a break; `None` before the kick-off.
    minute: Option<Minute>,
    events: Vec<Event>,
    /// By socket, so that nobody is counted twice.
    watchers: HashSet<String>,
    /// How many watchers the pages know of.
    watchers_told: usize,
}

impl Standing {
    pub(crate) fn new(of: Match) -> Self {
        Self {
            of,
            state: before(None),
            minute: None,
            events: Vec::new(),
            watchers: HashSet::new(),
            watchers_told: 0,
        }
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

    /// Back to before the kick-off. Who watches goes on watching.
    pub(crate) fn announce(&mut self, kick_off: Option<Seconds>) {
        self.state = before(kick_off);
        self.minute = None;
        self.events.clear();
    }

    /// Takes what happens, with `minute` on the clock, and says what the pages are to hear of it.
    pub(crate) fn happen(&mut self, what: What, minute: Option<Minute>, version: u64) -> Update {
        self.minute = minute;
        match what {
            What::Phase(phase) => self.begin(phase, version),
            What::Goal(goal) => self.count(goal, false, version),
        }
    }

    /// A goal that somebody reports; whether there can be one is for the caller to know.
    pub(crate) fn report(
        &mut self,
        side: Side,
        minute: Minute,
        by: String,
        version: u64,
    ) -> Update {
        let goal = Goal { side, minute, scorer: Some(by), how: How::Play };
        self.count(goal, true, version)
    }

    /// Sets the clock; tells whether a page shows another minute now.
    pub(crate) fn set_minute(&mut self, minute: Option<Minute>) -> bool {
        self.minute = minute;
        let shown = self.shown_minute();
        let changed = self.state.minute != shown;
        self.state.minute = shown;
        changed
    }

    pub(crate) fn watch(&mut self, who: &str) {
        self.watchers.insert(who.to_owned());
    }

    pub(crate) fn unwatch(&mut self, who: &str) {
        self.watchers.remove(who);
    }

    /// The number of watchers, if it is another than when this was last asked.
    pub(crate) fn watchers_changed(&mut self) -> Option<usize> {
        let watchers = self.watchers.len();
        let changed = watchers != self.watchers_told;
        self.watchers_told = watchers;
        changed.then_some(watchers)
    }

    pub(crate) fn summary(&self) -> Summary {
        Summary {
            id: self.of.id.clone(),
            home: self.of.home.clone(),
            away: self.of.away.clone(),
            stage: self.of.stage.clone(),
            date: self.of.date.clone(),
            ground: self.of.ground.clone(),
            watchers: self.watchers.len(),
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
        self.tell(self.state.minute.clone(), Kind::Phase { phase }, version)
    }

    fn count(&mut self, goal: Goal, reported: bool, version: u64) -> Update {
        let goals = &mut self.state.score[goal.side as usize];
        *goals = goals.saturating_add(1).min(MOST_GOALS);
        self.state.minute = self.shown_minute();
        let minute = match goal.how {
            How::Unrecorded => String::new(),
            _ => goal.minute.to_string(),
        };
        let kind = Kind::Goal { side: goal.side, scorer: goal.scorer, how: goal.how, reported };
        self.tell(minute, kind, version)
    }

    fn tell(&mut self, minute: String, kind: Kind, version: u64) -> Update {
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
