use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use super::*;
use crate::protocol::EnginePacket;

/// A frame of 10 bytes with its header.
fn frame(n: u8) -> Frame {
    Frame::engine(&EnginePacket::Message(format!("{n:07}").into()))
}

fn outbox(max_bytes: usize) -> (Arc<Outbox>, Arc<Mutex<Vec<OutboxEvent>>>) {
    let events = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&events);
    (Outbox::new(Transport::Polling, max_bytes, move |event| log.lock().push(event)), events)
}

struct Counter(AtomicUsize);

impl std::task::Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

fn cx() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

#[test]
fn frames_come_out_in_order_and_wake_once() {
    let (outbox, _) = outbox(1000);
    let counter = Arc::new(Counter(AtomicUsize::new(0)));
    let waker = Waker::from(Arc::clone(&counter));
    let cx = &mut Context::from_waker(&waker);
    assert_eq!(outbox.poll_all(cx), Poll::Pending);
    for n in 0..3 {
        assert_eq!(outbox.push(frame(n)), Pushed::Queued);
    }
    assert_eq!(counter.0.load(SeqCst), 1);
    assert_eq!(
        outbox.poll_all(cx),
        Poll::Ready(TakenFrames::Frames(vec![frame(0), frame(1), frame(2)]))
    );
    assert_eq!(outbox.poll_all(cx), Poll::Pending);
}

#[test]
fn a_volatile_frame_is_for_a_transport_that_waits() {
    let (outbox, _) = outbox(1000);
    assert_eq!(outbox.push_volatile(&frame(0)), Pushed::Dropped, "nobody polls");
    assert_eq!(outbox.poll_all(&mut cx()), Poll::Pending);
    assert_eq!(outbox.push_volatile(&frame(1)), Pushed::Queued);
    assert_eq!(outbox.push_volatile(&frame(2)), Pushed::Dropped, "something waits already");
    assert_eq!(outbox.poll_all(&mut cx()), Poll::Ready(TakenFrames::One(frame(1))));
}

#[test]
fn a_poll_that_has_gone_waits_for_nothing_volatile() {
    let (outbox, _) = outbox(1000);
    assert!(outbox.begin_poll());
    assert_eq!(outbox.poll_batch(100, 9, &mut cx()), Poll::Pending);
    outbox.end_poll();
    assert_eq!(outbox.push_volatile(&frame(0)), Pushed::Dropped);
}

#[test]
fn what_waits_for_one_who_has_gone_is_dropped() {
    let (outbox, events) = outbox(1000);
    outbox.push(frame(0));
    outbox.finish_discarding();
    assert_eq!(outbox.push(frame(1)), Pushed::Dropped);
    assert_eq!(outbox.poll_all(&mut cx()), Poll::Ready(TakenFrames::Last(vec![])));
    assert_eq!(*events.lock(), [OutboxEvent::Drained]);
}

#[test]
fn the_bound_is_reached_at_one_byte_more() {
    let (outbox, events) = outbox(3 * frame(0).cost());
    for n in 0..3 {
        assert_eq!(outbox.push(frame(n)), Pushed::Queued);
    }
    assert_eq!(outbox.push(Frame::PING), Pushed::Dropped);
    assert_eq!(outbox.push(Frame::PING), Pushed::Dropped);
    assert_eq!(*events.lock(), [OutboxEvent::Overflow]);
    assert_eq!(outbox.poll_all(&mut cx()), Poll::Ready(TakenFrames::Closed));
}

#[test]
fn taken_frames_make_room() {
    let (outbox, events) = outbox(3 * frame(0).cost());
    for n in 0..100 {
        assert_eq!(outbox.push(frame(n)), Pushed::Queued);
        assert_eq!(outbox.poll_batch(100, 9, &mut cx()), Poll::Ready(TakenFrames::One(frame(n))));
    }
    assert!(events.lock().is_empty());
}

#[test]
fn a_batch_fits_a_body_and_is_never_empty() {
    let (outbox, _) = outbox(1000);
    for n in 0..4 {
        outbox.push(frame(n));
    }
    // Two packets of 8 bytes and their separator are 17.
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
fn what_waits_goes_out_before_the_goodbye() {
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
    assert_eq!(*events.lock(), [OutboxEvent::Drained]);
}

#[test]
fn a_websocket_takes_the_last_frames_with_the_goodbye() {
    let (outbox, _) = outbox(1000);
    outbox.push(frame(0));
    outbox.finish();
    assert_eq!(outbox.poll_all(&mut cx()), Poll::Ready(TakenFrames::Last(vec![frame(0)])));
}

#[test]
fn an_upgrade_moves_the_right_to_take() {
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
    assert_eq!(outbox.poll_all(&mut cx()), Poll::Ready(TakenFrames::One(frame(0))));
    assert_eq!(outbox.active_transport(), Transport::WebSocket);
}

#[test]
fn a_poll_that_was_let_go_carries_no_goodbye() {
    let (outbox, _) = outbox(1000);
    assert!(outbox.begin_poll());
    assert_eq!(outbox.poll_batch(100, 9, &mut cx()), Poll::Pending);
    assert!(outbox.is_polled());
    assert!(outbox.begin_probe());
    assert!(!outbox.is_polled());
    outbox.finish();
    assert_eq!(outbox.poll_batch(100, 9, &mut cx()), Poll::Ready(TakenFrames::Nothing));
    outbox.end_poll();
    // The next one does, or the WebSocket.
    assert_eq!(outbox.poll_batch(100, 9, &mut cx()), Poll::Ready(TakenFrames::Last(vec![])));
}

#[test]
fn a_failed_probe_leaves_polling_as_it_was() {
    let (outbox, _) = outbox(1000);
    assert!(outbox.begin_probe());
    outbox.end_probe();
    assert!(outbox.begin_poll());
    outbox.push(frame(0));
    assert_eq!(outbox.poll_batch(100, 9, &mut cx()), Poll::Ready(TakenFrames::One(frame(0))));
    assert!(outbox.begin_probe());
}
