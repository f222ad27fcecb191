//! A reported goal: `{"team": "home", "scorer": "Ann O.", "minute": "45+2"}`.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;

use crate::{matches::Side, minute::Minute, names::name};

/// A report is one line, so a longer body is refused.
pub(crate) const LONGEST_BODY: usize = 4_096;

/// A well-formed report. Whether there can be such a goal now, the scoreboard decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Report {
    /// "home", "away", or the name of a team.
    pub(crate) team: String,
    pub(crate) scorer: String,
    /// `None` means now.
    pub(crate) minute: Option<Minute>,
}

/// Why a report is refused. Its text is for the sender.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum RefusedReport {
    /// The report is not valid.
    Bad(String),
    UnknownMatch(String),
    /// The report is valid, but the match is not on, or the team has the most goals possible.
    NotNow(String),
}

impl RefusedReport {
    /// The status of the HTTP answer.
    pub(crate) fn status(&self) -> u16 {
        match self {
            Self::Bad(_) => 400,
            Self::UnknownMatch(_) => 404,
            Self::NotNow(_) => 409,
        }
    }
}

impl fmt::Display for RefusedReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bad(reason) | Self::NotNow(reason) => f.write_str(reason),
            // The id comes from the request: it may be long, or have control characters.
            Self::UnknownMatch(id) => {
                let id: String = id.chars().take(60).collect();
                write!(f, "there is no match {id:?}; the ids are those in the page")
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    team: String,
    scorer: String,
    minute: Option<Value>,
}

impl Report {
    /// Reads the body of a request.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, RefusedReport> {
        if body.len() > LONGEST_BODY {
            return Err(RefusedReport::Bad(format!(
                "the body has {} bytes; at most {LONGEST_BODY} are read",
                body.len()
            )));
        }
        let at = |field: &'static str| move |it| RefusedReport::Bad(format!("{field}: {it}"));
        let body: Body = serde_json::from_slice(body).map_err(|it| {
            RefusedReport::Bad(format!(
                "the body is not a report: {it}; send {{\"team\": \"home\", \"scorer\": \"…\"}}"
            ))
        })?;
        let minute = match body.minute {
            None => None,
            Some(Value::String(text)) => Some(text.parse().map_err(at("minute"))?),
            Some(number) => Some(number.to_string().parse().map_err(at("minute"))?),
        };
        Ok(Self {
            team: name(&body.team).map_err(at("team"))?,
            scorer: name(&body.scorer).map_err(at("scorer"))?,
            minute,
        })
    }

    /// The side of the reported team in a match between these two teams.
    pub(crate) fn side(&self, home: &str, away: &str) -> Result<Side, RefusedReport> {
        let is = |name: &str| self.team.to_lowercase() == name.to_lowercase();
        match () {
            () if is("home") || is(home) => Ok(Side::Home),
            () if is("away") || is(away) => Ok(Side::Away),
            () => Err(RefusedReport::Bad(format!(
                "team: {:?} does not play; write \"home\" or {home:?}, \"away\" or {away:?}",
                self.team
            ))),
        }
    }
}

/// The command that reports a goal in a match, as a shell takes it.
pub(crate) fn command(url: &str, id: &str, token: &str) -> String {
    format!(
        "curl {url}/matches/{id}/goals -H 'Authorization: Bearer {token}' \
         -d '{{\"team\": \"home\", \"scorer\": \"Ann O.\"}}'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(body: &str) -> String {
        let refused = Report::parse(body.as_bytes()).unwrap_err();
        assert_eq!(refused.status(), 400, "{body}");
        refused.to_string()
    }

    #[test]
    fn a_report_with_and_without_a_minute() {
        let report = |body: &str| Report::parse(body.as_bytes()).unwrap();
        let now = report(r#"{"team": "home", "scorer": " Ann O. "}"#);
        assert_eq!((now.scorer.as_str(), now.minute), ("Ann O.", None));
        for minute in [r#""36""#, "36"] {
            let then = report(&format!(r#"{{"team": "x", "scorer": "y", "minute": {minute}}}"#));
            assert_eq!(then.minute, "36".parse().ok());
        }
    }

    #[test]
    fn a_bad_report_is_refused_with_the_reason() {
        for (body, expected) in [
            ("", "the body is not a report: EOF"),
            ("goal!", "the body is not a report: expected value"),
            (r#"["home", "Ann"]"#, ""),
            (r#"{"team": "home"}"#, "missing field `scorer`"),
            (r#"{"team": "home", "scorer": 7}"#, "invalid type: integer `7`"),
            (r#"{"team": "home", "scorer": "Ann", "own": 1}"#, "unknown field `own`"),
            (r#"{"team": "home", "scorer": "  "}"#, "scorer: the name is empty"),
            (r#"{"team": "home", "scorer": "a\u0007"}"#, "scorer: the name "),
            (
                r#"{"team": "home", "scorer": "Ann", "minute": "9x"}"#,
                r#"minute: "9x" is not a minute"#,
            ),
            (
                r#"{"team": "home", "scorer": "Ann", "minute": [1]}"#,
                "minute: \"[1]\" is not a minute",
            ),
        ] {
            let problem = refused(body);
            assert!(problem.contains(expected), "{body}: {problem}");
        }
        let long = format!(r#"{{"team": "home", "scorer": "{}"}}"#, "x".repeat(81));
        assert!(refused(&long).contains("81 characters"));
        assert!(refused(&" ".repeat(5_000)).contains("5000 bytes"));
        assert!(Report::parse(b"\xff\xfe").is_err());
    }

    #[test]
    fn teams_by_side_or_by_name() {
        let report =
            |team: &str| Report { team: team.to_owned(), scorer: "Ann".to_owned(), minute: None };
        let side = |team| report(team).side("Côte d'Ivoire", "Japan");
        assert_eq!(side("home"), Ok(Side::Home));
        assert_eq!(side("CÔTE D'IVOIRE"), Ok(Side::Home));
        assert_eq!(side("japan"), Ok(Side::Away));
        assert!(side("Peru").unwrap_err().to_string().contains("\"Peru\" does not play"));
    }
}
