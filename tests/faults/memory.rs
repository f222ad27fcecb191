//! Many clients flood the server and do not read. The memory for each of them is bounded.

use std::{env, fs, io::Write, net::Shutdown, process::Command, sync::Arc, thread, time::Duration};

use actix_socketio::OnMessage;

use crate::{
    fixture::{Fixture, Gate},
    raw::{PollingSession, WebSocket, frame},
    wait::wait_until,
};

/// What the kernel reports about this process, in bytes.
pub(crate) fn memory(what: &str) -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("Linux has it");
    let line =
        status.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(':')).expect("a line");
    line.trim().strip_suffix(" kB").expect("kilobytes").parse::<usize>().expect("a number") << 10
}

/// Whether this process runs this test alone, because memory is measured by process. If not, the
/// test runs in a process of its own, and has passed there when this returns.
pub(crate) fn is_alone(test: &str) -> bool {
    const ALONE: &str = "ACTIX_SOCKETIO_TEST_ALONE";
    if env::var_os(ALONE).is_some() {
        return true;
    }
    let mut itself = Command::new(env::current_exe().expect("a program"));
    let output =
        itself.args(["--exact", test, "--nocapture"]).env(ALONE, "1").output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout);
    let why = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}{why}");
    println!("{said}");
    false
}

