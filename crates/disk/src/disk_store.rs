use std::{
    fmt,
    path::Path,
    sync::{Arc, Weak, atomic::Ordering, mpsc},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use actix_socketio::{
    Channel, Namespace,
    store::{
        ClosingCall, HistoryStore, Loaded, Place, StoreError, StoreHost, StoreOutcome, StoreParams,
        StoreStatus, StoredPublication,
    },
};
use parking_lot::Mutex;

use crate::{
    channel_key::ChannelKey,
    database::OpenDatabase,
    file::{Location, LockedFile, make_private},
    opening::{self, Opened},
    queue::{Appended, Wake},
    retry::Retry,
    shared::{Shared, add},
    writer::{Writer, refuse},
};

/// Keeps histories in a file, so that they are there again after a crash.
///
/// It writes on a thread of its own, in groups: all publications of 50 ms, or 1,024 of them, or
/// 1 MiB, with one fsync. Deliveries never wait for it, unless a route asks for it. The file has
/// two to three times the bytes of the histories.
///
/// ```no_run
/// use actix_socketio_disk::DiskStore;
///
/// # fn example() -> Result<(), actix_socketio::store::StoreError> {
/// let store = DiskStore::open("history.redb")?;
/// # Ok(())
/// # }
/// ```
///
/// # What can happen to the file
///
/// * The process is killed, or the machine loses power: everything up to the last group is there.
///   Publications after it are lost, and clients that may have missed some are told.
/// * The disk is full, or fails: deliveries go on, [`StoreStatus::health`] says why. The file is
///   opened again after 1, 2, 4 … 30 seconds. Then it gets everything that histories still keep.
/// * Publishing is faster than the disk: the same, as soon as the disk keeps up again.
/// * The file is damaged: it is renamed to `….damaged-` and the time. The server begins with a new
///   file and a new epoch, so that clients are told. If it happens while the server runs, nothing
///   is lost: the new file is written from memory.
/// * Another server uses the file: [`StoreError::InUse`].
/// * Another version or another program wrote the file: [`StoreError::Format`] or
///   [`StoreError::Open`]. The file is left alone.
///
/// Some damage makes redb panic. The panic is caught, and so a program that is built with
/// `panic = "abort"` is aborted instead.
///
/// Beside the file is another one, `….lock`, which is locked while the store is in use.
pub struct DiskStore {
    shared: Arc<Shared>,
    commands: mpsc::Sender<Command>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// The requests to the thread before it writes groups.
enum Command {
    Load(StoreParams, mpsc::Sender<Result<Loaded, StoreError>>),
    Start(Weak<dyn StoreHost>),
}

/// How a [`DiskStore`] works.
///
/// ```no_run
/// use std::time::Duration;
///
/// use actix_socketio_disk::DiskStore;
///
/// # fn example() -> Result<(), actix_socketio::store::StoreError> {
/// // Publications that are delivered after their commit wait for 10 ms and an fsync.
/// let options = DiskStore::options().group_interval(Duration::from_millis(10));
/// let store = options.open("history.redb")?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "call `open`"]
pub struct DiskOptions {
    group_interval: Duration,
    cache_bytes: usize,
}

impl DiskOptions {
    /// How long a publication waits for others to be written with, at most. The default is 50 ms.
    ///
    /// It is what a crash can lose, and what a route that delivers after the commit adds to each
    /// delivery. Each group costs an fsync and some pages of 4 KiB.
    pub fn group_interval(mut self, group_interval: Duration) -> Self {
        self.group_interval = group_interval;
        self
    }

    /// Bytes of memory for parts of the file. The default is 16 MiB.
    pub fn cache_bytes(mut self, cache_bytes: usize) -> Self {
        self.cache_bytes = cache_bytes;
        self
    }

    /// Opens a file, or makes it, and reads it. It blocks meanwhile.
    ///
    /// # Errors
    /// [`StoreError`]: the file can't be used, is used already, or has another content.
    pub fn open(self, path: impl AsRef<Path>) -> Result<DiskStore, StoreError> {
        let path = path.as_ref();
        let locked = LockedFile::lock(path);
        let locked = locked.map_err(|failure| failure.into_error(&path.display().to_string()))?;
        let path = path.to_owned();
        let open: OpenDatabase = Box::new(move |builder| {
            make_private(&path);
            builder.create(&path)
        });
        self.open_at(Box::new(locked), open)
    }

    pub(crate) fn open_at(
        self,
        location: Box<dyn Location>,
        open: OpenDatabase,
    ) -> Result<DiskStore, StoreError> {
        let shared = Arc::new(Shared::new());
        let (commands, requests) = mpsc::channel();
        let (opened, is_open) = mpsc::channel();
        let of_thread = Arc::clone(&shared);
        let thread = thread::Builder::new().name("history-store".to_owned()).spawn(move || {
            match opening::open(&*location, &open, self.cache_bytes) {
                Ok(found) => {
                    let _ = opened.send(Ok(()));
                    self.serve(of_thread, location, open, found, &requests);
                }
                Err(failure) => {
                    let error = failure.into_error(&location.name());
                    // The lock is given back before the caller knows.
                    drop(location);
                    let _ = opened.send(Err(error));
                }
            }
        });
        let thread = thread.map_err(|error| StoreError::Open(format!("no thread: {error}")))?;
        let thread = Mutex::new(Some(thread));
        let store = DiskStore { shared, commands, thread };
        is_open.recv().map_err(|_| StoreError::Closed)??;
        Ok(store)
    }

    /// The thread of the store, from the open file on.
    fn serve(
        self,
        shared: Arc<Shared>,
        location: Box<dyn Location>,
        open: OpenDatabase,
        found: Opened,
        requests: &mpsc::Receiver<Command>,
    ) {
        let Opened { database, contents, aside } = found;
        if let Some(aside) = aside {
            log::error!("the history was damaged, and a new one begins: {aside}");
            add(&shared.counts.damaged, 1);
            *shared.loss.lock() = Some(format!("the history was damaged: {aside}"));
        }
        // Neither comes if the store is dropped before.
        let Ok(Command::Load(params, answer)) = requests.recv() else { return };
        let (mut ledger, loaded) = opening::begin(contents, &params);
        let changes = ledger.group(Instant::now()).finish();
        if let Err(failure) = database.begin(&changes, &params.setup) {
            let _ = answer.send(Err(failure.into_error(&location.name())));
            return;
        }
        shared.reserved.store(ledger.state.reserved.number(), Ordering::Release);
        shared.queue.lock().set_max_bytes(params.max_queue);
        let _ = answer.send(Ok(loaded));
        let Ok(Command::Start(host)) = requests.recv() else { return };
        let writer = Writer {
            shared,
            location,
            open,
            cache: self.cache_bytes,
            interval: self.group_interval,
            setup: params.setup.to_vec(),
            host,
            database: Some(database),
            ledger,
            retry: Retry::default(),
            unusable: None,
        };
        writer.run();
    }
}

impl DiskStore {
    /// Opens a file, or makes it, and reads it. It blocks meanwhile.
    ///
    /// # Errors
    /// [`StoreError`]: the file can't be used, is used already, or has another content.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::options().open(path)
    }

    /// The usual options, to be changed.
    pub fn options() -> DiskOptions {
        DiskOptions { group_interval: Duration::from_millis(50), cache_bytes: 16 * 1024 * 1024 }
    }
}

impl HistoryStore for DiskStore {
    fn load(&self, params: &StoreParams) -> Result<Loaded, StoreError> {
        let (answer, loaded) = mpsc::channel();
        let load = Command::Load(params.clone(), answer);
        self.commands.send(load).map_err(|_| StoreError::Closed)?;
        loaded.recv().map_err(|_| StoreError::Closed)?
    }

    fn start(&self, host: Weak<dyn StoreHost>) {
        // The thread has ended if `load` failed.
        let _ = self.commands.send(Command::Start(host));
    }

    fn append(&self, publication: StoredPublication) {
        let Shared { queue, counts, .. } = &*self.shared;
        add(&counts.appended, 1);
        let appended = queue.lock().append(publication, Instant::now());
        match appended {
            Appended::Queued(wake) => self.shared.wake(wake),
            Appended::LeftOut => add(&counts.left_out, 1),
        }
    }

    fn commit_first(&self, publication: StoredPublication) -> Result<(), StoreError> {
        let wake = self.shared.queue.lock().commit_first(publication, Instant::now())?;
        add(&self.shared.counts.appended, 1);
        self.shared.wake(wake);
        Ok(())
    }

    fn trim(&self, namespace: &Namespace, channel: Option<&Channel>, up_to: Place) {
        self.shared.queue.lock().trim(ChannelKey::new(namespace, channel), up_to);
    }

    fn reserved(&self) -> Place {
        Place::new(self.shared.reserved.load(Ordering::Acquire))
    }

    fn committed(&self) -> Place {
        self.shared.queue.lock().committed()
    }

    fn on_durable(&self, place: Place, outcome: StoreOutcome) {
        let known = self.shared.queue.lock().on_durable(place, outcome);
        if let Some((outcome, result)) = known {
            outcome(result);
        }
    }

    fn close(&self, closing: ClosingCall, outcome: StoreOutcome) {
        let refused = self.shared.queue.lock().close(closing, outcome);
        match refused {
            Ok(()) => self.shared.wake(Wake::Yes),
            Err(outcome) => refuse(outcome),
        }
    }

    fn status(&self) -> StoreStatus {
        self.shared.status()
    }
}

impl Drop for DiskStore {
    /// Writes what waits, and gives the file back. The end of the run is not a clean one.
    fn drop(&mut self) {
        self.shared.queue.lock().is_abandoned = true;
        self.shared.wake(Wake::Yes);
        let (closed, _) = mpsc::channel();
        drop(std::mem::replace(&mut self.commands, closed));
        if let Some(thread) = self.thread.lock().take()
            && thread.thread().id() != thread::current().id()
        {
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for DiskStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DiskStore").field("status", &self.status()).finish_non_exhaustive()
    }
}
