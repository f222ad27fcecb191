//! One client that acts at random, and ends in a random way.

use std::{cell::RefCell, collections::BTreeMap, net::SocketAddr, time::Duration};

use tokio::time::{sleep, timeout};

use crate::{
    Fallible,
    net::{PATIENCE, Stream},
    polling::Polling,
    random::Random,
    ws::{Received, Ws, frame},
};

const ROOMS: u64 = 50;
/// The longest pause of a client, in milliseconds.
const PAUSE: u64 = 1_500;

/// Packets that the server refuses: bad JSON, no data, an unknown namespace, the wrong time.
const MALFORMED: [&str; 7] =
    ["4x", "42[", "4", "42/nowhere,[\"event\"]", "40", "2", "42[\"connect\"]"];
/// Frames that the server refuses: without a mask, of an unknown kind, longer than any limit.
const BROKEN: [&[u8]; 3] = [
    &[0x81, 1, b'3'],
    &[0x83, 0x80, 0, 0, 0, 0],
    &[0x81, 0xff, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0],
];

/// How often each action was done.
#[derive(Default)]
pub(crate) struct ActionCounts(RefCell<BTreeMap<&'static str, u64>>);

impl ActionCounts {
    pub(crate) fn add(&self, what: &'static str) {
        *self.0.borrow_mut().entry(what).or_default() += 1;
    }

    pub(crate) fn summary(&self) -> String {
        let counts: Vec<_> =
            self.0.borrow().iter().map(|(what, count)| format!("{count} {what}")).collect();
        counts.join(", ")
    }
}

fn room(random: &mut Random) -> String {
    format!("room-{}", random.below(ROOMS))
}

/// Runs one client to its end.
///
/// # Errors
/// If the server does not do what it must.
pub(crate) async fn run_client(
    server: SocketAddr,
    random: &mut Random,
    actions: &ActionCounts,
) -> Fallible {
    match random.below(100) {
        0..=2 => {
            let stream = Stream::connect(server).await?;
            stream.write(b"GET /socket.io/?EIO=4&transport=web").await?;
            actions.add("half requests");
            sleep(Duration::from_millis(random.below(PAUSE))).await;
            Ok(())
        }
        3..=7 => {
            Polling::open(server).await?;
            actions.add("handshakes only");
            Ok(())
        }
        8..=30 => on_polling(server, random, actions).await,
        _ => on_websocket(server, random, actions).await,
    }
}

async fn on_websocket(server: SocketAddr, random: &mut Random, actions: &ActionCounts) -> Fallible {
    let mut ws = Ws::connect(server).await?;
    ws.join().await?;
    let mut room = room(random);
    ws.subscribe(&room).await?;
    actions.add("websockets");
    for _ in 0..random.below(8) {
        let pause = Duration::from_millis(random.below(PAUSE));
        match random.below(10) {
            0..=5 => listen(&mut ws, pause).await?,
            6 => {
                accept(&ws.ask(&format!(r#"["publish","{room}","{:>200}"]"#, "news")).await?)?;
                actions.add("publications");
            }
            7 => {
                accept(&ws.ask(&format!(r#"["unsubscribe","{room}"]"#)).await?)?;
                room = self::room(random);
                ws.subscribe(&room).await?;
                actions.add("changes of room");
            }
            8 => {
                ws.ask(r#"["slow",10]"#).await?;
                actions.add("slow requests");
            }
            _ => {
                sleep(pause).await;
                actions.add("pauses without reading");
            }
        }
    }
    match random.below(6) {
        0 => actions.add("vanished by FIN"),
        1 => {
            ws.reset();
            actions.add("vanished by RST");
        }
        2 => {
            ws.send("41").await?;
            ws.close().await?;
            ended(&mut ws, actions, "regular closes").await?;
        }
        3 => {
            ws.send("1").await?;
            ended(&mut ws, actions, "regular closes").await?;
        }
        4 => {
            ws.send(MALFORMED[random.below(MALFORMED.len() as u64) as usize]).await?;
            ended(&mut ws, actions, "malformed packets").await?;
        }
        _ => {
            ws.send_raw(BROKEN[random.below(BROKEN.len() as u64) as usize]).await?;
            // The server reads no more of it, and may have closed the connection already.
            let _ = ws.send_raw(&frame(0x81, b"42[\"event\"]")).await;
            ended(&mut ws, actions, "broken frames").await?;
        }
    }
    Ok(())
}

async fn on_polling(server: SocketAddr, random: &mut Random, actions: &ActionCounts) -> Fallible {
    let room = room(random);
    let polling = Polling::open(server).await?;
    polling.join(&room).await?;
    actions.add("polling clients");
    for number in 0..random.below(6) {
        if random.below(4) == 0 {
            polling.post(&format!(r#"42{number}["publish","{room}","news"]"#)).await?;
            actions.add("publications");
        }
        let answer = polling.get().await?;
        if answer.status != 200 || answer.body == "1" {
            return Err(format!("a poll was answered {} {:?}", answer.status, answer.body).into());
        }
        polling.pong(&answer.body).await?;
        sleep(Duration::from_millis(random.below(PAUSE))).await;
    }
    match random.below(4) {
        0 => actions.add("vanished between two polls"),
        1 => {
            let poll = polling.begin_get().await?;
            sleep(Duration::from_millis(random.below(100))).await;
            drop(poll);
            actions.add("polls broken off");
        }
        2 => {
            polling.post("1").await?;
            actions.add("regular closes");
        }
        _ => {
            polling.post(MALFORMED[random.below(MALFORMED.len() as u64) as usize]).await?;
            actions.add("malformed packets");
        }
    }
    Ok(())
}

fn accept(answer: &str) -> Fallible {
    if answer == "[null]" { Ok(()) } else { Err(format!("refused: {answer}").into()) }
}

async fn listen(ws: &mut Ws, time: Duration) -> Fallible {
    let disconnected = async {
        loop {
            match ws.receive().await {
                Ok(Received::Text(_)) => {}
                other => return format!("{other:?} without a reason"),
            }
        }
    };
    match timeout(time, disconnected).await {
        Ok(how) => Err(how.into()),
        Err(_) => Ok(()),
    }
}

async fn ended(ws: &mut Ws, actions: &ActionCounts, by: &'static str) -> Fallible {
    actions.add(by);
    if ws.is_ended(PATIENCE).await {
        Ok(())
    } else {
        Err(format!("still connected after one of the {by}").into())
    }
}
