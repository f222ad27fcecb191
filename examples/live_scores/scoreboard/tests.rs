//! The board, driven by hand: the matches are those of the demo, the time is made up.

use serde_json::{Value, json};

use super::*;
use crate::listing;

/// Some instant at which the final has just been announced anew, found by looking for it.
fn before_the_final() -> Seconds {
    let matches = listing::embedded().unwrap();
    let schedule = Schedule::new(&matches);
    let announced = schedule
        .between(0, 1_000_000)
        .into_iter()
        .find(|it| it.which == 0 && it.what == CourseEvent::Phase(Phase::Scheduled));
    announced.unwrap().at
}

fn board(now: Seconds) -> Scoreboard {
    Scoreboard::new(listing::embedded().unwrap(), now, 1.0)
}

/// A board on which the final is on, 20 minutes after its kick-off.
fn during_the_final() -> Scoreboard {
    let mut board = board(before_the_final());
    let kick_off = board.schedule.kick_off(0, board.now).unwrap();
    board.tick(kick_off + 20 * MINUTE);
    board
}

const FINAL: &str = "argentina-france";

fn report(team: &str, minute: Option<&str>) -> Report {
    Report {
        team: team.to_owned(),
        scorer: "Ann O.".to_owned(),
        minute: minute.map(|it| it.parse().unwrap()),
    }
}

fn data(of: &Publication) -> Value {
    serde_json::to_value(&of.data).unwrap()
}

#[test]
fn a_match_from_its_announcement_to_the_shoot_out() {
    let mut now = before_the_final();
    let mut board = board(now);
    let mut published = Vec::new();
    let end = now + board.schedule.kick_off(0, now).unwrap() - now + 150 * MINUTE;
    while now < end {
        now += 30;
        for it in board.tick(now) {
            let data = data(&it);
            if data["id"] == FINAL && it.event != "watchers" {
                assert_eq!(it.channels, ["goals", "match-argentina-france"]);
                published.push(format!(
                    "{} {} {}",
                    it.event,
                    data["event"]["phase"].as_str().unwrap_or_default(),
                    data["score"]
                ));
            }
        }
    }
    assert_eq!(
        published,
        [
            "state first_half [0,0]",
            "goal  [1,0]",
            "goal  [2,0]",
            "state half_time [2,0]",
            "state second_half [2,0]",
            "goal  [2,1]",
            "goal  [2,2]",
            "state extra_break [2,2]",
            "state extra_first [2,2]",
            "state extra_second [2,2]",
            "goal  [3,2]",
            "goal  [3,3]",
            "state shoot_out [3,3]",
            "state full_time [3,3]",
        ]
    );
    let one = serde_json::to_value(board.one(FINAL).unwrap()).unwrap();
    assert_eq!(one["penalties"], json!([4, 2]));
    assert_eq!(one["extra_time"], json!(true));
    assert_eq!(one["events"].as_array().unwrap().len(), published.len());
    assert_eq!(
        one["events"][1],
        json!({"version": one["events"][1]["version"], "minute": "23", "score": [1, 0],
            "kind": "goal", "side": "home", "scorer": "Lionel Messi", "how": "penalty",
            "reported": false})
    );
}

#[test]
fn one_who_comes_late_sees_what_those_see_who_were_there() {
    let start = before_the_final();
    let mut there = board(start);
    for step in 1..400 {
        let now = start + step * 77;
        there.tick(now);
        let late = board(now);
        let (there, late) = (there.all(), late.all());
        for (there, late) in there.matches.iter().zip(&late.matches) {
            assert_eq!(there.state, late.state, "{} at {now}", there.id);
        }
    }
}

#[test]
fn versions_only_grow() {
    let start = before_the_final();
    let mut board = board(start);
    let mut last = board.all().version;
    for step in 1..2_000 {
        let watchers = board.set_watchers(FINAL, step);
        for it in watchers.into_iter().chain(board.tick(start + step as Seconds * 30)) {
            let version = data(&it)["version"].as_u64().unwrap();
            assert!(version > last, "{it:?} after {last}");
            last = version;
        }
        assert_eq!(board.one(FINAL).unwrap().version, last);
    }
}

#[test]
fn a_match_that_is_announced_again_starts_without_events() {
    let start = before_the_final() - 1;
    let mut board = board(start);
    assert!(!board.one(FINAL).unwrap().events.is_empty());
    let published = board.tick(start + 1);
    let anew = published.iter().find(|it| it.event == "match").unwrap();
    let data = data(anew);
    assert_eq!(data["id"], FINAL);
    assert_eq!((&data["events"], &data["phase"]), (&json!([]), &json!("scheduled")));
    assert_eq!((&data["score"], &data["penalties"]), (&json!([0, 0]), &json!(null)));
}

#[test]
fn the_clock_has_only_the_minutes_that_have_changed() {
    let mut board = during_the_final();
    let now = board.now;
    assert!(board.tick(now).is_empty());
    assert!(board.tick(now + 1).iter().all(|it| it.event != "clock"));
    let published = board.tick(now + MINUTE);
    let clock = published.iter().find(|it| it.event == "clock").unwrap();
    assert_eq!(clock.channels, ["goals"]);
    assert_eq!(data(clock)["minutes"][FINAL], "22");
}

