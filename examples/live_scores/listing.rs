//! Reads `matches.txt`. The head of that file describes its format.

use std::{collections::HashSet, fmt};

use crate::{
    matches::{Ending, Goal, GoalKind, Match, Score, Side},
    minute::Minute,
    names::name,
    slug,
};

/// An error in a listing, with its line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ListingError {
    line: usize,
    problem: String,
}

impl fmt::Display for ListingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.problem)
    }
}

/// The matches that come with the demo.
pub(crate) fn embedded() -> Result<Vec<Match>, ListingError> {
    parse(include_str!("matches.txt"))
}

/// All matches of a listing, in its order.
fn parse(text: &str) -> Result<Vec<Match>, ListingError> {
    let mut taken = HashSet::new();
    let mut matches = Vec::new();
    let mut open: Option<Draft> = None;
    for (index, text) in text.lines().enumerate() {
        let line = index + 1;
        let at = |problem| ListingError { line, problem };
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        if let Some(teams) = text.strip_prefix('=') {
            if let Some(draft) = open.take() {
                matches.push(draft.finish()?);
            }
            open = Some(Draft::begin(line, teams, &mut taken).map_err(at)?);
        } else if let Some(draft) = &mut open {
            draft.line(text).map_err(at)?;
        } else {
            return Err(at(format!("{text:?} comes before the first \"= HOME v AWAY\"")));
        }
    }
    if let Some(draft) = open {
        matches.push(draft.finish()?);
    }
    Ok(matches)
}

/// A match whose lines are still coming.
struct Draft {
    line: usize,
    /// Incomplete until the last line of the match. `finish` checks it.
    so_far: Match,
    score: Option<Score>,
}

impl Draft {
    fn begin(line: usize, teams: &str, taken: &mut HashSet<String>) -> Result<Self, String> {
        let (home, away) = teams
            .split_once(" v ")
            .ok_or_else(|| format!("{teams:?} does not name two teams; write \"= HOME v AWAY\""))?;
        let (home, away) = (name(home)?, name(away)?);
        let so_far = Match {
            id: slug::unique(&home, &away, taken),
            home,
            away,
            stage: String::new(),
            date: String::new(),
            ground: String::new(),
            ending: None,
            goals: Vec::new(),
        };
        Ok(Self { line, so_far, score: None })
    }

    fn line(&mut self, text: &str) -> Result<(), String> {
        match text.split_once(": ") {
            Some(("stage", value)) => self.so_far.stage = name(value)?,
            Some(("date", value)) => self.so_far.date = name(value)?,
            Some(("ground", value)) => self.so_far.ground = name(value)?,
            Some(("result", value)) => {
                let (score, ending) = result(value)?;
                (self.score, self.so_far.ending) = (Some(score), Some(ending));
            }
            _ => self.so_far.goals.push(goal(text)?),
        }
        Ok(())
    }

    fn finish(self) -> Result<Match, ListingError> {
        let (line, it) = (self.line, self.so_far);
        let at = |problem| ListingError { line, problem };
        let fields = [("stage", &it.stage), ("date", &it.date), ("ground", &it.ground)];
        if let Some((missing, _)) = fields.iter().find(|(_, value)| value.is_empty()) {
            return Err(at(format!("the match has no line \"{missing}: …\"")));
        }
        let Some(score) = self.score else {
            return Err(at("the match has no line \"result: …\"".to_owned()));
        };
        if score != it.score() {
            let [home, away] = it.score();
            return Err(at(format!(
                "the goals make it {home}-{away}, the result is {}-{}",
                score[0], score[1]
            )));
        }
        if !it.goals.is_sorted_by_key(|goal| goal.minute) {
            return Err(at("the goals are not in the order of their minutes".to_owned()));
        }
        Ok(it)
    }
}

