use std::{collections::HashMap, sync::atomic::Ordering::Relaxed};

use super::{proxy::Proxy, *};

/// A number, its ticket, and what will have become of it.
type Outcome = (String, Ticket, oneshot::Receiver<Result<Sent, GivenUp>>);

/// Appends numbers while harm is done, and then looks at what has become of each of them.
struct Traffic {
    link: Link,
    recorder: Arc<Recorder>,
    outcomes: Vec<Outcome>,
    next: u64,
}

impl Traffic {
    fn start(options: LinkOptions) -> Self {
        let (link, recorder) = start(options);
        Self { link, recorder, outcomes: Vec::new(), next: 0 }
    }

    fn append(&mut self, count: u64) {
        for _ in 0..count {
            self.next += 1;
            let data = self.next.to_string();
            let (sender, receiver) = oneshot::channel();
            let ticket = self.link.0.0.send(append(&data), Some(sender)).expect("room");
            self.outcomes.push((data, ticket, receiver));
        }
    }

    /// Appends in small heaps until something is so.
    fn append_until(&mut self, what: &str, is_so: impl Fn(&Seen) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !is_so(&self.recorder.seen.lock()) {
            assert!(Instant::now() < deadline, "waited in vain: {what}");
            self.append(3);
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Each number that is confirmed is in the stream once, in order. Each one that is given up is
    /// not, unless it is in doubt. All that is in the stream was read once, in order.
    fn check(self, server: &RedisServer) -> usize {
        let (last, sent) = self.link.send_confirmed(append("last")).expect("room");
        assert!(matches!(wait(sent), Ok(Sent::Entry(_))));
        self.recorder.wait("the last one comes", |seen| {
            seen.entries.last() == Some(&("last".into(), Some(last)))
        });
        let stream = server.stream();
        let seen = self.recorder.seen.lock();
        assert_eq!(seen.data(), stream, "it is read once, in order");
        let numbers: Vec<u64> = stream.iter().filter_map(|data| data.parse().ok()).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b), "each is there once, in order");
        let given_up: HashMap<_, _> = seen.given_up.iter().copied().collect();
        assert_eq!(given_up.len(), seen.given_up.len(), "each is given up once");
        for (data, ticket, outcome) in self.outcomes {
            let number: u64 = data.parse().expect("a number");
            let is_there = numbers.binary_search(&number).is_ok();
            match wait(outcome).expect("an outcome") {
                Ok(_) => assert!(is_there && !given_up.contains_key(&ticket), "{data}"),
                Err(reason) => {
                    assert_eq!(given_up.get(&ticket), Some(&reason));
                    assert!(!is_there || reason == GivenUp::Unknown, "{data} {reason:?}");
                }
            }
        }
        given_up.len()
    }
}

#[test]
fn redis_is_killed_ten_times_and_nothing_is_lost_or_doubled() {
    let mut server = RedisServer::start_durable();
    let mut traffic = Traffic::start(stream_options(&server.url()));
    for round in 0..10 {
        traffic.append(200);
        traffic.append_until("some are in", |seen| seen.entries.len() as u64 > round * 200);
        server.kill();
        traffic.append_until("it is away", |seen| !seen.is_up());
        server.launch();
        traffic.append_until("it is back", Seen::is_up);
    }
    assert_eq!(traffic.recorder.seen.lock().backs(), [Missed::Nothing; 10]);
    assert_eq!(traffic.check(&server), 0);
}

#[test]
fn redis_stands_still_and_goes_on() {
    let server = RedisServer::start();
    let mut traffic = Traffic::start(stream_options(&server.url()));
    for _ in 0..3 {
        traffic.append(100);
        server.signal("STOP");
        traffic.append_until("it is away", |seen| !seen.is_up());
        server.signal("CONT");
        traffic.append_until("it is back", Seen::is_up);
    }
    assert_eq!(traffic.check(&server), 0);
}

