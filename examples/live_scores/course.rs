//! The course of one match: its periods, and its events with their second after the kick-off.
//!
//! All times are match time. The speed at which the demo plays does not matter here.

use serde::Serialize;

use crate::{
    matches::{Goal, Match},
    minute::Minute,
};

/// Seconds of a match's time.
pub(crate) type Seconds = i64;

pub(crate) const MINUTE: Seconds = 60;

/// A real break is three times as long, and there is nothing to see.
const HALF_TIME: Seconds = 5 * MINUTE;
const EXTRA_BREAK: Seconds = 2 * MINUTE;
const SHOOT_OUT: Seconds = 6 * MINUTE;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Phase {
    Scheduled,
    FirstHalf,
    HalfTime,
    SecondHalf,
    /// Before extra time.
    ExtraBreak,
    ExtraFirst,
    ExtraSecond,
    ShootOut,
    FullTime,
}

impl Phase {
    /// Whether the match clock runs.
    pub(crate) fn is_play(self) -> bool {
        matches!(self, Self::FirstHalf | Self::SecondHalf | Self::ExtraFirst | Self::ExtraSecond)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CourseEvent {
    /// This phase begins.
    Phase(Phase),
    Goal(Goal),
}

#[derive(Debug)]
struct Period {
    phase: Phase,
    starts: Seconds,
    /// The minute on the clock as it begins; `None` in a break, where the clock stands.
    first: Option<u8>,
    /// The minute at which the clock stops.
    last: Minute,
}

/// The course of one match. The kick-off is at second 0.
#[derive(Debug)]
pub(crate) struct Course {
    periods: Vec<Period>,
    events: Vec<(Seconds, CourseEvent)>,
    length: Seconds,
}

impl Course {
    /// `None` for a match that has not been played.
    pub(crate) fn of(it: &Match) -> Option<Self> {
        let ending = it.ending?;
        let mut course = Self { periods: Vec::new(), events: Vec::new(), length: 0 };
        course.match_play(ending.extra_time, &it.goals);
        if ending.penalties.is_some() {
            course.pause(Phase::ShootOut, SHOOT_OUT);
        }
        course.pause(Phase::FullTime, 0);
        Some(course)
    }

    /// The halves, and an extra time, with the breaks between them.
    fn match_play(&mut self, extra_time: bool, goals: &[Goal]) {
        self.play(Phase::FirstHalf, 1, Minute::HALF, goals);
        self.pause(Phase::HalfTime, HALF_TIME);
        self.play(Phase::SecondHalf, 46, Minute::FULL, goals);
        if extra_time {
            self.pause(Phase::ExtraBreak, EXTRA_BREAK);
            self.play(Phase::ExtraFirst, 91, Minute::EXTRA_HALF, goals);
            self.play(Phase::ExtraSecond, 106, Minute::EXTRA_FULL, goals);
        }
    }

    /// The course of a match that kicks off again at its last whistle, and so has none. It is
    /// without a shoot-out, and a match that has not been played is without goals.
    pub(crate) fn endless(it: &Match) -> Self {
        let extra_time = it.ending.is_some_and(|ending| ending.extra_time);
        let mut course = Self { periods: Vec::new(), events: Vec::new(), length: 0 };
        course.match_play(extra_time, &it.goals);
        course
    }

    /// A period of play: until the usual minute, or longer where a goal proves it.
    fn play(&mut self, phase: Phase, first: u8, usual: Minute, goals: &[Goal]) {
        let mut last = usual;
        self.events.push((self.length, CourseEvent::Phase(phase)));
        for goal in goals {
            let (base, added) = (goal.minute.base(), goal.minute.added());
            if (first..=usual.base()).contains(&base) {
                // The second is not known, so the goal falls in the middle of its minute.
                let at = Seconds::from(base - first + added) * MINUTE + MINUTE / 2;
                let goal_falls = (self.length + at, CourseEvent::Goal(goal.clone()));
                self.events.push(goal_falls);
                last = last.max(goal.minute);
            }
        }
        self.periods.push(Period { phase, starts: self.length, first: Some(first), last });
        self.length += Seconds::from(last.base() - first + 1 + last.added()) * MINUTE;
    }

    fn pause(&mut self, phase: Phase, lasts: Seconds) {
        self.events.push((self.length, CourseEvent::Phase(phase)));
        self.periods.extend(self.periods.last().map(|before| Period {
            phase,
            starts: self.length,
            first: None,
            last: before.last,
        }));
        self.length += lasts;
    }

    /// From the kick-off to the last whistle.
    pub(crate) fn length(&self) -> Seconds {
        self.length
    }

    /// All events in order. Two events of one second are in the order in which to publish them.
    pub(crate) fn events(&self) -> &[(Seconds, CourseEvent)] {
        &self.events
    }

    /// The phase at a second after the kick-off, and the minute on the clock: in a break the one
    /// at which play has stopped. `None` before the kick-off.
    pub(crate) fn at(&self, second: Seconds) -> Option<(Phase, Minute)> {
        let period = self.periods.iter().rfind(|it| it.starts <= second)?;
        Some((period.phase, period.minute(second)))
    }
}

impl Period {
    fn minute(&self, second: Seconds) -> Minute {
        let Some(first) = self.first else {
            return self.last;
        };
        let played = u8::try_from((second - self.starts) / MINUTE).unwrap_or(u8::MAX);
        let minute = first.saturating_add(played);
        let (base, added) = (self.last.base(), self.last.added());
        Minute::new(minute.min(base), minute.saturating_sub(base).min(added)).unwrap_or(self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matches::{Ending, GoalKind, Side};

    fn goal(minute: &str) -> Goal {
        Goal {
            side: Side::Home,
            minute: minute.parse().unwrap(),
            scorer: None,
            how: GoalKind::Play,
        }
    }

    fn with_goals(ending: Ending, minutes: &[&str]) -> Course {
        Course::of(&Match {
            id: String::new(),
            home: String::new(),
            away: String::new(),
            stage: String::new(),
            date: String::new(),
            ground: String::new(),
            ending: Some(ending),
            goals: minutes.iter().map(|it| goal(it)).collect(),
        })
        .unwrap()
    }

    fn shown(course: &Course, minute: Seconds) -> String {
        course
            .at(minute * MINUTE)
            .map_or_else(|| "-".to_owned(), |(phase, minute)| format!("{phase:?} {minute}"))
    }

    #[test]
    fn the_clock_of_a_common_match() {
        let course = with_goals(Ending::default(), &[]);
        for (minute, clock) in [
            (-1, "-"),
            (0, "FirstHalf 1"),
            (44, "FirstHalf 45"),
            (45, "FirstHalf 45+1"),
            (46, "FirstHalf 45+2"),
            (47, "HalfTime 45+2"),
            (51, "HalfTime 45+2"),
            (52, "SecondHalf 46"),
            (96, "SecondHalf 90"),
            (100, "SecondHalf 90+4"),
            (101, "FullTime 90+4"),
            (9999, "FullTime 90+4"),
        ] {
            assert_eq!(shown(&course, minute), clock, "after {minute} minutes");
        }
        assert_eq!(course.length(), 101 * MINUTE);
    }

    #[test]
    fn extra_time_and_shoot_out() {
        let ending = Ending { extra_time: true, penalties: Some([4, 2]) };
        let course = with_goals(ending, &["105+3"]);
        let phases: Vec<_> = course.events().iter().map(|(_, what)| what.clone()).collect();
        assert_eq!(
            phases,
            [
                CourseEvent::Phase(Phase::FirstHalf),
                CourseEvent::Phase(Phase::HalfTime),
                CourseEvent::Phase(Phase::SecondHalf),
                CourseEvent::Phase(Phase::ExtraBreak),
                CourseEvent::Phase(Phase::ExtraFirst),
                CourseEvent::Goal(goal("105+3")),
                CourseEvent::Phase(Phase::ExtraSecond),
                CourseEvent::Phase(Phase::ShootOut),
                CourseEvent::Phase(Phase::FullTime),
            ]
        );
        assert_eq!(shown(&course, 103), "ExtraFirst 91");
        assert_eq!(shown(&course, 120), "ExtraFirst 105+3");
        assert_eq!(shown(&course, 121), "ExtraSecond 106");
        assert_eq!(shown(&course, 137), "ShootOut 120+1");
        assert_eq!(shown(&course, 143), "FullTime 120+1");
    }

    #[test]
    fn each_goal_falls_in_its_minute_and_time_is_added_for_it() {
        let minutes = ["1", "45", "45+6", "46", "90", "90+13"];
        let course = with_goals(Ending::default(), &minutes);
        let goals = course.events().iter();
        let shown: Vec<_> = goals
            .filter(|(_, what)| matches!(what, CourseEvent::Goal(_)))
            .map(|(at, _)| course.at(*at).unwrap().1.to_string())
            .collect();
        assert_eq!(shown, minutes);
        assert!(course.events().is_sorted_by_key(|(at, _)| *at));
        assert_eq!(course.length(), (45 + 6 + 5 + 45 + 13) * MINUTE);
    }
}
