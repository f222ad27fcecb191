//! A mistake in the configuration, as it is printed.

use std::fmt;

use super::tree::{Node, Origin};

/// A mistake, or a warning: its place, the key's path, and what is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mistake {
    /// `None`: no source has the key.
    origin: Option<Origin>,
    text: String,
}

impl Mistake {
    /// A value that its key does not take.
    pub(crate) fn value(node: &Node, path: &str, is_secret: bool, expected: &str) -> Self {
        let value = if is_secret { "\"…\"".to_owned() } else { node.value.to_string() };
        let text = format!("{path} is {value}: expected {expected}");
        Self { origin: Some(node.origin.clone()), text }
    }

    /// A value that is read, and that no server can work with. `rule`: a sentence with `it must`.
    pub(crate) fn rule(origin: Option<Origin>, path: &str, value: &str, rule: &str) -> Self {
        Self { origin, text: format!("{path} is {value}: {rule}") }
    }

    /// A key that has to be there.
    pub(crate) fn missing(origin: Option<Origin>, path: &str, expected: &str) -> Self {
        Self { origin, text: format!("{path} is missing: expected {expected}") }
    }

    /// Something else about a key.
    pub(crate) fn other(origin: Option<Origin>, path: &str, problem: &str) -> Self {
        Self { origin, text: format!("{path}: {problem}") }
    }

    /// A key that is not one.
    pub(crate) fn unknown(origin: Origin, name: &str, nearest: Option<String>) -> Self {
        let hint = nearest.map(|name| format!(": did you mean {name}?")).unwrap_or_default();
        Self { origin: Some(origin), text: format!("{name} is unknown{hint}") }
    }

    pub(crate) fn syntax(origin: Origin, message: &str) -> Self {
        Self { origin: Some(origin), text: format!("invalid TOML: {}", message.replace('\n', " ")) }
    }

    pub(crate) fn of_file(path: &str, problem: &str) -> Self {
        Self { origin: None, text: format!("{path}: {problem}") }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Some(origin) => write!(f, "{origin}: {}", self.text),
            None => f.write_str(&self.text),
        }
    }
}
