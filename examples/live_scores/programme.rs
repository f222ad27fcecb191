//! Which match is played when: the wall clock in, what happens out. Nothing sleeps here.
//!
//! The matches kick off one after the other, half an hour of match time apart, and when all have,
//! the first one's turn comes again. So at any time some are over, some are on and some are to
//! come, however long the list is. The programme hangs on the clock of the day and not on the
//! start of the process: while a server is away the matches go on, and when it is back a page has
//! something to catch up with.

use std::time::Duration;

use crate::{
    course::{Course, MINUTE, Phase, Seconds, What},
    matches::Match,
    minute::Minute,
};

/// Between two kick-offs. A match takes about 100 minutes, so three or four are on at once.
const STAGGER: Seconds = 30 * MINUTE;

/// What a match that would follow on itself has at least between its end and its next kick-off.
const REST: Seconds = 30 * MINUTE;

/// Turns time of the wall into time of the programme.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    /// The clock of the day when the process started; what has passed since is measured apart, so
    /// that setting the clock does not make a goal fall twice.
    pub(crate) started: Duration,
    /// Match minutes to a second.
    pub(crate) speed: f64,
}

impl Clock {
    pub(crate) fn at(self, elapsed: Duration) -> Seconds {
        let minutes = (self.started + elapsed).as_secs_f64() * self.speed;
        // A float becomes the nearest integer there is, it neither panics nor wraps.
        (minutes * 60.0) as Seconds
    }
}

/// Something that happens in the match with this index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Happening {
    pub(crate) at: Seconds,
    pub(crate) which: usize,
    pub(crate) what: What,
}

/// One match's place.
#[derive(Debug)]
struct Slot {
    /// Of the first round.
    kick_off: Seconds,
    course: Course,
    /// How long after its kick-off a match that is over is announced anew.
    announced: Seconds,
}

#[derive(Debug)]
pub(crate) struct Programme {
    /// `None` for a match that has not been played, so there is nothing to show of it.
    slots: Vec<Option<Slot>>,
    round: Seconds,
}

impl Programme {
    pub(crate) fn new(matches: &[Match]) -> Self {
        let courses: Vec<_> = matches.iter().map(Course::of).collect();
        let lengths = courses.iter().flatten().map(Course::length);
        let longest = lengths.clone().max().unwrap_or(0);
        let round = (lengths.map(|_| STAGGER).sum::<Seconds>()).max(longest + REST);
        let mut kick_off = -STAGGER;
        let slots = courses.into_iter().map(|course| {
            let course = course?;
            kick_off += STAGGER;
            // Until it is announced anew the result stands, for half of the time that remains.
            let announced = course.length() + (round - course.length()) / 2;
            Some(Slot { kick_off, course, announced })
        });
        Self { slots: slots.collect(), round }
    }

    /// All that happens after one instant and until another, in order. Asked for adjoining spans,
    /// it tells each thing once.
    pub(crate) fn between(&self, after: Seconds, until: Seconds) -> Vec<Happening> {
        let mut happenings = Vec::new();
        for which in 0..self.slots.len() {
            self.of_match(which, after, until, &mut happenings);
        }
        // Stable: what happens in one match at one instant stays as the course has it.
        happenings.sort_by_key(|it| it.at);
        happenings
    }

    /// What has happened in one match since it was announced last.
    pub(crate) fn this_round(&self, which: usize, now: Seconds) -> Vec<Happening> {
        let mut happenings = Vec::new();
        if let Some(announced) = self.announced(which, now) {
            self.of_match(which, announced, now, &mut happenings);
        }
        happenings.sort_by_key(|it| it.at);
        happenings
    }

    /// When a match kicks off, or did, in the round that lasts until it is announced anew. `None`
    /// for one that has not been played.
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

    /// When a match was announced last.
    fn announced(&self, which: usize, now: Seconds) -> Option<Seconds> {
        let slot = self.slots.get(which)?.as_ref()?;
        Some(now - (now - slot.kick_off - slot.announced).rem_euclid(self.round))
    }

