//! Files that are not what was written: flipped bits, and files that were cut.

use std::{collections::BTreeSet, time::Duration};

use actix_socketio::store::HistoryStore;
use actix_socketio_disk::{DiskOptions, DiskStore, internals::open_medium};
use rand::{SeedableRng, rngs::StdRng};

use crate::{
    media::FakeDisk,
    server::{FakeServer, params, wait_until},
};

fn options() -> DiskOptions {
    DiskStore::options().group_interval(Duration::ZERO)
}

/// A disk with a history, after a clean stop or a crash, and the texts in it.
fn written(is_clean: bool) -> (FakeDisk, BTreeSet<String>) {
    let disk = FakeDisk::default();
    let (server, _) = FakeServer::load(open_medium(options(), &disk).expect("it opens"), 5);
    let mut texts = BTreeSet::new();
    for number in 0..40 {
        let text = format!("text-{number}-{}", "x".repeat(200));
        server.publish_durably(&format!("c{}", number % 10), &text).expect("it is durable");
        texts.insert(format!("42[\"message\",{text:?}]"));
    }
    if is_clean {
        server.close().expect("it closes");
        return (disk, texts);
    }
    (disk.after_power_cut(0), texts)
}

/// Opens a disk, and checks that it has everything, or says that it has not.
fn check(disk: &FakeDisk, texts: &BTreeSet<String>, what: &str) -> bool {
    // A clear error is well, too.
    let Ok(store) = open_medium(options(), disk) else { return false };
    let Ok(loaded) = store.load(&params(6)) else { return false };
    let found: BTreeSet<_> = loaded
        .publications
        .iter()
        .map(|publication| publication.packet.text().to_owned())
        .collect();
    if loaded.epoch.bits() == 5 {
        let mut missing: Vec<_> = texts.difference(&found).map(|text| &text[..24]).collect();
        if !loaded.is_clean {
            // After a crash, a flip in the last commit looks as if it had been torn. Clients that
            // cross the crash are told anyhow.
            missing.retain(|text| !text.contains("text-39-"));
        }
        assert_eq!(missing, [""; 0], "{what}: the epoch goes on, so everything has to be there");
        return false;
    }
    assert_eq!((loaded.epoch.bits(), found.len()), (6, 0), "{what}: a new epoch begins empty");
    let status = store.status();
    assert!(!status.health.is_healthy() && status.damaged == 1, "{what}: {status:?}");
    // It works.
    let server = FakeServer::start(store, &loaded);
    server.publish_durably("c1", "new").expect("it is durable");
    true
}

#[test]
fn a_flipped_bit_does_no_harm_or_begins_a_new_epoch() {
    let mut random = StdRng::seed_from_u64(3);
    let mut noticed = 0;
    for (is_clean, flips) in [(true, 150), (false, 100)] {
        let (disk, texts) = written(is_clean);
        for flip in 0..flips {
            let disk = FakeDisk::of(disk.bytes());
            disk.flip(&mut random);
            noticed += u32::from(check(&disk, &texts, &format!("flip {flip}, clean: {is_clean}")));
        }
    }
    assert!(noticed > 0, "no flip hit anything");
}

#[test]
fn a_file_that_was_cut_anywhere_begins_a_new_epoch_or_is_refused() {
    let (disk, texts) = written(true);
    let whole = disk.bytes();
    let mut noticed = 0;
    for part in 1..60 {
        let length = whole.len() * part / 60;
        let disk = FakeDisk::of(whole[..length].to_vec());
        noticed += u32::from(check(&disk, &texts, &format!("cut at {length}")));
    }
    assert!(noticed > 30, "{noticed}");
}

#[test]
fn a_file_that_is_damaged_while_the_server_runs_is_written_anew_from_memory() {
    let disk = FakeDisk::default();
    let (server, _) = FakeServer::load(open_medium(options(), &disk).expect("it opens"), 5);
    let first = server.publish_durably("c1", "one").expect("it is durable");
    // The disk fails for a moment, and comes back with another content.
    disk.set_full(true);
    server.publish_durably("c1", "two").expect_err("the disk is full");
    disk.overwrite(|bytes| bytes[..4096].fill(0xa5));
    disk.set_full(false);
    wait_until("it is written again", || server.store.status().health.is_healthy());
    assert_eq!(disk.asides(), 1);
    let third = server.publish_durably("c1", "three").expect("it is durable");
    server.close().expect("it closes");
    let store = open_medium(options(), &disk).expect("it opens");
    let loaded = store.load(&params(6)).expect("it loads");
    assert_eq!((loaded.epoch.bits(), loaded.is_clean), (5, true));
    let places: Vec<_> = loaded.publications.iter().map(|one| one.place).collect();
    assert_eq!(places, [first, first.next(), third], "nothing is lost");
}
