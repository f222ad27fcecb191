//! Clients that are cut at any moment, and come back to any server: the stream's order is the
//! oracle.

use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};

use super::{Page, Stream, TestServer, join, publish, routes};
use crate::client::Mode;

/// The number that an event bears.
fn number(event: &str) -> u32 {
    let event: Vec<Value> = serde_json::from_str(event).expect("an event");
    event[1].as_u64().and_then(|number| u32::try_from(number).ok()).expect("a number")
}

#[actix_web::test]
async fn a_client_that_wanders_has_every_event_once_and_in_order() {
    for seed in 0..4 {
        let mut random = StdRng::seed_from_u64(seed);
        let stream = Stream::default();
        let servers: Vec<TestServer> = (0..3).map(|_| join(&stream, routes())).collect();
        let mut here = 0;
        let mut page = Page::open(&servers[here], Mode::WebSocket).await;
        page.subscribe("match-1").await;
        let (mut published, mut seen) = (0, Vec::new());
        for _ in 0..60 {
            match random.random_range(0..5) {
                0..=2 => {
                    published += 1;
                    let server = &servers[random.random_range(0..3)];
                    let to = ["match-1", "everyone"][random.random_range(0..2)];
                    if to == "everyone" {
                        let sent = server.io.everyone().publish("goal", &published).await;
                        sent.expect("it is read back");
                    } else {
                        publish(server, to, published).await;
                    }
                }
                3 => seen.extend(page.events().await.iter().map(|event| number(event))),
                _ => {
                    // What was on its way is lost with the connection.
                    page.lose(&servers[here]).await;
                    here = random.random_range(0..3);
                    if random.random_bool(0.5) {
                        published += 1;
                        publish(&servers[here], "match-1", published).await;
                    }
                    page.connect(&servers[here]).await;
                    assert!(page.recovered, "{:?}", servers[here].io.stats().unrecovered);
                }
            }
        }
        stream.read_by(here).await;
        seen.extend(page.events().await.iter().map(|event| number(event)));
        assert_eq!(seen, (1..=published).collect::<Vec<_>>(), "seed {seed}");
    }
}

/// A client subscribes with a position beside publications that other servers make.
#[actix_web::test]
async fn a_subscription_beside_publications_loses_and_doubles_nothing() {
    let mut random = StdRng::seed_from_u64(7);
    let stream = Stream::default();
    let servers: Vec<TestServer> = (0..3).map(|_| join(&stream, routes())).collect();
    let mut positions = vec![servers[0].io.position()];
    for _ in 0..30 {
        let [here, there] = [(); 2].map(|()| random.random_range(0..3));
        let seen = random.random_range(0..positions.len());
        let mut page = Page::open(&servers[here], Mode::WebSocket).await;
        let question = json!(["match-1", {"since": positions[seen]}]);
        let first = positions.len();
        let (answer, ()) =
            tokio::join!(page.client().emit_with_ack("subscribe", question), async {
                for number in first..first + random.random_range(0..4) {
                    let sent = servers[there].io.to("match-1").publish("goal", &number).await;
                    positions.push(sent.expect("it is read back").position);
                }
            });
        assert_eq!(answer[1]["recovered"], true, "{answer}");
        stream.read_by(here).await;
        let events = page.events().await;
        let numbers: Vec<_> = events.iter().map(|event| number(event) as usize).collect();
        assert_eq!(numbers, (seen + 1..positions.len()).collect::<Vec<_>>());
        page.vanish_at_once();
    }
}
