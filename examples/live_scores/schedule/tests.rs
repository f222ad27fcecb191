use super::*;
use crate::listing;

/// Longer than the round of the demo's matches.
const ROUND: Seconds = 12 * STAGGER;

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
    let (from, until) = (1_234_567, 1_234_567 + 3 * ROUND);
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
    for minute in 0..=ROUND / MINUTE {
        let now = 77_777 + minute * MINUTE;
        let phases: Vec<_> = (0..count).map(|which| schedule.at(which, now).0).collect();
        let are = |phase| phases.iter().filter(|it| **it == phase).count();
        let on = count - are(Phase::Scheduled) - are(Phase::FullTime);
        assert!((3..=6).contains(&on), "{on} after {minute} minutes");
        assert!(are(Phase::Scheduled) >= 2 && are(Phase::FullTime) >= 2);
    }
}

#[test]
fn the_phase_is_that_of_the_last_event() {
    let (schedule, count) = schedule();
    for now in (0..2 * ROUND).step_by(97) {
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
    // The first is endless.
    let schedule = Schedule::new(&matches[1..3]);
    let round = schedule.slots[1].as_ref().unwrap().round;
    let phases: Vec<_> = schedule
        .between(-1, round - 1)
        .iter()
        .filter(|it| it.which == 1)
        .map(|it| it.what.clone())
        .filter(|it| matches!(it, CourseEvent::Phase(_)))
        .collect();
    assert_eq!(phases.first(), Some(&CourseEvent::Phase(Phase::FirstHalf)));
    assert_eq!(phases.last(), Some(&CourseEvent::Phase(Phase::Scheduled)));
}

#[test]
fn a_match_that_was_not_played_stays_scheduled() {
    let mut matches = listing::embedded().unwrap();
    for it in &mut matches[2..] {
        it.ending = None;
    }
    let schedule = Schedule::new(&matches);
    assert!(schedule.between(0, 1_000_000).iter().all(|it| it.which < 2));
    assert_eq!(schedule.at(2, 5_000), (Phase::Scheduled, None));
    assert_eq!(schedule.kick_off(2, 5_000), None);
    assert!(Schedule::new(&[]).between(0, 1_000_000).is_empty());
}

#[test]
fn one_match_of_any_list_is_always_on() {
    let embedded = listing::embedded().unwrap();
    let mut unplayed = embedded.clone();
    unplayed.iter_mut().for_each(|it| it.ending = None);
    let mut shoot_outs = embedded.clone();
    shoot_outs.retain(|it| it.ending.is_some_and(|ending| ending.penalties.is_some()));
    for (matches, endless) in
        [(embedded.as_slice(), 1), (&embedded[..1], 0), (&unplayed, 0), (&shoot_outs, 0)]
    {
        let schedule = Schedule::new(matches);
        let are_endless = (0..matches.len()).filter(|which| schedule.is_endless(*which));
        assert_eq!(are_endless.collect::<Vec<_>>(), [endless]);
        for now in 0..2 * 150 * MINUTE {
            let (phase, minute) = schedule.at(endless, now);
            let is_off = matches!(phase, Phase::Scheduled | Phase::FullTime | Phase::ShootOut);
            assert!(!is_off && minute.is_some(), "{phase:?} at {now}");
        }
    }
}

#[test]
fn the_endless_match_is_announced_as_it_kicks_off() {
    let matches = listing::embedded().unwrap();
    let schedule = Schedule::new(&matches[1..2]);
    let length = Course::endless(&matches[1]).length();
    let phases: Vec<_> = schedule
        .between(0, length)
        .into_iter()
        .filter(|it| matches!(it.what, CourseEvent::Phase(_)))
        .map(|it| (it.at, it.what))
        .collect();
    let second_half = phases.iter().rposition(|(at, _)| *at < length).unwrap();
    assert_eq!(phases[second_half].1, CourseEvent::Phase(Phase::SecondHalf));
    assert_eq!(
        phases[second_half + 1..],
        [
            (length, CourseEvent::Phase(Phase::Scheduled)),
            (length, CourseEvent::Phase(Phase::FirstHalf))
        ]
    );
    assert_eq!(schedule.kick_off(0, length - 1), Some(0));
    assert_eq!(schedule.kick_off(0, length), Some(length));
}
