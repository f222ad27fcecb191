//! The cells: a load each, and the servers that it compares.

use crate::{
    load::{Asking, Fanout, How, Idle, Load, Pace, Polling},
    serve::Kind,
};

/// One kind of server, with its number of threads for connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entrant {
    pub(crate) kind: Kind,
    /// `None` means the number of the run.
    pub(crate) workers: Option<usize>,
}

#[derive(Debug, Clone)]
pub(crate) struct Cell {
    pub(crate) name: String,
    /// The name that selects several cells.
    pub(crate) group: &'static str,
    pub(crate) load: Load,
    pub(crate) ours: Entrant,
    pub(crate) theirs: Entrant,
    pub(crate) has_floor: bool,
}

impl Cell {
    fn new(name: impl Into<String>, load: Load) -> Self {
        let [ours, theirs] =
            [Kind::Ours, Kind::Socketioxide].map(|kind| Entrant { kind, workers: None });
        Self {
            name: name.into(),
            group: "",
            load,
            ours,
            theirs,
            has_floor: matches!(load, Load::Fanout(_)),
        }
    }

    fn group(self, group: &'static str) -> Self {
        Self { group, ..self }
    }

    /// Through a handler actor of this crate. socketioxide has no actors, and does the same as
    /// otherwise.
    fn by_actor(mut self) -> Self {
        self.name += "-actor";
        self.ours.kind = Kind::OursActor;
        self
    }

    /// Two workers of this crate against one, without socketioxide.
    fn two_workers(mut self) -> Self {
        self.name += "-2w";
        [self.ours, self.theirs] =
            [2, 1].map(|workers| Entrant { kind: Kind::Ours, workers: Some(workers) });
        self.has_floor = false;
        self.group("two-workers")
    }

    /// This crate with a history for each channel, against itself without. The clients ask for
    /// positions, or not.
    fn history(mut self, asks_positions: bool) -> Self {
        self.name += if asks_positions { "-positions" } else { "-history" };
        [self.ours.kind, self.theirs.kind] = [Kind::OursHistory, Kind::Ours];
        if let Load::Fanout(fanout) = &mut self.load {
            fanout.asks_positions = asks_positions;
        }
        self.has_floor = false;
        self.group("history")
    }

    pub(crate) fn compares_history(&self) -> bool {
        self.ours.kind == Kind::OursHistory
    }

    pub(crate) fn compares_workers(&self) -> bool {
        self.ours.kind == Kind::Ours && self.theirs.kind == Kind::Ours
    }

    pub(crate) fn is(&self, name: &str) -> bool {
        self.name == name || self.group == name
    }
}

/// All cells, in the order of the table.
pub(crate) fn all() -> Vec<Cell> {
    let one = |subscribers, bytes| Fanout {
        channels: 1,
        subscribers,
        publishers: 1,
        bytes,
        pace: Pace::Window(1),
        asks_positions: false,
    };
    // As many publications in flight as channels, so that none waits behind another of its channel.
    let many = |channels: usize, subscriptions: usize| Fanout {
        channels,
        subscribers: subscriptions / channels,
        publishers: channels.min(8),
        bytes: 64,
        pace: Pace::Window(channels.min(64)),
        asks_positions: false,
    };
    let burst = Fanout { publishers: 4, pace: Pace::Window(64), ..one(1000, 64) };
    let rate = Fanout { pace: Pace::Rate(50), ..one(1000, 64) };
    let asking = |how| Load::Asking(Asking { how, clients: 100, window: 8, bytes: 64 });

    let fanout = |name: &str, fanout| Cell::new(name, Load::Fanout(fanout));
    let mut cells: Vec<_> = [10, 100, 1000, 10_000]
        .map(|subscribers| fanout(&format!("f{subscribers}"), one(subscribers, 64)))
        .into();
    cells.extend([
        fanout("f1000-1k", one(1000, 1024)),
        fanout("f10000-1k", one(10_000, 1024)),
        fanout("rooms", many(1000, 10_000)),
        fanout("burst", burst),
        Cell::new("echo", asking(How::Echo)),
        Cell::new("ack", asking(How::Ack)),
        Cell::new("echo", asking(How::Echo)).by_actor(),
        Cell::new("ack", asking(How::Ack)).by_actor(),
        Cell::new("polling", Load::Polling(Polling { clients: 100, bytes: 64 })),
        Cell::new("idle", Load::Idle(Idle { clients: 10_000 })),
        fanout("rate", rate),
    ]);
    cells.extend([1, 10, 100, 1000, 10_000].map(|channels| {
        fanout(&format!("channels-{channels}"), many(channels, 10_000)).group("channels")
    }));
    cells.extend([
        fanout("f1000", one(1000, 64)).two_workers(),
        fanout("rooms", many(1000, 10_000)).two_workers(),
        fanout("f1000", one(1000, 64)).history(false),
        fanout("f1000", one(1000, 64)).history(true),
        fanout("f10000", one(10_000, 64)).history(true),
    ]);
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_streams_are_as_publishers_take_them() {
        let mut names: Vec<_> = all().into_iter().map(|cell| cell.name).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
        for cell in all() {
            if let Load::Fanout(fanout) = cell.load {
                assert!(
                    fanout.channels == 1 || fanout.publishers <= fanout.channels,
                    "{}",
                    cell.name
                );
                assert!(
                    fanout.channels <= 1 << 16,
                    "{}: a stream's number has four digits",
                    cell.name
                );
            }
        }
    }
}
