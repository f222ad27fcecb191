//! A snapshot and the diffs after it, beside a simple model.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use proptest::prelude::*;

use super::*;

/// The knowledge of a client that applies each diff to its list.
#[derive(Debug, Default)]
pub(super) struct Observer {
    version: Place,
    /// `None`: only the counts are known.
    pub(super) members: Option<BTreeSet<String>>,
    counts: PresenceCounts,
}

impl Observer {
    pub(super) fn snapshot(view: PresenceView) -> Self {
        let ids =
            |all: Vec<ListedMember>| all.iter().map(|one| one.member.id.to_string()).collect();
        Self { version: view.version, members: view.members.map(ids), counts: view.counts }
    }

    pub(super) fn apply(&mut self, diff: &PresenceDiff) {
        if diff.version <= self.version {
            return;
        }
        (self.version, self.counts) = (diff.version, diff.counts);
        match &diff.content {
            DiffContent::All(all) => {
                self.members = Some(all.iter().map(|one| one.member.id.to_string()).collect());
            }
            DiffContent::Counts => self.members = None,
            DiffContent::Changes { joins, leaves } => {
                if let Some(members) = &mut self.members {
                    members.extend(joins.iter().map(|member| member.id.to_string()));
                    members.retain(|id| !leaves.iter().any(|left| **left == **id));
                }
            }
        }
    }
}

#[derive(Debug, Clone)]
enum RoomStep {
    Join(u8),
    Guest,
    Leave(usize, bool),
    Wait(u64),
    Observe,
}

fn step() -> impl Strategy<Value = RoomStep> {
    prop_oneof![
        4 => (0..12_u8).prop_map(RoomStep::Join),
        1 => Just(RoomStep::Guest),
        4 => (any::<usize>(), any::<bool>()).prop_map(|(at, lost)| RoomStep::Leave(at, lost)),
        4 => (0..4_000_u64).prop_map(RoomStep::Wait),
        1 => Just(RoomStep::Observe),
    ]
}

/// The sockets that are there, and when each member was last there that may come back.
#[derive(Debug, Default)]
struct Model {
    sockets: Vec<(SocketId, Option<u8>)>,
    away: BTreeMap<u8, Instant>,
}

impl Model {
    fn members(&self, now: Instant) -> BTreeSet<String> {
        let present = self.sockets.iter().filter_map(|(_, id)| *id);
        let away = self.away.iter().filter(|(_, until)| **until > now).map(|(id, _)| *id);
        present.chain(away).map(|id| id.to_string()).collect()
    }
}

proptest! {
    /// A snapshot at any time and the diffs after it are the members that there are.
    #[test]
    fn snapshot_and_diffs_are_the_members(steps in proptest::collection::vec(step(), 1..150)) {
        let grace = Duration::from_secs(3);
        let mut room = Room::new(PresenceOptions { grace, max_members: 6, ..OPTIONS });
        let (mut model, mut observers) = (Model::default(), Vec::<Observer>::new());
        for step in steps {
            match step {
                RoomStep::Join(id) => {
                    let socket = room.join(&id.to_string());
                    model.sockets.push((socket, Some(id)));
                    model.away.remove(&id);
                }
                RoomStep::Guest => model.sockets.push((room.join_with(None, "null"), None)),
                RoomStep::Leave(_, _) if model.sockets.is_empty() => {}
                RoomStep::Leave(at, is_lost) => {
                    let at = at % model.sockets.len();
                    let (socket, id) = model.sockets.swap_remove(at);
                    room.leave(socket, if is_lost { PresenceExit::AfterGrace } else { PresenceExit::AtOnce });
                    let is_last = !model.sockets.iter().any(|(_, other)| *other == id);
                    if let Some(id) = id.filter(|_| is_last && is_lost) {
                        model.away.insert(id, room.now + grace);
                    }
                }
                RoomStep::Wait(time) => {
                    let end = room.now + Duration::from_millis(time);
                    room.run_until(end, &mut observers);
                    model.away.retain(|_, until| *until > end);
                }
                // Only a subscriber asks.
                RoomStep::Observe if model.sockets.is_empty() => {}
                RoomStep::Observe => observers.push(Observer::snapshot(room.view())),
            }
            if model.sockets.is_empty() {
                // No client is left that could be told anything.
                observers.clear();
            }
            let expected = model.members(room.now);
            let (clients, users) = room.counts();
            prop_assert_eq!((clients, users), (model.sockets.len(), expected.len()));
            if let Some(members) = room.view().members {
                let ids: BTreeSet<_> = members.iter().map(|one| one.member.id.to_string()).collect();
                prop_assert_eq!(&ids, &expected);
            }
        }
        // Until the last one that is away has gone and has been told.
        room.run_until(room.now + grace + 2 * EVERY, &mut observers);
        let expected = model.members(room.now);
        for observer in observers {
            match observer.members {
                Some(members) => prop_assert_eq!(members, expected.clone()),
                None => prop_assert!(expected.len() > 5, "they are few enough to be listed"),
            }
            prop_assert_eq!(observer.counts.users, expected.len());
        }
        for (socket, _) in model.sockets {
            room.leave(socket, PresenceExit::AtOnce);
        }
        room.wait(grace);
        room.diffs();
        prop_assert!(room.is_forgotten());
    }
}
