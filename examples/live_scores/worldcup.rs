//! Reads a file in the format of openfootball's `worldcup.json`, of whichever year.
//!
//! The years differ, and no year is without a slip: the minute is a number with an `offset` for
//! added time, or a string such as "90+6"; a match without goals may have no list of them, and one
//! with goals may lack it, too; a team's goals need not be in time order; the half-time score does
//! not always fit the minutes. The final score is believed, and what cannot be true is an error.

use std::{collections::HashSet, fmt, fs, path::Path};

use serde::Deserialize;
use serde_json::{Value, error::Category};

use crate::{
    matches::{Ending, Goal, GoalKind, Match, Score, Side},
    minute::Minute,
    names::name,
    slug,
};

/// Why a file cannot be played: its name, the place in it, and what is wrong there.
#[derive(Debug)]
pub(crate) struct Unreadable(String);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// All matches of a file, in its order.
pub(crate) fn load(path: &Path) -> Result<Vec<Match>, Unreadable> {
    let named = |problem: String| Unreadable(format!("{}: {problem}", path.display()));
    let text =
        fs::read_to_string(path).map_err(|error| named(format!("cannot be read: {error}")))?;
    parse(&text).map_err(named)
}

#[derive(Deserialize)]
struct Tournament {
    name: Option<String>,
    matches: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    round: Option<String>,
    group: Option<String>,
    date: Option<String>,
    ground: Option<String>,
    team1: String,
    team2: String,
    score: Option<Scores>,
    goals1: Option<Vec<GoalEntry>>,
    goals2: Option<Vec<GoalEntry>>,
}

/// Half time, full time, after extra time, penalty shoot-out.
#[derive(Clone, Copy, Default, Deserialize)]
struct Scores {
    ht: Option<Score>,
    ft: Option<Score>,
    et: Option<Score>,
    p: Option<Score>,
}

#[derive(Deserialize)]
struct GoalEntry {
    name: Option<String>,
    minute: Value,
    offset: Option<u8>,
    penalty: Option<bool>,
    owngoal: Option<bool>,
}

fn parse(text: &str) -> Result<Vec<Match>, String> {
    // serde_json takes no byte order mark, which some editors leave.
    let text = text.trim_start_matches('\u{feff}');
    // The errors of serde_json name the line and the column.
    let file: Tournament = serde_json::from_str(text).map_err(|error| match error.classify() {
        Category::Data => format!("not a tournament as in worldcup.json: {error}"),
        Category::Io | Category::Syntax | Category::Eof => format!("not JSON: {error}"),
    })?;
    if file.matches.is_empty() {
        return Err("matches: the list is empty, there is nothing to play".to_owned());
    }
    let cup = optional_name(file.name.as_ref()).map_err(|problem| format!("name: {problem}"))?;
    let mut taken = HashSet::new();
    let entries = file.matches.iter().enumerate();
    entries
        .map(|(index, entry)| {
            entry
                .to_match(&cup, &mut taken)
                .map_err(|(place, problem)| format!("matches[{index}].{place}: {problem}"))
        })
        .collect()
}

/// The place within the match, and what is wrong there.
type Problem = (String, String);

impl Entry {
    fn to_match(&self, cup: &str, taken: &mut HashSet<String>) -> Result<Match, Problem> {
        let at = |place: &'static str| move |problem| (place.to_owned(), problem);
        let home = name(&self.team1).map_err(at("team1"))?;
        let away = name(&self.team2).map_err(at("team2"))?;
        let group = optional_name(self.group.as_ref()).map_err(at("group"))?;
        let round = optional_name(self.round.as_ref()).map_err(at("round"))?;
        let part = if group.is_empty() { round } else { group };
        let stage = [cup, &part].map(str::to_owned);
        let stage = stage.into_iter().filter(|it| !it.is_empty());
        let (ending, goals) = self.course()?;
        Ok(Match {
            id: slug::unique(&home, &away, taken),
            home,
            away,
            stage: stage.collect::<Vec<_>>().join(", "),
            date: optional_name(self.date.as_ref()).map_err(at("date"))?,
            ground: optional_name(self.ground.as_ref()).map_err(at("ground"))?,
            ending,
            goals,
        })
    }

