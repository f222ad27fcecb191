use std::{error, fmt};

use super::{expectation, type_name::short_type_name};
use crate::log_text::LogError;

/// An argument does not have the type that the handler expects, or is missing.
///
/// Either the sender is at fault, or the handler expects the wrong type.
///
/// `Display` and `Debug` are made for one line of a log: what is not printable is escaped, and a
/// text of the sender is cut. That of `source` is not.
///
/// ```
/// # use actix_socketio::Args;
/// let args = Args::parse(r#"["x"]"#.into(), 100)?;
/// let error = args.get::<u32>(0).unwrap_err();
/// assert!(error.to_string().starts_with("argument 0 is not a u32: invalid type: string"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[non_exhaustive]
pub struct ArgError {
    /// The position of the argument, from 0.
    pub index: usize,
    /// The number of arguments that were sent.
    pub count: usize,
    /// The name of the Rust type that was expected.
    pub expected: &'static str,
    /// The error of serde_json.
    pub source: serde_json::Error,
}

impl ArgError {
    /// The text for the client: what it sent wrong, counted from 1, without Rust's types.
    pub(crate) fn to_client(&self) -> String {
        let expectation = expectation(&self.source);
        let missing = if self.index >= self.count { ", and it is missing" } else { "" };
        format!("argument {}: {expectation}{missing}", self.index + 1)
    }
}

impl fmt::Display for ArgError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { index, count, expected, source } = self;
        let expected = short_type_name(expected);
        if index >= count {
            write!(f, "argument {index} ({expected}) is missing: received {count}")
        } else {
            // The error of serde_json quotes what it did not expect, in full.
            write!(f, "argument {index} is not a {expected}: {}", LogError(source))
        }
    }
}

impl fmt::Debug for ArgError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { index, count, expected, source } = self;
        f.debug_struct("ArgError")
            .field("index", index)
            .field("count", count)
            .field("expected", expected)
            .field("source", &LogError(source))
            .finish()
    }
}

impl error::Error for ArgError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        Some(&self.source)
    }
}
