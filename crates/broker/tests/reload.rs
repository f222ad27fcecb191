//! Reloads by SIGHUP under steady traffic: good ones and bad ones.
#![cfg(unix)]

mod common;

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use common::{Client, PATIENCE, RunningBroker, http_with, post_json};
use tempfile::TempDir;

const KEYS: [&str; 2] = ["4f9b1c70a2d85e36", "another-key-0123456789"];

/// The reloads, each of them good or bad.
const ROUNDS: usize = 8;

struct Config {
    _folder: TempDir,
    path: PathBuf,
}

impl Config {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("broker.toml");
        let config = Self { _folder: folder, path };
        config.write(text);
        config
    }

    fn write(&self, text: &str) {
        let addresses = "address = \"127.0.0.1:0\"\ninternal_address = \"127.0.0.1:0\"\n";
        fs::write(&self.path, format!("{addresses}{text}")).expect("it can be written");
    }
}

/// A configuration that differs from round to round. Clients may always publish to `room-`.
fn configuration(round: usize) -> String {
    let key = KEYS[round % 2];
    let origin = format!("https://app-{round}.example");
    format!(
        "[cors]\norigins = ['https://fixed.example', '{origin}']\n\
         [api]\nkeys = [{{ name = 'shop', key = '{key}' }}, \
         {{ name = 'steady', key = 'the-key-that-stays' }}]\n\
         [[channels]]\npattern = '^only-{round}$'\n\
         [[channels]]\npattern = '^room-'\npublish = 'subscriber'\n"
    )
}

/// Waits until as many lines of the log have the text.
fn wait_for_lines(broker: &RunningBroker, text: &str, count: usize) {
    let deadline = Instant::now() + PATIENCE;
    let lines = || broker.log().iter().filter(|line| line.contains(text)).count();
    while lines() < count {
        assert!(Instant::now() < deadline, "{} of {count} lines with {text:?}", lines());
        thread::sleep(Duration::from_millis(2));
    }
}

/// The status of the answer to the handshake of a page.
fn page(address: &str, origin: &str) -> u16 {
    let request = "GET /socket.io/?EIO=4&transport=polling";
    http_with(address, request, &format!("Origin: {origin}\r\n"), "").0
}

