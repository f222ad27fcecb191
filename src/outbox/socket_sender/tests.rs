use std::task::{Context, Poll, Waker};

use super::{super::TakenFrames, *};
use crate::protocol::{self, connect, disconnect};

fn event(n: usize) -> Frame {
    protocol::event("/", None, "e", &n).unwrap()
}

/// A pending sender that may hold back 100,000 bytes.
fn sender() -> Arc<SocketSender> {
    SocketSender::new(Outbox::new(Transport::Polling, 200_000, |_| {}))
}

fn sent(sender: &SocketSender) -> Vec<String> {
    match sender.outbox.poll_chunk(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(TakenFrames::Frames(frames)) => {
            frames.iter().map(|frame| frame.text().to_owned()).collect()
        }
        Poll::Pending => Vec::new(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn pending_frames_follow_connect() {
    let sender = sender();
    assert_eq!(sender.push(event(1)), Pushed::Queued);
    assert!(sent(&sender).is_empty());
    sender.open(connect("/", "id"), &[]);
    sender.push(event(2));
    assert_eq!(sent(&sender), [r#"40{"sid":"id"}"#, r#"42["e",1]"#, r#"42["e",2]"#]);
}

#[test]
fn pending_frames_are_dropped_with_a_refusal() {
    let sender = sender();
    sender.push(event(1));
    sender.close();
    sender.open(connect("/", "id"), &[]);
    assert_eq!(sender.push(event(2)), Pushed::Dropped);
    assert!(sent(&sender).is_empty());
}

#[test]
fn nothing_follows_the_final_frame() {
    for is_pending in [true, false] {
        let sender = sender();
        if !is_pending {
            sender.open(connect("/", "id"), &[]);
        }
        assert_eq!(sender.push_final(disconnect("/")), Pushed::Queued);
        assert_eq!(sender.push(event(1)), Pushed::Dropped);
        assert_eq!(sender.push_final(disconnect("/")), Pushed::Dropped);
        sender.open(connect("/", "id"), &[]);
        assert_eq!(sent(&sender), [r#"40{"sid":"id"}"#, "41"]);
        assert!(sender.is_closed());
    }
}

#[test]
fn an_observer_receives_sent_frames_and_the_end() {
    let sender = sender();
    let (observer, mut observed) = mpsc::channel(1);
    sender.observe(observer);
    sender.open(connect("/", "id"), &[]);
    sender.push(event(1));
    sender.push(event(2)); // the observer misses it: its channel is full
    assert_eq!(observed.try_recv(), Ok(event(1)));
    sender.push(event(3));
    assert_eq!(observed.try_recv(), Ok(event(3)));
    sender.close();
    assert_eq!(observed.try_recv(), Err(mpsc::error::TryRecvError::Disconnected));

    let (late, mut observed) = mpsc::channel(1);
    sender.observe(late);
    assert_eq!(observed.try_recv(), Err(mpsc::error::TryRecvError::Disconnected));
}

#[test]
fn the_final_frame_is_held_back_even_at_the_bound() {
    let sender = sender();
    while sender.push(event(1)) == Pushed::Queued {}
    assert_eq!(sender.push_final(disconnect("/")), Pushed::Queued);
    sender.open(connect("/", "id"), &[]);
    assert_eq!(sent(&sender).last().map(String::as_str), Some("41"));
}

#[test]
fn pending_frames_are_bounded() {
    let sender = sender();
    let queued = (0..10_000).filter(|n| sender.push(event(*n)) == Pushed::Queued).count();
    assert!((500..1000).contains(&queued), "{queued}");
    let counted = |sender: &SocketSender| sender.outbox.depth();
    assert_eq!(counted(&sender).0, 0);
    assert!((90_000..=100_000).contains(&counted(&sender).1), "{:?}", counted(&sender));
    // Another socket of the connection has the same bound, and not one of its own.
    let other = SocketSender::new(Arc::clone(&sender.outbox));
    assert_eq!(other.push(event(1)), Pushed::Dropped);
    sender.close();
    assert_eq!(counted(&sender), (0, 0));
    assert_eq!(other.push(event(1)), Pushed::Queued);
}

#[test]
fn threads_that_push_while_the_sender_opens_keep_their_order() {
    for _ in 0..50 {
        let sender = sender();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let sender = &sender;
                scope.spawn(move || {
                    for n in 0..20 {
                        assert_eq!(sender.push(event(thread * 100 + n)), Pushed::Queued);
                    }
                });
            }
            sender.open(connect("/", "id"), &[]);
        });
        let sent = sent(&sender);
        assert_eq!(sent.len(), 81);
        for thread in 0..4usize {
            let own: Vec<usize> = sent[1..]
                .iter()
                .map(|text| text[7..text.len() - 1].parse().unwrap())
                .filter(|n| n / 100 == thread)
                .collect();
            assert!(own.is_sorted(), "{own:?}");
        }
    }
}
