//! The file of a store beside its content: its lock, and what happens if it is damaged.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use crate::failure::Failure;

/// The first bytes of each file of redb.
const MAGIC: &[u8] = b"redb\x1a\x0a\xa9\x0d\x0a";

/// Where a store is, and how it is kept from other servers.
pub(crate) trait Location: Send {
    /// Its name in errors and in the log.
    fn name(&self) -> String;

    /// Makes sure that the file is not another program's.
    ///
    /// # Errors
    /// [`Failure`]
    fn check(&self) -> Result<(), Failure>;

    /// Moves a file out of the way that can't be used, such as a `damaged` one. Returns where it
    /// is now.
    ///
    /// # Errors
    /// [`Failure`]
    fn put_aside(&self, why: &str) -> Result<String, Failure>;

    /// Makes sure that a new file is found after a power cut.
    fn sync_folder(&self);
}

/// A file, and a second one beside it whose lock is held while the store is in use. The lock of
/// redb is given back whenever the file is closed, and so does not last from one attempt to open it
/// to the next.
#[derive(Debug)]
pub(crate) struct LockedFile {
    path: PathBuf,
    _lock: File,
}

impl LockedFile {
    /// # Errors
    /// [`Failure::InUse`], or [`Failure::Trouble`] if the folder can't be written.
    pub(crate) fn lock(path: &Path) -> Result<Self, Failure> {
        let lock = with_suffix(path, ".lock");
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(lock)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(Failure::InUse),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }
}

impl Location for LockedFile {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn check(&self) -> Result<(), Failure> {
        let mut start = Vec::new();
        match File::open(&self.path) {
            Ok(file) => file.take(MAGIC.len() as u64).read_to_end(&mut start)?,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        if MAGIC.starts_with(&start) {
            return Ok(());
        }
        if start.iter().all(|byte| *byte == 0) {
            // redb writes these bytes last when it makes a file.
            return Err(Failure::damage("it was not made completely"));
        }
        Err(Failure::Foreign("it begins otherwise".to_owned()))
    }

    fn put_aside(&self, why: &str) -> Result<String, Failure> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let names = (now..).map(|time| with_suffix(&self.path, &format!(".{why}-{time}")));
        // An earlier one stays.
        let mut free = names.filter(|path| !path.exists());
        let aside = free.next().ok_or_else(|| Failure::trouble("no name is free"))?;
        fs::rename(&self.path, &aside)?;
        self.sync_folder();
        Ok(aside.display().to_string())
    }

    fn sync_folder(&self) {
        let folder = match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        // Where a folder can't be synced, it needs not be.
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
}

/// Makes a new file that only its owner can read: it has messages, and secrets of clients. Opening
/// the file reports any error.
pub(crate) fn make_private(path: &Path) {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    drop(options.open(path));
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}
