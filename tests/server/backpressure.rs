//! A client that is slow, or floods, affects no other client: what the server holds back, what
//! continues, and that nothing is lost.

use std::{
    io::Write,
    net::Shutdown,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    thread,
    time::Duration,
};

use actix_socketio::{Builder, HandlerResult, OnMessage, SocketIo};
use parking_lot::Mutex;
use serde_json::Value;

use crate::{
    fixture::{Fixture, Gate, Journal},
    raw::{AttendedWebSocket, PollingSession, Received, WebSocket, frame},
    wait::{PATIENCE, wait_until},
};

/// Clients with a thread each, which count the messages of the channel and check their order.
struct Listeners {
    received: Vec<Arc<AtomicUsize>>,
    threads: Vec<thread::JoinHandle<()>>,
}

impl Listeners {
    /// Each client receives this many messages `42["numbered",[n,"…"]]`, and leaves.
    fn subscribe(fixture: &Fixture, count: usize, until: Arc<AtomicUsize>) -> Self {
        let (received, threads) = (0..count)
            .map(|_| {
                let mut listener = WebSocket::open(fixture.addr);
                let id = listener.join();
                fixture
                    .io
                    .socket(&id)
                    .expect("the socket is connected")
                    .subscribe("numbers")
                    .expect("the subscription is allowed");
                let received = Arc::<AtomicUsize>::default();
                let (counter, until) = (Arc::clone(&received), Arc::clone(&until));
                let thread = thread::spawn(move || {
                    for next in 0.. {
                        if next == until.load(SeqCst) {
                            return;
                        }
                        let text = listener.text();
                        let number = text
                            .strip_prefix(r#"42["numbered",["#)
                            .and_then(|rest| rest.split(',').next());
                        assert_eq!(
                            number,
                            Some(&*next.to_string()),
                            "in order, and none lost or doubled"
                        );
                        counter.fetch_add(1, SeqCst);
                    }
                });
                (received, thread)
            })
            .unzip();
        Self { received, threads }
    }

    #[track_caller]
    fn wait_for_all(&self, count: usize) {
        wait_until(&format!("all have received {count}"), || {
            assert!(
                !self.threads.iter().any(thread::JoinHandle::is_finished),
                "a listener has given up"
            );
            self.received.iter().all(|received| received.load(SeqCst) == count)
        });
    }
}

#[test]
fn a_slow_reader_is_disconnected_while_the_others_receive_everything_in_order() {
    const OTHERS: usize = 20;
    // None of the others has ever more than this queued: the next messages follow when they have
    // received these.
    const ROUND: usize = 4;
    let mut fixture = Fixture::with(|builder| builder.max_outbox(100_000));
    let mut slow = WebSocket::open_with_small_buffers(fixture.addr);
    let slow_id = slow.join();
    fixture
        .io
        .socket(&slow_id)
        .expect("the socket is connected")
        .subscribe("numbers")
        .expect("the subscription is allowed");
    let until = Arc::new(AtomicUsize::new(usize::MAX));
    let listeners = Listeners::subscribe(&fixture, OTHERS, Arc::clone(&until));

    let text = "x".repeat(20_000);
    let mut published = 0;
    let mut publish = |count: usize| {
        for _ in 0..count {
            fixture
                .io
                .to("numbers")
                .emit("numbered", &(published, &text))
                .expect("the registry has capacity");
            published += 1;
        }
        listeners.wait_for_all(published);
        published
    };
    while !fixture.journal.of(slow_id).iter().any(|what| what == "finish") {
        publish(ROUND);
    }
    let so_far = publish(ROUND);
    until.store(so_far + 1, SeqCst);
    fixture
        .io
        .to("numbers")
        .emit("numbered", &(so_far, "the last"))
        .expect("the registry has capacity");
    for thread in listeners.threads {
        thread.join().expect("a listener receives what it should");
    }
    assert_eq!(fixture.journal.disconnect_reason(slow_id), "slow consumer");
    assert_eq!(fixture.journal.count("disconnect: slow consumer"), 1);
    fixture.assert_only_bystander_left();

    // The slow client receives what was in flight, from the first message, and then the end.
    let mut next = 0;
    loop {
        match slow.receive() {
            Received::Text(text) => {
                assert!(text.starts_with(&format!(r#"42["numbered",[{next},"#)));
            }
            end => break assert!(matches!(end, Received::End | Received::Truncated), "{end:?}"),
        }
        next += 1;
    }
    fixture.assert_all_freed();
}

/// A builder whose handler of `busy` waits for the gate, and records its number.
fn busy(builder: Builder, gate: &Gate) -> (Builder, Arc<Mutex<Vec<usize>>>) {
    let handled = Arc::<Mutex<Vec<usize>>>::default();
    let (gate, numbers) = (gate.clone(), Arc::clone(&handled));
    let builder = builder.on_message(async move |event: OnMessage| {
        if event.event() == "busy" {
            gate.pass().await;
            numbers.lock().push(event.json()?);
        }
        Ok(())
    });
    (builder, handled)
}

fn world_with_busy(
    configure: impl FnOnce(Builder) -> Builder,
    gate: &Gate,
) -> (Fixture, Arc<Mutex<Vec<usize>>>) {
    let mut handled = None;
    let fixture = Fixture::with(|builder| {
        let (builder, numbers) = busy(configure(builder), gate);
        handled = Some(numbers);
        builder
    });
    (fixture, handled.expect("the builder was made"))
}

/// A client that floods the server. Like any client, it writes packets one by one, and answers a
/// ping when the write before has ended.
struct Flood {
    written: Arc<AtomicUsize>,
    received: mpsc::Receiver<String>,
    later: mpsc::Sender<String>,
    threads: [thread::JoinHandle<()>; 2],
}

impl Flood {
    fn start(
        mut client: WebSocket,
        packets: impl Iterator<Item = String> + Send + 'static,
    ) -> Self {
        let (written, pings) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let (later, behind) = mpsc::channel::<String>();
        let (sender, received) = mpsc::channel();
        let (mut stream, count, pinged) =
            (client.writer(), Arc::clone(&written), Arc::clone(&pings));
        let writer = thread::spawn(move || {
            let mut write = |packet: &str| {
                for _ in 0..pinged.swap(0, SeqCst) {
                    stream.write_all(&frame(0x81, b"3")).expect("the server reads");
                }
                if !packet.is_empty() {
                    stream.write_all(&frame(0x81, packet.as_bytes())).expect("the server reads");
                }
            };
            for packet in packets {
                write(&packet);
                count.fetch_add(1, SeqCst);
            }
            loop {
                match behind.recv_timeout(Duration::from_millis(5)) {
                    Ok(packet) => write(&packet),
                    Err(mpsc::RecvTimeoutError::Timeout) => write(""),
                    Err(mpsc::RecvTimeoutError::Disconnected) => break,
                }
            }
            stream.shutdown(Shutdown::Both).expect("the stream was open");
        });
        let reader = thread::spawn(move || {
            while let Received::Text(text) = client.receive() {
                if text == "2" {
                    pings.fetch_add(1, SeqCst);
                } else if sender.send(text).is_err() {
                    return;
                }
            }
        });
        Self { written, received, later, threads: [writer, reader] }
    }

    /// The number of packets that were written.
    fn written(&self) -> usize {
        self.written.load(SeqCst)
    }

    #[track_caller]
    fn text(&self) -> String {
        self.received.recv_timeout(PATIENCE).expect("a packet")
    }

    /// Sends one more packet after all others.
    fn send(&self, packet: &str) {
        self.later.send(packet.to_owned()).expect("it writes");
    }

    /// Breaks the connection off.
    fn leave(self) {
        drop(self.later);
        for thread in self.threads {
            thread.join().expect("it was not cut off");
        }
    }
}

#[test]
fn a_busy_handler_holds_back_only_its_own_client_which_still_hears() {
    const EVENTS: usize = 400;
    let gate = Gate::closed();
    let settings = |builder: Builder| {
        builder.ping_interval(Duration::from_millis(100)).ping_timeout(Duration::from_secs(2))
    };
    let (mut fixture, handled) = world_with_busy(settings, &gate);
    let mut client = WebSocket::open_with_small_buffers(fixture.addr);
    let id = client.join();
    let socket = fixture.io.socket(&id).expect("the socket is connected");
    let text = "x".repeat(60_000);
    let flood = Flood::start(
        client,
        (0..EVENTS).map(move |number| format!(r#"42["busy",{number},"{text}"]"#)),
    );

    // TCP holds the flood back: nothing more is written while the bystander is pinged several
    // times.
    let mut last = (usize::MAX, 0);
    wait_until("nothing more is written", || {
        let (now, pinged) = (flood.written(), fixture.pings());
        if last.0 != now {
            last = (now, pinged);
        }
        pinged >= last.1 + 4
    });
    assert!(flood.written() < EVENTS, "the server has taken everything");
    assert_eq!(handled.lock().len(), 0);

    // It receives messages meanwhile, and it does not time out for pongs that the server has not
    // read.
    let since = fixture.pings();
    for number in 0.. {
        fixture.assert_bystander_works();
        fixture.io.emit("to all", &number).expect("the registry has capacity");
        assert_eq!(flood.text(), format!(r#"42["to all",{number}]"#));
        fixture.assert_bystander_receives(&format!(r#"42["to all",{number}]"#));
        if fixture.pings() > since + 25 {
            break;
        }
    }
    assert!(socket.is_connected());
    assert!(flood.written() < EVENTS);

    gate.let_through(EVENTS);
    wait_until("all events are handled", || handled.lock().len() == EVENTS);
    assert!(handled.lock().iter().copied().eq(0..EVENTS), "in order");
    flood.send(r#"421["echo",1]"#);
    assert_eq!(flood.text(), "431[1]");
    flood.leave();
    assert_eq!(fixture.journal.disconnect_reason(id), "transport close");
    fixture.assert_all_freed();
}

/// The events fill the inbox exactly, so that only the client's pongs wait to be read.
#[test]
fn a_client_that_is_held_back_is_not_blamed_for_its_pongs() {
    // One event is being handled, and the others wait.
    const EVENTS: usize = 5;
    let gate = Gate::closed();
    let settings = |builder: Builder| {
        let builder = builder.max_inbox(EVENTS - 1);
        builder.ping_interval(Duration::from_millis(100)).ping_timeout(Duration::from_secs(1))
    };
    let (mut fixture, handled) = world_with_busy(settings, &gate);
    let mut client = WebSocket::open(fixture.addr);
    let id = client.join();
    let socket = fixture.io.socket(&id).expect("the socket is connected");
    client.send_raw(
        (0..EVENTS)
            .map(|n| frame(0x81, format!(r#"42["busy",{n}]"#).as_bytes()))
            .collect::<Vec<_>>()
            .concat(),
    );
    let client = AttendedWebSocket::new(client);
    let since = fixture.pings();
    wait_until("several times ping_interval and ping_timeout have gone by", || {
        fixture.assert_bystander_works();
        assert!(socket.is_connected(), "{:?}", fixture.journal.of(id));
        fixture.pings() > since + 20
    });
    assert_eq!(handled.lock().len(), 0);
    gate.let_through(EVENTS);
    wait_until("all events are handled", || handled.lock().len() == EVENTS);
    let since = client.pings();
    wait_until("it is pinged as before", || client.pings() > since + 3);
    client.send(r#"421["echo",1]"#);
    assert_eq!(client.text(), "431[1]");
    drop(client);
    assert_eq!(fixture.journal.disconnect_reason(id), "transport close");
    fixture.assert_all_freed();
}

#[test]
fn a_polling_client_that_is_held_back_still_hears() {
    const EVENTS: usize = 200;
    let gate = Gate::closed();
    let (mut fixture, handled) = world_with_busy(|builder| builder, &gate);
    let (session, id) = PollingSession::join(fixture.addr);
    let body: Vec<_> = (0..EVENTS).map(|number| format!(r#"42["busy",{number}]"#)).collect();
    let mut held = session.begin_post_of(&body.join("\x1e"));
    for number in 0..10 {
        fixture.io.emit("to all", &number).expect("the registry has capacity");
        session.get().assert_poll(&[&format!(r#"42["to all",{number}]"#)]);
        fixture.assert_bystander_receives(&format!(r#"42["to all",{number}]"#));
        fixture.assert_bystander_works();
        assert!(held.is_quiet(), "the inbox has no capacity for all of it");
    }
    gate.let_through(EVENTS);
    held.response().assert_ok();
    wait_until("all events are handled", || handled.lock().len() == EVENTS);
    assert!(handled.lock().iter().copied().eq(0..EVENTS), "in order");
    assert_eq!(fixture.journal.of(id).len(), 1 + EVENTS);
    session.assert_works();
    session.close();
    fixture.assert_all_freed();
}

/// A handler for a flood: it counts the events, and reports its progress.
fn counting(gate: &Gate) -> (Builder, Arc<AtomicUsize>) {
    let handled = Arc::<AtomicUsize>::default();
    let (gate, count) = (gate.clone(), Arc::clone(&handled));
    let builder = SocketIo::builder().on_message(async move |event: OnMessage| -> HandlerResult {
        match event.event() {
            "echo" => event.ack(&event.json::<Value>()?)?,
            "how many" => event.ack(&count.load(SeqCst))?,
            _ => {
                if count.fetch_add(1, SeqCst) == 0 {
                    gate.pass().await;
                }
            }
        }
        Ok(())
    });
    (builder, handled)
}

const TINY: usize = 100_000;

/// One client on each of the two workers. One of the workers handles the flood.
fn two_others(fixture: &Fixture) -> [WebSocket; 2] {
    [(); 2].map(|()| {
        let mut other = WebSocket::open(fixture.addr);
        other.join();
        other
    })
}

#[test]
fn a_flood_of_tiny_events_in_one_body_starves_no_other_client() {
    let gate = Gate::closed();
    let (builder, handled) = counting(&gate);
    let mut fixture = Fixture::with_builder(builder, Journal::default());
    let mut others = two_others(&fixture);
    let (session, _) = PollingSession::join(fixture.addr);
    let mut flood = session.begin_post_of(&[r#"42["x"]"#; TINY].join("\x1e"));
    wait_until("the handler has begun", || handled.load(SeqCst) == 1);
    fixture.assert_bystander_works();
    gate.let_through(1);
    for other in &mut others {
        other.send(r#"421["how many"]"#);
        let answer = other.text();
        let so_far =
            answer.strip_prefix("431[").and_then(|rest| rest.strip_suffix(']')).expect("an answer");
        assert!(
            so_far.parse::<usize>().expect("a number") < TINY,
            "it had to wait for the whole flood"
        );
    }
    flood.response().assert_ok();
    wait_until("all events are handled", || handled.load(SeqCst) == TINY);
    session.assert_works();
    session.close();
    drop(others);
    fixture.assert_all_freed();
}

#[test]
fn a_flood_of_pongs_in_one_body_is_harmless() {
    let mut fixture = Fixture::new();
    let (session, _) = PollingSession::join(fixture.addr);
    let mut flood = session.begin_post_of(&["3"; TINY].join("\x1e"));
    fixture.assert_bystander_works();
    flood.response().assert_ok();
    session.assert_works();
    session.close();
    fixture.assert_all_freed();
}

/// This runs in a process of its own, because memory is measured by process.
#[cfg(target_os = "linux")]
#[test]
fn a_flood_of_tiny_events_in_one_body_needs_little_more_memory_than_the_body() {
    const ALONE: &str = "ACTIX_SOCKETIO_TEST_ALONE";
    const ITSELF: &str =
        "backpressure::a_flood_of_tiny_events_in_one_body_needs_little_more_memory_than_the_body";
    if std::env::var_os(ALONE).is_none() {
        let program = std::env::current_exe().expect("a program");
        let mut itself = std::process::Command::new(program);
        let output = itself.args(["--exact", ITSELF]).env(ALONE, "1").output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    let gate = Gate::closed();
    let (builder, handled) = counting(&gate);
    let fixture = Fixture::with_builder(builder, Journal::default());
    let (session, _) = PollingSession::join(fixture.addr);
    let body = [r#"42["x"]"#; TINY].join("\x1e");
    let before = memory("VmRSS");
    let mut flood = session.begin_post_of(&body);
    wait_until("the handler has begun", || handled.load(SeqCst) == 1);
    gate.let_through(1);
    flood.response().assert_ok();
    wait_until("all events are handled", || handled.load(SeqCst) == TINY);
    let grown = memory("VmHWM").saturating_sub(before);
    // The body is in memory once here and twice in the server. As separate events, the packets
    // would take at least 100 bytes each.
    assert!(grown < 10 * body.len(), "{grown} bytes more for a body of {}", body.len());
    session.close();
    fixture.assert_all_freed();
}

/// What the kernel reports about this process, in bytes.
#[cfg(target_os = "linux")]
fn memory(what: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux has it");
    let line =
        status.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(':')).expect("a line");
    line.trim().strip_suffix(" kB").expect("kilobytes").parse::<usize>().expect("a number") << 10
}