#[test]
fn connections_are_killed() {
    let server = RedisServer::start();
    let mut traffic = Traffic::start(stream_options(&server.url()));
    for (round, kind) in ["normal", "pubsub", "normal", "pubsub"].into_iter().enumerate() {
        traffic.append(200);
        let _: u64 = server.run(&format!("CLIENT KILL TYPE {kind}"));
        traffic.append_until("it is back", |seen| seen.is_up() && seen.backs().len() > round);
    }
    assert_eq!(traffic.check(&server), 0);
}

#[test]
fn a_listener_keeps_the_entries_that_it_has_when_the_connection_is_lost() {
    let server = RedisServer::start();
    let (link, recorder) = start(stream_options(&server.url()));
    recorder.stands_still.send_replace(true);
    let (_, sent) = link.send_confirmed(append("first")).expect("room");
    wait(sent).expect("it is sent");
    wait_until("it is read", || link.0.0.is_handing_on.load(Relaxed));
    let _: u64 = server.run("CLIENT KILL TYPE pubsub");
    link.send(append("second")).expect("room");
    wait_until("the loss is noticed", || !link.health().is_connected);
    recorder.stands_still.send_replace(false);
    recorder.wait("both come", |seen| seen.data() == ["first", "second"]);
    recorder.wait("it is back", |seen| seen.backs() == [Missed::Nothing]);
}

#[test]
fn a_proxy_cuts_answers_in_the_middle() {
    let server = RedisServer::start();
    let proxy = Proxy::start(server.port());
    let mut traffic = Traffic::start(stream_options(&proxy.url()));
    for round in 0..10 {
        traffic.append(50);
        proxy.cut_after(700 + 333 * round);
        traffic.append_until("it is back", |seen| {
            proxy.has_cut() && seen.is_up() && seen.backs().len() as u64 > round
        });
    }
    assert_eq!(traffic.check(&server), 0);
}

#[test]
fn what_a_lost_connection_still_delivers_comes_too_late() {
    let server = RedisServer::start();
    let proxy = Proxy::start(server.port());
    let mut traffic = Traffic::start(stream_options(&proxy.url()));
    proxy.hold_back();
    traffic.append_until("it is away", |seen| !seen.is_up());
    traffic.append_until("it is back", Seen::is_up);
    proxy.release();
    // Now Redis has read all that it was sent before.
    let _: String = server.run("PING");
    assert_eq!(traffic.check(&server), 0);
}

#[test]
fn a_proxy_swallows_and_the_link_knows() {
    let server = RedisServer::start();
    let proxy = Proxy::start(server.port());
    let mut traffic = Traffic::start(stream_options(&proxy.url()));
    traffic.append(100);
    proxy.swallow(true);
    traffic.append_until("it is away", |seen| !seen.is_up());
    proxy.swallow(false);
    traffic.append_until("it is back", Seen::is_up);
    assert_eq!(traffic.check(&server), 0);
}

#[test]
fn silence_is_noticed_without_traffic() {
    let server = RedisServer::start();
    let proxy = Proxy::start(server.port());
    let (link, recorder) = start(options(&proxy.url()));
    assert!(link.health().is_connected);
    proxy.swallow(true);
    recorder.wait("it is away", |seen| !seen.is_up());
    assert!(!link.health().is_connected);
    proxy.swallow(false);
    recorder.wait("it is back", Seen::is_up);
    assert_eq!(link.health().losses, 1);
}

#[test]
fn patience_ends_while_redis_is_away() {
    let mut server = RedisServer::start_durable();
    let patience = Duration::from_millis(200);
    let options = LinkOptions { patience, ..stream_options(&server.url()) };
    let mut traffic = Traffic::start(options);
    traffic.append(10);
    traffic.recorder.wait("they are in", |seen| seen.entries.len() == 10);
    server.kill();
    traffic.append(10);
    traffic.recorder.wait("they are given up", |seen| seen.given_up.len() == 10);
    assert_eq!(traffic.link.health().held, 0);
    server.launch();
    traffic.recorder.wait("it is back", Seen::is_up);
    assert_eq!(traffic.check(&server), 10);
}

