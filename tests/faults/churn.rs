//! Many threads and clients subscribe, unsubscribe, publish, connect and leave concurrently. At the
//! end the state agrees with a model, and no client has received messages of a channel it had left.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use actix_socketio::{Socket, SocketId, SocketIo, Target, channel};
use tokio::runtime::Builder;

use crate::{
    feed::{LAST, Table, replay},
    fixture::Fixture,
    mover::Mover,
    raw::{AttendedWebSocket, WebSocket},
    wait::wait_until,
};

const THREADS: u64 = 4;
const CHANNELS: u64 = 8;

/// Reproducible numbers (the upper half of Knuth's generator).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn room(&mut self) -> String {
        format!("room-{}", self.below(CHANNELS))
    }
}

fn names(socket: &Socket) -> BTreeSet<String> {
    socket.channels().iter().map(ToString::to_string).collect()
}

/// The state that all threads share.
struct Place {
    io: SocketIo,
    addr: SocketAddr,
}

/// A client that reads everything.
fn come(place: &Place) -> (AttendedWebSocket, Socket) {
    let mut ws = WebSocket::open(place.addr);
    let id = ws.join();
    (AttendedWebSocket::new(ws), place.io.socket(&id).expect("the socket is connected"))
}

/// The application subscribes clients of one thread, and clients that all its threads share.
fn application(place: &Place, seed: u64, shared: &[Socket]) -> (Table, Vec<AttendedWebSocket>) {
    let mut dice = Dice(seed);
    let mut own: Vec<_> = (0..4).map(|_| (come(place), BTreeSet::new())).collect();
    for _ in 0..800 {
        let at = dice.below(own.len() as u64) as usize;
        let room = dice.room();
        let ((_, socket), model) = &mut own[at];
        match dice.below(40) {
            0 => own[at] = (come(place), BTreeSet::new()),
            1 => {
                socket.close();
                own[at] = (come(place), BTreeSet::new());
            }
            2..15 => assert_eq!(
                socket.subscribe(&room).expect("the subscription is allowed"),
                model.insert(room)
            ),
            15..25 => assert_eq!(socket.unsubscribe(&room), model.remove(&room)),
            25..30 => socket.to(&*room).emit("in", &room).expect("the registry has capacity"),
            30..35 => {
                shared[dice.below(shared.len() as u64) as usize]
                    .subscribe(&room)
                    .expect("the subscription is allowed");
            }
            _ => {
                shared[dice.below(shared.len() as u64) as usize].unsubscribe(&room);
            }
        }
        let ((_, socket), model) = &own[at];
        assert_eq!(names(socket), *model);
    }
    own.into_iter().map(|((client, socket), model)| ((socket.id(), model), client)).unzip()
}

fn clients(place: &Place, seed: u64) -> (Vec<Mover>, usize) {
    let mut dice = Dice(seed);
    let mut movers: Vec<_> = (0..4).map(|_| Mover::come(place.addr)).collect();
    let mut received = 0;
    for _ in 0..400 {
        let at = dice.below(movers.len() as u64) as usize;
        let mover = &mut movers[at];
        let room = dice.room();
        match dice.below(40) {
            0 => {
                received += mover.received;
                *mover = Mover::come(place.addr);
            }
            1..15 => {
                mover.ask("subscribe", &room);
                mover.rooms.insert(room);
            }
            15..30 => {
                mover.ask("unsubscribe", &room);
                mover.rooms.remove(&room);
                // One more round trip, for messages that may arrive too late.
                mover.ask("unsubscribe", "room-none");
            }
            _ if mover.rooms.contains(&room) => mover.ask("publish", &room),
            _ => {}
        }
    }
    received += movers.iter().map(|mover| mover.received).sum::<usize>();
    (movers, received)
}

fn publish_until(io: &SocketIo, stop: &AtomicBool) -> u64 {
    let mut dice = Dice(0);
    let mut published = 0;
    while !stop.load(SeqCst) {
        let room = dice.room();
        io.to(&*room).emit("in", &room).expect("the registry has capacity");
        published += 1;
        // Publish as fast as the clients can read.
        thread::sleep(Duration::from_micros(200));
    }
    published
}

