//! The life of one client, by chance: what it does, and how it ends.

use std::{cell::RefCell, collections::BTreeMap, net::SocketAddr, time::Duration};

use tokio::time::{sleep, timeout};

use crate::{
    Fallible,
    dice::Dice,
    net::{PATIENCE, Stream},
    polling::Polling,
    ws::{Heard, Ws, frame},
};

const ROOMS: u64 = 50;
/// A client does nothing for so long at most, in milliseconds.
const PAUSE: u64 = 1_500;

/// What is no packet, on a WebSocket: bad JSON, none, for nobody, at the wrong time.
const MALFORMED: [&str; 7] =
    ["4x", "42[", "4", "42/nowhere,[\"event\"]", "40", "2", "42[\"connect\"]"];
/// What is no frame: without a mask, of an unknown kind, longer than anything may be.
const BROKEN: [&[u8]; 3] = [
    &[0x81, 1, b'3'],
    &[0x83, 0x80, 0, 0, 0, 0],
    &[0x81, 0xff, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0],
];

/// What was done, and how often.
#[derive(Default)]
pub(crate) struct Deeds(RefCell<BTreeMap<&'static str, u64>>);

impl Deeds {
    pub(crate) fn did(&self, what: &'static str) {
        *self.0.borrow_mut().entry(what).or_default() += 1;
    }

    pub(crate) fn told(&self) -> String {
        let told: Vec<_> =
            self.0.borrow().iter().map(|(what, count)| format!("{count} {what}")).collect();
        told.join(", ")
    }
}

fn room(dice: &mut Dice) -> String {
    format!("room-{}", dice.below(ROOMS))
}

/// # Errors
/// If the server lets it down.
pub(crate) async fn live(server: SocketAddr, dice: &mut Dice, deeds: &Deeds) -> Fallible {
    match dice.below(100) {
        0..=2 => {
            let stream = Stream::connect(server).await?;
            stream.write(b"GET /socket.io/?EIO=4&transport=web").await?;
            deeds.did("half requests");
            sleep(Duration::from_millis(dice.below(PAUSE))).await;
            Ok(())
        }
        3..=7 => {
            Polling::open(server).await?;
            deeds.did("handshakes only");
            Ok(())
        }
        8..=30 => on_polling(server, dice, deeds).await,
        _ => on_websocket(server, dice, deeds).await,
    }
}

async fn on_websocket(server: SocketAddr, dice: &mut Dice, deeds: &Deeds) -> Fallible {
    let mut ws = Ws::connect(server).await?;
    ws.join().await?;
    let mut room = room(dice);
    ws.subscribe(&room).await?;
    deeds.did("websockets");
    for _ in 0..dice.below(8) {
        let pause = Duration::from_millis(dice.below(PAUSE));
        match dice.below(10) {
            0..=5 => listen(&mut ws, pause).await?,
            6 => {
                accept(&ws.ask(&format!(r#"["publish","{room}","{:>200}"]"#, "news")).await?)?;
                deeds.did("publications");
            }
            7 => {
                accept(&ws.ask(&format!(r#"["unsubscribe","{room}"]"#)).await?)?;
                room = self::room(dice);
                ws.subscribe(&room).await?;
                deeds.did("changes of room");
            }
            8 => {
                ws.ask(r#"["slow",10]"#).await?;
                deeds.did("questions");
            }
            _ => {
                sleep(pause).await;
                deeds.did("times of not reading");
            }
        }
    }
    match dice.below(6) {
        0 => deeds.did("gone by FIN"),
        1 => {
            ws.reset();
            deeds.did("gone by RST");
        }
        2 => {
            ws.send("41").await?;
            ws.close().await?;
            ended(&mut ws, deeds, "goodbyes").await?;
        }
        3 => {
            ws.send("1").await?;
            ended(&mut ws, deeds, "goodbyes").await?;
        }
        4 => {
            ws.send(MALFORMED[dice.below(MALFORMED.len() as u64) as usize]).await?;
            ended(&mut ws, deeds, "malformed packets").await?;
        }
        _ => {
            ws.send_raw(BROKEN[dice.below(BROKEN.len() as u64) as usize]).await?;
            // More, which nobody reads. It may be closed by now.
            let _ = ws.send_raw(&frame(0x81, b"42[\"event\"]")).await;
            ended(&mut ws, deeds, "broken frames").await?;
        }
    }
    Ok(())
}

async fn on_polling(server: SocketAddr, dice: &mut Dice, deeds: &Deeds) -> Fallible {
    let room = room(dice);
    let polling = Polling::open(server).await?;
    polling.join(&room).await?;
    deeds.did("polling clients");
    for number in 0..dice.below(6) {
        if dice.below(4) == 0 {
            polling.post(&format!(r#"42{number}["publish","{room}","news"]"#)).await?;
            deeds.did("publications");
        }
        let answer = polling.get().await?;
        if answer.status != 200 || answer.body == "1" {
            return Err(format!("a poll was answered {} {:?}", answer.status, answer.body).into());
        }
        polling.pong(&answer.body).await?;
        sleep(Duration::from_millis(dice.below(PAUSE))).await;
    }
    match dice.below(4) {
        0 => deeds.did("gone between two polls"),
        1 => {
            let poll = polling.begin_get().await?;
            sleep(Duration::from_millis(dice.below(100))).await;
            drop(poll);
            deeds.did("polls broken off");
        }
        2 => {
            polling.post("1").await?;
            deeds.did("goodbyes");
        }
        _ => {
            polling.post(MALFORMED[dice.below(MALFORMED.len() as u64) as usize]).await?;
            deeds.did("malformed packets");
        }
    }
    Ok(())
}

fn accept(answer: &str) -> Fallible {
    if answer == "[null]" { Ok(()) } else { Err(format!("refused: {answer}").into()) }
}

async fn listen(ws: &mut Ws, time: Duration) -> Fallible {
    let put_out = async {
        loop {
            match ws.hear().await {
                Ok(Heard::Text(_)) => {}
                other => return format!("{other:?} for no reason"),
            }
        }
    };
    match timeout(time, put_out).await {
        Ok(how) => Err(how.into()),
        Err(_) => Ok(()),
    }
}

async fn ended(ws: &mut Ws, deeds: &Deeds, by: &'static str) -> Fallible {
    deeds.did(by);
    if ws.is_ended(PATIENCE).await {
        Ok(())
    } else {
        Err(format!("still there after one of the {by}").into())
    }
}
