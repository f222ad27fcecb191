//! Which match is played when. Time is passed in, events come out, and nothing sleeps here.
//!
//! The matches kick off one after the other, half an hour of match time apart, and after the last
//! one the first kicks off again. So at any time some are over, some are on and some are to come,
//! however long the list is. The schedule depends on the time of day and not on the start of the
//! process: while a server is down the matches go on, and a page has something to catch up with
//! when the server is back.
//!
//! One match is endless: it kicks off again in place of its last whistle. So a goal can be reported
//! at any time.

use std::time::Duration;

use crate::{
    course::{Course, CourseEvent, MINUTE, Phase, Seconds},
    matches::Match,
    minute::Minute,
};

/// Between two kick-offs. A match takes about 100 minutes, so three or four are on at any time
/// beside the endless one.
const STAGGER: Seconds = 30 * MINUTE;

/// The least time between the end of a match and its own next kick-off.
const REST: Seconds = 30 * MINUTE;

/// Converts wall-clock time into time of the schedule.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    /// The time of day at the start of the process. The time since then is measured by a monotonic
    /// clock, so a change of the system clock does not repeat a goal.
    pub(crate) started: Duration,
    /// Match minutes to a second.
    pub(crate) speed: f64,
}

impl Clock {
    pub(crate) fn at(self, elapsed: Duration) -> Seconds {
        let minutes = (self.started + elapsed).as_secs_f64() * self.speed;
        // The cast saturates: it neither panics nor wraps.
        (minutes * 60.0) as Seconds
    }
}

/// An event in the match with this index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ScheduledEvent {
    pub(crate) at: Seconds,
    pub(crate) which: usize,
    pub(crate) what: CourseEvent,
}

/// The place of one match in the schedule.
#[derive(Debug)]
struct Slot {
    /// In the first round.
    kick_off: Seconds,
    course: Course,
    /// How long after its kick-off a match is announced again.
    announced: Seconds,
    /// The time between two kick-offs of the match.
    round: Seconds,
}

#[derive(Debug)]
pub(crate) struct Schedule {
    /// `None` for a match that has not been played: it has no events.
    slots: Vec<Option<Slot>>,
    /// The index of the endless match. `None` only if there is no match at all.
    endless: Option<usize>,
}

impl Schedule {
    pub(crate) fn new(matches: &[Match]) -> Self {
        let endless = endless(matches);
        let mut courses: Vec<_> = matches.iter().map(Course::of).collect();
        let again_and_again = endless.map(|which| Course::endless(&matches[which]));
        if let Some(which) = endless {
            courses[which] = None;
        }
        let lengths = courses.iter().flatten().map(Course::length);
        let longest = lengths.clone().max().unwrap_or(0);
        let round = (lengths.map(|_| STAGGER).sum::<Seconds>()).max(longest + REST);
        let mut kick_off = -STAGGER;
        let slots = courses.into_iter().map(|course| {
            let course = course?;
            kick_off += STAGGER;
            // The result stays for half of the time until the next kick-off.
            let announced = course.length() + (round - course.length()) / 2;
            Some(Slot { kick_off, course, announced, round })
        });
        let mut slots: Vec<_> = slots.collect();
        if let Some((which, course)) = endless.zip(again_and_again) {
            // It is announced at the instant of its kick-off.
            let round = course.length();
            slots[which] = Some(Slot { kick_off: 0, course, announced: 0, round });
        }
        Self { slots, endless }
    }

    /// Whether a match is the endless one.
    pub(crate) fn is_endless(&self, which: usize) -> bool {
        self.endless == Some(which)
    }

    /// All events after one instant and until another, in order. Adjoining spans have each event
    /// once.
    pub(crate) fn between(&self, after: Seconds, until: Seconds) -> Vec<ScheduledEvent> {
        let mut events = Vec::new();
        for which in 0..self.slots.len() {
            self.of_match(which, after, until, &mut events);
        }
        // The sort is stable: events of one match at one instant keep the order of its course.
        events.sort_by_key(|it| it.at);
        events
    }

    /// The events of one match since it was last announced.
    pub(crate) fn this_round(&self, which: usize, now: Seconds) -> Vec<ScheduledEvent> {
        let mut events = Vec::new();
        if let Some(announced) = self.announced(which, now) {
            // The kick-off of the endless match is at the instant of its announcement.
            let after = announced - Seconds::from(self.is_endless(which));
            self.of_match(which, after, now, &mut events);
        }
        events.sort_by_key(|it| it.at);
        events
    }

    /// The kick-off of a match in the round that ends with its next announcement. `None` for a
    /// match that has not been played.
    pub(crate) fn kick_off(&self, which: usize, now: Seconds) -> Option<Seconds> {
        let slot = self.slots.get(which)?.as_ref()?;
        let announced = self.announced(which, now)?;
        if self.is_endless(which) {
            return Some(announced);
        }
        Some(announced + slot.round - slot.announced)
    }

    /// The phase of a match, and the minute on its clock once it has kicked off.
    pub(crate) fn at(&self, which: usize, now: Seconds) -> (Phase, Option<Minute>) {
        let running = || {
            let kick_off = self.kick_off(which, now)?;
            let slot = self.slots.get(which)?.as_ref()?;
            slot.course.at(now - kick_off)
        };
        match running() {
            Some((phase, minute)) => (phase, Some(minute)),
            None => (Phase::Scheduled, None),
        }
    }

    /// When a match was last announced.
    fn announced(&self, which: usize, now: Seconds) -> Option<Seconds> {
        let slot = self.slots.get(which)?.as_ref()?;
        Some(now - (now - slot.kick_off - slot.announced).rem_euclid(slot.round))
    }

    fn of_match(
        &self,
        which: usize,
        after: Seconds,
        until: Seconds,
        found: &mut Vec<ScheduledEvent>,
    ) {
        let Some(Some(slot)) = self.slots.get(which) else {
            return;
        };
        let again = (slot.announced, CourseEvent::Phase(Phase::Scheduled));
        // An announcement at the instant of the kick-off comes before it.
        for (offset, what) in [&again].into_iter().chain(slot.course.events()) {
            let first = slot.kick_off + offset;
            // Its first time after `after`, in any round.
            let mut at = after + 1 + (first - after - 1).rem_euclid(slot.round);
            while at <= until {
                let what = what.clone();
                found.push(ScheduledEvent { at, which, what });
                at += slot.round;
            }
        }
    }
}

/// The match that plays without an end: the first that was played without a shoot-out, in which no
/// goal can be reported. Else the first of the list.
fn endless(matches: &[Match]) -> Option<usize> {
    let is_fit = |it: &Match| it.ending.is_some_and(|ending| ending.penalties.is_none());
    matches.iter().position(is_fit).or((!matches.is_empty()).then_some(0))
}

#[cfg(test)]
mod tests;