    /// How it ended, and its goals in time order. `None` for a match that has not been played.
    fn course(&self) -> Result<(Option<Ending>, Vec<Goal>), Problem> {
        let lists = [&self.goals1, &self.goals2].map(|list| list.as_deref().unwrap_or_default());
        let Some(scores) = self.scores(lists)? else {
            return Ok((None, Vec::new()));
        };
        let ending = Ending { extra_time: scores.et.is_some(), penalties: scores.p };
        // The score at each whistle, where the file has it.
        let whistles = [(45, scores.ht), (90, scores.ft), (120, scores.et)];
        let mut goals = Vec::new();
        for (side, list, listed) in
            [(Side::Home, "goals1", lists[0]), (Side::Away, "goals2", lists[1])]
        {
            let mut own = Vec::new();
            for (index, scored) in listed.iter().enumerate() {
                let goal = scored.to_goal(side, ending.extra_time);
                let at = |(field, problem)| (format!("{list}[{index}].{field}"), problem);
                own.push(goal.map_err(at)?);
            }
            let whistles = whistles.map(|(minute, it)| (minute, it.map(|it| it[side as usize])));
            add_unrecorded(&mut own, side, whistles).map_err(|it| (list.to_owned(), it))?;
            goals.append(&mut own);
        }
        // A stable sort: two goals in one minute stay as the file has them.
        goals.sort_by_key(|goal| goal.minute);
        Ok((Some(ending), goals))
    }

    /// The scores that the file has, or that its goals make; `None` where it has neither.
    fn scores(&self, goals: [&[GoalEntry]; 2]) -> Result<Option<Scores>, Problem> {
        let at = |problem: &str| ("score".to_owned(), problem.to_owned());
        let scores = self.score.unwrap_or_default();
        if scores.ft.is_some() {
            return Ok(Some(scores));
        }
        if [scores.ht, scores.et, scores.p].iter().any(Option::is_some) {
            return Err(at("there is no \"ft\" in it, the score after 90 minutes"));
        }
        let [home, away] = goals.map(|list| u8::try_from(list.len()).ok());
        match home.zip(away) {
            Some((0, 0)) => Ok(None),
            Some((home, away)) => Ok(Some(Scores { ft: Some([home, away]), ..scores })),
            None => Err(at("missing, and the goals are too many to count")),
        }
    }
}

/// Adds the goals that only a score has, at the first whistle whose score has them.
fn add_unrecorded(
    goals: &mut Vec<Goal>,
    side: Side,
    whistles: [(u8, Option<u8>); 3],
) -> Result<(), String> {
    let last = whistles.iter().rev().find_map(|(_, score)| *score);
    let last = last.map_or(0, usize::from);
    if goals.len() > last {
        return Err(format!("{} listed, but the final score has {last}", goals.len()));
    }
    for (minute, score) in whistles {
        let Some(score) = score else { continue };
        let known = goals.iter().filter(|goal| goal.minute.base() <= minute);
        let missing = usize::from(score).saturating_sub(known.count());
        // Where minutes and half-time score contradict each other, nothing is missing in the end.
        for _ in 0..missing.min(last - goals.len()) {
            goals.push(Goal {
                side,
                minute: Minute::new(minute, 0)?,
                scorer: None,
                how: GoalKind::Unrecorded,
            });
        }
    }
    Ok(())
}

impl GoalEntry {
    fn to_goal(&self, side: Side, extra_time: bool) -> Result<Goal, Problem> {
        let scorer = self.name.as_deref().map(name).transpose();
        let how = match (self.owngoal, self.penalty) {
            (Some(true), _) => GoalKind::OwnGoal,
            (_, Some(true)) => GoalKind::Penalty,
            _ => GoalKind::Play,
        };
        Ok(Goal {
            side,
            minute: self.minute(extra_time).map_err(|problem| ("minute".to_owned(), problem))?,
            scorer: scorer.map_err(|problem| ("name".to_owned(), problem))?,
            how,
        })
    }

    fn minute(&self, extra_time: bool) -> Result<Minute, String> {
        let minute: Minute = match &self.minute {
            Value::String(text) => text.parse()?,
            Value::Number(number) => {
                let minute = number.as_u64().and_then(|it| u8::try_from(it).ok());
                let minute =
                    minute.ok_or_else(|| format!("{number} is not a minute of a match"))?;
                Minute::new(minute, self.offset.unwrap_or(0))?
            }
            other => return Err(format!("{other} is neither a number nor a string")),
        };
        // Some write 92 for 90+2; without extra time it can mean nothing else.
        match minute.base() {
            base if base > 90 && !extra_time => Minute::new(90, base - 90 + minute.added()),
            _ => Ok(minute),
        }
    }
}

/// Empty where the file has nothing.
fn optional_name(text: Option<&String>) -> Result<String, String> {
    match text.map(|text| text.trim()) {
        None | Some("") => Ok(String::new()),
        Some(text) => name(text),
    }
}

#[cfg(test)]
mod tests;
