use std::{error, fmt};

use regex::Regex;

/// Compiles a pattern that matches from the start of a name, like Python's `re.match`.
pub(crate) fn anchored(pattern: &str) -> Result<Regex, PatternError> {
    // The bare pattern is compiled first, so that our group does not balance its stray `)`.
    Regex::new(pattern)
        .and_then(|_| Regex::new(&anchored_source(pattern)))
        .map_err(|source| PatternError { pattern: pattern.to_owned(), source })
}

/// The source of the anchored pattern. The group anchors an alternative as a whole.
pub(super) fn anchored_source(pattern: &str) -> String {
    format!("^(?:{pattern})")
}

/// A pattern is not a valid regular expression.
///
/// ```
/// use actix_socketio::{BuildError, SocketIo, channel};
///
/// let error = SocketIo::builder().route(channel("room-(")).build().unwrap_err();
/// assert!(matches!(error, BuildError::Pattern(error) if error.pattern == "room-("));
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PatternError {
    /// The pattern as you wrote it.
    pub pattern: String,
    /// The error of the pattern.
    pub source: regex::Error,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pattern, source } = self;
        write!(f, "the pattern {pattern:?} is not a valid regular expression: {source}")
    }
}

impl error::Error for PatternError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        Some(&self.source)
    }
}