/// `3-3 after extra time, 4-2 on penalties`
fn result(text: &str) -> Result<(Score, Ending), String> {
    let problem = || {
        format!(
            "{text:?} is not a result; write \"2-1\", \"3-3 after extra time\" \
             or \"1-1, 4-2 on penalties\""
        )
    };
    let (played, penalties) = match text.split_once(", ") {
        Some((played, rest)) => {
            let kicks = rest.strip_suffix(" on penalties").ok_or_else(problem)?;
            (played, Some(score(kicks).ok_or_else(problem)?))
        }
        None => (text, None),
    };
    let (goals, extra_time) = match played.strip_suffix(" after extra time") {
        Some(goals) => (goals, true),
        None => (played, false),
    };
    let goals = score(goals).ok_or_else(problem)?;
    Ok((goals, Ending { extra_time, penalties }))
}

fn score(text: &str) -> Option<Score> {
    let (home, away) = text.split_once('-')?;
    Some([home.parse().ok()?, away.parse().ok()?])
}

/// `45+2 home Kylian Mbappé (penalty)`
fn goal(text: &str) -> Result<Goal, String> {
    let mut words = text.splitn(3, ' ');
    let (Some(minute), Some(side), Some(scorer)) = (words.next(), words.next(), words.next())
    else {
        return Err(format!("{text:?} is not a goal; write \"MINUTE home|away SCORER\""));
    };
    let minute: Minute = minute.parse()?;
    let side = match side {
        "home" => Side::Home,
        "away" => Side::Away,
        _ => return Err(format!("{side:?} is not a side; write \"home\" or \"away\"")),
    };
    let (scorer, how) = if let Some(scorer) = scorer.strip_suffix("(penalty)") {
        (scorer, GoalKind::Penalty)
    } else if let Some(scorer) = scorer.strip_suffix("(own goal)") {
        (scorer, GoalKind::OwnGoal)
    } else {
        (scorer, GoalKind::Play)
    };
    Ok(Goal { side, minute, scorer: Some(name(scorer)?), how })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "= Here v There\nstage: Cup\ndate: 2001-02-03\nground: Field\n";

    fn problem(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    #[test]
    fn what_comes_with_the_demo_is_well_formed() {
        let matches = embedded().unwrap();
        assert!(matches.len() >= 8);
        assert!(matches.iter().any(|m| m.ending.unwrap().penalties.is_some()));
    }

    #[test]
    fn a_match_with_everything() {
        let text = format!(
            "# a comment\n\n{HEAD}result: 1-1 after extra time, 5-4 on penalties\n\
             45+2 away Ann O. (own goal)\n118 home Bob (penalty)\n"
        );
        let matches = parse(&text).unwrap();
        let [it] = matches.as_slice() else {
            panic!("{matches:?}");
        };
        assert_eq!((it.id.as_str(), it.ground.as_str()), ("here-there", "Field"));
        let ending = Ending { extra_time: true, penalties: Some([5, 4]) };
        assert_eq!(it.ending, Some(ending));
        assert_eq!(it.goals[0].scorer.as_deref(), Some("Ann O."));
        assert_eq!((it.goals[0].side, it.goals[0].how), (Side::Away, GoalKind::OwnGoal));
        assert_eq!(it.goals[1].minute.to_string(), "118");
    }

    #[test]
    fn errors_name_the_line() {
        assert!(problem("date: 2001").starts_with("line 1: "));
        assert!(problem("# x\n= Here There").contains("line 2: \" Here There\""));
        assert!(problem("= A v B").contains("line 1: the match has no line \"stage: …\""));
        assert!(problem(HEAD).contains("\"result: …\""));
        for (line, part) in [
            ("result: 2:1", "\"2:1\" is not a result"),
            ("result: 1-1, 4-2", "is not a result"),
            ("9x home Ann", "\"9x\" is not a minute"),
            ("9 north Ann", "\"north\" is not a side"),
            ("9 home", "\"9 home\" is not a goal"),
            ("9 home (penalty)", "the name is empty"),
        ] {
            let problem = problem(&format!("{HEAD}{line}"));
            assert!(problem.starts_with("line 5: ") && problem.contains(part), "{problem}");
        }
    }

    #[test]
    fn the_goals_must_fit_the_result() {
        let short = format!("{HEAD}result: 2-0\n9 home Ann");
        assert_eq!(problem(&short), "line 1: the goals make it 1-0, the result is 2-0");
        let backwards = format!("{HEAD}result: 2-0\n9 home Ann\n8 home Bob");
        assert!(problem(&backwards).contains("order"));
    }
}
