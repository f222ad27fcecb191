use std::{
    any::Any,
    error::Error,
    fmt, io,
    panic::{AssertUnwindSafe, catch_unwind},
};

use actix_socketio::store::StoreError;
use redb::{CommitError, DatabaseError, StorageError, TableError, TransactionError};

use crate::row::FORMAT;

/// Why something could not be done with the file.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The content can't be what was written.
    Damage(String),
    /// The disk does not do what it should. It may do so later.
    Trouble(String),
    /// Another server has the file.
    InUse,
    /// Another version of this package wrote the file.
    Format(u32),
    /// The file is not one of ours.
    Foreign(String),
}

impl Failure {
    pub(crate) fn damage(text: impl fmt::Display) -> Self {
        Self::Damage(text.to_string())
    }

    pub(crate) fn trouble(text: impl fmt::Display) -> Self {
        Self::Trouble(text.to_string())
    }

    /// The error for the application, which knows the store by its name.
    pub(crate) fn into_error(self, store: &str) -> StoreError {
        match self {
            Self::Damage(text) | Self::Trouble(text) => {
                StoreError::Open(format!("{store}: {text}"))
            }
            Self::InUse => StoreError::in_use(store),
            Self::Format(found) => StoreError::format(store, found, FORMAT.into()),
            Self::Foreign(text) => {
                StoreError::Open(format!("{store} is not a history: {text}; it is left alone"))
            }
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damage(text) => write!(f, "damaged: {text}"),
            Self::Trouble(text) | Self::Foreign(text) => f.write_str(text),
            Self::InUse => f.write_str("another server has it"),
            Self::Format(found) => write!(f, "it has format {found}, expected format {FORMAT}"),
        }
    }
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Corrupted(text) => Self::Damage(text),
            StorageError::Io(error) => match error.kind() {
                // "not a database", and a read behind the end.
                io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => Self::damage(error),
                _ => Self::trouble(error),
            },
            error => Self::trouble(error),
        }
    }
}

impl From<DatabaseError> for Failure {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => Self::InUse,
            DatabaseError::Storage(error) => error.into(),
            // Ours has been in the newest format of redb from the start.
            DatabaseError::UpgradeRequired(version) => {
                Self::Foreign(format!("it has format {version} of redb"))
            }
            error => Self::damage(error),
        }
    }
}

impl From<TableError> for Failure {
    fn from(error: TableError) -> Self {
        match error {
            TableError::Storage(error) => error.into(),
            error => Self::damage(error),
        }
    }
}

impl From<TransactionError> for Failure {
    fn from(error: TransactionError) -> Self {
        match error {
            TransactionError::Storage(error) => error.into(),
            error => Self::trouble(error),
        }
    }
}

impl From<CommitError> for Failure {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Storage(error) => error.into(),
            error => Self::trouble(error),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        StorageError::Io(error).into()
    }
}

impl From<Box<dyn Error + Send + Sync>> for Failure {
    fn from(error: Box<dyn Error + Send + Sync>) -> Self {
        Self::trouble(error)
    }
}

/// Calls into redb, which panics on some damaged files.
pub(crate) fn guarded<T>(call: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    // On any failure, the caller drops all that the call may have changed.
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|panic| Err(Failure::Damage(text(&*panic))))
}

fn text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    format!("panic: {}", text.unwrap_or("without a text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_damage() {
        let failed = guarded(|| -> Result<(), Failure> { panic!("unreachable page {}", 7) });
        assert!(
            matches!(&failed, Err(Failure::Damage(text)) if text == "panic: unreachable page 7"),
            "{failed:?}"
        );
    }

    #[test]
    fn a_full_disk_is_no_damage_and_a_cut_file_is() {
        let full = io::Error::from(io::ErrorKind::StorageFull);
        assert!(matches!(Failure::from(full), Failure::Trouble(_)));
        let cut = io::Error::from(io::ErrorKind::UnexpectedEof);
        assert!(matches!(Failure::from(cut), Failure::Damage(_)));
    }
}
