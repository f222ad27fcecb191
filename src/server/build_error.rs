use std::{error, fmt, io};

use crate::{model::Namespace, routing::PatternError};

/// Why a server can't be built. The application is to blame.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum BuildError {
    /// A route's pattern is no regular expression.
    Pattern(PatternError),
    /// A namespace was added twice.
    NamespaceTwice(Namespace),
    /// A setting makes no sense.
    Setting {
        /// Its name in [`Config`](crate::Config).
        setting: &'static str,
        /// What it must be.
        why: &'static str,
    },
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pattern(error) => error.fmt(f),
            Self::NamespaceTwice(name) => {
                write!(f, "the namespace {name} was added twice: put its routes together")
            }
            Self::Setting { setting, why } => {
                write!(f, "the setting {setting} makes no sense: {why}")
            }
        }
    }
}

impl error::Error for BuildError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Pattern(error) => Some(error),
            _ => None,
        }
    }
}

/// So that `build()?` fits a `main` that returns [`io::Result`], as actix-web's do.
impl From<BuildError> for io::Error {
    fn from(error: BuildError) -> Self {
        Self::new(io::ErrorKind::InvalidInput, error)
    }
}
