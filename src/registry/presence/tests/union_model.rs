//! Three servers of a cluster, beside a simple model.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use proptest::prelude::*;

use super::*;
use crate::registry::{Changes, presence::told::ChannelMembers};

const SERVERS: usize = 3;
const NAMES: [&str; SERVERS] = ["a", "b", "c"];

/// A message of one server to the others.
#[derive(Debug, Clone)]
enum Told {
    Changes(Vec<ChannelMembers>),
    WholeBegins,
    WholeEnds,
}

struct Peer {
    room: Room,
    sockets: Vec<(SocketId, Option<u8>)>,
    changes: Changes,
    /// On their way from each of the others, and whether anything was lost.
    incoming: [(VecDeque<Told>, bool); SERVERS],
    observers: Vec<Observer>,
    /// The members as the reported changes have them.
    reported: BTreeSet<String>,
}

impl Peer {
    fn new() -> Self {
        let mut room = Room::new(OPTIONS);
        let sender = ChangeSender::new(10_000);
        room.table = PresenceTable::new(usize::MAX, sender.clone(), Arc::default());
        room.table.enable_cluster();
        Self {
            room,
            sockets: Vec::new(),
            changes: sender.listen(),
            incoming: Default::default(),
            observers: Vec::new(),
            reported: BTreeSet::new(),
        }
    }

    /// The members with their infos and sockets, as this server lists them.
    fn list(&mut self) -> BTreeMap<String, (String, usize)> {
        let listed = |one: ListedMember| {
            (one.member.id.to_string(), (one.member.info.get().to_owned(), one.sockets))
        };
        self.room.view().members.expect("few").into_iter().map(listed).collect()
    }

    /// Checks that each member comes and goes by turns.
    fn take_reports(&mut self) {
        while let Some(Some(change)) = futures_util::FutureExt::now_or_never(self.changes.next()) {
            match change {
                Change::Came { member, .. } => assert!(self.reported.insert(member)),
                Change::Went { member, .. } => assert!(self.reported.remove(&member)),
                other => panic!("{other:?}"),
            }
        }
    }
}

struct Cluster(Vec<Peer>);

impl Cluster {
    fn new() -> Self {
        Self((0..SERVERS).map(|_| Peer::new()).collect())
    }

    fn send(&mut self, from: usize, told: &Told) {
        for to in (0..SERVERS).filter(|to| *to != from) {
            self.0[to].incoming[from].0.push_back(told.clone());
        }
    }

    fn tell(&mut self, from: usize) {
        if self.0[from].room.table.take_needs_whole() {
            self.tell_whole(from);
        }
        loop {
            let changes = self.0[from].room.table.take_untold(3);
            if changes.is_empty() {
                return;
            }
            self.send(from, &Told::Changes(changes));
        }
    }

    /// In pieces of one member each.
    fn tell_whole(&mut self, from: usize) {
        self.send(from, &Told::WholeBegins);
        for (namespace, channel) in self.0[from].room.table.channels_here() {
            let told = self.0[from].room.table.tell_channel(&namespace, &channel);
            let Some(mut told) = told else { continue };
            for member in told.joins.split_off(told.joins.len().min(1)) {
                let mut part = ChannelMembers::new(namespace.clone(), channel.clone());
                part.max_members = told.max_members;
                part.joins.push(member);
                self.send(from, &Told::Changes(vec![part]));
            }
            self.send(from, &Told::Changes(vec![told]));
        }
        self.send(from, &Told::WholeEnds);
    }

    fn receive(&mut self, to: usize, from: usize) {
        let Peer { room, incoming, .. } = &mut self.0[to];
        let (queue, has_lost) = &mut incoming[from];
        match queue.pop_front() {
            None => {}
            Some(Told::Changes(all)) => room.table.take_up(room.now, NAMES[from], all),
            Some(Told::WholeBegins) => {
                *has_lost = false;
                room.table.begin_whole(NAMES[from]);
            }
            // With a hole in it, it is not whole.
            Some(Told::WholeEnds) if *has_lost => {}
            Some(Told::WholeEnds) => while room.table.end_whole(room.now, NAMES[from], 1) {},
        }
    }

    fn receive_all(&mut self) {
        for (to, from) in (0..SERVERS).flat_map(|to| (0..SERVERS).map(move |from| (to, from))) {
            while !self.0[to].incoming[from].0.is_empty() {
                self.receive(to, from);
            }
        }
    }

    fn wait(&mut self, time: Duration) {
        for server in &mut self.0 {
            let end = server.room.now + time;
            server.room.run_until(end, &mut server.observers);
        }
    }

    /// Lets all servers know all of each other.
    fn settle(&mut self) {
        for from in 0..SERVERS {
            self.tell(from);
        }
        self.receive_all();
        for from in 0..SERVERS {
            if (0..SERVERS).any(|to| self.0[to].incoming[from].1) {
                self.tell_whole(from);
            }
        }
        self.receive_all();
    }
}