#[test]
fn a_long_absence_ends_with_one_snapshot() {
    let mut board = during_the_final();
    let published = board.tick(board.now + 1_000_000 * MINUTE);
    let matches = listing::embedded().unwrap().len();
    assert_eq!(published.len(), 1 + matches);
    assert_eq!(
        (published[0].event, published[0].channels.as_slice()),
        ("matches", &["goals".to_owned()][..])
    );
    assert_eq!(board.tick(board.now - 5 * MINUTE).len(), 0);
}

#[test]
fn a_reported_goal_counts_and_stands_in_the_list() {
    let mut board = during_the_final();
    let published = board.report(FINAL, &report("France", None)).unwrap();
    assert_eq!(published.event, "goal");
    assert_eq!(published.channels, ["goals", "match-argentina-france"]);
    let data = data(&published);
    assert_eq!((&data["score"], &data["minute"]), (&json!([0, 1]), &json!("21")));
    assert_eq!(data["event"]["reported"], true);
    assert_eq!(data["event"]["scorer"], "Ann O.");
    assert_eq!(board.one(FINAL).unwrap().events.len(), 2);
    let before = board.report(FINAL, &report("home", Some("19"))).unwrap();
    assert_eq!(self::data(&before)["event"]["minute"], "19");
}

#[test]
fn a_report_is_refused_with_the_reason() {
    let mut board = during_the_final();
    let mut refused = |id: &str, report: Report| {
        let refused = board.report(id, &report).unwrap_err();
        (refused.status(), refused.to_string())
    };
    let (status, expected) = refused("nowhere", report("home", None));
    assert_eq!(status, 404, "{expected}");
    let (status, expected) = refused(FINAL, report("Peru", None));
    assert_eq!(status, 400, "{expected}");
    let (status, expected) = refused(FINAL, report("home", Some("22")));
    assert_eq!((status, expected.as_str()), (400, "minute: 22 is still to come, it is minute 21"));
    for _ in 0..MOST_GOALS {
        board.report(FINAL, &report("home", None)).unwrap();
    }
    let full = board.report(FINAL, &report("home", None)).unwrap_err();
    assert_eq!(full.status(), 409);
    for it in board.all().matches {
        let answer = board.report(&it.id, &report("away", None));
        let on = !matches!(it.state.phase, Phase::Scheduled | Phase::FullTime | Phase::ShootOut);
        assert_eq!(answer.map_err(|it| it.status()).err(), (!on).then_some(409));
    }
}

#[test]
fn in_the_endless_match_a_goal_can_be_reported_after_each_tick() {
    let start = before_the_final();
    let mut board = board(start);
    let id = board.endless().unwrap().to_owned();
    assert_eq!(id, "england-iran");
    let mut announced = 0;
    for step in 1..600 {
        let published = board.tick(start + step * 31);
        let of_it = |it: &&Publication| it.event == "match" && data(it)["id"] == id.as_str();
        announced += published.iter().filter(of_it).count();
        let published = board.report(&id, &report("home", None)).unwrap();
        assert_eq!(published.event, "goal", "in step {step}");
        // More than 99 goals are refused, so they do not add up over the matches.
        board = self::board(start + step * 31);
    }
    assert!((2..=4).contains(&announced), "{announced} times in 310 minutes");
    let one = serde_json::to_value(board.one(&id).unwrap()).unwrap();
    assert_eq!((&one["endless"], &one["kick_off"].is_i64()), (&json!(true), &true));
}

#[test]
fn the_number_of_watchers_is_published_when_it_changes() {
    let mut board = during_the_final();
    let published = board.set_watchers(FINAL, 2).unwrap();
    assert_eq!(
        (published.event, published.channels.as_slice()),
        ("watchers", &["goals".to_owned()][..])
    );
    assert_eq!(
        (&data(&published)["id"], &data(&published)["watchers"]),
        (&json!(FINAL), &json!(2))
    );
    assert_eq!(board.one(FINAL).unwrap().summary.watchers, 2);
    assert!(board.set_watchers(FINAL, 2).is_none());
    assert!(board.set_watchers("nowhere", 1).is_none());
    assert!(board.set_watchers(FINAL, 0).is_some());
    assert!(board.ids().any(|id| id == FINAL));
}

#[test]
fn minutes_alone_are_not_kept_for_pages_that_are_away() {
    let mut board = during_the_final();
    let published = board.tick(board.now + 30 * MINUTE);
    let kept = published.iter().filter(|it| it.data.is_kept()).map(|it| it.event);
    let all = published.iter().map(|it| it.event).filter(|event| *event != "clock");
    assert_eq!(kept.collect::<Vec<_>>(), all.collect::<Vec<_>>());
    assert!(published.iter().any(|it| it.event == "clock"));
}

#[test]
fn a_channel_and_its_match() {
    assert_eq!(wire::match_id(&wire::channel(FINAL)), Some(FINAL));
    assert_eq!(wire::match_id(wire::GOALS), None);
    let board = board(0);
    assert!(board.one(FINAL).is_some() && board.one("goals").is_none() && board.one("").is_none());
}
