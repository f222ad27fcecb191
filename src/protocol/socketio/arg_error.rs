use std::{error, fmt};

/// An argument is not of the type that was asked for. The sender is to blame, or the handler's
/// expectation is off.
#[derive(Debug)]
#[non_exhaustive]
pub struct ArgError {
    /// Which argument, from 0.
    pub index: usize,
    /// How many there were.
    pub count: usize,
    /// The Rust type that was asked for.
    pub expected: &'static str,
    /// What serde_json says.
    pub source: serde_json::Error,
}

impl fmt::Display for ArgError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { index, count, expected, source } = self;
        if index >= count {
            write!(f, "argument {index} ({expected}) is missing: there are {count}")
        } else {
            write!(f, "argument {index} is no {expected}: {source}")
        }
    }
}

impl error::Error for ArgError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        Some(&self.source)
    }
}
