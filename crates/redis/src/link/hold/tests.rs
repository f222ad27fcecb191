use bytes::Bytes;

use super::*;

const PATIENCE: Duration = Duration::from_secs(5);

fn publication(size: usize) -> Outgoing {
    Outgoing::Publish { channel: "c".into(), payload: Bytes::from(vec![0; size]) }
}

fn entry() -> Outgoing {
    Outgoing::Append { stream: "s".into(), fields: vec![("type", Bytes::from_static(b"3"))] }
}

fn id(seq: u64) -> EntryId {
    EntryId { ms: 1, seq }
}

struct Fixture {
    hold: Hold,
    now: Instant,
}

impl Fixture {
    fn new(max_bytes: usize) -> Self {
        Self { hold: Hold::new(max_bytes, PATIENCE), now: Instant::now() }
    }

    fn push(&mut self, outgoing: Outgoing) -> Result<u64, HoldFull> {
        self.hold.push(outgoing, None, self.now).map(|ticket| ticket.0)
    }

    fn take(&mut self, most: usize) -> Vec<u64> {
        self.hold.take(most, self.now).into_iter().map(|(ticket, _)| ticket.0).collect()
    }

    fn given_up(&mut self) -> Vec<(u64, GivenUp)> {
        self.hold.take_given_up().into_iter().map(|(ticket, why)| (ticket.0, why)).collect()
    }
}

#[test]
fn messages_leave_in_order_and_stay_until_they_are_answered() {
    let mut fixture = Fixture::new(10_000);
    for number in 1..=5 {
        assert_eq!(fixture.push(publication(10)), Ok(number));
    }
    assert_eq!(fixture.take(9), [0; 0], "Redis is away");
    fixture.hold.fenced(true);
    assert_eq!(fixture.take(2), [1, 2]);
    assert_eq!(fixture.take(9), [3, 4, 5]);
    assert_eq!((fixture.take(9), fixture.hold.len()), (vec![], 5));
    for number in 1..=5 {
        fixture.hold.answered(Ticket(number), Some(Sent::Receivers(1)));
    }
    assert_eq!((fixture.hold.len(), fixture.hold.bytes()), (0, 0));
    assert_eq!(fixture.given_up(), []);
}

#[test]
fn while_redis_is_away_newer_publications_push_out_the_oldest() {
    let mut fixture = Fixture::new(3 * (OVERHEAD + 101));
    for number in 1..=3 {
        assert_eq!(fixture.push(publication(100)), Ok(number));
    }
    assert_eq!(fixture.push(publication(150)), Ok(4));
    assert_eq!(fixture.given_up(), [(1, GivenUp::Dropped), (2, GivenUp::Dropped)]);
    fixture.hold.fenced(true);
    assert_eq!(fixture.push(publication(150)), Err(HoldFull), "they leave soon: it can wait");
    assert_eq!(fixture.take(9), [3, 4]);
}

#[test]
fn entries_are_refused_when_the_hold_is_full_and_push_nothing_out() {
    let mut fixture = Fixture::new(2 * (OVERHEAD + entry().len()));
    assert_eq!((fixture.push(entry()), fixture.push(entry())), (Ok(1), Ok(2)));
    assert_eq!(fixture.push(entry()), Err(HoldFull));
    assert_eq!(fixture.push(publication(1)), Err(HoldFull), "entries make no room");
    assert_eq!((fixture.given_up(), fixture.hold.len()), (vec![], 2));
    let mut fixture = Fixture::new(100);
    assert_eq!(fixture.push(publication(1)), Err(HoldFull), "it alone is too large");
}

#[test]
fn patience_ends() {
    let mut fixture = Fixture::new(10_000);
    assert_eq!(fixture.push(entry()), Ok(1));
    let start = fixture.now;
    fixture.now += PATIENCE / 2;
    assert_eq!(fixture.push(entry()), Ok(2));
    fixture.hold.expire(start + PATIENCE - Duration::from_millis(1));
    assert_eq!(fixture.given_up(), []);
    fixture.hold.expire(start + PATIENCE);
    assert_eq!(fixture.given_up(), [(1, GivenUp::Patience)]);
    fixture.hold.fenced(true);
    assert_eq!(fixture.take(9), [2]);
    fixture.hold.expire(start + 9 * PATIENCE);
    assert_eq!(fixture.given_up(), [], "messages on their way are answered or lost");
}

