//! The power is cut in the middle of everything, and the disk keeps some of the last writes.

use std::{collections::BTreeMap, sync::mpsc, time::Duration};

use actix_socketio::store::{HistoryStore, Loaded, Place};
use actix_socketio_disk::{DiskStore, internals::open_medium};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::{
    media::FakeDisk,
    server::{FakeServer, KEPT, PATIENCE, params},
};

const CUTS: u64 = 400;
const CHANNELS: u64 = 5;

/// The knowledge of clients and publishers, from all runs.
#[derive(Default)]
struct Known {
    /// By place: the channel, and the text.
    confirmed: BTreeMap<u64, (String, String)>,
    /// All places that were ever given out.
    given: BTreeMap<u64, String>,
}

impl Known {
    /// Checks what a store has after a power cut.
    fn check(&self, loaded: &Loaded, cut: u64) {
        assert_eq!(loaded.epoch.bits(), 77, "cut {cut}");
        if let Some((last, _)) = self.given.last_key_value() {
            assert!(
                loaded.next_place.number() > *last,
                "cut {cut}: {last} would be given out again"
            );
        }
        let mut found = BTreeMap::new();
        for publication in &loaded.publications {
            let (place, text) = (publication.place.number(), publication.packet.text().to_owned());
            assert!(!loaded.is_clean || place < loaded.next_place.number(), "cut {cut}");
            found.insert(place, text);
        }
        assert_eq!(found.len(), loaded.publications.len(), "cut {cut}: each place is there once");
        for (place, text) in &found {
            if let Some(given) = self.given.get(place) {
                assert!(text.contains(given.as_str()), "cut {cut}: {place} is another publication");
            }
        }
        for channel in 0..CHANNELS {
            let name = format!("c{channel}");
            let confirmed = self.confirmed.iter().filter(|(_, (of, _))| *of == name);
            // A history may have dropped the others.
            for (place, (_, text)) in confirmed.rev().take(KEPT / 2) {
                let stored = found.get(place);
                assert!(
                    stored.is_some_and(|stored| stored.contains(text.as_str())),
                    "cut {cut}: {place} was confirmed, and is {stored:?}"
                );
            }
        }
    }
}

fn options() -> actix_socketio_disk::DiskOptions {
    DiskStore::options().group_interval(Duration::ZERO)
}

#[test]
fn a_power_cut_loses_nothing_that_was_confirmed_and_no_place_is_given_twice() {
    let mut random = StdRng::seed_from_u64(1);
    let mut known = Known::default();
    let mut disk = FakeDisk::default();
    let mut unclean = 0;
    for cut in 0..CUTS {
        // Some cuts come while the file is opened and repaired.
        disk.cut_power_after(random.random_range(1..200));
        if let Ok(store) = open_medium(options(), &disk)
            && let Ok(loaded) = store.load(&params(77))
        {
            known.check(&loaded, cut);
            unclean += u64::from(!loaded.is_clean);
            let server = FakeServer::start(store, &loaded);
            run(&server, &disk, &mut known, &mut random);
        }
        assert!(disk.is_off(), "cut {cut}");
        disk = disk.after_power_cut(cut);
    }
    assert!(unclean > CUTS / 4, "{unclean} runs were cut after they had begun");
    assert!(known.confirmed.len() > CUTS as usize, "{} were confirmed", known.confirmed.len());
    let store = open_medium(options(), &disk).expect("it opens");
    let loaded = store.load(&params(78)).expect("it loads");
    known.check(&loaded, CUTS);
    assert_eq!(disk.asides(), 0, "no file was taken for a damaged one");
}

/// Publishes in both ways until the power is cut.
fn run(server: &FakeServer, disk: &FakeDisk, known: &mut Known, random: &mut StdRng) {
    while !disk.is_off() {
        let (sender, outcomes) = mpsc::channel();
        let mut waiting = Vec::new();
        for number in 0..random.random_range(1..20) {
            let channel = format!("c{}", random.random_range(0..CHANNELS));
            let text = format!("text-{}-{number}", random.random::<u64>());
            if random.random_bool(0.2) {
                waiting.push((channel.clone(), text.clone(), server.commit_first(&channel, &text)));
                continue;
            }
            let place = server.publish(&[&channel], &text);
            assert_eq!(known.given.insert(place.number(), text.clone()), None, "given twice");
            let sender = sender.clone();
            let outcome = move |result| drop(sender.send((place, channel, text, result)));
            server.store.on_durable(place, Box::new(outcome));
        }
        drop(sender);
        while let Ok((place, channel, text, result)) = outcomes.recv_timeout(PATIENCE) {
            if result.is_ok() {
                known.confirmed.insert(Place::number(place), (channel, text));
            }
        }
        for (channel, text, answer) in waiting {
            if let Ok(place) = answer.recv_timeout(PATIENCE).expect("an answer") {
                assert_eq!(known.given.insert(place.number(), text.clone()), None, "given twice");
                known.confirmed.insert(place.number(), (channel, text));
            }
        }
    }
}
