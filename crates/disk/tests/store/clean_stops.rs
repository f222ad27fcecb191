//! Clean stops, and clocks that are set back between two runs.

use std::time::{Duration, SystemTime};

use actix_socketio::{
    Namespace, SocketId,
    store::{
        ChannelMark, Closing, HistoryStore, Place, StoreError, StoredPacket, StoredPublication,
    },
};
use actix_socketio_disk::{DiskStore, internals::open_medium};

use crate::{
    media::FakeDisk,
    server::{FakeServer, channel, params},
};

fn open(disk: &FakeDisk) -> DiskStore {
    open_medium(DiskStore::options().group_interval(Duration::ZERO), disk).expect("it opens")
}

#[test]
fn a_clean_stop_keeps_everything_and_leaves_no_gap() {
    let disk = FakeDisk::default();
    let (server, loaded) = FakeServer::load(open(&disk), 1);
    assert!(loaded.is_clean && loaded.publications.is_empty());
    // Not one of them is durable before the stop.
    let places: Vec<Place> =
        (0..30).map(|number| server.publish(&["a", "b"], &format!("{number}"))).collect();
    let mut closing = Closing::new(Place::new(500));
    closing.floor = Place::new(7);
    closing.sessions = vec![b"one".to_vec().into(), Vec::new().into()];
    closing.channels = vec![
        ChannelMark::new(Namespace::default(), Some(channel("a")), places[29], Place::START),
        ChannelMark::new(Namespace::new("/x"), None, places[3], places[2]),
    ];
    server.close_with(closing.clone()).expect("it closes");
    assert_eq!(server.close(), Err(StoreError::Closed), "it is closed once");
    assert_eq!(server.durable(places[0]), Err(StoreError::Closed));

    let (second, loaded) = FakeServer::load(open(&disk), 2);
    assert_eq!((loaded.epoch.bits(), loaded.is_clean), (1, true));
    assert_eq!((loaded.next_place, loaded.whole_from), (Place::new(500), Place::START));
    assert_eq!(loaded.floor, closing.floor);
    assert_eq!(loaded.publications.iter().map(|one| one.place).collect::<Vec<_>>(), places);
    assert_eq!(loaded.publications[7].channels, [channel("a"), channel("b")]);
    assert_eq!((loaded.sessions, loaded.channels), (closing.sessions, closing.channels));

    // The next run has no clean end, although nothing was published in it.
    drop(second);
    let (third, loaded) = FakeServer::load(open(&disk), 3);
    assert_eq!((loaded.epoch.bits(), loaded.is_clean), (1, false));
    assert_eq!((loaded.sessions.len(), loaded.channels.len()), (0, 0), "they are restored once");
    assert!(loaded.whole_from == loaded.next_place && loaded.whole_from > Place::new(500));

    // A crash behind a client stays behind it.
    let crash = loaded.whole_from;
    let place = third.publish(&["a"], "more");
    third.close().expect("it closes");
    let loaded = open(&disk).load(&params(4)).expect("it loads");
    assert_eq!((loaded.is_clean, loaded.whole_from), (true, crash));
    assert!(place >= crash && loaded.next_place > place);
}

#[test]
fn everything_about_a_publication_is_kept() {
    let disk = FakeDisk::default();
    let (server, _) = FakeServer::load(open(&disk), 1);
    // Nothing is dropped because the clock was set back between two runs, even to 1970.
    let hour = Duration::from_secs(3600);
    let millis = Duration::from_millis(
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_millis()
            as u64,
    );
    let socket: SocketId = "AbCdEfGhIjKlMnOpQrSt".parse().expect("an id");
    let binary = vec![vec![0, 1, 255].into(), Vec::new().into()];
    let mut written = Vec::new();
    for (place, at, text, attachments, is_compressible) in [
        (10, SystemTime::UNIX_EPOCH + millis + hour, r#"42["späßle"]"#, Vec::new(), true),
        (11, SystemTime::UNIX_EPOCH + millis - hour, r#"452-["b",{},{}]"#, binary, false),
        (12, SystemTime::UNIX_EPOCH, "", vec![vec![0x81].into()], false),
    ] {
        let packet = StoredPacket::new(text, attachments, is_compressible);
        let publication = StoredPublication::new(Namespace::new("/admin"), Vec::new(), at, packet)
            .at_place(Place::new(place))
            .except(vec![channel("muted")], vec![socket]);
        server.store.append(publication.clone());
        written.push(publication);
    }
    server.close_with(Closing::new(Place::new(13))).expect("it closes");
    assert_eq!(open(&disk).load(&params(2)).expect("it loads").publications, written);
}

#[test]
fn a_crash_under_another_setup_concerns_publications_that_were_committed_first_too() {
    let disk = FakeDisk::default();
    let mut params = params(1);
    let mut run = |setup: &str| {
        params.setup = setup.as_bytes().to_vec().into();
        // It is dropped without a clean stop.
        let loaded = open(&disk).load(&params).expect("it loads");
        (loaded.committed_from, loaded.whole_from)
    };
    assert_eq!(run("a"), (Place::START, Place::START));
    let (committed, whole) = run("a");
    assert!(committed == Place::START && whole > Place::START, "a crash, and the same setup");
    let (committed, whole) = run("b");
    assert!(committed == whole && whole > Place::START, "another setup");
    let (still, later) = run("b");
    assert!(still == committed && later > whole, "another crash, and the same setup");
}
