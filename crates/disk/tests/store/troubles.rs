//! Disks that are full, and come back.

use std::time::Duration;

use actix_socketio::store::{HistoryStore, Place, StoreError};
use actix_socketio_disk::{DiskOptions, DiskStore, internals::open_medium};

use crate::{
    media::FakeDisk,
    server::{FakeServer, KEPT, params, wait_until},
};

fn options() -> DiskOptions {
    DiskStore::options().group_interval(Duration::ZERO)
}

#[test]
fn a_full_disk_stops_nothing_and_gets_all_that_is_kept_when_there_is_space() {
    let disk = FakeDisk::default();
    let (server, _) = FakeServer::load(open_medium(options(), &disk).expect("it opens"), 1);
    let before = server.publish_durably("c1", "before").expect("it is durable");
    server.publish_durably("other", "before").expect("it is durable");
    disk.set_full(true);
    let failed = server.publish_durably("c1", "one").expect_err("the disk is full");
    assert!(matches!(failed, StoreError::Failing(_)), "{failed}");
    let status = server.store.status();
    assert!(!status.health.is_healthy() && status.failures >= 1, "{status:?}");
    // Publications go on. Some fall off the history before there is space again.
    let places: Vec<Place> =
        (0..=KEPT).map(|number| server.publish(&["c1"], &format!("full {number}"))).collect();
    assert_eq!(server.delivered().last(), places.last());
    let refused = server.commit_first("c1", "refused").recv().expect("an answer");
    assert!(matches!(refused, Err(StoreError::Failing(_))), "{refused:?}");
    disk.set_full(false);
    wait_until("it is written again", || server.store.status().health.is_healthy());
    assert!(server.durable(*places.last().expect("some")).is_ok());
    let kept = server.history("c1");
    assert!(kept.len() == KEPT && !kept.contains(&before.number()));

    // A crash now loses nothing of it.
    let disk = disk.after_power_cut(1);
    let store = open_medium(options(), &disk).expect("it opens");
    let loaded = store.load(&params(2)).expect("it loads");
    assert_eq!((loaded.epoch.bits(), loaded.is_clean), (1, false));
    let of = |name: &str| -> Vec<u64> {
        let of_channel = loaded.publications.iter().filter(|one| one.channels[0] == *name);
        of_channel.map(|one| one.place.number()).collect()
    };
    assert_eq!(of("c1"), kept.into_iter().collect::<Vec<_>>());
    assert_eq!(of("other").len(), 1);
}

#[test]
fn a_disk_that_fails_at_the_end_leaves_no_clean_end() {
    let disk = FakeDisk::default();
    let (server, _) = FakeServer::load(open_medium(options(), &disk).expect("it opens"), 1);
    server.publish_durably("c1", "one").expect("it is durable");
    disk.set_full(true);
    let lost = server.publish(&["c1"], "two");
    let failed = server.close().expect_err("the disk is full");
    assert!(matches!(failed, StoreError::Failing(_)), "{failed}");
    let disk = FakeDisk::of(disk.after_power_cut(1).bytes());
    let loaded = open_medium(options(), &disk).expect("it opens").load(&params(2));
    let loaded = loaded.expect("it loads");
    assert!(!loaded.is_clean && loaded.whole_from > lost, "{loaded:?}");
    assert_eq!(loaded.publications.len(), 1);
}

#[test]
fn a_disk_that_is_full_at_the_start_is_a_clear_error() {
    let disk = FakeDisk::default();
    let (server, _) = FakeServer::load(open_medium(options(), &disk).expect("it opens"), 1);
    server.publish_durably("c1", "one").expect("it is durable");
    let disk = disk.after_power_cut(1);
    disk.set_full(true);
    let error = match open_medium(options(), &disk) {
        Ok(store) => store.load(&params(2)).expect_err("it can't be written"),
        Err(error) => error,
    };
    assert!(matches!(&error, StoreError::Open(why) if why.contains("storage space")), "{error}");
    disk.set_full(false);
    let loaded = open_medium(options(), &disk).expect("it opens").load(&params(2));
    assert_eq!(loaded.expect("it loads").publications.len(), 1, "nothing was harmed");
    assert_eq!(disk.asides(), 0);
}

#[test]
fn a_file_that_could_give_out_places_for_the_second_time_is_put_aside() {
    let disk = FakeDisk::default();
    let (server, _) = FakeServer::load(open_medium(options(), &disk).expect("it opens"), 1);
    let place = server.publish_durably("c1", "one").expect("it is durable");
    disk.set_full(true);
    server.publish_durably("c1", "two").expect_err("the disk is full");
    // Nothing could be reserved for these.
    let later = Place::new(1 << 40);
    assert!(later > server.store.reserved());
    server.use_places_before(later);
    let last = server.publish(&["c1"], "three");
    disk.set_full(false);
    wait_until("it is written again", || server.store.status().health.is_healthy());
    assert_eq!((disk.asides(), server.store.status().damaged), (1, 1));
    assert!(server.store.reserved() > last);
    let loaded = open_medium(options(), &disk.after_power_cut(1)).expect("it opens");
    let loaded = loaded.load(&params(2)).expect("it loads");
    assert!(loaded.epoch.bits() == 1 && loaded.next_place > last, "{loaded:?}");
    let places: Vec<_> = loaded.publications.iter().map(|one| one.place).collect();
    assert_eq!(places, [place, place.next(), last]);
}
