use std::{io, time::Duration};

use actix_socketio::{BuildError, History, SendError, SocketIo, channel, store::StoreError};
use actix_socketio_disk::{
    DiskStore,
    internals::{Medium, open_medium},
};
use redb::backends::InMemoryBackend;

use super::{builder, folder, server, system};

#[test]
fn a_second_server_on_one_file_is_not_built() {
    let folder = folder();
    system(async {
        let io = server(folder.path());
        let second = DiskStore::open(folder.path().join("history.redb")).expect_err("in use");
        assert!(matches!(second, StoreError::InUse { .. }), "{second}");
        // The first one does not notice.
        io.to("live-1").durable().publish("goal", &1).await.expect("it is durable");
    });
}

#[test]
fn delivery_after_the_commit_needs_a_store() {
    system(async {
        let route = channel("^a").history(History::last(1).after_commit());
        let error = SocketIo::builder().route(route).build().expect_err("there is no store");
        assert!(matches!(&error, BuildError::Store(_)), "{error}");
        assert!(error.to_string().contains("Builder::store"), "{error}");
    });
}

#[test]
fn what_no_store_has_is_not_durable() {
    let folder = folder();
    system(async {
        let without = SocketIo::builder().route(channel("^live-").history(History::last(1)));
        let without = without.build().expect("a server");
        let not_stored = without.to("live-1").durable().publish("goal", &1).await;
        assert!(matches!(not_stored, Err(SendError::NotStored)), "{not_stored:?}");
        assert_eq!(without.stats().store, None);
        let io = builder(folder.path()).build().expect("a server");
        for target in
            [io.to("plain-1"), io.to("live-1").to("plain-1"), io.to("live-1").skip_history()]
        {
            let not_stored = target.durable().publish("goal", &1).await;
            assert!(matches!(not_stored, Err(SendError::NotStored)), "{not_stored:?}");
        }
        io.to("live-1").durable().publish("goal", &1).await.expect("it is durable");
        // It may be asked for where it is so anyhow.
        io.to("committed-1").durable().publish("goal", &1).await.expect("it is durable");
    });
}

/// A disk that can be opened once, and written until it is full.
#[derive(Debug, Clone)]
struct FailingDisk;

impl Medium for FailingDisk {
    type Backend = LimitedBackend;

    fn open(&self) -> io::Result<LimitedBackend> {
        Ok(LimitedBackend(InMemoryBackend::new()))
    }

    fn put_aside(&self) {}
}

/// Nothing may be longer than what redb needs for an almost empty file.
#[derive(Debug)]
struct LimitedBackend(InMemoryBackend);

impl redb::StorageBackend for LimitedBackend {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        if len > 2 * 1024 * 1024 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.0.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write(offset, data)
    }
}

#[test]
fn what_cannot_be_committed_is_not_delivered_and_everything_else_goes_on() {
    system(async {
        let options = DiskStore::options().group_interval(Duration::ZERO);
        let store = open_medium(options, &FailingDisk).expect("it opens");
        let io = SocketIo::builder()
            .store(store)
            .max_outbox(16 * 1024 * 1024)
            .route(channel("^live-").history(History::last(3)))
            .route(channel("^committed-").history(History::last(3).after_commit()))
            .build()
            .expect("a server");
        let large = "x".repeat(3 * 1024 * 1024);
        let failed = io.to("committed-1").publish("goal", &large).await;
        assert!(matches!(failed, Err(SendError::NotStored)), "{failed:?}");
        assert!(io.history("committed-1").expect("a name").read().messages.is_empty());
        let store = io.stats().store.expect("a store");
        assert!(!store.health.is_healthy() && store.failures == 1, "{store:?}");
        io.to("live-1").publish("goal", &1).await.expect("it is delivered");
        assert_eq!(io.history("live-1").expect("a name").read().messages.len(), 1);
        let refused = io.to("committed-1").publish("goal", &1).await;
        assert!(matches!(refused, Err(SendError::NotStored)), "{refused:?}");
    });
}
