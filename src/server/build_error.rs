use std::{error, fmt, io, path::PathBuf, sync::Arc};

use crate::{
    config::InvalidSetting, http::FolderError, model::Namespace, routing::PatternError,
    store::StoreError,
};

/// The reason why [`Builder::build`](crate::Builder::build) did not build a server: a mistake of
/// the application.
///
/// ```
/// # actix::System::new().block_on(async {
/// use actix_socketio::{BuildError, SocketIo};
///
/// let error = SocketIo::builder().max_inbox(0).build().unwrap_err();
/// assert!(matches!(error, BuildError::Setting { setting: "max_inbox", .. }));
/// assert_eq!(error.to_string(), r#"setting "max_inbox" is 0: it must be at least 1"#);
/// # });
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub enum BuildError {
    /// A route's pattern is not a valid regular expression.
    Pattern(PatternError),
    /// A namespace was added twice.
    NamespaceTwice(Namespace),
    /// A handler of an event by its name could never run.
    #[non_exhaustive]
    Event {
        /// The name of the event.
        event: String,
        /// Why no client's event gets to the handler.
        reason: String,
    },
    /// A handler wants a value that [`Builder::data`](crate::Builder::data) was not given.
    #[non_exhaustive]
    Data {
        /// Its events: a name in quotes, or an `On…` type.
        handler: String,
        /// The type of the value.
        expected: &'static str,
    },
    /// The system has no thread for the server. Only a server that is built outside of an actix
    /// system needs one.
    Thread(io::ErrorKind),
    /// The server can't join the cluster of [`Builder::cluster`](crate::Builder::cluster): a setting
    /// does not fit, for example.
    Cluster(Arc<io::Error>),
    /// The store of [`Builder::store`](crate::Builder::store) can't be used.
    Store(StoreError),
    /// No server can work with the value of a setting.
    #[non_exhaustive]
    Setting {
        /// The name of the setting, as in [`Config`](crate::Config) or
        /// [`Builder`](crate::Builder).
        setting: &'static str,
        /// Its value, as it is written in a file. For a route or a family of namespaces it is the
        /// pattern.
        value: String,
        /// The expected value: a sentence that starts with `it must`.
        expected: String,
    },
    /// The folder of [`Builder::client_files`](crate::Builder::client_files) has no client.
    #[non_exhaustive]
    ClientFile {
        /// The file that was tried.
        path: PathBuf,
        /// Why it could not be read.
        error: Arc<io::Error>,
    },
}

/// The text, too: this is what a `main` that returns the error prints.
impl fmt::Debug for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pattern(error) => error.fmt(f),
            Self::NamespaceTwice(name) => {
                write!(f, "the namespace {name} was added twice: put its routes together")
            }
            Self::Event { event, reason } => {
                write!(f, "no handler of the event {event:?} would run: {reason}")
            }
            Self::Data { handler, expected } => {
                write!(f, "the handler of {handler} wants {expected}, ")?;
                f.write_str("which Builder::data was not given")
            }
            Self::Thread(kind) => write!(f, "cannot start the thread of the server: {kind}"),
            Self::Cluster(error) => write!(f, "cannot join the cluster: {error}"),
            Self::Store(error) => error.fmt(f),
            Self::Setting { setting, value, expected } => {
                write!(f, "setting {setting:?} is {value}: {expected}")
            }
            Self::ClientFile { path, error } => {
                write!(f, "the browser client {path:?} could not be read: {error}")
            }
        }
    }
}

impl error::Error for BuildError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Pattern(error) => Some(error),
            Self::ClientFile { error, .. } => Some(&**error),
            Self::Store(error) => Some(error),
            _ => None,
        }
    }
}

impl From<InvalidSetting> for BuildError {
    fn from(InvalidSetting { setting, value, expected }: InvalidSetting) -> Self {
        Self::Setting { setting, value, expected }
    }
}

impl From<FolderError> for BuildError {
    fn from(FolderError { path, error }: FolderError) -> Self {
        Self::ClientFile { path, error: Arc::new(error) }
    }
}

/// `build()?` then fits a `main` that returns [`io::Result`], as those of actix-web do.
impl From<BuildError> for io::Error {
    fn from(error: BuildError) -> Self {
        Self::new(io::ErrorKind::InvalidInput, error)
    }
}
