//! Many members, and members that come and go by chance.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::json;
use tokio::time::timeout;

use super::{Guest, by_user, server};
use crate::{client::Mode, wait::PATIENCE};

const MODE: Mode = Mode::WebSocket;

#[actix_web::test]
async fn many_that_come_at_once_are_a_few_events() {
    const COUNT: usize = 200;
    let every = Duration::from_millis(200);
    let server = server(by_user().every(every));
    let mut ann = Guest::connect(&server, MODE, "ann").await;
    ann.enter().await;
    let mut guests = Vec::new();
    for at in 0..COUNT {
        guests.push(Guest::connect(&server, MODE, &format!("user-{at}")).await);
    }
    let start = Instant::now();
    for guest in &guests {
        guest.client.send(r#"2["subscribe","room-1"]"#).await;
    }
    let mut events = 0;
    while ann.ids().len() <= COUNT {
        ann.change().await;
        events += 1;
    }
    let times = usize::try_from(start.elapsed().as_millis() / every.as_millis()).expect("a few");
    // One at once, and the one of the join of `ann`.
    assert!(events <= times + 3, "{events} events in {:?}", start.elapsed());
}

/// A user's sockets, and which of them are in the room.
type Sockets = Vec<(String, Guest, bool)>;

async fn step(random: &mut StdRng, sockets: &mut Sockets) {
    let at = random.random_range(0..sockets.len());
    let (_, guest, is_in) = &mut sockets[at];
    if *is_in && random.random_bool(0.5) {
        let answer = guest.client.emit_with_ack("unsubscribe", json!(["room-1"])).await;
        assert_eq!(answer, json!([null]));
        *is_in = false;
    } else {
        guest.enter().await;
        *is_in = true;
    }
}

/// The list of each subscriber, made of its snapshot and the changes after it, is in the end the
/// members that there are.
#[actix_web::test]
async fn snapshots_and_changes_are_the_members() {
    for (seed, every) in [(1, 0), (2, 1), (3, 10)] {
        let server = server(by_user().every(Duration::from_millis(every)));
        let mut random = StdRng::seed_from_u64(seed);
        let mut sockets = Sockets::new();
        for at in 0..12 {
            let user = format!("user-{}", at % 8);
            sockets.push((user.clone(), Guest::connect(&server, MODE, &user).await, false));
        }
        for _ in 0..150 {
            step(&mut random, &mut sockets).await;
        }
        let present = sockets.iter().filter(|(_, _, is_in)| *is_in);
        let expected: BTreeSet<_> = present.map(|(user, ..)| user.clone()).collect();
        assert!(!expected.is_empty(), "nothing is compared");
        let list = server.io.presence("room-1").await.expect("a valid name");
        let members = list.members.expect("a list").into_iter();
        let members: BTreeMap<_, _> = members.map(|member| (member.id, member.sockets)).collect();
        assert_eq!(members.keys().cloned().collect::<BTreeSet<_>>(), expected);
        for (user, guest, _) in sockets.iter_mut().filter(|(_, _, is_in)| *is_in) {
            let caught_up = async {
                while guest.ids() != expected.iter().collect::<Vec<_>>() {
                    guest.change().await;
                }
            };
            let is_caught_up = timeout(PATIENCE, caught_up).await.is_ok();
            assert!(is_caught_up, "{user}: {:?}, not {expected:?}", guest.ids());
        }
    }
}
