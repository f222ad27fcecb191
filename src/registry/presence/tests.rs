mod properties;
mod union;
mod union_model;

use std::time::Duration;

use serde_json::value::RawValue;

use super::*;
use crate::model::{Member, Place, PresenceExit, PresenceOptions};
use properties::Observer;

const SECOND: Duration = Duration::from_secs(1);
const GRACE: Duration = Duration::from_secs(15);
const EVERY: Duration = Duration::from_millis(500);

const OPTIONS: PresenceOptions =
    PresenceOptions { grace: GRACE, every: EVERY, max_members: 1_000, max_info: 2_000 };

/// The table with one channel, and a clock that the test moves.
struct Room {
    table: PresenceTable,
    namespace: Namespace,
    channel: Channel,
    options: PresenceOptions,
    now: Instant,
    place: Place,
}

impl Room {
    fn new(options: PresenceOptions) -> Self {
        Self::with_bytes(options, usize::MAX)
    }

    fn with_bytes(options: PresenceOptions, max_bytes: usize) -> Self {
        Self {
            table: PresenceTable::new(max_bytes, ChangeSender::new(1), Arc::default()),
            namespace: Namespace::default(),
            channel: Channel::new("room", 100).unwrap(),
            options,
            now: Instant::now(),
            place: Place::default(),
        }
    }

    fn join_with(&mut self, id: Option<&str>, info: &str) -> SocketId {
        let socket = SocketId::random();
        let info = RawValue::from_string(info.to_owned()).unwrap();
        let member = id.map(|id| Member { id: id.into(), info: info.into() });
        let joining = JoiningMember { options: self.options, member };
        self.table.join(self.now, &self.namespace, &self.channel, socket, joining);
        socket
    }

    fn join(&mut self, id: &str) -> SocketId {
        self.join_with(Some(id), "null")
    }

    fn leave(&mut self, socket: SocketId, exit: PresenceExit) {
        self.table.leave(self.now, &self.namespace, &self.channel, socket, exit);
    }

    fn wait(&mut self, time: Duration) {
        self.now += time;
    }

    /// Publishes all that is due.
    fn diffs(&mut self) -> Vec<PresenceDiff> {
        let mut all = Vec::new();
        loop {
            let DueDiffs { mut diffs, next } = self.table.take_due(self.now, &mut self.place);
            all.append(&mut diffs);
            if next.is_none_or(|next| next > self.now) {
                return all;
            }
        }
    }

    /// The only diff that is due, as sorted ids.
    fn diff(&mut self) -> (Vec<String>, Vec<String>) {
        let diffs = self.diffs();
        assert_eq!(diffs.len(), 1, "{diffs:?}");
        let DiffContent::Changes { joins, leaves } = &diffs[0].content else {
            panic!("{:?}", diffs[0].content)
        };
        let mut joined: Vec<_> = joins.iter().map(|member| member.id.to_string()).collect();
        let mut left: Vec<_> = leaves.iter().map(ToString::to_string).collect();
        joined.sort_unstable();
        left.sort_unstable();
        (joined, left)
    }

    /// Publishes each diff at its time.
    fn run_until(&mut self, end: Instant, observers: &mut [Observer]) {
        while let Some(next) = self.table.timers.next().filter(|next| *next <= end) {
            self.now = next.max(self.now);
            for diff in self.diffs() {
                observers.iter_mut().for_each(|observer| observer.apply(&diff));
            }
        }
        self.now = end;
    }

    fn view(&mut self) -> PresenceView {
        self.table.view(self.place, &self.namespace, &self.channel).unwrap_or_default()
    }

    fn counts(&self) -> (usize, usize) {
        let PresenceCounts { clients, users } = self.table.counts(&self.namespace, &self.channel);
        (clients, users)
    }

    fn is_forgotten(&self) -> bool {
        self.table.is_empty() && self.table.timers.next().is_none() && self.table.bytes == 0
    }
}

