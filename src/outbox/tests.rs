use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake, Waker},
};

use bytes::Bytes;
use parking_lot::Mutex;

use super::*;
use crate::{
    model::Transport,
    protocol::{self, EnginePacket, Frame},
};

/// A frame of 10 bytes, its header included.
fn frame(n: u8) -> Frame {
    Frame::engine(&EnginePacket::Message(format!("{n:07}").into()))
}

fn outbox(max_bytes: usize) -> (Arc<Outbox>, Arc<Mutex<Vec<OutboxEvent>>>) {
    let events = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&events);
    (Outbox::new(Transport::Polling, max_bytes, move |event| log.lock().push(event)), events)
}

struct PushWakes(AtomicUsize);

impl Wake for PushWakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

fn cx() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

#[test]
fn frames_leave_in_order_and_wake_the_transport_once() {
    let (outbox, _) = outbox(1000);
    let wakes = Arc::new(PushWakes(AtomicUsize::new(0)));
    let waker = Waker::from(Arc::clone(&wakes));
    let cx = &mut Context::from_waker(&waker);
    assert_eq!(outbox.poll_chunk(cx), Poll::Pending);
    for n in 0..3 {
        assert_eq!(outbox.push(frame(n)), Pushed::Queued);
    }
    assert_eq!(wakes.0.load(SeqCst), 1);
    assert_eq!(
        outbox.poll_chunk(cx),
        Poll::Ready(TakenFrames::Frames(vec![frame(0), frame(1), frame(2)]))
    );
    assert_eq!(outbox.poll_chunk(cx), Poll::Pending);
}

#[test]
fn a_volatile_frame_is_queued_only_if_the_transport_waits() {
    let (outbox, _) = outbox(1000);
    assert_eq!(outbox.push_volatile(&frame(0)), Pushed::Dropped, "no transport waits");
    assert_eq!(outbox.poll_chunk(&mut cx()), Poll::Pending);
    assert_eq!(outbox.push_volatile(&frame(1)), Pushed::Queued);
    assert_eq!(outbox.push_volatile(&frame(2)), Pushed::Dropped, "a frame is queued already");
    assert_eq!(outbox.poll_chunk(&mut cx()), Poll::Ready(TakenFrames::One(frame(1))));
}

#[test]
fn a_volatile_frame_is_dropped_after_the_poll_has_ended() {
    let (outbox, _) = outbox(1000);
    assert!(outbox.begin_poll());
    assert_eq!(outbox.poll_batch(100, 9, &mut cx()), Poll::Pending);
    outbox.end_poll();
    assert_eq!(outbox.push_volatile(&frame(0)), Pushed::Dropped);
}

#[test]
fn finish_discarding_drops_queued_frames() {
    let (outbox, events) = outbox(1000);
    outbox.push(frame(0));
    outbox.finish_discarding();
    assert_eq!(outbox.push(frame(1)), Pushed::Dropped);
    assert_eq!(outbox.poll_chunk(&mut cx()), Poll::Ready(TakenFrames::Last(vec![])));
    assert_eq!(*events.lock(), [OutboxEvent::Emptied]);
}

#[test]
fn one_byte_above_the_bound_overflows() {
    let (outbox, events) = outbox(3 * frame(0).cost());
    for n in 0..3 {
        assert_eq!(outbox.push(frame(n)), Pushed::Queued);
    }
    assert_eq!(outbox.push(Frame::PING), Pushed::Dropped);
    assert_eq!(outbox.push(Frame::PING), Pushed::Dropped);
    assert_eq!(*events.lock(), [OutboxEvent::Overflow]);
    assert_eq!(outbox.poll_chunk(&mut cx()), Poll::Ready(TakenFrames::Closed));
}

#[test]
fn taken_frames_no_longer_count() {
    let (outbox, events) = outbox(3 * frame(0).cost());
    for n in 0..100 {
        assert_eq!(outbox.push(frame(n)), Pushed::Queued);
        assert_eq!(outbox.poll_batch(100, 9, &mut cx()), Poll::Ready(TakenFrames::One(frame(n))));
    }
    assert!(events.lock().is_empty());
}

