//! The reader of `worldcup.json`, against snippets with what the years have and what a slip makes.

use super::*;

fn one(json: &str) -> Match {
    let text = format!(r#"{{"name": "Cup", "matches": [{json}]}}"#);
    let mut matches = parse(&text).unwrap();
    assert_eq!(matches.len(), 1);
    matches.remove(0)
}

/// The error for a match with these additional fields.
fn problem(fields: &str) -> String {
    let text = format!(
        r#"{{"matches": [{{"team1": "A", "team2": "B"}}, {{"team1": "C", "team2": "D", {fields}}}]}}"#
    );
    parse(&text).unwrap_err()
}

fn goals(of: &Match) -> Vec<String> {
    let goal = |goal: &Goal| {
        let scorer = goal.scorer.as_deref().unwrap_or("?");
        format!("{} {:?} {scorer} {:?}", goal.minute, goal.side, goal.how)
    };
    of.goals.iter().map(goal).collect()
}

#[test]
fn minutes_as_numbers_with_an_offset() {
    let it = one(r#"{"round": "Matchday 1", "group": "Group A", "date": "2001-02-03",
        "time": "19:00", "team1": "Here", "team2": "There", "ground": "Field",
        "score": {"ft": [2, 1], "ht": [1, 1]},
        "goals1": [{"name": "Late", "minute": 90, "offset": 9}, {"name": "Early", "minute": 16, "penalty": true}],
        "goals2": [{"name": "Wrong Way", "minute": 31, "owngoal": true}]}"#);
    assert_eq!(
        goals(&it),
        ["16 Home Early Penalty", "31 Away Wrong Way OwnGoal", "90+9 Home Late Play"]
    );
    assert_eq!((it.id.as_str(), it.stage.as_str()), ("here-there", "Cup, Group A"));
    assert_eq!(it.ending, Some(Ending::default()));
}

#[test]
fn minutes_as_strings_and_a_shoot_out() {
    let it = one(r#"{"round": "Final", "num": 104, "team1": "A", "team2": "B",
        "score": {"p": [3, 4], "et": [1, 1], "ft": [1, 0], "ht": [0, 0]},
        "goals1": [{"name": "X", "minute": "90+6"}], "goals2": [{"name": "Y", "minute": "93"}]}"#);
    assert_eq!(goals(&it), ["90+6 Home X Play", "93 Away Y Play"]);
    let ending = Ending { extra_time: true, penalties: Some([3, 4]) };
    assert_eq!((it.ending, it.stage.as_str()), (Some(ending), "Cup, Final"));
}

#[test]
fn ninety_two_without_extra_time_is_added_time() {
    let it = one(r#"{"team1": "A", "team2": "B", "score": {"ft": [0, 1]},
        "goals2": [{"name": "X", "minute": "92"}]}"#);
    assert_eq!(goals(&it), ["90+2 Away X Play"]);
}

#[test]
fn not_played_yet() {
    for fields in ["", r#", "score": null"#, r#", "score": {}, "goals1": []"#] {
        let it = one(&format!(r#"{{"team1": "A", "team2": "W101", "group": ""{fields}}}"#));
        assert_eq!((it.ending, it.goals.len()), (None, 0));
    }
}

#[test]
fn a_score_without_goals_comes_with_the_whistles() {
    let it =
        one(r#"{"team1": "A", "team2": "B", "score": {"ht": [1, 0], "ft": [2, 0], "et": [2, 1]},
        "goals1": [{"name": "X", "minute": 60}]}"#);
    assert_eq!(goals(&it), ["45 Home ? Unrecorded", "60 Home X Play", "120 Away ? Unrecorded"]);
    let it = one(r#"{"team1": "A", "team2": "B", "score": {"ft": [0, 3]}}"#);
    assert_eq!(goals(&it), ["90 Away ? Unrecorded"; 3]);
    assert_eq!(it.score(), [0, 3]);
}

#[test]
fn goals_without_a_score_make_one() {
    let it = one(r#"{"team1": "A", "team2": "B", "goals2": [{"minute": 7}]}"#);
    assert_eq!((it.score(), it.ending), ([0, 1], Some(Ending::default())));
    assert_eq!(goals(&it), ["7 Away ? Play"]);
}

#[test]
fn a_half_time_score_that_contradicts_the_minutes_adds_no_goal() {
    let it = one(r#"{"team1": "A", "team2": "B", "score": {"ht": [1, 0], "ft": [1, 1]},
        "goals1": [{"name": "X", "minute": 48}], "goals2": [{"name": "Y", "minute": 11}]}"#);
    assert_eq!(goals(&it), ["11 Away Y Play", "48 Home X Play"]);
}

#[test]
fn errors_name_the_place_and_the_value() {
    for (fields, expected) in [
        (
            r#""score": {"ft": [1, 0]}, "goals1": [{"name": "X", "minute": "9x"}]"#,
            r#"matches[1].goals1[0].minute: "9x" is not a minute"#,
        ),
        (
            r#""score": {"ft": [1, 0]}, "goals1": [{"name": "X", "minute": 44, "offset": 2}]"#,
            "matches[1].goals1[0].minute: 44+2: time is added after",
        ),
        (
            r#""score": {"ft": [1, 0]}, "goals1": [{"name": "X", "minute": -4}]"#,
            "matches[1].goals1[0].minute: -4 is not a minute",
        ),
        (
            r#""score": {"ft": [1, 0]}, "goals1": [{"name": "X", "minute": null}]"#,
            "matches[1].goals1[0].minute: null is neither",
        ),
        (
            r#""score": {"ft": [0, 1]}, "goals2": [{"name": "", "minute": 4}]"#,
            "matches[1].goals2[0].name: the name is empty",
        ),
        (
            r#""score": {"ft": [0, 0]}, "goals2": [{"name": "X", "minute": 4}]"#,
            "matches[1].goals2: 1 listed, but the final score has 0",
        ),
        (r#""score": {"ht": [0, 0]}"#, r#"matches[1].score: there is no "ft""#),
        (r#""ground": "a\nb""#, "matches[1].ground: "),
    ] {
        let problem = problem(fields);
        assert!(problem.starts_with(expected), "{problem}");
    }
}

#[test]
fn malformed_json_names_line_and_column() {
    for (text, expected) in [
        ("", "line 1 column 0"),
        ("{\n\"matches\": [}", "line 2 column 13"),
        ("{\"matches\": 3}", "line 1 column 13"),
        ("{\"matches\": [{\"team1\": \"A\",\n \"team2\": 5}]}", "line 2 column 11"),
        ("{\"matches\": [{\"team1\": \"A\"}]}", "missing field `team2`"),
        (
            "{\"matches\": [{\"team1\": \"A\", \"team2\": \"B\", \"score\": {\"ft\": [1]}}]}",
            "line 1",
        ),
        ("[1, 2]", "line 1"),
        ("{\"matches\": []}", "nothing to play"),
    ] {
        let problem = parse(text).unwrap_err();
        assert!(problem.contains(expected), "{text}: {problem}");
    }
}

#[test]
fn arbitrary_text_is_an_error_and_no_panic() {
    let whole = r#"{"name": "Cup", "matches": [{"team1": "A", "team2": "B", "score": {"ft": [1, 0]}, "goals1": [{"name": "X", "minute": "90+6"}]}]}"#;
    assert!(parse(&format!("\u{feff}{whole}")).is_ok());
    for end in 0..whole.len() {
        assert!(parse(&whole[..end]).is_err());
    }
    assert!(parse(&"[".repeat(100_000)).is_err());
}

#[test]
fn the_file_is_named() {
    let error = load(Path::new("/nowhere/cup.json")).unwrap_err();
    assert!(error.to_string().starts_with("/nowhere/cup.json: "), "{error}");
}
