//! The members of one channel on two servers.

use super::*;
use crate::registry::presence::told::ChannelMembers;

/// A table of another server that has told these changes.
fn told(from: &mut Room) -> Vec<ChannelMembers> {
    from.table.enable_cluster();
    from.table.take_untold(1_000)
}

fn of_cluster(options: PresenceOptions, max_bytes: usize) -> Room {
    let mut room = Room::with_bytes(options, max_bytes);
    room.table.enable_cluster();
    room
}

#[test]
fn a_user_on_two_servers_is_one_member() {
    let [mut here, mut there] = [(); 2].map(|()| of_cluster(OPTIONS, usize::MAX));
    let socket = here.join("ann");
    assert_eq!(here.diff(), (owned(&["ann"]), vec![]));
    let other = there.join("ann");
    here.table.take_up(here.now, "b", told(&mut there));
    here.wait(SECOND);
    assert!(here.diffs().is_empty());
    assert_eq!(here.counts(), (2, 1));
    here.join_with(None, "null");
    here.diffs();
    here.leave(socket, PresenceExit::AtOnce);
    here.wait(SECOND);
    assert!(here.diffs().is_empty(), "it has a socket there");
    there.leave(other, PresenceExit::AtOnce);
    here.table.take_up(here.now, "b", told(&mut there));
    assert_eq!(here.diff(), (vec![], owned(&["ann"])));
}

#[test]
fn a_member_that_moves_to_another_server_makes_no_diff() {
    let [mut here, mut there] = [(); 2].map(|()| of_cluster(OPTIONS, usize::MAX));
    here.join("bob");
    here.diffs();
    let socket = there.join("ann");
    here.table.take_up(here.now, "b", told(&mut there));
    here.wait(SECOND);
    assert_eq!(here.diff(), (owned(&["ann"]), vec![]));
    there.leave(socket, PresenceExit::AfterGrace);
    here.table.take_up(here.now, "b", told(&mut there));
    here.join("ann");
    there.wait(GRACE);
    there.diffs();
    here.table.take_up(here.now, "b", told(&mut there));
    here.wait(GRACE);
    assert!(here.diffs().is_empty());
    assert_eq!(here.counts(), (2, 2));
    assert!(there.is_forgotten());
}

#[test]
fn a_channel_without_clients_here_is_listed() {
    let options = PresenceOptions { max_members: 5, ..OPTIONS };
    let [mut here, mut there] = [(); 2].map(|()| of_cluster(options, usize::MAX));
    for round in 0..20 {
        let socket = there.join(&round.to_string());
        here.table.take_up(here.now, "b", told(&mut there));
        assert_eq!(here.view().members.unwrap().len(), 1);
        there.leave(socket, PresenceExit::AtOnce);
        here.table.take_up(here.now, "b", told(&mut there));
        assert!(here.is_forgotten());
    }
    let sockets: Vec<_> = (0..6).map(|id| there.join(&id.to_string())).collect();
    here.table.take_up(here.now, "b", told(&mut there));
    assert!(here.view().members.is_none(), "the limit of the other server");
    assert_eq!(here.counts(), (6, 6));
    there.leave(sockets[0], PresenceExit::AtOnce);
    here.table.take_up(here.now, "b", told(&mut there));
    here.join("0");
    assert!(here.view().members.is_none());
    assert!(matches!(here.diffs()[..], [PresenceDiff { content: DiffContent::Counts, .. }]));
}

#[test]
fn guests_of_other_servers_are_told_by_the_counts() {
    let [mut here, mut there] = [(); 2].map(|()| of_cluster(OPTIONS, usize::MAX));
    here.join("bob");
    here.diffs();
    let guest = there.join_with(None, "null");
    here.table.take_up(here.now, "b", told(&mut there));
    here.wait(SECOND);
    assert_eq!(here.diff(), (vec![], vec![]));
    assert_eq!(here.counts(), (2, 1));
    there.leave(guest, PresenceExit::AtOnce);
    here.table.take_up(here.now, "b", told(&mut there));
    here.wait(SECOND);
    assert_eq!(here.diff(), (vec![], vec![]));
    assert_eq!(here.counts(), (1, 1));
}

#[test]
fn members_of_other_servers_that_do_not_fit_are_counted() {
    let room = Room::new(OPTIONS);
    let cost = PresentChannel::MEMBER_BYTES + 5;
    let channel = 300 + room.namespace.as_str().len() + room.channel.len();
    let mut here = of_cluster(OPTIONS, channel + 2 * cost);
    let mut there = of_cluster(OPTIONS, usize::MAX);
    let sockets = ["a", "b", "c"].map(|id| there.join(id));
    here.table.take_up(here.now, "b", told(&mut there));
    assert_eq!(here.counts(), (3, 3));
    assert!(here.view().members.is_none());
    assert!(here.table.bytes <= channel + 2 * cost);
    assert_eq!(here.table.counters.refused.by_label()["max_presence_bytes"], 1);
    // Another channel has no room at all.
    let mut other = of_cluster(OPTIONS, usize::MAX);
    other.channel = Channel::new("other", 100).unwrap();
    other.join("a");
    here.table.take_up(here.now, "c", told(&mut other));
    assert_eq!(here.table.counters.refused.by_label()["max_presence_bytes"], 2);
    for socket in sockets {
        there.leave(socket, PresenceExit::AtOnce);
    }
    here.table.take_up(here.now, "b", told(&mut there));
    assert!(here.is_forgotten());
}

#[test]
fn a_server_that_does_not_look_for_long_tells_everything() {
    let mut room = of_cluster(OPTIONS, usize::MAX);
    room.join("stays");
    let mut rounds = 0;
    while !room.table.take_needs_whole() {
        rounds += 1;
        let socket = room.join(&rounds.to_string());
        room.leave(socket, PresenceExit::AtOnce);
        assert!(rounds < 30_000);
    }
    assert!(room.table.take_untold(1).is_empty(), "in place of changes");
    let [(namespace, channel)] = &room.table.channels_here()[..] else { panic!("one channel") };
    let whole = room.table.tell_channel(namespace, channel).unwrap();
    assert_eq!((whole.joins.len(), whole.counts, whole.is_whole), (1, Some((1, 1)), true));
    room.join("next");
    assert_eq!(room.table.take_untold(1).len(), 1, "changes again");
}
