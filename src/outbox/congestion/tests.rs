use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use super::{
    super::{Pushed, SocketSender, UnreadAnswer},
    *,
};
use crate::{model::Quota, model::Transport, protocol::EnginePacket, protocol::Frame};

/// High-water mark 4,000, low-water mark 2,000.
const MAX: usize = 8000;

/// A frame that takes this many bytes.
fn frame(cost: usize) -> Frame {
    let of = |length| Frame::engine(&EnginePacket::Message("x".repeat(length).into()));
    let frame = of(cost - (of(500).cost() - 500));
    assert_eq!(frame.cost(), cost);
    frame
}

fn outbox() -> (Arc<Outbox>, Quota) {
    let congested = Quota::default();
    (Outbox::sharing(Transport::WebSocket, MAX, congested.clone().into(), |_| {}), congested)
}

fn push(outbox: &Outbox, costs: &[usize]) {
    for cost in costs {
        assert_eq!(outbox.push(frame(*cost)), Pushed::Queued);
    }
}

fn take_all(outbox: &Outbox) {
    while outbox.take_chunk().is_some() {}
}

/// Lets a client poll once, for one packet.
fn poll_one(outbox: &Outbox) {
    let _ = outbox.poll_batch(1, 1, &mut Context::from_waker(Waker::noop()));
}

fn is_released(released: &mut Released) -> bool {
    pin!(&mut released.0).poll(&mut Context::from_waker(Waker::noop())).is_ready()
}

#[test]
fn what_waits_and_what_is_on_its_way_fit_into_an_outbox() {
    for max_bytes in (1..200).chain([4 << 20, 1_000_003, usize::MAX]) {
        let marks = WaterMarks::of(max_bytes);
        assert!(marks.in_flight() >= 1, "{max_bytes}");
        assert!(marks.high() + marks.in_flight() <= max_bytes - marks.spare(), "{max_bytes}");
        assert!(marks.low() <= marks.high(), "{max_bytes}");
        // The same for one that is larger than what may be on its way, up to all of the outbox.
        for cost in [marks.in_flight() / 2, marks.in_flight(), max_bytes / 8 * 7, max_bytes] {
            let most = marks.most_before(cost);
            assert!(most <= max_bytes - cost.min(max_bytes), "{cost} of {max_bytes}");
        }
    }
}

#[test]
fn an_outbox_is_congested_from_its_high_to_its_low_water_mark() {
    let count = Quota::default();
    // Polls take one packet at a time.
    let outbox = Outbox::sharing(Transport::Polling, MAX, count.clone().into(), |_| {});
    push(&outbox, &[1000; 4]);
    assert!(!outbox.hold(500, &Hold::new().0), "it is at its mark");
    assert_eq!(count.in_use(), 0);
    push(&outbox, &[1000]);
    let mut waiting = Vec::new();
    for _ in 0..3 {
        assert_eq!(count.in_use(), 1);
        let (hold, released) = Hold::new();
        assert!(outbox.hold(500, &hold), "it has not drained");
        waiting.push(released);
        assert!(!waiting.iter_mut().any(is_released));
        poll_one(&outbox);
    }
    assert!(waiting.iter_mut().all(is_released));
    assert_eq!(count.in_use(), 0);
    assert!(!outbox.hold(500, &Hold::new().0));
    // And once more.
    push(&outbox, &[1000; 3]);
    assert_eq!(count.in_use(), 1);
}

#[test]
fn a_publication_waits_for_all_outboxes_that_keep_its_hold() {
    let ((first, count), (second, _)) = (outbox(), outbox());
    let (hold, mut released) = Hold::new();
    for outbox in [&first, &second] {
        push(outbox, &[5000]);
        assert!(outbox.hold(500, &hold));
    }
    drop(hold);
    take_all(&first);
    assert!(!is_released(&mut released));
    assert_eq!(count.in_use(), 0);
    // However an outbox ends, nothing waits for it.
    second.finish();
    assert!(is_released(&mut released));
    for end in [Outbox::abort, Outbox::finish_discarding] {
        let (outbox, count) = outbox();
        let (hold, mut released) = Hold::new();
        push(&outbox, &[5000]);
        assert!(outbox.hold(500, &hold));
        drop(hold);
        end(&outbox);
        assert!(is_released(&mut released));
        assert_eq!(count.in_use(), 0);
        assert!(!outbox.hold(500, &Hold::new().0));
    }
}

#[test]
fn nothing_waits_for_an_outbox_that_was_given_up_until_it_has_drained() {
    let (outbox, count) = outbox();
    push(&outbox, &[5000]);
    let [(first, gave_up), (second, mut released)] = [(); 2].map(|()| Hold::new());
    assert!(outbox.hold(500, &first) && outbox.hold(500, &second));
    drop((first, second));
    drop(gave_up);
    assert!(!is_released(&mut released), "it is found out by the next one");
    assert!(!outbox.hold(500, &Hold::new().0));
    assert!(is_released(&mut released), "the others do not wait any longer");
    assert_eq!(count.in_use(), 0, "the receivers of other publications need not be asked");
    push(&outbox, &[1000]);
    assert!(!outbox.hold(500, &Hold::new().0));
    assert_eq!(count.in_use(), 0);
    take_all(&outbox);
    push(&outbox, &[5000]);
    assert_eq!(count.in_use(), 1);
    assert!(outbox.hold(500, &Hold::new().0), "it has caught up");
    assert_eq!(outbox.push(frame(3001)), Pushed::Dropped, "the bound is what it was");
    assert_eq!(count.in_use(), 0);
}

#[test]
fn a_large_publication_waits_for_as_much_room_as_it_needs() {
    let (outbox, count) = outbox();
    push(&outbox, &[1500]);
    assert_eq!(count.in_use(), 0);
    assert!(!outbox.hold(5500, &Hold::new().0));
    let (hold, mut released) = Hold::new();
    assert!(outbox.hold(5501, &hold));
    drop(hold);
    assert!(!outbox.hold(500, &Hold::new().0), "a small one does not wait");
    take_all(&outbox);
    assert!(is_released(&mut released));
    assert!(!outbox.hold(MAX, &Hold::new().0), "an empty one has room for all that may be sent");
}

#[test]
fn packets_for_one_client_and_volatile_ones_count_too() {
    let (outbox, count) = outbox();
    assert_eq!(outbox.poll_chunk(&mut Context::from_waker(Waker::noop())), Poll::Pending);
    assert_eq!(outbox.push_volatile(&frame(4001)), Pushed::Queued);
    assert_eq!(count.in_use(), 1);
    take_all(&outbox);
    assert_eq!(count.in_use(), 0);
}

#[test]
fn frames_that_are_held_back_and_answers_that_are_not_read_count_too() {
    let (outbox, count) = outbox();
    let sender = SocketSender::new(Arc::clone(&outbox));
    push(&outbox, &[1000]);
    for _ in 0..4 {
        assert_eq!(sender.push(frame(1000)), Pushed::Queued);
    }
    assert_eq!(count.in_use(), 1);
    let (hold, mut released) = Hold::new();
    assert!(outbox.hold(500, &hold));
    drop(hold);
    sender.close();
    assert!(is_released(&mut released));
    assert_eq!(count.in_use(), 0);
    let answer = UnreadAnswer::new(&outbox, 4000);
    assert_eq!(count.in_use(), 1);
    drop(answer);
    assert_eq!(count.in_use(), 0);
}
