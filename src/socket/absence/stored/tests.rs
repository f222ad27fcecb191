use serde_json::json;

use super::*;
use crate::{
    model::{ChannelOptions, History},
    outbox::KeptDirects,
    protocol::event,
};

fn options() -> ChannelOptions {
    ChannelOptions { history: Some(History::last(5)), ..ChannelOptions::default() }
}

fn place(number: u64) -> Place {
    Place::new(number)
}

fn channel(name: &str) -> Channel {
    Channel::new(name, 100).unwrap()
}

fn absence(routes: &Arc<ChannelRoutes>) -> SocketAbsence {
    let (id, pid) = (SocketId::random(), PrivateId::random());
    let mut absence = SocketAbsence::without_channels(id, pid, Namespace::new("/späße"));
    absence.channel_routes = Arc::clone(routes);
    absence.began = place(3);
    for (name, at) in [("match-1", 5), ("lobby \"ä\"", 9)] {
        absence.channels.push(AbsentChannel {
            channel: channel(name),
            place: place(at),
            whole_from: place(at - 1),
            matched: routes.matches(&channel(name)),
        });
    }
    let end = ChannelEnd { place: place(11), newest: place(10) };
    absence.departures.add(channel("left"), place(7), end);
    absence.departures.forgotten = place(6);
    let context = json!({"name": "Ada", "n": [1, 2.5, null], "deep": {"": {"a": true}}});
    absence.context = context.as_object().unwrap().clone();
    absence.uncovered = Point { place: place(12), directs: 1 };
    absence.kept = KeptDirects::new(10_000);
    let binary = StoredPacket::new(r#"451-["b",0]"#, vec![Bytes::from_static(&[0, 255])], true);
    for (directs, frame) in [(2, event("/", None, "e", &"ü\n").unwrap()), (3, binary.into_frame())]
    {
        absence.kept.keep(Point { place: place(12), directs }, &frame);
    }
    absence.slow_ends = 2;
    absence
}

fn routes(patterns: &[&str]) -> Arc<ChannelRoutes> {
    let routes: Vec<_> = patterns.iter().map(|pattern| (*pattern, options())).collect();
    Arc::new(ChannelRoutes::new(&routes).unwrap())
}

fn record(named: u64) -> AbsenceRecord<'static> {
    let newest = |number| NewestPlace { place: place(number), has_history: number % 2 == 0 };
    AbsenceRecord {
        epoch: Epoch::new(7),
        rest: Duration::from_secs(30),
        family: "name /x",
        kept_at: place(40),
        named: place(named),
        everyone: newest(15),
        channels: vec![newest(20), newest(21)],
    }
}

#[test]
fn a_session_is_the_same_after_it_was_stored() {
    let (routes, now) = (routes(&["match-"]), SystemTime::now());
    let absence = absence(&routes);
    let stored = StoredAbsence::of(&absence, record(0), now);
    let bytes = stored.encode().unwrap();
    let read = StoredAbsence::decode(&bytes).unwrap();
    assert!(read == stored);
    assert_eq!((read.epoch(), read.family()), (Epoch::new(7), "name /x"));
    assert_eq!(read.places(), (place(3), place(21)));
    let (everyone, channels) = read.newest();
    assert_eq!((everyone.place, everyone.has_history), (place(15), false));
    assert_eq!(channels, record(0).channels);
    let again = read.restore(&routes, 10_000).unwrap();
    assert!(again.has_routes(&routes) && again.pid == absence.pid && again.id == absence.id);
    assert_eq!((again.context.clone(), again.slow_ends), (absence.context.clone(), 2));
    assert!(again.histories().eq(absence.histories()));
    let kept = |absence: &SocketAbsence| {
        let kept = absence.kept.since(Point::default());
        kept.map(|(at, frame)| (*at, StoredPacket::of(frame.clone()))).collect::<Vec<_>>()
    };
    assert_eq!((kept(&again), again.kept.bytes()), (kept(&absence), absence.kept.bytes()));
    // All that is left is described by the bytes themselves.
    assert!(StoredAbsence::of(&again, record(0), now) == stored);
}

#[test]
fn the_time_that_is_left_is_counted_on() {
    let (routes, now) = (routes(&[]), SystemTime::now());
    let stored = StoredAbsence::of(&absence(&routes), record(0), now);
    let rest = |after| stored.rest(now + Duration::from_secs(after)).as_secs();
    assert_eq!((rest(0), rest(10), rest(30), rest(3600)), (30, 20, 0, 0));
}

#[test]
fn an_event_that_named_a_socket_is_not_covered() {
    let routes = routes(&[]);
    let uncovered = |named| {
        let stored = StoredAbsence::of(&absence(&routes), record(named), SystemTime::now());
        stored.restore(&routes, 10_000).unwrap().uncovered
    };
    assert_eq!(uncovered(12), Point { place: place(12), directs: 1 });
    assert_eq!(uncovered(13), Point::of(place(13)));
}

#[test]
fn direct_events_are_kept_within_the_new_bound() {
    let routes = routes(&[]);
    let stored = StoredAbsence::of(&absence(&routes), record(0), SystemTime::now());
    let restored = stored.restore(&routes, 0).unwrap();
    assert_eq!(restored.kept.bytes(), 0);
    assert_eq!(restored.uncovered, Point { place: place(12), directs: 3 });
}

#[test]
fn a_channel_that_has_lost_its_route_ends_the_session() {
    let before = routes(&["match-"]);
    let stored = StoredAbsence::of(&absence(&before), record(0), SystemTime::now());
    assert!(stored.clone().restore(&routes(&["other", "match"]), 0).is_some());
    assert!(stored.restore(&routes(&["lobby"]), 0).is_none());
}

#[test]
fn bytes_that_are_damaged_or_cut_are_refused() {
    let stored = StoredAbsence::of(&absence(&routes(&[])), record(0), SystemTime::now());
    let bytes = stored.encode().unwrap();
    for at in 0..bytes.len() {
        assert!(StoredAbsence::decode(&bytes[..at]).is_none(), "cut at {at}");
        let mut flipped = bytes.to_vec();
        flipped[at] ^= 32;
        assert!(StoredAbsence::decode(&flipped).is_none(), "flipped at {at}");
    }
    // Sound JSON with values that can't be.
    let changed = |name: &str, value: Value| {
        let mut fields: Map<String, Value> = serde_json::from_slice(&bytes[8..]).unwrap();
        fields.insert(name.to_owned(), value);
        let json = serde_json::to_vec(&fields).unwrap();
        StoredAbsence::decode(&[&checksum(&json).to_le_bytes()[..], &json].concat()).is_some()
    };
    assert!(changed("began", json!(4)));
    for (name, value) in [
        ("version", json!(2)),
        ("more", json!(1)),
        ("pid", json!("short")),
        ("id", json!("AbCdEfGhIjKlMnOpQrS+")),
        ("namespace", json!("x")),
        ("began", json!(-1)),
        ("context", json!([])),
        ("departures", json!(vec![fields_of_a_departure(); 9])),
        ("channels", json!([{"channel": ""}])),
    ] {
        assert!(!changed(name, value), "{name}");
    }
}

fn fields_of_a_departure() -> Value {
    json!({"channel": "a", "whole_from": 1, "end": 2, "newest": 1})
}
