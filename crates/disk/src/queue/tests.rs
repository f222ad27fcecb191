use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::UNIX_EPOCH,
};

use actix_socketio::{
    Channel, Namespace,
    store::{Closing, StoredPacket},
};

use super::*;

fn publication(place: u64) -> StoredPublication {
    let packet = StoredPacket::new(r#"42["a"]"#, Vec::new(), false);
    let channels = vec![Channel::new("a", 9).unwrap()];
    StoredPublication::new(Namespace::default(), channels, UNIX_EPOCH, packet)
        .at_place(Place::new(place))
}

/// A queue with room for this number of publications.
fn queue(publications: usize) -> Queue {
    let mut queue = Queue::new();
    queue.set_max_bytes(publications * publication(1).cost());
    queue
}

/// An outcome that counts those that are well, and those that are not.
fn counted() -> (Arc<[AtomicUsize; 2]>, impl Fn() -> StoreOutcome) {
    let counts = Arc::<[AtomicUsize; 2]>::default();
    let outcomes = Arc::clone(&counts);
    let outcome = move || -> StoreOutcome {
        let counts = Arc::clone(&outcomes);
        Box::new(move |result| {
            counts[usize::from(result.is_err())].fetch_add(1, Ordering::Relaxed);
        })
    };
    (counts, outcome)
}

fn read(counts: &[AtomicUsize; 2]) -> [usize; 2] {
    [counts[0].load(Ordering::Relaxed), counts[1].load(Ordering::Relaxed)]
}

#[test]
fn a_full_queue_leaves_out_and_takes_again_when_it_is_empty() {
    let mut queue = queue(2);
    let now = Instant::now();
    assert_eq!(queue.append(publication(1), now), Appended::Queued(Wake::Yes));
    assert_eq!(queue.append(publication(2), now), Appended::Queued(Wake::No));
    assert_eq!(queue.append(publication(3), now), Appended::LeftOut);
    assert_eq!(queue.commit_first(publication(0), now), Err(StoreError::Full));
    assert!(queue.has_left_out() && queue.is_crowded());
    assert_eq!(queue.take().publications.len(), 2);
    assert_eq!((queue.bytes(), queue.is_crowded()), (0, false));
    assert_eq!(queue.append(publication(4), now), Appended::Queued(Wake::Yes));
}

#[test]
fn the_thread_rests_until_a_group_is_complete() {
    let mut queue = queue(5000);
    let (now, interval) = (Instant::now(), Duration::from_millis(50));
    assert_eq!(queue.rest(interval, now), Some(Duration::MAX));
    queue.append(publication(1), now);
    let later = now + Duration::from_millis(20);
    assert_eq!(queue.rest(interval, later), Some(Duration::from_millis(30)));
    assert_eq!(queue.rest(interval, now + Duration::from_millis(51)), None);
    let wakes = (2..=1024)
        .filter(|place| queue.append(publication(*place), now) == Appended::Queued(Wake::Yes));
    assert_eq!(wakes.collect::<Vec<_>>(), [1024]);
    assert_eq!(queue.rest(interval, now), None, "the group is complete");
}

#[test]
fn a_commit_answers_those_who_waited_for_it() {
    let mut queue = queue(9);
    let (counts, outcome) = counted();
    for place in [1, 2, 3] {
        queue.append(publication(place), Instant::now());
        assert!(queue.on_durable(Place::new(place), outcome()).is_none());
    }
    queue.commit_up_to(Place::new(2)).into_iter().for_each(|outcome| outcome(Ok(())));
    assert_eq!((read(&counts), queue.committed()), ([2, 0], Place::new(2)));
    let (late, result) = queue.on_durable(Place::new(1), outcome()).expect("it is known");
    assert_eq!(result, Ok(()));
    late(result);
    assert_eq!(read(&counts), [3, 0]);
}

#[test]
fn what_was_left_out_is_never_confirmed() {
    let mut queue = queue(1);
    let (_, outcome) = counted();
    for place in [1, 2] {
        queue.append(publication(place), Instant::now());
    }
    queue.take();
    queue.append(publication(3), Instant::now());
    queue.commit_up_to(Place::new(3));
    let (_, result) = queue.on_durable(Place::new(2), outcome()).expect("it is known");
    assert_eq!(result, Err(StoreError::Full));
    let (_, result) = queue.on_durable(Place::new(3), outcome()).expect("it is known");
    assert_eq!(result, Ok(()));
}

#[test]
fn a_failure_answers_everyone_and_takes_nothing_until_it_is_over() {
    let mut queue = queue(9);
    let (_, outcome) = counted();
    let now = Instant::now();
    queue.append(publication(1), now);
    assert_eq!(queue.commit_first(publication(0), now), Ok(Wake::No));
    queue.on_durable(Place::new(1), outcome());
    let lost = queue.fail("full", &[]);
    assert_eq!((lost.waiting.len(), lost.first, lost.left_out), (1, 1, 1));
    let failing = StoreError::Failing("full".to_owned());
    assert_eq!(queue.append(publication(2), now), Appended::LeftOut);
    assert_eq!(queue.commit_first(publication(0), now), Err(failing.clone()));
    let (_, result) = queue.on_durable(Place::new(2), outcome()).expect("it is known");
    assert_eq!(result, Err(failing));
    queue.begin_catching_up();
    assert!(!queue.has_left_out() && queue.commit_first(publication(0), now).is_ok());
}

#[test]
fn trims_of_a_channel_are_joined() {
    let mut queue = queue(9);
    let key = ChannelKey::new(&Namespace::default(), None);
    for place in [3, 9, 4] {
        queue.trim(key.clone(), Place::new(place));
    }
    assert_eq!(queue.take().trims, Trims::from([(key, Place::new(9))]));
}

#[test]
fn a_closed_queue_writes_what_it_has_and_takes_nothing_more() {
    let mut queue = queue(9);
    let (counts, outcome) = counted();
    let now = Instant::now();
    queue.append(publication(1), now);
    assert!(queue.close(Box::new(Closing::default), outcome()).is_ok());
    assert_eq!(queue.append(publication(2), now), Appended::LeftOut);
    assert_eq!(queue.commit_first(publication(0), now), Err(StoreError::Closed));
    let second = queue.close(Box::new(Closing::default), outcome());
    assert!(second.is_err(), "it is closed once");
    assert_eq!(queue.rest(Duration::from_secs(9), now), None);
    assert_eq!((queue.take().publications.len(), read(&counts)), (1, [0, 0]));
    queue.begin_catching_up();
    assert_eq!(queue.mode(), &Mode::Closed);
}