#[test]
fn a_batch_fits_the_polling_body_and_is_never_empty() {
    let (outbox, _) = outbox(1000);
    for n in 0..4 {
        outbox.push(frame(n));
    }
    // Two packets of 8 bytes and their separator take 17 bytes.
    assert_eq!(
        outbox.poll_batch(17, 9, &mut cx()),
        Poll::Ready(TakenFrames::Frames(vec![frame(0), frame(1)]))
    );
    assert_eq!(
        outbox.poll_batch(16, 9, &mut cx()),
        Poll::Ready(TakenFrames::Frames(vec![frame(2)]))
    );
    assert_eq!(outbox.poll_batch(1, 9, &mut cx()), Poll::Ready(TakenFrames::One(frame(3))));
    for n in 0..3 {
        outbox.push(frame(n));
    }
    assert_eq!(
        outbox.poll_batch(100, 2, &mut cx()),
        Poll::Ready(TakenFrames::Frames(vec![frame(0), frame(1)]))
    );
}

#[test]
fn queued_frames_leave_before_the_close() {
    let (outbox, events) = outbox(1000);
    outbox.push(frame(0));
    outbox.push(frame(1));
    outbox.finish();
    assert_eq!(outbox.push(frame(2)), Pushed::Dropped);
    assert_eq!(
        outbox.poll_batch(8, 9, &mut cx()),
        Poll::Ready(TakenFrames::Frames(vec![frame(0)]))
    );
    assert_eq!(
        outbox.poll_batch(8, 9, &mut cx()),
        Poll::Ready(TakenFrames::Frames(vec![frame(1)]))
    );
    assert!(events.lock().is_empty());
    assert_eq!(outbox.poll_batch(8, 9, &mut cx()), Poll::Ready(TakenFrames::Last(vec![])));
    assert_eq!(outbox.poll_batch(8, 9, &mut cx()), Poll::Ready(TakenFrames::Closed));
    assert_eq!(*events.lock(), [OutboxEvent::Emptied]);
}

#[test]
fn a_websocket_takes_the_last_frames_with_the_close() {
    let (outbox, _) = outbox(1000);
    outbox.push(frame(0));
    outbox.finish();
    assert_eq!(outbox.poll_chunk(&mut cx()), Poll::Ready(TakenFrames::Last(vec![frame(0)])));
}

#[test]
fn an_upgrade_moves_the_right_to_take_frames() {
    let (outbox, _) = outbox(1000);
    assert!(outbox.begin_poll());
    assert!(!outbox.begin_poll(), "one poll at a time");
    assert_eq!(outbox.poll_batch(100, 9, &mut cx()), Poll::Pending);
    assert!(outbox.begin_probe());
    assert!(!outbox.begin_probe(), "one probe at a time");
    assert_eq!(outbox.poll_batch(100, 9, &mut cx()), Poll::Ready(TakenFrames::Nothing));
    outbox.end_poll();

    outbox.push(frame(0));
    assert!(outbox.complete_upgrade());
    assert!(!outbox.complete_upgrade());
    assert_eq!(outbox.poll_batch(100, 9, &mut cx()), Poll::Ready(TakenFrames::Nothing));
    assert_eq!(outbox.poll_chunk(&mut cx()), Poll::Ready(TakenFrames::One(frame(0))));
    assert_eq!(outbox.active_transport(), Transport::WebSocket);
}

#[test]
fn a_released_poll_does_not_carry_the_close() {
    let (outbox, _) = outbox(1000);
    assert!(outbox.begin_poll());
    assert_eq!(outbox.poll_batch(100, 9, &mut cx()), Poll::Pending);
    assert!(outbox.is_polled());
    assert!(outbox.begin_probe());
    assert!(!outbox.is_polled());
    outbox.finish();
    assert_eq!(outbox.poll_batch(100, 9, &mut cx()), Poll::Ready(TakenFrames::Nothing));
    outbox.end_poll();
    // The next poll carries it, or the WebSocket.
    assert_eq!(outbox.poll_batch(100, 9, &mut cx()), Poll::Ready(TakenFrames::Last(vec![])));
}

#[test]
fn a_failed_probe_leaves_polling_unchanged() {
    let (outbox, _) = outbox(1000);
    assert!(outbox.begin_probe());
    outbox.end_probe();
    assert!(outbox.begin_poll());
    outbox.push(frame(0));
    assert_eq!(outbox.poll_batch(100, 9, &mut cx()), Poll::Ready(TakenFrames::One(frame(0))));
    assert!(outbox.begin_probe());
}