#[test]
fn a_fence_sends_again_what_has_not_arrived() {
    let mut fixture = Fixture::new(10_000);
    fixture.hold.fenced(true);
    for number in 1..=5 {
        assert_eq!(fixture.push(entry()), Ok(number));
    }
    assert_eq!(fixture.take(4), [1, 2, 3, 4]);
    fixture.hold.answered(Ticket(1), Some(Sent::Entry(id(1))));
    fixture.hold.seen(Ticket(2), id(2));
    fixture.hold.lost();
    assert!(fixture.hold.is_in_doubt());
    fixture.hold.seen(Ticket(3), id(3));
    fixture.hold.fenced(true);
    assert!(!fixture.hold.is_in_doubt());
    assert_eq!(fixture.take(9), [4, 5]);
    assert_eq!(fixture.given_up(), []);
}

#[test]
fn what_a_later_message_has_overtaken_is_given_up() {
    let mut fixture = Fixture::new(10_000);
    fixture.hold.fenced(true);
    for number in 1..=3 {
        assert_eq!(fixture.push(entry()), Ok(number));
    }
    assert_eq!(fixture.take(9), [1, 2, 3]);
    fixture.hold.lost();
    fixture.hold.seen(Ticket(2), id(2));
    fixture.hold.fenced(true);
    assert_eq!(fixture.given_up(), [(1, GivenUp::Refused)]);
    assert_eq!(fixture.take(9), [3]);
}

#[test]
fn messages_that_are_not_taken_wait_again_in_order() {
    let mut fixture = Fixture::new(10_000);
    fixture.hold.fenced(true);
    for number in 1..=6 {
        assert_eq!(fixture.push(publication(1)), Ok(number));
    }
    assert_eq!(fixture.take(4), [1, 2, 3, 4]);
    fixture.hold.again(Ticket(1));
    fixture.hold.answered(Ticket(2), Some(Sent::Receivers(1)));
    fixture.hold.again(Ticket(3));
    fixture.hold.answered(Ticket(4), Some(Sent::Receivers(1)));
    assert_eq!(fixture.take(9), [1, 3, 5, 6]);
}

#[test]
fn doubt_that_no_fence_ends_is_told_as_such() {
    let mut fixture = Fixture::new(10_000);
    fixture.hold.fenced(true);
    for outgoing in [publication(1), entry(), entry(), entry()] {
        fixture.push(outgoing).expect("room");
    }
    assert_eq!(fixture.take(3), [1, 2, 3]);
    fixture.hold.lost();
    assert_eq!(fixture.given_up(), [(1, GivenUp::Unknown)], "a publication leaves no trace");
    fixture.hold.fenced(false);
    assert_eq!(fixture.given_up(), [(2, GivenUp::Unknown), (3, GivenUp::Unknown)]);
    assert_eq!(fixture.take(9), [4]);
    fixture.hold.lost();
    fixture.push(entry()).expect("room");
    fixture.hold.expire(fixture.now + PATIENCE);
    assert_eq!(fixture.given_up(), [(4, GivenUp::Unknown), (5, GivenUp::Patience)]);
    assert!(!fixture.hold.is_in_doubt());
}

#[test]
fn a_waiter_is_told_once() {
    let mut fixture = Fixture::new(10_000);
    let push = |fixture: &mut Fixture, outgoing| {
        let (sender, receiver) = oneshot::channel();
        fixture.hold.push(outgoing, Some(sender), fixture.now).expect("room");
        receiver
    };
    let mut seen = push(&mut fixture, entry());
    let mut answered = push(&mut fixture, publication(1));
    let mut refused = push(&mut fixture, entry());
    let mut closed = push(&mut fixture, entry());
    fixture.hold.fenced(true);
    fixture.take(3);
    fixture.hold.seen(Ticket(1), id(1));
    assert_eq!(seen.try_recv(), Ok(Ok(Sent::Entry(id(1)))));
    fixture.hold.answered(Ticket(1), Some(Sent::Entry(id(1))));
    fixture.hold.answered(Ticket(2), Some(Sent::Receivers(3)));
    assert_eq!(answered.try_recv(), Ok(Ok(Sent::Receivers(3))));
    fixture.hold.answered(Ticket(3), None);
    assert_eq!(refused.try_recv(), Ok(Err(GivenUp::Refused)));
    fixture.hold.abandon();
    assert_eq!(closed.try_recv(), Ok(Err(GivenUp::Closed)));
    assert_eq!(fixture.push(entry()), Err(HoldFull), "it is closed");
    assert_eq!(fixture.given_up(), [(3, GivenUp::Refused), (4, GivenUp::Closed)]);
}