    fn of_match(&self, which: usize, after: Seconds, until: Seconds, found: &mut Vec<Happening>) {
        let Some(Some(slot)) = self.slots.get(which) else {
            return;
        };
        let again = (slot.announced, What::Phase(Phase::Scheduled));
        for (offset, what) in slot.course.happenings().iter().chain([&again]) {
            let first = slot.kick_off + offset;
            // The first time that it happens after `after`, in whichever round that is.
            let mut at = after + 1 + (first - after - 1).rem_euclid(self.round);
            while at <= until {
                let what = what.clone();
                found.push(Happening { at, which, what });
                at += self.round;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listing;

    fn programme() -> (Programme, usize) {
        let matches = listing::embedded().unwrap();
        (Programme::new(&matches), matches.len())
    }

    #[test]
    fn the_wall_clock_times_the_speed() {
        let clock = |speed| Clock { started: Duration::from_secs(1_000), speed };
        assert_eq!(clock(1.0).at(Duration::ZERO), 60_000);
        assert_eq!(clock(1.0).at(Duration::from_millis(500)), 60_030);
        assert_eq!(clock(0.5).at(Duration::from_secs(2)), 30_060);
    }

    #[test]
    fn each_thing_happens_once_however_the_time_is_cut() {
        let (programme, _) = programme();
        let (from, until) = (1_234_567, 1_234_567 + 3 * programme.round);
        let whole = programme.between(from, until);
        assert!(whole.is_sorted_by_key(|it| it.at));
        for step in [1, 7, 60, 3_600, 12_345] {
            let mut cut = Vec::new();
            let mut after = from;
            while after < until {
                let next = (after + step).min(until);
                cut.extend(programme.between(after, next));
                after = next;
            }
            assert_eq!(cut, whole, "in steps of {step} seconds");
        }
    }

    #[test]
    fn at_any_time_some_are_over_some_are_on_and_some_are_to_come() {
        let (programme, count) = programme();
        for minute in 0..=programme.round / MINUTE {
            let now = 77_777 + minute * MINUTE;
            let phases: Vec<_> = (0..count).map(|which| programme.at(which, now).0).collect();
            let are = |phase| phases.iter().filter(|it| **it == phase).count();
            let on = count - are(Phase::Scheduled) - are(Phase::FullTime);
            assert!((3..=5).contains(&on), "{on} after {minute} minutes");
            assert!(are(Phase::Scheduled) >= 2 && are(Phase::FullTime) >= 2);
        }
    }

    #[test]
    fn the_state_is_what_the_happenings_have_led_to() {
        let (programme, count) = programme();
        for now in (0..2 * programme.round).step_by(97) {
            for which in 0..count {
                let happened = programme.this_round(which, now);
                let last = happened.iter().rev().find_map(|it| match it.what {
                    What::Phase(phase) => Some(phase),
                    What::Goal(_) => None,
                });
                let (phase, minute) = programme.at(which, now);
                assert_eq!(last.unwrap_or(Phase::Scheduled), phase);
                assert_eq!(minute.is_some(), !happened.is_empty());
                if let Some(first) = happened.first() {
                    assert_eq!(Some(first.at), programme.kick_off(which, now));
                }
            }
        }
    }

    #[test]
    fn a_single_match_comes_again_after_a_rest() {
        let matches = listing::embedded().unwrap();
        let programme = Programme::new(&matches[..1]);
        let phases: Vec<_> = programme
            .between(-1, programme.round - 1)
            .iter()
            .map(|it| it.what.clone())
            .filter(|it| matches!(it, What::Phase(_)))
            .collect();
        assert_eq!(phases.first(), Some(&What::Phase(Phase::FirstHalf)));
        assert_eq!(phases.last(), Some(&What::Phase(Phase::Scheduled)));
    }

    #[test]
    fn a_match_that_was_not_played_waits_for_ever() {
        let mut matches = listing::embedded().unwrap();
        for it in &mut matches[1..] {
            it.ending = None;
        }
        let programme = Programme::new(&matches);
        assert!(programme.between(0, 1_000_000).iter().all(|it| it.which == 0));
        assert_eq!(programme.at(1, 5_000), (Phase::Scheduled, None));
        assert_eq!(programme.kick_off(1, 5_000), None);
        assert!(Programme::new(&[]).between(0, 1_000_000).is_empty());
    }
}
