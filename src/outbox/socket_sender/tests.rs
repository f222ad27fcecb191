use std::task::{Context, Poll, Waker};

use super::{
    super::{KeptDirects, MissedEvent, TakenFrames},
    *,
};
use crate::{
    model::{Epoch, Namespace, Position},
    protocol::{self, connect, disconnect},
};

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
        Poll::Ready(TakenFrames::One(frame)) => vec![frame.text().to_owned()],
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

/// The numbers of events, and the place of the position that each bears.
fn numbers_and_places(sender: &SocketSender) -> Vec<(u64, u64)> {
    let events = sent(sender).into_iter().filter(|text| text.starts_with("42"));
    let read = events.map(|text| {
        let event: (String, u64, Position) = serde_json::from_str(&text[2..]).unwrap();
        (event.1, event.2.point().place.number())
    });
    read.collect()
}

#[test]
fn missed_and_held_events_come_in_one_order() {
    let outbox = Outbox::new(Transport::Polling, 200_000, |_| {});
    let kept = KeptDirects::new(10_000);
    let resumed = Stamps::new(Epoch::new(7), Namespace::default()).keeping(kept);
    let stamps = resumed.resuming(Point::default());
    let sender = SocketSender::with_stamps(outbox, Some(stamps));
    let direct = |number| sender.push_event(OutgoingPacket::Frame(event(number)));
    let publication = |place: u64| {
        let place = Place::new(place);
        Arc::new(PlacedFrame::new(event(place.number() as usize), place, true, false))
    };
    let batch = |place| PublicationBatch::new([publication(place)].into());
    // It comes back at 20, and a handler subscribes it to a channel at 30.
    let stamps = sender.stamps().unwrap();
    stamps.advance(Place::new(20));
    direct(1000);
    sender.deliver(&batch(25), None);
    stamps.advance(Place::new(30));
    direct(1001);
    sender.deliver(&batch(35), None);
    let missed = [10, 20, 22, 25, 27, 30, 33, 40];
    let missed = missed.map(|place| MissedEvent::Publication(publication(place)));
    sender.open(connect("/", "id"), &missed);
    let all = numbers_and_places(&sender);
    let numbers: Vec<_> = all.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, [10, 20, 1000, 22, 25, 27, 30, 1001, 33, 35, 40]);
    assert!(all.iter().map(|(_, place)| *place).is_sorted(), "{all:?}");
    direct(1002);
    assert_eq!(numbers_and_places(&sender), [(1002, 40)]);
    // All three can be sent again, from any point on.
    let since = |place| stamps.kept().since(Point::of(Place::new(place))).count();
    assert_eq!((since(0), since(20), since(30), since(40)), (3, 3, 2, 1));
}
