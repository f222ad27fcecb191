//! The current state of all matches, and the publication for each change.
//!
//! Nothing here uses sockets or sleeps. The owner of the board passes the time in, and publishes
//! what the board returns, in the same order.

use std::collections::{BTreeMap, HashMap};

use crate::{
    course::{CourseEvent, MINUTE, Phase, Seconds},
    matches::Match,
    report::{RefusedReport, Report},
    schedule::Schedule,
    standing::{MOST_GOALS, Standing},
    wire::{self, AllMatches, ClockFace, Message, OneMatch, Publication, Update, Watchers},
};

/// The board skips a longer step instead of playing it. Otherwise a process that was stopped for a
/// night would publish a thousand goals together.
const LONGEST_STEP: Seconds = 240 * MINUTE;

#[derive(Debug)]
pub(crate) struct Scoreboard {
    standings: Vec<Standing>,
    /// The index of each match in `standings`, by id. The schedule has the same order, and none of
    /// them changes.
    index: HashMap<String, usize>,
    schedule: Schedule,
    now: Seconds,
    /// Match minutes in a second, for the pages.
    speed: f64,
    /// The number of changes. Each message carries it, so that a page knows which of two is newer.
    version: u64,
}

impl Scoreboard {
    /// The board at `now`, as if it had existed all the time.
    pub(crate) fn new(matches: Vec<Match>, now: Seconds, speed: f64) -> Self {
        let schedule = Schedule::new(&matches);
        let ids = matches.iter().enumerate();
        let index = ids.map(|(which, it)| (it.id.clone(), which)).collect();
        let standings = matches.into_iter().enumerate();
        let standings = standings.map(|(which, it)| Standing::new(it, schedule.is_endless(which)));
        let mut board =
            Self { index, standings: standings.collect(), schedule, now, speed, version: 0 };
        board.jump(now);
        board
    }

    /// Advances the time, and returns what to publish, in order.
    pub(crate) fn tick(&mut self, now: Seconds) -> Vec<Publication> {
        let mut out = Vec::new();
        if now - self.now > LONGEST_STEP {
            self.jump(now);
            out.push(publish([wire::GOALS.to_owned()], "matches", Message::All(self.all())));
            for which in 0..self.standings.len() {
                let it = self.standings[which].whole(self.version);
                let channel = wire::channel(&it.summary.id);
                out.push(publish([channel], "match", Message::One(it)));
            }
        } else if now > self.now {
            for happening in self.schedule.between(self.now, now) {
                out.push(self.apply(happening.which, happening.what, happening.at));
            }
            self.now = now;
            out.extend(self.clock());
        }
        out
    }

    /// Counts a reported goal, and returns what to publish.
    pub(crate) fn report(
        &mut self,
        id: &str,
        report: &Report,
    ) -> Result<Publication, RefusedReport> {
        let unknown = || RefusedReport::UnknownMatch(id.to_owned());
        let standing = self.index.get(id).and_then(|at| self.standings.get_mut(*at));
        let standing = standing.ok_or_else(unknown)?;
        let teams = standing.of();
        let side = report.side(&teams.home, &teams.away)?;
        let not_now = |why: &str| Err(RefusedReport::NotNow(format!("{id}: {why}")));
        let now = match (standing.phase(), standing.minute()) {
            (Phase::FullTime, _) => return not_now("the match is over"),
            (Phase::ShootOut, _) => {
                return not_now("the kicks of a shoot-out do not count as goals");
            }
            (Phase::Scheduled, _) | (_, None) => return not_now("the match has not kicked off"),
            (_, Some(minute)) => minute,
        };
        let minute = report.minute.unwrap_or(now);
        if minute > now {
            let problem = format!("minute: {minute} is still to come, it is minute {now}");
            return Err(RefusedReport::Bad(problem));
        }
        if standing.score()[side as usize] >= MOST_GOALS {
            return not_now("a team has at most 99 goals");
        }
        self.version += 1;
        let update = standing.report(side, minute, report.scorer.clone(), self.version);
        Ok(announce("goal", update))
    }

    /// The snapshot for a new subscriber of all goals.
    pub(crate) fn all(&self) -> AllMatches {
        AllMatches {
            version: self.version,
            now: self.now,
            speed: self.speed,
            matches: self.standings.iter().map(Standing::summary).collect(),
        }
    }

    /// The id of the match that plays without an end. `None`: the list is empty.
    pub(crate) fn endless(&self) -> Option<&str> {
        let at = (0..self.standings.len()).find(|at| self.schedule.is_endless(*at))?;
        Some(&self.standings[at].of().id)
    }

    /// The snapshot for a new subscriber of one match.
    pub(crate) fn one(&self, id: &str) -> Option<OneMatch> {
        let standing = self.standings.get(*self.index.get(id)?)?;
        Some(standing.whole(self.version))
    }

    /// The ids of all matches.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        self.standings.iter().map(|it| it.of().id.as_str())
    }

    /// Sets how many watch a match, and returns what to publish if that is another number.
    pub(crate) fn set_watchers(&mut self, id: &str, watchers: usize) -> Option<Publication> {
        let standing = &mut self.standings[*self.index.get(id)?];
        if !standing.set_watchers(watchers) {
            return None;
        }
        self.version += 1;
        let watchers = Watchers { version: self.version, id: id.to_owned(), watchers };
        Some(publish([wire::GOALS.to_owned()], "watchers", Message::Watchers(watchers)))
    }

    /// Sets all matches to their state at `now` without a publication. It drops reported goals.
    fn jump(&mut self, now: Seconds) {
        self.now = now;
        self.version += 1;
        for which in 0..self.standings.len() {
            self.standings[which].announce(self.schedule.kick_off(which, now));
            for happening in self.schedule.this_round(which, now) {
                self.apply(which, happening.what, happening.at);
            }
            let minute = self.schedule.at(which, now).1;
            self.standings[which].set_minute(minute);
        }
    }

    fn apply(&mut self, which: usize, what: CourseEvent, at: Seconds) -> Publication {
        self.version += 1;
        let standing = &mut self.standings[which];
        if what == CourseEvent::Phase(Phase::Scheduled) {
            standing.announce(self.schedule.kick_off(which, at));
            let it = standing.whole(self.version);
            let channels = [wire::GOALS.to_owned(), wire::channel(&it.summary.id)];
            return publish(channels, "match", Message::One(it));
        }
        let event = match what {
            CourseEvent::Goal(_) => "goal",
            CourseEvent::Phase(_) => "state",
        };
        let minute = self.schedule.at(which, at).1;
        announce(event, standing.apply(what, minute, self.version))
    }

    fn clock(&mut self) -> Option<Publication> {
        let mut minutes = BTreeMap::new();
        for (which, standing) in self.standings.iter_mut().enumerate() {
            if standing.set_minute(self.schedule.at(which, self.now).1) {
                let it = standing.summary();
                minutes.insert(it.id, it.state.minute);
            }
        }
        if minutes.is_empty() {
            return None;
        }
        self.version += 1;
        let version = self.version;
        let face = Message::Clock(ClockFace { version, minutes });
        Some(publish([wire::GOALS.to_owned()], "clock", face))
    }
}

/// A publication to the channels of the match and of all goals: each client receives it once.
fn announce(event: &'static str, update: Update) -> Publication {
    let channels = [wire::GOALS.to_owned(), wire::channel(&update.id)];
    publish(channels, event, Message::Update(update))
}

fn publish(channels: impl Into<Vec<String>>, event: &'static str, data: Message) -> Publication {
    Publication { channels: channels.into(), event, data }
}

#[cfg(test)]
mod tests;
