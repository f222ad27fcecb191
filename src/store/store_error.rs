use std::{error, fmt, time::Duration};

/// The reason why a store did not do something.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreError {
    /// The store can't be opened. The text says why.
    Open(String),
    /// Another server uses the store, of this process or of another one.
    #[non_exhaustive]
    InUse {
        /// The store, such as the path of a file.
        store: String,
    },
    /// Another version of the software wrote the store.
    #[non_exhaustive]
    Format {
        /// The store, such as the path of a file.
        store: String,
        /// The version of its format.
        found: u32,
        /// The version that is expected.
        expected: u32,
    },
    /// The maximum number of bytes waits to be stored: [`StoreParams::max_queue`].
    ///
    /// [`StoreParams::max_queue`]: super::StoreParams::max_queue
    Full,
    /// The store fails at the moment, and tries again by itself. The text says why.
    Failing(String),
    /// The store has been closed.
    Closed,
}

impl StoreError {
    /// An error for a store that another server uses.
    pub fn in_use(store: impl Into<String>) -> Self {
        Self::InUse { store: store.into() }
    }

    /// An error for a store in another format.
    pub fn format(store: impl Into<String>, found: u32, expected: u32) -> Self {
        Self::Format { store: store.into(), found, expected }
    }

    /// An error for a store that did not answer within `time`.
    pub fn late(time: Duration) -> Self {
        Self::Failing(format!("no answer within {time:?}"))
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(reason) => write!(f, "the store can't be opened: {reason}"),
            Self::InUse { store } => write!(f, "the store {store} is used by another server"),
            Self::Format { store, found, expected } => {
                write!(f, "the store {store} has format {found}, expected format {expected}")
            }
            Self::Full => f.write_str("too much waits to be stored"),
            Self::Failing(reason) => write!(f, "the store fails: {reason}"),
            Self::Closed => f.write_str("the store has been closed"),
        }
    }
}

impl error::Error for StoreError {}