#[test]
fn memory_for_each_connection_is_bounded_by_configured_bytes() {
    if !is_alone("memory::memory_for_each_connection_is_bounded_by_configured_bytes") {
        return;
    }
    const CROWD: usize = 40;
    const MAX_PAYLOAD: usize = 100_000;
    const LIMIT: usize = 200_000;
    /// How often a client sends 50 kB and receives 20 kB.
    const ROUNDS: usize = 200;
    let gate = Gate::closed();
    let busy = gate.clone();
    let mut fixture = Fixture::with(|builder| {
        let builder = builder.max_payload(MAX_PAYLOAD).max_inbox_bytes(LIMIT).max_outbox(LIMIT);
        builder.ping_interval(Duration::from_millis(100)).on_message(
            async move |event: OnMessage| {
                if event.event() == "busy" {
                    busy.pass().await;
                }
                Ok(())
            },
        )
    });
    let clients: Vec<_> = (0..CROWD)
        .map(|_| {
            let mut ws = WebSocket::open_with_small_buffers(fixture.addr);
            let id = ws.join();
            (ws, id, fixture.io.socket(&id).expect("the socket is connected"))
        })
        .collect();
    let flood: Arc<[u8]> =
        frame(0x81, format!(r#"42["busy","{}"]"#, "x".repeat(50_000)).as_bytes()).into();
    let text = "y".repeat(20_000);
    let before = memory("VmRSS");
    let writers: Vec<_> = clients
        .iter()
        .map(|(ws, ..)| {
            let (mut stream, flood) = (ws.writer(), Arc::clone(&flood));
            // The write fails when the client is disconnected.
            thread::spawn(move || {
                (0..ROUNDS).take_while(|_| stream.write_all(&flood).is_ok()).count()
            })
        })
        .collect();
    let mut last = (u64::MAX, 0);
    wait_until("nothing more is read", || {
        let (now, pinged) = (fixture.io.stats().bytes_received, fixture.pings());
        if last.0 != now {
            last = (now, pinged);
        }
        pinged >= last.1 + 4
    });
    let mut most = 0;
    for _ in 0..ROUNDS {
        for (.., socket) in &clients {
            // The client may have been disconnected.
            let _ = socket.emit("large", &text);
        }
        let waits = fixture.io.stats().outbox_bytes;
        assert!(waits <= CROWD * LIMIT, "{waits} bytes wait");
        most = most.max(waits);
    }
    assert!(
        clients.iter().all(|(.., socket)| !socket.is_connected()),
        "it was too much for each of them"
    );
    fixture.assert_bystander_works();
    let grown = memory("VmHWM").saturating_sub(before);
    // The rows of the table in docs/reliability.md: the outbox; the inbox and an event more; the
    // buffers of the event that is being handled, and of the message that is being read. The last
    // is for the actor and what the allocator can't use.
    const EVENT: usize = 50_000;
    let bound = CROWD * (LIMIT + LIMIT + EVENT + 2 * MAX_PAYLOAD + 2 * MAX_PAYLOAD + (64 << 10));
    println!(
        "{grown} bytes more, of {bound}; {most} waited at most, {} were read",
        fixture.io.stats().bytes_received
    );
    assert!(grown < bound, "{grown} bytes more, where {bound} are allowed");
    gate.let_through(CROWD * ROUNDS);
    for (_, id, _) in &clients {
        assert_eq!(fixture.journal.disconnect_reason(*id), "slow consumer");
    }
    for (ws, ..) in &clients {
        // A server without `tcp_timeout` would wait for the client to read.
        let _ = ws.stream().shutdown(Shutdown::Both);
    }
    let written: usize = writers.into_iter().map(|writer| writer.join().expect("it writes")).sum();
    assert!(written < CROWD * ROUNDS / 2, "the flood was held back: {written}");
    fixture.assert_all_freed();
}

/// A waiting event must not keep the buffer that it was read in. Tiny events wait, each read after
/// a large packet that is ignored.
#[test]
fn an_event_that_waits_keeps_nothing_of_what_came_before_it() {
    if !is_alone("memory::an_event_that_waits_keeps_nothing_of_what_came_before_it") {
        return;
    }
    const EVENTS: usize = 60;
    let gate = Gate::closed();
    let busy = gate.clone();
    let fixture = Fixture::with(|builder| {
        builder.on_message(async move |event: OnMessage| {
            if event.event() == "busy" {
                busy.pass().await;
            }
            Ok(())
        })
    });
    let mut ws = WebSocket::open(fixture.addr);
    ws.join();
    let before = memory("VmRSS");
    // An acknowledgement that was not requested.
    let unwanted = frame(0x81, format!(r#"4399["{}"]"#, "x".repeat(900_000)).as_bytes());
    let both = [unwanted, frame(0x81, br#"42["busy"]"#)].concat();
    for _ in 0..EVENTS {
        ws.send_raw(&both);
    }
    wait_until("all is read", || fixture.io.stats().messages_received > 2 * EVENTS as u64);
    let grown = memory("VmRSS").saturating_sub(before);
    println!("{EVENTS} tiny events that wait take {grown} bytes");
    assert!(
        grown < 2 * fixture.io.config().max_inbox_bytes + 4 * fixture.io.config().max_payload,
        "{grown}"
    );
    gate.let_through(EVENTS);
    drop(ws);
    fixture.assert_all_freed();
}

/// The buffer of a large message is freed, and `auth` does not keep the buffer that it was read in.
#[test]
fn a_connection_that_is_quiet_keeps_nothing_of_what_was_large() {
    const CLIENTS: usize = 60;
    const LARGE: usize = 900_000;
    if !is_alone("memory::a_connection_that_is_quiet_keeps_nothing_of_what_was_large") {
        return;
    }
    let fixture = Fixture::new();
    let large = format!("3{}", "x".repeat(LARGE));
    let before = memory("VmRSS");
    for _ in 0..CLIENTS {
        let session = PollingSession::open(fixture.addr);
        session.post(format!("{large}\x1e{}", r#"40{"a":1}"#)).assert_ok();
    }
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        let mut ws = WebSocket::open(fixture.addr);
        ws.send_raw([frame(0x81, large.as_bytes()), frame(0x81, br#"40{"a":1}"#)].concat());
        assert!(ws.text().starts_with("40{"));
        ws.assert_works();
        clients.push(ws);
    }
    let grown = memory("VmRSS").saturating_sub(before);
    println!("{} quiet connections keep {grown} bytes", 2 * CLIENTS);
    assert!(grown < 2 * CLIENTS * LARGE / 4, "{grown}");
}
