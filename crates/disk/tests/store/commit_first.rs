//! Publications that are delivered after their commit.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};

use actix_socketio::store::{HistoryStore, OVERTAKING_JUMP, Place, StoreError};
use actix_socketio_disk::{DiskStore, internals::open_medium};

use crate::{
    media::FakeDisk,
    server::{FakeServer, PATIENCE, params, publication},
};

fn open(disk: &FakeDisk) -> DiskStore {
    open_medium(DiskStore::options().group_interval(Duration::ZERO), disk).expect("it opens")
}

#[test]
fn they_are_durable_when_they_are_delivered_and_others_do_not_wait() {
    let disk = FakeDisk::default();
    let (server, _) = FakeServer::load(open(&disk), 1);
    // While the store commits, others publish.
    let others = Arc::new(AtomicUsize::new(0));
    let published = Arc::clone(&others);
    server.at_reserve(move |order, store| {
        order.publish(publication(&["live"], "live"), store);
        published.fetch_add(1, Ordering::Relaxed);
    });
    let mut places = Vec::new();
    for number in 0..20 {
        let answer = server.commit_first("durable", &format!("{number}"));
        let place = answer.recv_timeout(PATIENCE).expect("an answer").expect("it is durable");
        // It is on the disk already.
        let crashed = disk.after_power_cut(number);
        let loaded = open(&crashed).load(&params(2)).expect("it loads");
        let stored = loaded.publications.iter().find(|one| one.place == place);
        assert!(stored.is_some_and(|one| one.packet.text().contains(&format!("\"{number}\""))));
        places.push(place);
    }
    let delivered = server.delivered();
    assert!(delivered.is_sorted(), "in the order of the places: {delivered:?}");
    assert_eq!(delivered.len(), 20 + others.load(Ordering::Relaxed));
    assert!(places.iter().all(|place| delivered.contains(place)));
}

#[test]
fn a_crash_before_the_next_commit_leaves_those_in_doubt_who_may_have_overtaken_them() {
    let disk = FakeDisk::default();
    let (server, _) = FakeServer::load(open(&disk), 1);
    let (sender, crashed) = mpsc::channel();
    let disk_of_server = disk.clone();
    server.at_deliver(move || drop(sender.send(disk_of_server.after_power_cut(1))));
    let answer = server.commit_first("durable", "one");
    let place = answer.recv_timeout(PATIENCE).expect("an answer").expect("it is durable");
    let in_doubt = open(&crashed.recv_timeout(PATIENCE).expect("a disk"))
        .load(&params(2))
        .expect("it loads")
        .in_doubt;
    let [(from, until)] = in_doubt[..] else {
        panic!("only the next commit says that it was delivered: {in_doubt:?}")
    };
    assert_eq!(from, place.ahead(1 + OVERTAKING_JUMP));
    assert!(until >= server.store.reserved());
    server.publish_durably("live", "next").expect("it is durable");
    let loaded = open(&disk.after_power_cut(2)).load(&params(2)).expect("it loads");
    assert_eq!(loaded.in_doubt, []);
}

#[test]
fn those_that_are_overtaken_get_later_places_and_their_order_stays() {
    let disk = FakeDisk::default();
    let (server, _) = FakeServer::load(open(&disk), 1);
    let first_lead = Arc::new(AtomicUsize::new(0));
    let attempts = Arc::clone(&first_lead);
    server.at_reserve(move |order, store| {
        // Twice, others are faster than the commit.
        if attempts.fetch_add(1, Ordering::Relaxed) < 2 {
            order.skip_to_reserved();
            order.publish(publication(&["live"], "overtakes"), store);
        }
    });
    let answers: Vec<_> = (0..3).map(|n| server.commit_first("durable", &n.to_string())).collect();
    let places: Vec<Place> = answers
        .into_iter()
        .map(|answer| answer.recv_timeout(PATIENCE).expect("an answer").expect("it is durable"))
        .collect();
    assert!(first_lead.load(Ordering::Relaxed) >= 3);
    let delivered = server.delivered();
    assert!(delivered.is_sorted() && places.is_sorted(), "{delivered:?} {places:?}");
    assert!(delivered[0] < places[0] && delivered[1] < places[0], "{delivered:?} {places:?}");
    server.close().expect("it closes");
    let loaded = open(&disk).load(&params(2)).expect("it loads");
    let stored: Vec<_> = loaded.publications.iter().map(|one| one.place).collect();
    assert_eq!(stored, delivered, "each at its last place alone");
}

#[test]
fn a_commit_that_fails_delivers_nothing_and_its_places_are_used_for_nothing_else() {
    let disk = FakeDisk::default();
    let (server, _) = FakeServer::load(open(&disk), 1);
    disk.set_full(true);
    let answer = server.commit_first("durable", "one").recv_timeout(PATIENCE).expect("an answer");
    assert!(matches!(answer, Err(StoreError::Failing(_))), "{answer:?}");
    assert!(server.delivered().is_empty());
    let reserved = Place::new(65_536);
    assert!(server.publish(&["live"], "next") > reserved);
}

#[test]
fn those_that_wait_at_a_clean_stop_are_delivered() {
    let disk = FakeDisk::default();
    let options = DiskStore::options().group_interval(Duration::from_secs(3600));
    let store = open_medium(options, &disk).expect("it opens");
    let (server, _) = FakeServer::load(store, 1);
    let answer = server.commit_first("durable", "one");
    server.close().expect("it closes");
    let place = answer.recv_timeout(PATIENCE).expect("an answer").expect("it is durable");
    assert_eq!(server.delivered(), [place]);
}
