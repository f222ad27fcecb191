//! Media that lose power, fail, or are slow.

use std::{
    fmt, io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use actix_socketio_disk::internals::Medium;
use parking_lot::Mutex;
use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};
use redb::StorageBackend;

/// A disk in memory. Writes are durable after a sync.
#[derive(Clone, Default)]
pub(crate) struct FakeDisk(Arc<Disk>);

#[derive(Default)]
struct Disk {
    content: Mutex<Content>,
    /// Writes fail from now on.
    is_full: AtomicBool,
    /// How many writes are possible before the power is cut. 0: any number.
    power: AtomicU64,
    is_off: AtomicBool,
    sync_millis: AtomicU64,
    /// How often it was given up as damaged.
    asides: AtomicU64,
}

#[derive(Default, Clone)]
struct Content {
    now: Vec<u8>,
    /// As it was at the last sync.
    durable: Vec<u8>,
    /// The writes since the last sync: offset and data, or the new length.
    since: Vec<Write>,
}

#[derive(Clone)]
enum Write {
    Data(u64, Vec<u8>),
    Length(u64),
}

impl Write {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Length(length) => bytes.resize(*length as usize, 0),
            Self::Data(offset, data) => {
                let end = *offset as usize + data.len();
                if bytes.len() < end {
                    bytes.resize(end, 0);
                }
                bytes[*offset as usize..end].copy_from_slice(data);
            }
        }
    }
}

impl FakeDisk {
    pub(crate) fn of(bytes: Vec<u8>) -> Self {
        let disk = Self::default();
        *disk.0.content.lock() = Content { now: bytes.clone(), durable: bytes, since: Vec::new() };
        disk
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.content.lock().now.clone()
    }

    pub(crate) fn set_full(&self, is_full: bool) {
        self.0.is_full.store(is_full, Ordering::SeqCst);
    }

    pub(crate) fn set_sync_time(&self, time: Duration) {
        self.0.sync_millis.store(time.as_millis() as u64, Ordering::SeqCst);
    }

    pub(crate) fn asides(&self) -> u64 {
        self.0.asides.load(Ordering::SeqCst)
    }

    /// Cuts the power after this many writes. Then all calls fail.
    pub(crate) fn cut_power_after(&self, writes: u64) {
        self.0.power.store(writes, Ordering::SeqCst);
    }

    pub(crate) fn is_off(&self) -> bool {
        self.0.is_off.load(Ordering::SeqCst)
    }

    /// The disk after the power cut: it has what was synced. Of the writes since then it has some,
    /// each wholly or in part.
    pub(crate) fn after_power_cut(&self, seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let Content { mut durable, since, .. } = self.0.content.lock().clone();
        for write in since {
            match write {
                _ if random.random_bool(0.5) => {}
                Write::Data(offset, mut data) if random.random_bool(0.2) => {
                    let length = data.len();
                    data.truncate(random.random_range(0..=length));
                    Write::Data(offset, data).apply(&mut durable);
                }
                write => write.apply(&mut durable),
            }
        }
        Self::of(durable)
    }

    /// Flips one bit of one byte.
    pub(crate) fn flip(&self, random: &mut impl Rng) {
        let mut content = self.0.content.lock();
        let at = random.random_range(0..content.now.len());
        content.now[at] ^= 1 << random.random_range(0..8);
        content.durable = content.now.clone();
    }

    /// Changes the content behind the store's back.
    pub(crate) fn overwrite(&self, f: impl FnOnce(&mut [u8])) {
        let mut content = self.0.content.lock();
        f(&mut content.now);
        content.durable = content.now.clone();
    }

    fn write(&self, write: Write) -> Result<(), io::Error> {
        let Disk { content, is_full, power, is_off, .. } = &*self.0;
        if is_full.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.check()?;
        let mut content = content.lock();
        write.apply(&mut content.now);
        content.since.push(write);
        if power.load(Ordering::SeqCst) > 0 && power.fetch_sub(1, Ordering::SeqCst) == 1 {
            is_off.store(true, Ordering::SeqCst);
        }
        Ok(())
    }

    fn check(&self) -> Result<(), io::Error> {
        match self.is_off() {
            true => Err(io::Error::other("no power")),
            false => Ok(()),
        }
    }
}

impl fmt::Debug for FakeDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FakeDisk")
    }
}

impl StorageBackend for FakeDisk {
    fn len(&self) -> Result<u64, io::Error> {
        self.check()?;
        Ok(self.0.content.lock().now.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        self.check()?;
        let content = self.0.content.lock();
        let bytes = content.now.get(offset as usize..).and_then(|rest| rest.get(..out.len()));
        let bytes = bytes.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
        out.copy_from_slice(bytes);
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        self.write(Write::Length(len))
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        let time = self.0.sync_millis.load(Ordering::SeqCst);
        thread::sleep(Duration::from_millis(time));
        self.check()?;
        if self.0.is_full.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let mut content = self.0.content.lock();
        content.durable = content.now.clone();
        content.since.clear();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        FakeDisk::write(self, Write::Data(offset, data.to_vec()))
    }
}

impl Medium for FakeDisk {
    type Backend = Self;

    fn open(&self) -> io::Result<Self> {
        Ok(self.clone())
    }

    fn put_aside(&self) {
        self.0.asides.fetch_add(1, Ordering::SeqCst);
        *self.0.content.lock() = Content::default();
    }
}
