//! Which match is played when. Time is passed in, events come out, and nothing sleeps here.
//!
//! The matches kick off one after the other, half an hour of match time apart, and after the last
//! one the first kicks off again. So at any time some are over, some are on and some are to come,
//! however long the list is. The schedule depends on the time of day and not on the start of the
//! process: while a server is down the matches go on, and a page has something to catch up with
//! when the server is back.

use std::time::Duration;

use crate::{
    course::{Course, CourseEvent, MINUTE, Phase, Seconds},
    matches::Match,
    minute::Minute,
};

/// Between two kick-offs. A match takes about 100 minutes, so three or four are on at any time.
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
}

#[derive(Debug)]
pub(crate) struct Schedule {
    /// `None` for a match that has not been played: it has no events.
    slots: Vec<Option<Slot>>,
    round: Seconds,
}

impl Schedule {
    pub(crate) fn new(matches: &[Match]) -> Self {
        let courses: Vec<_> = matches.iter().map(Course::of).collect();
        let lengths = courses.iter().flatten().map(Course::length);
        let longest = lengths.clone().max().unwrap_or(0);
        let round = (lengths.map(|_| STAGGER).sum::<Seconds>()).max(longest + REST);
        let mut kick_off = -STAGGER;
        let slots = courses.into_iter().map(|course| {
            let course = course?;
            kick_off += STAGGER;
            // The result stays for half of the time until the next kick-off.
            let announced = course.length() + (round - course.length()) / 2;
            Some(Slot { kick_off, course, announced })
        });
        Self { slots: slots.collect(), round }
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
            self.of_match(which, announced, now, &mut events);
        }
        events.sort_by_key(|it| it.at);
        events
    }

    /// The kick-off of a match in the round that ends with its next announcement. `None` for a
    /// match that has not been played.
    pub(crate) fn kick_off(&self, which: usize, now: Seconds) -> Option<Seconds> {
        let slot = self.slots.get(which)?.as_ref()?;
        Some(self.announced(which, now)? + self.round - slot.announced)
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
        Some(now - (now - slot.kick_off - slot.announced).rem_euclid(self.round))
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
        for (offset, what) in slot.course.events().iter().chain([&again]) {
            let first = slot.kick_off + offset;
            // Its first time after `after`, in any round.
            let mut at = after + 1 + (first - after - 1).rem_euclid(self.round);
            while at <= until {
                let what = what.clone();
                found.push(ScheduledEvent { at, which, what });
                at += self.round;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listing;

    fn schedule() -> (Schedule, usize) {
        let matches = listing::embedded().unwrap();
        (Schedule::new(&matches), matches.len())
    }

    #[test]
    fn the_wall_clock_times_the_speed() {
        let clock = |speed| Clock { started: Duration::from_secs(1_000), speed };
        assert_eq!(clock(1.0).at(Duration::ZERO), 60_000);
        assert_eq!(clock(1.0).at(Duration::from_millis(500)), 60_030);
        assert_eq!(clock(0.5).at(Duration::from_secs(2)), 30_060);
    }

    #[test]
    fn each_event_comes_once_however_the_time_is_divided() {
        let (schedule, _) = schedule();
        let (from, until) = (1_234_567, 1_234_567 + 3 * schedule.round);
        let whole = schedule.between(from, until);
        assert!(whole.is_sorted_by_key(|it| it.at));
        for step in [1, 7, 60, 3_600, 12_345] {
            let mut cut = Vec::new();
            let mut after = from;
            while after < until {
                let next = (after + step).min(until);
                cut.extend(schedule.between(after, next));
                after = next;
            }
            assert_eq!(cut, whole, "in steps of {step} seconds");
        }
    }

    #[test]
    fn at_any_time_some_are_over_some_are_on_and_some_are_to_come() {
        let (schedule, count) = schedule();
        for minute in 0..=schedule.round / MINUTE {
            let now = 77_777 + minute * MINUTE;
            let phases: Vec<_> = (0..count).map(|which| schedule.at(which, now).0).collect();
            let are = |phase| phases.iter().filter(|it| **it == phase).count();
            let on = count - are(Phase::Scheduled) - are(Phase::FullTime);
            assert!((3..=5).contains(&on), "{on} after {minute} minutes");
            assert!(are(Phase::Scheduled) >= 2 && are(Phase::FullTime) >= 2);
        }
    }

    #[test]
    fn the_phase_is_that_of_the_last_event() {
        let (schedule, count) = schedule();
        for now in (0..2 * schedule.round).step_by(97) {
            for which in 0..count {
                let happened = schedule.this_round(which, now);
                let last = happened.iter().rev().find_map(|it| match it.what {
                    CourseEvent::Phase(phase) => Some(phase),
                    CourseEvent::Goal(_) => None,
                });
                let (phase, minute) = schedule.at(which, now);
                assert_eq!(last.unwrap_or(Phase::Scheduled), phase);
                assert_eq!(minute.is_some(), !happened.is_empty());
                if let Some(first) = happened.first() {
                    assert_eq!(Some(first.at), schedule.kick_off(which, now));
                }
            }
        }
    }

    #[test]
    fn a_single_match_comes_again_after_a_rest() {
        let matches = listing::embedded().unwrap();
        let schedule = Schedule::new(&matches[..1]);
        let phases: Vec<_> = schedule
            .between(-1, schedule.round - 1)
            .iter()
            .map(|it| it.what.clone())
            .filter(|it| matches!(it, CourseEvent::Phase(_)))
            .collect();
        assert_eq!(phases.first(), Some(&CourseEvent::Phase(Phase::FirstHalf)));
        assert_eq!(phases.last(), Some(&CourseEvent::Phase(Phase::Scheduled)));
    }

    #[test]
    fn a_match_that_was_not_played_stays_scheduled() {
        let mut matches = listing::embedded().unwrap();
        for it in &mut matches[1..] {
            it.ending = None;
        }
        let schedule = Schedule::new(&matches);
        assert!(schedule.between(0, 1_000_000).iter().all(|it| it.which == 0));
        assert_eq!(schedule.at(1, 5_000), (Phase::Scheduled, None));
        assert_eq!(schedule.kick_off(1, 5_000), None);
        assert!(Schedule::new(&[]).between(0, 1_000_000).is_empty());
    }
}
