//! Publishers that publish as fast as they may, and subscribers that read slowly.

use std::{
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
};

use actix_socketio::Stats;

use super::subscribe;
use crate::{
    fixture::Fixture,
    raw::{Received, WebSocket, frame},
    wait::wait_until,
};

/// A client that publishes numbered messages as fast as it may, and counts the answers.
pub(super) struct Publisher {
    answered: Arc<AtomicUsize>,
    threads: [thread::JoinHandle<()>; 2],
}

impl Publisher {
    pub(super) fn start(
        fixture: &Fixture,
        name: usize,
        to: &'static str,
        count: usize,
        size: usize,
    ) -> Self {
        let mut client = WebSocket::open(fixture.addr);
        let id = client.join();
        subscribe(fixture, id, &[to]);
        let (mut stream, text) = (client.writer(), "x".repeat(size));
        let writer = thread::spawn(move || {
            for number in 0..count {
                let packet = format!(
                    r#"42{number}["publish","{to}","numbered",[{name},{number},"{text}"]]"#
                );
                if stream.write_all(&frame(0x81, packet.as_bytes())).is_err() {
                    return; // the server has been shut down
                }
            }
        });
        let answered = Arc::<AtomicUsize>::default();
        let counter = Arc::clone(&answered);
        let reader = thread::spawn(move || {
            while counter.load(SeqCst) < count {
                match client.receive() {
                    Received::Text(ping) if ping == "2" => {}
                    Received::Text(text) if text.starts_with("43") => {
                        assert_eq!(text, format!("43{}[null]", counter.load(SeqCst)));
                        counter.fetch_add(1, SeqCst);
                    }
                    Received::Text(other) => assert!(other.starts_with("42"), "{other}"),
                    _ => return, // the server has been shut down
                }
            }
        });
        Self { answered, threads: [writer, reader] }
    }

    pub(super) fn answered(&self) -> usize {
        self.answered.load(SeqCst)
    }

    pub(super) fn join(self) {
        for thread in self.threads {
            thread.join().expect("it publishes everything");
        }
    }
}

/// What a subscriber has received: the next number of each publisher.
pub(super) struct Numbers(Vec<usize>);

impl Numbers {
    pub(super) fn new(publishers: usize) -> Self {
        Self(vec![0; publishers])
    }

    #[track_caller]
    pub(super) fn receive(&mut self, packet: &str) {
        let numbers = packet.strip_prefix(r#"42["numbered",["#).expect("a message");
        let mut numbers = numbers.splitn(3, ',').map(str::parse::<usize>);
        let (Some(Ok(publisher)), Some(Ok(number))) = (numbers.next(), numbers.next()) else {
            panic!("{packet:.40}");
        };
        assert_eq!(number, self.0[publisher], "in order, and none lost or doubled");
        self.0[publisher] += 1;
    }

    pub(super) fn is_all(&self, count: usize) -> bool {
        self.0.iter().all(|received| *received == count)
    }
}

/// Reads everything, a part at a time: it stops reading until an outbox is congested, or all has been
/// published. So the outboxes fill up again and again.
pub(super) fn read_slowly(
    mut client: WebSocket,
    stats: impl Fn() -> Stats + Send + 'static,
    publishers: usize,
    count: usize,
) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut numbers = Numbers::new(publishers);
        while !numbers.is_all(count) {
            wait_until("the publishers are held back, or done", || {
                let Stats { outboxes_congested, publications, .. } = stats();
                outboxes_congested > 0 || publications >= (publishers * count) as u64
            });
            for _ in 0..20 {
                if !numbers.is_all(count) {
                    numbers.receive(&client.text());
                }
            }
        }
    })
}
