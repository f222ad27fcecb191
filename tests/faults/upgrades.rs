//! A thousand upgrades under traffic in both directions. Some are aborted midway, and some polls
//! are doubled or broken off. A client that stays receives each publication once and in order, and
//! so does the server with its events. A client that goes ends as docs/protocol.md specifies.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use actix_socketio::{OnMessage, SocketId, SocketIo};

use crate::{
    counting::Counting,
    fixture::{Fixture, Journal, journaling},
    raw::{PollingSession, Received, WebSocket},
    wait::wait_until,
};

const UPGRADES: usize = 1000;
const AT_ONCE: usize = 50;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// A complete upgrade.
    Whole,
    /// A complete upgrade, with another poll in between, which is answered late.
    PollsAgain,
    /// TCP is closed after the probe.
    AbortedAtProbe,
    /// TCP is closed after the answer to the probe.
    AbortedAtAnswer,
    /// TCP is closed instead of the upgrade packet.
    AbortedAtUpgrade,
    /// A second poll arrives while the first one waits.
    DoublePoll,
    /// A poll is broken off.
    BrokenPoll,
}

impl Way {
    fn of(n: usize) -> Self {
        match n % 30 {
            0 => Self::AbortedAtProbe,
            10 => Self::AbortedAtAnswer,
            20 => Self::AbortedAtUpgrade,
            5 | 15 | 25 => Self::PollsAgain,
            7 => Self::DoublePoll,
            17 => Self::BrokenPoll,
            _ => Self::Whole,
        }
    }
}

/// Runs one client. Returns whether it stayed, and how many events it has sent.
fn live(io: &SocketIo, addr: SocketAddr, way: Way) -> (SocketId, Way, bool, u64) {
    let (session, id) = PollingSession::join(addr);
    io.socket(&id)
        .expect("the socket is connected")
        .subscribe("numbers")
        .expect("the subscription is allowed");
    let mut counting = Counting::default();
    counting.post(&session);
    counting.receive_poll(&session.get());
    let mut pending = session.begin_get();
    let mut ws = WebSocket::probe(&session);
    ws.send("2probe");
    let stays = match way {
        Way::AbortedAtProbe => {
            drop(ws);
            counting.poll_until_done(&session, &pending.response());
            true
        }
        Way::AbortedAtAnswer | Way::AbortedAtUpgrade => {
            assert_eq!(ws.receive(), Received::Text("3probe".to_owned()));
            if way == Way::AbortedAtUpgrade {
                counting.receive_poll(&pending.response());
                pending = session.begin_get();
            }
            drop(ws);
            counting.poll_until_done(&session, &pending.response());
            true
        }
        Way::DoublePoll => {
            assert_eq!(ws.receive(), Received::Text("3probe".to_owned()));
            // The first may be answered before the second arrives. They then do not overlap.
            loop {
                let second = session.get();
                // The close packet, or packets in flight.
                let goes_on = counting.receive_poll(&pending.response());
                if second.status == 400 {
                    second.assert_status_only(400);
                    break;
                }
                assert!(goes_on && counting.receive_poll(&second), "it has not ended");
                pending = session.begin_get();
            }
            // A poll that arrives before the session is removed may still be answered.
            wait_until("the session is unknown", || {
                let late = session.get();
                late.status != 200 || !counting.receive_poll(&late)
            });
            session.wait_until_unknown();
            false
        }
        Way::BrokenPoll => {
            assert_eq!(ws.receive(), Received::Text("3probe".to_owned()));
            loop {
                pending.break_off();
                // If the poll was answered in time, the session stays, without the packets of the
                // response.
                counting.next = None;
                let next = session.get();
                if next.status != 200 || !counting.receive_poll(&next) {
                    break;
                }
                pending = session.begin_get();
            }
            false
        }
        Way::Whole | Way::PollsAgain => {
            assert_eq!(ws.receive(), Received::Text("3probe".to_owned()));
            counting.post(&session);
            assert!(counting.receive_poll(&pending.response()));
            if way == Way::PollsAgain {
                assert!(counting.receive_poll(&session.get()));
            }
            ws.send("5");
            counting.events().for_each(|event| ws.send(&event));
            counting.read_until_done(&mut ws);
            ws.send("1");
            true
        }
    };
    (id, way, stays, counting.sent)
}

#[test]
fn a_thousand_upgrades_under_traffic_lose_double_and_reorder_nothing() {
    let journal = Journal::default();
    let up = journal.clone();
    let builder = journaling(&journal).on_message(async move |event: OnMessage| {
        if event.event() == "up" {
            up.note(event.socket.id(), format!("up {}", event.json::<u64>()?));
        }
        Ok(())
    });
    let mut fixture = Fixture::with_builder(builder, journal);
    let heard_of = |fixture: &Fixture, id| {
        fixture
            .journal
            .of(id)
            .iter()
            .filter_map(|line| line.strip_prefix("up ")?.parse().ok())
            .collect::<Vec<u64>>()
    };
    let begun = Instant::now();
    let (io, stop) = (fixture.io.clone(), Arc::<AtomicBool>::default());
    let stopped = Arc::clone(&stop);
    let publisher = thread::spawn(move || {
        let mut published: u64 = 0;
        while !stopped.load(SeqCst) {
            io.to("numbers").emit("number", &published).expect("the registry has capacity");
            published += 1;
            // Publish as fast as the clients can read.
            thread::sleep(Duration::from_millis(2));
        }
        published
    });
    let mut slowest = Duration::ZERO;
    let mut went = 0;
    for wave in 0..UPGRADES / AT_ONCE {
        let since = Instant::now();
        let (io, addr) = (&fixture.io, fixture.addr);
        let lives: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..AT_ONCE)
                .map(|n| scope.spawn(move || live(io, addr, Way::of(wave * AT_ONCE + n))))
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().expect("a client receives what it should"))
                .collect()
        });
        slowest = slowest.max(since.elapsed());
        for (id, way, stays, sent) in lives {
            let reason = fixture.journal.disconnect_reason(id);
            let expected = if stays { "transport close" } else { "transport error" };
            assert_eq!(reason, expected, "{way:?}");
            assert_eq!(
                heard_of(&fixture, id),
                (0..sent).collect::<Vec<_>>(),
                "{way:?}: in order, none lost or doubled"
            );
            went += usize::from(!stays);
        }
        fixture.assert_bystander_works();
    }
    stop.store(true, SeqCst);
    let published = publisher.join().expect("it publishes");
    let stats = fixture.io.stats();
    println!(
        "{} upgrades, {went} sessions that ended in the attempt, {published} publications, {} deliveries; \
         {:?} in all, the slowest wave took {slowest:?}",
        stats.upgrades,
        stats.messages_sent,
        begun.elapsed(),
    );
    wait_until("they are counted", || {
        fixture.io.stats().disconnects.values().sum::<u64>() == UPGRADES as u64
    });
    fixture.assert_all_freed();
}
