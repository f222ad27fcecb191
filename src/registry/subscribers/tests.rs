use std::{
    collections::BTreeSet,
    task::{Context, Poll, Waker},
};

use proptest::prelude::*;

use super::*;
use crate::{
    model::Transport,
    outbox::{Outbox, TakenFrames},
    protocol::{connect, event},
};

fn channel(name: impl ToString) -> Channel {
    Channel::new(&name.to_string(), 100).unwrap()
}

/// A table with some sockets in the main namespace, and their outboxes.
struct TableFixture {
    table: RegistryTable,
    sockets: Vec<(SocketId, Arc<Outbox>)>,
}

impl TableFixture {
    fn new(count: usize) -> Self {
        let mut table = RegistryTable::new(Arc::default());
        let sockets = (0..count)
            .map(|_| {
                let outbox = Outbox::new(Transport::Polling, 1 << 20, |_| {});
                let sender = SocketSender::new(Arc::clone(&outbox));
                sender.open(connect("/", ""), &[]);
                let _ = outbox.poll_chunk(&mut Context::from_waker(Waker::noop()));
                let id = SocketId::random();
                table.attach(Namespace::default(), id, sender);
                (id, outbox)
            })
            .collect();
        Self { table, sockets }
    }

    fn subscribe(&mut self, socket: usize, name: &str) {
        self.table.subscribe(&Namespace::default(), self.sockets[socket].0, channel(name));
    }

    fn unsubscribe(&mut self, socket: usize, name: &str) {
        self.table.unsubscribe(&Namespace::default(), self.sockets[socket].0, &channel(name));
    }

    /// The receivers of a publication, each as often as it receives it.
    fn publish(
        &mut self,
        to: &[&str],
        except: &[&str],
        except_sockets: &[usize],
        including: &[usize],
    ) -> Vec<usize> {
        let names = |names: &[&str]| names.iter().map(channel).collect();
        self.publish_to(Audience {
            to: names(to),
            except: names(except),
            except_sockets: self.ids(except_sockets),
            including: self.ids(including),
            ..Audience::everyone(Namespace::default())
        })
    }

    fn ids(&self, sockets: &[usize]) -> Vec<SocketId> {
        sockets.iter().map(|&socket| self.sockets[socket].0).collect()
    }

    fn publish_to(&mut self, audience: Audience) -> Vec<usize> {
        let frame = event("/", None, "e", "x").unwrap();
        let mut delivered = 0;
        let what = Payload::PublicationBatch(PublicationBatch::of(vec![frame]));
        let mut part = 0..2;
        while !self.table.publish(&audience, &what, part.clone(), None, |_| delivered += 1).is_all {
            part = part.end..part.end + 2;
        }
        let mut receivers = Vec::new();
        for (socket, (_, outbox)) in self.sockets.iter().enumerate() {
            match outbox.poll_chunk(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(TakenFrames::One(_)) => receivers.push(socket),
                Poll::Ready(TakenFrames::Frames(frames)) => {
                    receivers.extend(frames.iter().map(|_| socket));
                }
                _ => {}
            }
        }
        assert_eq!(receivers.len(), delivered);
        receivers
    }
}

#[test]
fn each_audience_has_its_receivers() {
    let mut world = TableFixture::new(5);
    for (socket, name) in [(0, "a"), (1, "a"), (1, "b"), (2, "b"), (3, "c")] {
        world.subscribe(socket, name);
    }
    assert_eq!(world.publish(&[], &[], &[], &[]), [0, 1, 2, 3, 4]);
    assert_eq!(world.publish(&[], &[], &[4], &[]), [0, 1, 2, 3]);
    assert_eq!(world.publish(&["a"], &[], &[], &[]), [0, 1]);
    assert_eq!(world.publish(&["a"], &[], &[0], &[]), [1]);
    assert_eq!(world.publish(&["a", "b"], &[], &[], &[]), [0, 1, 2], "once to a socket in both");
    assert_eq!(world.publish(&["a", "b"], &["b"], &[], &[]), [0]);
    assert_eq!(world.publish(&["a"], &[], &[], &[4]), [0, 1, 4]);
    assert_eq!(
        world.publish(&["a"], &[], &[], &[0]),
        [0, 1],
        "once to a socket that is included and subscribed"
    );
    assert_eq!(world.publish(&["a"], &["a"], &[], &[0]), [0], "included by its id");
    assert_eq!(world.publish(&[], &["c"], &[0], &[]), [1, 2, 4]);
    assert_eq!(world.publish(&["empty"], &[], &[], &[]), [] as [usize; 0]);
}

