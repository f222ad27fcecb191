//! The process is killed while it writes.

use std::{
    collections::BTreeMap,
    env,
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use actix_socketio::store::{HistoryStore, Loaded};
use actix_socketio_disk::DiskStore;
use rand::RngExt;

use crate::server::{FakeServer, KEPT, params};

const KILLS: usize = 50;
/// Tells the child where its file is.
const FILE: &str = "ACTIX_SOCKETIO_DISK_KILLED";
const CHANNELS: usize = 4;

/// This test runs itself as another process, and kills it.
#[test]
fn a_kill_loses_nothing_that_was_confirmed_and_no_place_is_given_twice() {
    if let Some(path) = env::var_os(FILE) {
        publish_until_killed(&DiskStore::options().group_interval(Duration::from_millis(1)), path);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("history.redb");
    // Places and texts, by channel; and the last place that was given out.
    let mut confirmed = vec![BTreeMap::<u64, String>::new(); CHANNELS];
    let mut last_given = 0;
    for kill in 0..KILLS {
        let mut child = Command::new(env::current_exe().expect("this program"))
            .args(["--exact", "--nocapture", "--test-threads=1"])
            .arg("kills::a_kill_loses_nothing_that_was_confirmed_and_no_place_is_given_twice")
            .env(FILE, &path)
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program runs");
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        let lines = output.lines().map_while(Result::ok);
        let wanted = rand::rng().random_range(1..60);
        let mut seen = 0;
        // The lines that are on their way when it dies count as well: it has said them.
        for line in lines {
            let [kind, channel, place, text] = line.split(' ').collect::<Vec<_>>()[..] else {
                continue;
            };
            let (Ok(channel), Ok(place)) = (channel.parse::<usize>(), place.parse::<u64>()) else {
                continue;
            };
            match kind {
                "GIVEN" => {
                    assert!(place > last_given, "kill {kill}: {place} is given twice");
                    last_given = place;
                }
                "CONFIRMED" => {
                    confirmed[channel].insert(place, text.to_owned());
                    seen += 1;
                }
                _ => continue,
            }
            if seen == wanted {
                child.kill().expect("it runs");
            }
        }
        let status = child.wait().expect("it ends");
        assert!(!status.success() && seen >= wanted, "kill {kill}: it ended by itself: {status}");
        if kill % 2 == 1 {
            let loaded = load(&path);
            check(&loaded, &confirmed, last_given, kill);
            // Reading it is a run, too, and this one ended without a clean stop.
            last_given = last_given.max(loaded.next_place.number() - 1);
        }
    }
}

fn load(path: &std::path::Path) -> Loaded {
    let store = DiskStore::open(path).expect("it opens");
    store.load(&params(2)).expect("it loads")
}

fn check(loaded: &Loaded, confirmed: &[BTreeMap<u64, String>], last_given: u64, kill: usize) {
    assert_eq!(loaded.epoch.bits(), 1, "kill {kill}: the epoch of the first run");
    assert!(loaded.next_place.number() > last_given, "kill {kill}: places would be given twice");
    assert_eq!(loaded.whole_from, loaded.next_place, "kill {kill}: those who cross it are told");
    let found: BTreeMap<_, _> = loaded
        .publications
        .iter()
        .map(|publication| (publication.place.number(), publication.packet.text()))
        .collect();
    assert_eq!(found.len(), loaded.publications.len(), "kill {kill}: each place is there once");
    for of_channel in confirmed {
        for (place, text) in of_channel.iter().rev().take(KEPT / 2) {
            let stored = found.get(place);
            assert!(
                stored.is_some_and(|stored| stored.contains(text)),
                "kill {kill}: {place} was confirmed, and is {stored:?}"
            );
        }
    }
}

/// The child: it says what it has given out, and what was confirmed.
fn publish_until_killed(options: &actix_socketio_disk::DiskOptions, path: std::ffi::OsString) -> ! {
    let store = options.clone().open(path).expect("it opens");
    let (server, _) = FakeServer::load(store, 1);
    let mut number = 0;
    let say = |line: &str| {
        let mut out = std::io::stdout().lock();
        // Nothing reads it any more if this process is about to be killed.
        let _ = writeln!(out, "{line}").and_then(|()| out.flush());
    };
    loop {
        let mut publications = Vec::new();
        for _ in 0..5 {
            number += 1;
            let channel = number % CHANNELS;
            let text = format!("text-{number}");
            let place = server.publish(&[&format!("c{channel}")], &text);
            say(&format!("GIVEN {channel} {place} {text}"));
            publications.push((channel, place, text));
        }
        for (channel, place, text) in publications {
            if server.durable(place).is_ok() {
                say(&format!("CONFIRMED {channel} {place} {text}"));
            }
        }
        thread::yield_now();
    }
}