/// Subscribes, and receives numbers from 0 up to the word `end`. Returns how many there were.
fn receive_all(address: &str, channel: &str, ready: &Barrier) -> usize {
    let mut client = Client::connect(address);
    assert!(client.subscribe(channel).starts_with("[null"));
    ready.wait();
    for expected in 0.. {
        let packet = client.next(|packet| packet.starts_with(r#"42["message""#));
        if packet == r#"42["message","end"]"# {
            return expected;
        }
        assert_eq!(packet, format!(r#"42["message","{expected}"]"#), "lost or reordered");
    }
    unreachable!("the numbers end")
}

#[test]
fn reloads_under_traffic_lose_no_client_and_no_message_and_a_mistake_changes_nothing() {
    let config = Config::new(&configuration(0));
    let broker = RunningBroker::serve(&config.path);
    let internal = broker.wait_for_address("HTTP API on http://");
    let ready = Arc::new(Barrier::new(6));
    let is_over = Arc::new(AtomicBool::new(false));
    let published = [Arc::<AtomicUsize>::default(), Arc::default()];
    let mut receivers = Vec::new();
    for channel in ["room-clients", "room-clients", "room-api", "room-api"] {
        let (address, ready) = (broker.address.clone(), Arc::clone(&ready));
        receivers.push(thread::spawn(move || receive_all(&address, channel, &ready)));
    }
    let by_client = {
        let (address, ready) = (broker.address.clone(), Arc::clone(&ready));
        let (is_over, published) = (Arc::clone(&is_over), Arc::clone(&published[0]));
        thread::spawn(move || {
            let mut client = Client::connect(&address);
            assert!(client.subscribe("room-clients").starts_with("[null"));
            ready.wait();
            while !is_over.load(Ordering::Relaxed) {
                let number = published.load(Ordering::Relaxed);
                let answer = client.publish("room-clients", &number.to_string());
                assert!(answer.starts_with("[null"), "{answer}");
                published.store(number + 1, Ordering::Relaxed);
            }
            assert!(client.publish("room-clients", "end").starts_with("[null"));
        })
    };
    let by_api = {
        let (address, is_over) = (internal.clone(), Arc::clone(&is_over));
        let published = Arc::clone(&published[1]);
        move || {
            let publish = |data: &str| {
                let body = format!(r#"{{"channel":"room-api","data":"{data}"}}"#);
                let (status, answer) =
                    post_json(&address, "/api/publish", "the-key-that-stays", &body);
                assert_eq!(status, 200, "{answer}");
            };
            while !is_over.load(Ordering::Relaxed) {
                let number = published.load(Ordering::Relaxed);
                publish(&number.to_string());
                published.store(number + 1, Ordering::Relaxed);
            }
            publish("end");
        }
    };
    ready.wait();
    let by_api = thread::spawn(by_api);

    let mut asking = Client::connect(&broker.address);
    let key_works = |key: &str| post_json(&internal, "/api/info", key, "{}").0 == 200;
    let is_configured = |asking: &mut Client, round: usize| {
        let (other, address) = (round + 1, &*broker.address);
        assert!(asking.subscribe(&format!("only-{round}")).starts_with("[null"), "{round}");
        assert!(asking.subscribe(&format!("only-{other}")).contains("no such channel"), "{round}");
        assert!(key_works(KEYS[round % 2]) && !key_works(KEYS[other % 2]), "{round}");
        assert_eq!(page(address, "https://fixed.example"), 200, "{round}");
        assert_eq!(page(address, &format!("https://app-{round}.example")), 200, "{round}");
        assert_eq!(page(address, &format!("https://app-{other}.example")), 403, "{round}");
    };
    is_configured(&mut asking, 0);
    for round in 1..=ROUNDS {
        let before = [0, 1].map(|by| published[by].load(Ordering::Relaxed));
        // All that it would change is right, but for the last line.
        config.write(&format!("{}presence = 'x'\n", configuration(round)));
        broker.signal("-HUP");
        wait_for_lines(&broker, "nothing was reloaded", round);
        is_configured(&mut asking, round - 1);
        config.write(&configuration(round));
        broker.signal("-HUP");
        wait_for_lines(&broker, "the configuration was reloaded: ", round);
        is_configured(&mut asking, round);
        for by in [0, 1] {
            let deadline = Instant::now() + PATIENCE;
            while published[by].load(Ordering::Relaxed) <= before[by] {
                assert!(Instant::now() < deadline, "the traffic stands still");
                thread::sleep(Duration::from_millis(1));
            }
        }
    }
    let told = broker.wait_for("the configuration was reloaded: ");
    assert!(told.contains("cors.origins") && told.contains("api.keys[0].key"), "{told}");
    is_over.store(true, Ordering::Relaxed);
    by_client.join().expect("no client is lost");
    by_api.join().expect("each request is answered");
    for (at, receiver) in receivers.into_iter().enumerate() {
        let received = receiver.join().expect("no client is lost");
        assert_eq!(received, published[at / 2].load(Ordering::Relaxed));
        assert!(received >= ROUNDS, "the traffic was steady");
    }
}

#[test]
fn origins_that_can_not_be_taken_over_are_named() {
    let config = Config::new("[cors]\norigins = ['https://a.example']\n");
    let broker = RunningBroker::serve(&config.path);
    config.write("[cors]\norigins = ['*']\n");
    broker.signal("-HUP");
    let left = broker.wait_for("not before a restart: ");
    assert!(left.ends_with("cors.origins"), "{left}");
    assert_eq!(page(&broker.address, "https://a.example"), 200);
    assert_eq!(page(&broker.address, "https://b.example"), 403);
}
