//! Publishing is faster than the disk.

use std::time::Duration;

use actix_socketio::store::{Epoch, HistoryStore, StoreError, StoreParams};
use actix_socketio_disk::{DiskStore, internals::open_medium};

use crate::{
    media::FakeDisk,
    server::{FakeServer, params, wait_until},
};

#[test]
fn what_does_not_fit_is_left_out_and_written_when_the_disk_keeps_up_again() {
    let disk = FakeDisk::default();
    let options = DiskStore::options().group_interval(Duration::ZERO);
    let store = open_medium(options.clone(), &disk).expect("it opens");
    let loaded = store.load(&StoreParams::new(Epoch::new(1), 4096)).expect("it loads");
    let server = FakeServer::start(store, &loaded);
    disk.set_sync_time(Duration::from_millis(200));
    let mut places = Vec::new();
    for number in 0..200 {
        places.push(server.publish(&[&format!("c{}", number % 20)], &"x".repeat(100)));
    }
    let status = server.store.status();
    assert!(status.left_out > 0 && !status.health.is_healthy(), "{status:?}");
    assert!(status.queued_bytes <= 4096, "{status:?}");
    let last = *places.last().expect("some");
    assert_eq!(server.durable(last), Err(StoreError::Full), "it was left out");
    disk.set_sync_time(Duration::ZERO);
    wait_until("it has caught up", || server.store.status().health.is_healthy());
    wait_until("it is durable", || server.durable(last).is_ok());
    drop(server);
    let store = open_medium(options, &disk).expect("it opens");
    let loaded = store.load(&params(2)).expect("it loads");
    let found: Vec<_> = loaded.publications.iter().map(|one| one.place).collect();
    assert_eq!(found, places, "all of them, and each once");
}