#[test]
fn a_redis_that_has_lost_its_data_has_another_past() {
    let mut server = RedisServer::start();
    let mut traffic = Traffic::start(stream_options(&server.url()));
    traffic.append(10);
    traffic.recorder.wait("they are in", |seen| seen.entries.len() == 10);
    server.kill();
    traffic.recorder.wait("it is away", |seen| !seen.is_up());
    traffic.append(5);
    server.launch();
    let _: String = server.run("XADD s * data other");
    traffic.recorder.wait("all come", |seen| seen.entries.len() == 16);
    let seen = traffic.recorder.seen.lock();
    assert_eq!(seen.backs(), [Missed::Past]);
    let epochs = seen.statuses.iter().filter_map(|status| match status {
        LinkStatus::Ready { epoch } | LinkStatus::Back { epoch, .. } => epoch.as_deref(),
        _ => None,
    });
    let epochs: Vec<&str> = epochs.collect();
    assert_eq!(epochs.len(), 2);
    assert_ne!(epochs[0], epochs[1]);
}

#[test]
fn a_full_hold_refuses_entries_and_drops_old_publications() {
    let mut server = RedisServer::start();
    let options = LinkOptions { max_hold: 2_000, ..stream_options(&server.url()) };
    let (link, recorder) = start(options);
    server.kill();
    recorder.wait("it is away", |seen| !seen.is_up());
    let mut taken = 0;
    while link.send(append("x")).is_ok() {
        taken += 1;
    }
    assert!((5..20).contains(&taken), "{taken}");
    assert!(link.health().held_bytes <= 2_000);
    drop(link);
    recorder.wait("all are given up", |seen| seen.given_up.len() == taken);

    let options = LinkOptions { max_hold: 2_000, ..self::options(&server.url()) };
    let recorder = Arc::new(Recorder::default());
    let link = Link::start(options, recorder.clone()).expect("a thread");
    for number in 0..100 {
        link.send(publication("a", &number.to_string())).expect("room is made");
    }
    recorder.wait("old ones are dropped", |seen| seen.given_up.len() >= 80);
    assert!(recorder.seen.lock().given_up.iter().all(|(_, why)| *why == GivenUp::Dropped));
    assert!(link.health().held_bytes <= 2_000);
}

#[test]
fn a_password_is_asked_for_and_never_shown() {
    let server = RedisServer::start_with(&["--save", "", "--requirepass", "right-secret"]);
    let url = |password: &str| format!("redis://:{password}@127.0.0.1:{}", server.port());
    let recorder = Arc::new(Recorder::default());
    let options_with = options(&url("wrong-secret"));
    assert!(!format!("{options_with:?}").contains("secret"));
    let link = Link::start(options_with, recorder.clone()).expect("a thread");
    recorder.wait("it is refused", |seen| !seen.statuses.is_empty());
    assert!(!format!("{:?} {link:?}", recorder.seen.lock().statuses).contains("secret"));
    let (link, _) = start(options(&url("right-secret")));
    assert!(!format!("{link:?}").contains("secret"));
}

#[test]
fn a_replica_is_not_taken_for_a_master() {
    let server = RedisServer::start();
    let replica = RedisServer::start();
    let _: String = replica.run(&format!("REPLICAOF 127.0.0.1 {}", server.port()));
    let recorder = Arc::new(Recorder::default());
    let _link = Link::start(options(&replica.url()), recorder.clone()).expect("a thread");
    recorder.wait("it is refused", |seen| {
        matches!(&seen.statuses[..], [LinkStatus::Away { reason }] if reason.contains("replica"))
    });
    let _: String = replica.run("REPLICAOF NO ONE");
    recorder.wait("it is a master", Seen::is_up);
}
