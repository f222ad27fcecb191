//! A client of HTTP/2 that polls and reads no answer has `max_outbox`, and not more.

use crate::{
    http2::{LARGEST_WINDOW, UnreadConnection},
    raw::PollingSession,
    server::TestServer,
    wait::wait_until,
};

const MAX_OUTBOX: usize = 1 << 20;
const MAX_PAYLOAD: usize = 200_000;
/// Less than a stream's buffer in h2 (400 KB), so that a whole answer fits.
const ANSWER: usize = 100_000;
/// What the kernel may take for a connection that is not read: 4 MiB by default.
const KERNEL: usize = 6 << 20;

/// Asks for large answers, and reads none, until the session has ended.
fn assert_bounded(window: u32) {
    let server =
        TestServer::start(|builder| builder.max_outbox(MAX_OUTBOX).max_payload(MAX_PAYLOAD));
    let stats = || server.io.stats();
    let has_ended = || stats().disconnects["slow consumer"] > 0;
    let session = PollingSession::join(server.at.h2c).0;
    let mut polls = UnreadConnection::open(server.at.h2c, window);
    let path = format!("/socket.io/?{}", session.query());
    let mut answered = 0;
    while !has_ended() {
        session.post(format!(r#"42["large",1,{ANSWER}]"#)).assert_ok();
        wait_until("the event waits", || stats().outbox_frames == 1 || has_ended());
        polls.get(&path).expect("the connection stays as long as the session");
        wait_until("the event is taken", || stats().outbox_frames == 0);
        let unread = stats().outbox_bytes;
        assert!(unread <= MAX_OUTBOX + ANSWER, "{unread} bytes wait");
        answered += ANSWER;
        assert!(answered <= MAX_OUTBOX + KERNEL, "{answered} bytes are kept, {unread} counted");
    }
    assert!(answered > MAX_OUTBOX / 2, "{answered}");
    // Answers that exist count for `max_connections`, too.
    assert_eq!(stats().connections, 1);
    drop(polls);
    server.assert_all_freed();
}

#[test]
fn answers_without_a_window_are_bounded() {
    assert_bounded(0);
}

/// The server may send them, but the kernel takes no more.
#[test]
fn answers_that_the_kernel_does_not_take_are_bounded() {
    assert_bounded(LARGEST_WINDOW);
}