#[test]
fn churn_from_many_threads_and_clients_agrees_with_a_model_of_it() {
    fn is_shared_by_threads<T: Send + Sync>() {}
    is_shared_by_threads::<(Socket, SocketIo, Target)>();

    let fixture = Fixture::with(|builder| {
        builder.max_changes(1 << 20).route(channel("^room-").allow_publish())
    });
    let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
    // Skip the change for the bystander.
    assert_eq!(runtime.block_on(fixture.io.subscribers("bystanders")).expect("a name").len(), 1);
    let changes = fixture.io.changes();
    let place = Place { io: fixture.io.clone(), addr: fixture.addr };
    let shared: Vec<_> = (0..4).map(|_| come(&place)).collect();
    let sockets: Vec<_> = shared.iter().map(|(_, socket)| socket.clone()).collect();
    let (stop, begin) = (Arc::<AtomicBool>::default(), Barrier::new(2 * THREADS as usize));
    let (mut table, mut received, mut published) = (Table::new(), 0, 0);
    let (mut attended, mut movers) = (Vec::new(), Vec::new());
    thread::scope(|scope| {
        let (place, sockets, begin, stop) = (&place, &sockets, &begin, &stop);
        let publisher = scope.spawn(move || publish_until(&place.io, stop));
        let threads: Vec<_> = (0..THREADS)
            .map(|n| {
                let application = scope.spawn(move || {
                    begin.wait();
                    application(place, 2 * n + 1, sockets)
                });
                let clients = scope.spawn(move || {
                    begin.wait();
                    clients(place, 2 * n + 2)
                });
                (application, clients)
            })
            .collect();
        let joined: Vec<_> =
            threads.into_iter().map(|(one, other)| (one.join(), other.join())).collect();
        stop.store(true, SeqCst);
        published = publisher.join().expect("it publishes");
        for (application, clients) in joined {
            let (own, clients_of_it) = application.expect("the application does what it should");
            let (moved, count) = clients.expect("clients receive what they should");
            table.extend(own);
            table.extend(moved.iter().map(|mover| (mover.id, mover.rooms.clone())));
            received += count;
            attended.extend(clients_of_it);
            movers.extend(moved);
        }
    });
    // Several threads changed these clients, so the model does not know their channels.
    table.extend(sockets.iter().map(|socket| (socket.id(), names(socket))));
    fixture.wait_for_connections(1 + table.len());

    for (id, rooms) in &table {
        assert_eq!(names(&fixture.io.socket(id).expect("the socket is connected")), *rooms);
    }
    table.retain(|_, rooms| !rooms.is_empty());
    let mut rooms: BTreeMap<&str, BTreeSet<SocketId>> = BTreeMap::new();
    for (id, room) in table.iter().flat_map(|(id, rooms)| rooms.iter().map(move |room| (*id, room)))
    {
        rooms.entry(room).or_default().insert(id);
    }
    for (room, members) in &rooms {
        let reported = runtime.block_on(fixture.io.subscribers(*room)).expect("a name");
        assert_eq!(
            (reported.len(), &reported.into_iter().collect()),
            (members.len(), members),
            "{room}"
        );
    }
    let stats = fixture.io.stats();
    let subscriptions: usize = rooms.values().map(BTreeSet::len).sum();
    // The channel of the bystander is one more.
    assert_eq!((stats.channels, stats.subscriptions), (rooms.len() + 1, subscriptions + 1));
    sockets[0].subscribe(LAST).expect("the subscription is allowed");
    let (replayed, open, count) = runtime.block_on(replay(changes));
    assert!(replayed == table, "the feed agrees: {replayed:#?}, not {table:#?}");
    assert!(open.iter().map(String::as_str).eq(rooms.keys().copied().chain([LAST])), "{open:?}");
    println!(
        "{count} changes, {published} publications of the server, {received} messages to clients that moved; \
         {} connections came, {subscriptions} subscriptions at the end",
        stats.connections_opened["websocket"],
    );
    drop((attended, movers, shared));
    wait_until("only the bystander is left", || fixture.io.stats().subscriptions == 1);
    fixture.assert_all_freed();
}
