//! All matches as they stand, and what the pages are to be told of each change.
//!
//! Nothing here knows of sockets or sleeps: whoever holds the board says what time it is, hands on
//! what is to be published, and does so in the order in which it came.

use std::collections::{BTreeMap, HashMap};

use crate::{
    course::{MINUTE, Phase, Seconds, What},
    matches::Match,
    programme::Programme,
    report::{Refused, Report},
    standing::{MOST_GOALS, Standing},
    wire::{self, AllMatches, ClockFace, Message, OneMatch, Publication, Update, Watchers},
};

/// Beyond this, time is not played through but jumped over. A process that was stopped for a night
/// would else tell the pages of a thousand goals at once.
const LONGEST_STEP: Seconds = 240 * MINUTE;

#[derive(Debug)]
pub(crate) struct Scoreboard {
    standings: Vec<Standing>,
    /// By id. This and the programme are made from the same list as `standings` and never change,
    /// so their numbers are places in it.
    index: HashMap<String, usize>,
    programme: Programme,
    now: Seconds,
    /// Counts the changes. Each message carries it, so that a page can tell which of two is newer.
    version: u64,
}

impl Scoreboard {
    /// The board as it stands at `now`, as if it had been there all the time.
    pub(crate) fn new(matches: Vec<Match>, now: Seconds) -> Self {
        let ids = matches.iter().enumerate();
        let mut board = Self {
            index: ids.map(|(which, it)| (it.id.clone(), which)).collect(),
            programme: Programme::new(&matches),
            standings: matches.into_iter().map(Standing::new).collect(),
            now,
            version: 0,
        };
        board.jump(now);
        board
    }

    /// Everything that is to be published because time has passed, in order.
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
            for happening in self.programme.between(self.now, now) {
                out.push(self.happen(happening.which, happening.what, happening.at));
            }
            self.now = now;
            out.extend(self.clock());
        }
        out.extend(self.watchers());
        out
    }

    /// Takes a reported goal.
    pub(crate) fn report(&mut self, id: &str, report: &Report) -> Result<Publication, Refused> {
        let unknown = || Refused::UnknownMatch(id.to_owned());
        let standing = self.index.get(id).and_then(|at| self.standings.get_mut(*at));
        let standing = standing.ok_or_else(unknown)?;
        let teams = standing.of();
        let side = report.side(&teams.home, &teams.away)?;
        let not_now = |why: &str| Err(Refused::NotNow(format!("{id}: {why}")));
        let now = match (standing.phase(), standing.minute()) {
            (Phase::FullTime, _) => return not_now("the match is over"),
            (Phase::ShootOut, _) => return not_now("the kicks of a shoot-out are no goals"),
            (Phase::Scheduled, _) | (_, None) => return not_now("the match has not kicked off"),
            (_, Some(minute)) => minute,
        };
        let minute = report.minute.unwrap_or(now);
        if minute > now {
            let problem = format!("minute: {minute} is still to come, it is minute {now}");
            return Err(Refused::Bad(problem));
        }
        if standing.score()[side as usize] >= MOST_GOALS {
            return not_now("nobody scores more than 99 goals");
        }
        self.version += 1;
        let update = standing.report(side, minute, report.scorer.clone(), self.version);
        Ok(announce("goal", update))
    }

    /// For whoever has come to the channel of all goals.
    pub(crate) fn all(&self) -> AllMatches {
        AllMatches {
            version: self.version,
            matches: self.standings.iter().map(Standing::summary).collect(),
        }
    }

    /// For whoever has come to the channel of a match.
    pub(crate) fn one(&self, id: &str) -> Option<OneMatch> {
        let standing = self.standings.get(*self.index.get(id)?)?;
        Some(standing.whole(self.version))
    }

    /// Counts a socket among those who watch a match; the next tick tells the others.
    pub(crate) fn watch(&mut self, id: &str, who: &str) {
        if let Some(which) = self.index.get(id) {
            self.standings[*which].watch(who);
        }
    }

    pub(crate) fn unwatch(&mut self, id: &str, who: &str) {
        if let Some(which) = self.index.get(id) {
            self.standings[*which].unwatch(who);
        }
    }

    /// Puts everything as it is at `now`, and tells nobody. Reported goals are forgotten.
    fn jump(&mut self, now: Seconds) {
        self.now = now;
        self.version += 1;
        for which in 0..self.standings.len() {
            self.standings[which].announce(self.programme.kick_off(which, now));
            for happening in self.programme.this_round(which, now) {
                self.happen(which, happening.what, happening.at);
            }
            let minute = self.programme.at(which, now).1;
            self.standings[which].set_minute(minute);
        }
    }

    fn happen(&mut self, which: usize, what: What, at: Seconds) -> Publication {
        self.version += 1;
        let standing = &mut self.standings[which];
        if what == What::Phase(Phase::Scheduled) {
            standing.announce(self.programme.kick_off(which, at));
            let it = standing.whole(self.version);
            let channels = [wire::GOALS.to_owned(), wire::channel(&it.summary.id)];
            return publish(channels, "match", Message::One(it));
        }
        let event = match what {
            What::Goal(_) => "goal",
            What::Phase(_) => "state",
        };
        let minute = self.programme.at(which, at).1;
        announce(event, standing.happen(what, minute, self.version))
    }

    fn clock(&mut self) -> Option<Publication> {
        let mut minutes = BTreeMap::new();
        for (which, standing) in self.standings.iter_mut().enumerate() {
            if standing.set_minute(self.programme.at(which, self.now).1) {
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

    /// Once a tick and not with each who comes: a thousand may come in a second.
    fn watchers(&mut self) -> Vec<Publication> {
        let mut out = Vec::new();
        for standing in &mut self.standings {
            if let Some(watchers) = standing.watchers_changed() {
                self.version += 1;
                let id = standing.of().id.clone();
                let channels = [wire::GOALS.to_owned(), wire::channel(&id)];
                let version = self.version;
                let watchers = Watchers { version, id, watchers };
                out.push(publish(channels, "watchers", Message::Watchers(watchers)));
            }
        }
        out
    }
}

/// What happened in a match, for those who watch it and those who watch all: once to each.
fn announce(event: &'static str, update: Update) -> Publication {
    let channels = [wire::GOALS.to_owned(), wire::channel(&update.id)];
    publish(channels, event, Message::Update(update))
}

fn publish(channels: impl Into<Vec<String>>, event: &'static str, data: Message) -> Publication {
    Publication { channels: channels.into(), event, data }
}

#[cfg(test)]
mod tests;