fn owned(ids: &[&str]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

#[test]
fn several_sockets_of_a_user_are_one_member() {
    let mut room = Room::new(OPTIONS);
    let [first, second] = [(); 2].map(|()| room.join("ann"));
    assert_eq!(room.diff(), (owned(&["ann"]), vec![]));
    assert_eq!(room.counts(), (2, 1));
    assert_eq!(room.view().members.unwrap()[0].sockets, 2);
    room.wait(SECOND);
    room.leave(first, PresenceExit::AtOnce);
    assert!(room.diffs().is_empty());
    room.leave(second, PresenceExit::AtOnce);
    assert!(room.is_forgotten(), "no client is left to read a diff");
}

#[test]
fn a_member_that_comes_back_in_time_makes_no_diff() {
    let mut room = Room::new(OPTIONS);
    let _other = room.join("bob");
    let socket = room.join("ann");
    room.diffs();
    room.leave(socket, PresenceExit::AfterGrace);
    room.wait(GRACE - SECOND);
    assert!(room.diffs().is_empty());
    assert_eq!(room.counts(), (1, 2), "it is a member without a client");
    let socket = room.join("ann");
    room.wait(GRACE * 2);
    assert!(room.diffs().is_empty());
    room.leave(socket, PresenceExit::AfterGrace);
    room.wait(GRACE);
    assert_eq!(room.diff(), (vec![], owned(&["ann"])));
    assert_eq!(room.counts(), (1, 1));
}

#[test]
fn a_member_that_wants_to_go_goes_at_once() {
    let mut room = Room::new(OPTIONS);
    let _other = room.join("bob");
    let socket = room.join("ann");
    room.diffs();
    room.wait(SECOND);
    room.leave(socket, PresenceExit::AtOnce);
    assert_eq!(room.diff(), (vec![], owned(&["ann"])));
}

#[test]
fn a_channel_has_one_diff_in_its_time() {
    let mut room = Room::new(OPTIONS);
    room.join("first");
    assert_eq!(room.diff(), (owned(&["first"]), vec![]), "the first change does not wait");
    let passing = room.join("passing");
    for id in ["a", "b"] {
        room.join(id);
        room.wait(EVERY / 4);
        assert!(room.diffs().is_empty());
    }
    room.leave(passing, PresenceExit::AtOnce);
    room.wait(EVERY / 2);
    assert_eq!(
        room.diff(),
        (owned(&["a", "b"]), vec![]),
        "a member that came and went is not told"
    );
}

#[test]
fn new_info_of_a_member_is_a_join() {
    let mut room = Room::new(OPTIONS);
    room.join_with(Some("ann"), "1");
    room.diffs();
    room.wait(SECOND);
    room.join_with(Some("ann"), "1");
    assert!(room.diffs().is_empty());
    room.join_with(Some("ann"), "2");
    assert_eq!(room.diff(), (owned(&["ann"]), vec![]));
    assert_eq!(room.view().members.unwrap()[0].member.info.get(), "2");
}

#[test]
fn guests_are_counted_and_told_by_the_counts() {
    let mut room = Room::new(OPTIONS);
    let guest = room.join_with(None, "null");
    assert_eq!(room.counts(), (1, 0));
    assert_eq!(room.diff(), (vec![], vec![]));
    assert!(room.view().members.unwrap().is_empty());
    room.leave(guest, PresenceExit::AfterGrace);
    assert!(room.is_forgotten());
}

#[test]
fn too_many_members_are_only_counted_until_they_are_less_again() {
    let mut room = Room::new(PresenceOptions { max_members: 10, ..OPTIONS });
    let sockets: Vec<_> = (0..11).map(|id| room.join(&id.to_string())).collect();
    assert!(room.view().members.is_none());
    assert!(matches!(room.diffs()[..], [PresenceDiff { content: DiffContent::Counts, .. }]));
    assert_eq!(room.counts(), (11, 11));
    room.leave(sockets[0], PresenceExit::AtOnce);
    room.wait(SECOND);
    assert!(
        matches!(room.diffs()[..], [PresenceDiff { content: DiffContent::Counts, .. }]),
        "one less changes nothing yet"
    );
    assert!(room.view().members.is_none());
    room.leave(sockets[1], PresenceExit::AtOnce);
    room.wait(SECOND);
    let diffs = room.diffs();
    let [PresenceDiff { content: DiffContent::All(all), .. }] = &diffs[..] else {
        panic!("{diffs:?}")
    };
    assert_eq!(all.len(), 9);
    room.wait(SECOND);
    room.join("new");
    assert_eq!(room.diff(), (owned(&["new"]), vec![]));
}

#[test]
fn members_that_do_not_fit_are_counted() {
    let member =
        PresentChannel::cost(&Member { id: "a".into(), info: RawValue::NULL.to_owned().into() });
    let mut room = Room::with_bytes(OPTIONS, 2 * member);
    let [_a, b, c, c_again] = ["a", "b", "c", "c"].map(|id| room.join(id));
    assert_eq!(room.counts(), (4, 4), "each socket of what is not listed is a member");
    assert!(room.view().members.is_none());
    room.join("a");
    assert_eq!(room.counts(), (5, 4));
    for socket in [b, c, c_again] {
        room.leave(socket, PresenceExit::AtOnce);
    }
    room.diffs();
    assert_eq!(room.counts(), (2, 1));
    room.wait(SECOND);
    room.join("b");
    room.diffs();
    assert_eq!(room.view().members.unwrap().len(), 2);
    assert_eq!(room.table.counters.refused.by_label()["max_presence_bytes"], 2);
}

#[test]
fn a_diff_that_no_outbox_takes_is_followed_by_one_without_members() {
    let mut room = Room::new(OPTIONS);
    for id in 0..10 {
        room.join(&id.to_string());
    }
    let version = room.diffs()[0].version;
    room.table.set_published(room.now, &room.namespace, &room.channel, version, true);
    room.wait(SECOND);
    assert!(matches!(room.diffs()[..], [PresenceDiff { content: DiffContent::Counts, .. }]));
    assert!(room.view().members.is_none());
}

#[test]
fn times_that_a_clock_does_not_have_do_not_come() {
    let options = PresenceOptions { grace: Duration::MAX, every: Duration::MAX, ..OPTIONS };
    let mut room = Room::new(options);
    let socket = room.join("ann");
    room.join("bob");
    assert_eq!(room.diffs().len(), 1);
    room.leave(socket, PresenceExit::AfterGrace);
    room.wait(SECOND * 100_000);
    assert!(room.diffs().is_empty());
    assert_eq!(room.counts(), (1, 2));
}

#[test]
fn the_task_is_woken_for_what_is_earlier_than_it_knows() {
    let mut room = Room::new(OPTIONS);
    assert!(room.table.take_wake_up().is_none());
    let socket = room.join("ann");
    room.join("bob");
    assert!(room.table.take_wake_up().is_some());
    assert!(room.table.take_wake_up().is_none(), "once");
    room.diffs();
    room.leave(socket, PresenceExit::AfterGrace);
    assert!(room.table.take_wake_up().is_some());
    room.join("cid");
    assert!(room.table.take_wake_up().is_some(), "a diff is due before the member's end");
}