#[test]
fn a_socket_can_be_named_as_a_room() {
    let mut world = TableFixture::new(4);
    for (socket, name) in [(0, "a"), (1, "a"), (2, "b")] {
        world.subscribe(socket, name);
    }
    let sockets = |world: &TableFixture, ids: &[usize]| {
        Audience::sockets(Namespace::default(), world.ids(ids))
    };
    let only = sockets(&world, &[1, 3]);
    assert_eq!(world.publish_to(only), [1, 3]);
    let beside = Audience { to: vec![channel("a")], ..sockets(&world, &[1, 2]) };
    assert_eq!(world.publish_to(beside), [0, 1, 2], "once to a socket that is subscribed, too");
    let except = Audience { except: vec![channel("a")], ..sockets(&world, &[1, 3]) };
    assert_eq!(world.publish_to(except), [3], "left out because of a channel");
    let except = Audience { except_sockets: world.ids(&[3]), ..sockets(&world, &[1, 3]) };
    assert_eq!(world.publish_to(except), [1]);
    let gone = Audience::sockets(Namespace::default(), vec![SocketId::random()]);
    assert_eq!(world.publish_to(gone), [] as [usize; 0]);
}

#[test]
fn a_socket_that_has_left_receives_nothing_and_leaves_nothing_behind() {
    let mut world = TableFixture::new(3);
    for socket in 0..3 {
        world.subscribe(socket, "a");
        world.subscribe(socket, "a");
    }
    world.unsubscribe(0, "a");
    world.unsubscribe(0, "a");
    assert_eq!(world.publish(&["a"], &[], &[], &[]), [1, 2]);
    world.table.detach(&Namespace::default(), world.sockets[1].0);
    assert_eq!(world.publish(&["a"], &[], &[], &[]), [2]);
    world.unsubscribe(2, "a");
    assert!(!world.table.namespaces[&Namespace::default()].has_channels());
    for socket in [0, 2] {
        world.table.detach(&Namespace::default(), world.sockets[socket].0);
    }
    assert!(world.table.namespaces.is_empty());
}

#[test]
fn namespaces_are_separate() {
    let mut world = TableFixture::new(1);
    let elsewhere = Namespace::new("/elsewhere");
    let sender = SocketSender::new(Outbox::new(Transport::Polling, 100, |_| {}));
    let stranger = SocketId::random();
    world.table.attach(elsewhere.clone(), stranger, sender);
    world.table.subscribe(&elsewhere, stranger, channel("a"));
    world.subscribe(0, "a");
    assert_eq!(world.publish(&["a"], &[], &[], &[]), [0]);
    let mut there = Vec::new();
    world.table.select(&Audience::everyone(elsewhere), |id, _| there.push(id));
    assert_eq!(there, [stranger]);
}

proptest! {
    #[test]
    fn the_table_agrees_with_a_model(steps in proptest::collection::vec((any::<bool>(), 0..6usize, 0..4usize), 0..80)) {
        let mut world = TableFixture::new(6);
        let mut model = vec![BTreeSet::new(); 4];
        let names = ["a", "b", "c", "d"];
        for (join, socket, at) in steps {
            if join {
                world.subscribe(socket, names[at]);
                model[at].insert(socket);
            } else {
                world.unsubscribe(socket, names[at]);
                model[at].remove(&socket);
            }
            let expected: Vec<_> = model[at].iter().copied().collect();
            prop_assert_eq!(world.publish(&[names[at]], &[], &[], &[]), expected);
        }
    }
}

#[test]
fn an_audience_of_sockets_is_nothing_else() {
    let mut world = TableFixture::new(3);
    world.subscribe(0, "a");
    let [first, second, _] = [0, 1, 2].map(|socket| world.sockets[socket].0);
    for ids in [vec![], vec![second], vec![first, second]] {
        let audience = Audience::sockets(Namespace::default(), ids.clone());
        let mut selected = Vec::new();
        world.table.select(&audience, |id, _| selected.push(id));
        assert_eq!(selected, ids);
    }
}