#[test]
fn a_websocket_takes_chunks_of_bounded_size_and_they_count_until_they_are_written() {
    let outbox = Outbox::new(Transport::WebSocket, 1 << 20, |_| {});
    let text = "x".repeat(20_000);
    let small = protocol::event("/", None, "e", &text).unwrap();
    let large = protocol::event("/", None, "e", &text.repeat(5)).unwrap();
    for _ in 0..4 {
        outbox.push(small.clone());
    }
    outbox.push(large.clone());
    outbox.push(large.clone());
    let all = 4 * small.cost() + 2 * large.cost();
    assert_eq!(outbox.depth(), (6, all));

    let chunk = TakenFrames::Frames(vec![small.clone(); 3]);
    assert_eq!(outbox.poll_chunk(&mut cx()), Poll::Ready(chunk), "as much as one write");
    assert_eq!(outbox.depth(), (3, all), "it is not written yet");
    assert_eq!(outbox.take_chunk(), Some(TakenFrames::One(small.clone())));
    assert_eq!(outbox.depth(), (2, all - 3 * small.cost()));
    for _ in 0..2 {
        let taken = outbox.take_chunk();
        assert_eq!(taken, Some(TakenFrames::One(large.clone())), "shared, not copied");
    }
    assert_eq!(outbox.depth(), (0, large.cost()));
    assert_eq!(outbox.poll_chunk(&mut cx()), Poll::Pending);
    assert_eq!(outbox.depth(), (0, 0));
}

#[test]
fn what_a_websocket_has_taken_leaves_no_room_for_as_much_again() {
    let frame = protocol::event("/", None, "e", &"x".repeat(60_000)).unwrap();
    let (outbox, events) = outbox(2 * frame.cost());
    assert!(outbox.complete_upgrade());
    outbox.push(frame.clone());
    assert!(matches!(outbox.poll_chunk(&mut cx()), Poll::Ready(TakenFrames::One(_))));
    assert_eq!(outbox.push(frame.clone()), Pushed::Queued);
    assert_eq!(outbox.push(frame), Pushed::Dropped);
    assert_eq!(*events.lock(), [OutboxEvent::Upgraded, OutboxEvent::Overflow]);
}

#[test]
fn an_answer_counts_until_it_is_dropped_and_keeps_what_it_is_given() {
    let outbox = Outbox::new(Transport::Polling, 10_000, |_| {});
    let (first, second) = (UnreadAnswer::new(&outbox, 5000), UnreadAnswer::new(&outbox, 1000));
    let counted = outbox.depth().1;
    assert!(counted > 6000, "{counted}");
    drop(second);
    let guard = Arc::new(());
    let mut has_waited = false;
    outbox.drop_when_read(Arc::clone(&guard), |_| has_waited = true);
    assert_eq!((Arc::strong_count(&guard), has_waited), (2, true));
    let large = protocol::event("/", None, "e", &"x".repeat(4500)).unwrap();
    assert_eq!(outbox.push(large), Pushed::Dropped, "the client has not read what it has");
    assert!((5000..counted).contains(&outbox.depth().1), "it is still in memory");
    drop(first);
    assert_eq!(outbox.depth().1, 0);
    assert_eq!(Arc::strong_count(&guard), 1);
    outbox.drop_when_read(Arc::clone(&guard), |_| unreachable!("there is no answer"));
    assert_eq!(Arc::strong_count(&guard), 1);
}

#[test]
fn reserved_bytes_leave_no_room_for_a_volatile_frame() {
    let outbox = Outbox::new(Transport::WebSocket, 10_000, |_| {});
    let large = protocol::event("/", None, "e", &"x".repeat(5000)).unwrap();
    assert_eq!(outbox.poll_chunk(&mut cx()), Poll::Pending);
    let unread = UnreadAnswer::new(&outbox, 5000);
    assert_eq!(outbox.push_volatile(&large), Pushed::Dropped);
    drop(unread);
    assert_eq!(outbox.push_volatile(&large), Pushed::Queued, "the transport still waits");
}

#[test]
fn the_end_of_a_frame_counts_beside_what_is_reserved() {
    for (reserved, pushed) in [(3000, Pushed::Queued), (5000, Pushed::Dropped)] {
        let outbox = Outbox::new(Transport::WebSocket, 10_000, |_| {});
        let _unread = UnreadAnswer::new(&outbox, reserved);
        let rest = Bytes::from(vec![0; 6000]);
        assert_eq!(outbox.push_unfinished(outbox.state.lock(), rest), pushed, "{reserved}");
    }
}