#[derive(Debug, Clone)]
enum PeerStep {
    Join(usize, u8, u8),
    Guest(usize),
    Leave(usize, usize, bool),
    Wait(u64),
    Tell(usize),
    TellWhole(usize),
    Receive(usize, usize),
    /// A message is lost, and the receiver knows it.
    Lose(usize, usize),
    /// A server is silent for so long that another one takes it for dead.
    Forget(usize, usize),
    Observe(usize),
}

fn step() -> impl Strategy<Value = PeerStep> {
    let server = || 0..SERVERS;
    prop_oneof![
        6 => (server(), 0..5_u8, 0..3_u8).prop_map(|(at, id, info)| PeerStep::Join(at, id, info)),
        1 => server().prop_map(PeerStep::Guest),
        5 => (server(), any::<usize>(), any::<bool>())
            .prop_map(|(at, which, lost)| PeerStep::Leave(at, which, lost)),
        2 => (0..3_000_u64).prop_map(PeerStep::Wait),
        4 => server().prop_map(PeerStep::Tell),
        1 => server().prop_map(PeerStep::TellWhole),
        8 => (server(), server()).prop_map(|(to, from)| PeerStep::Receive(to, from)),
        1 => (server(), server()).prop_map(|(to, from)| PeerStep::Lose(to, from)),
        1 => (server(), server()).prop_map(|(to, from)| PeerStep::Forget(to, from)),
        1 => server().prop_map(PeerStep::Observe),
    ]
}

fn run(cluster: &mut Cluster, step: PeerStep) {
    match step {
        PeerStep::Join(at, id, info) => {
            let server = &mut cluster.0[at];
            let socket = server.room.join_with(Some(&id.to_string()), &info.to_string());
            server.sockets.push((socket, Some(id)));
        }
        PeerStep::Guest(at) => {
            let server = &mut cluster.0[at];
            server.sockets.push((server.room.join_with(None, "null"), None));
        }
        PeerStep::Leave(at, which, is_lost) => {
            let server = &mut cluster.0[at];
            if !server.sockets.is_empty() {
                let (socket, _) = server.sockets.swap_remove(which % server.sockets.len());
                let exit = if is_lost { PresenceExit::AfterGrace } else { PresenceExit::AtOnce };
                server.room.leave(socket, exit);
            }
            if server.sockets.is_empty() {
                server.observers.clear();
            }
        }
        PeerStep::Wait(time) => cluster.wait(Duration::from_millis(time)),
        PeerStep::Tell(from) => cluster.tell(from),
        PeerStep::TellWhole(from) => cluster.tell_whole(from),
        PeerStep::Receive(to, from) => cluster.receive(to, from),
        PeerStep::Lose(to, from) => {
            let (queue, has_lost) = &mut cluster.0[to].incoming[from];
            *has_lost |= queue.pop_front().is_some();
        }
        PeerStep::Forget(to, from) => {
            let server = &mut cluster.0[to];
            let now = server.room.now;
            while server.room.table.forget_server(now, NAMES[from], 1) {}
            server.incoming[from].1 = true;
        }
        PeerStep::Observe(at) => {
            let server = &mut cluster.0[at];
            if !server.sockets.is_empty() {
                let view = server.room.view();
                server.observers.push(Observer::snapshot(view));
            }
        }
    }
}

proptest! {
    /// Whatever comes late or is lost: in the end, all servers have the members of all.
    #[test]
    fn all_servers_have_the_members_of_all(steps in proptest::collection::vec(step(), 1..80)) {
        let mut cluster = Cluster::new();
        for step in steps {
            run(&mut cluster, step);
            for server in &mut cluster.0 {
                server.take_reports();
                let list: BTreeSet<_> = server.list().into_keys().collect();
                prop_assert_eq!(&server.reported, &list);
            }
        }
        cluster.settle();
        // The members of a lost link have gone, too.
        cluster.wait(GRACE + SECOND);
        cluster.settle();
        cluster.wait(SECOND);
        let mut expected = BTreeMap::<String, usize>::new();
        for (_, id) in cluster.0.iter().flat_map(|server| &server.sockets) {
            if let Some(id) = id {
                *expected.entry(id.to_string()).or_default() += 1;
            }
        }
        let clients = cluster.0.iter().map(|server| server.sockets.len()).sum::<usize>();
        let first = cluster.0[0].list();
        for server in &mut cluster.0 {
            let list = server.list();
            prop_assert_eq!(&list, &first);
            let sockets: BTreeMap<_, _> =
                list.into_iter().map(|(id, (_, sockets))| (id, sockets)).collect();
            prop_assert_eq!(&sockets, &expected);
            prop_assert_eq!(server.room.counts(), (clients, expected.len()));
            server.take_reports();
            for observer in &server.observers {
                let ids = expected.keys().cloned().collect();
                prop_assert_eq!(observer.members.as_ref(), Some(&ids));
            }
        }
        // Without a socket anywhere, nothing is left.
        for at in 0..SERVERS {
            let server = &mut cluster.0[at];
            for (socket, _) in std::mem::take(&mut server.sockets) {
                server.room.leave(socket, PresenceExit::AtOnce);
            }
        }
        cluster.settle();
        for server in &mut cluster.0 {
            server.room.diffs();
            prop_assert!(server.room.is_forgotten());
        }
    }
}
