//! One subscriber stops reading, and the others miss nothing.

use std::{
    cell::Cell,
    rc::Rc,
    time::{Duration, Instant},
};

use actix_web::rt;
use tokio::time::timeout;

use crate::{
    Fallible,
    leak_check::LeakCheck,
    net::{PATIENCE, Stream, until},
    report::Report,
    server::Server,
    ws::Ws,
};

const READERS: usize = 99;
const PAYLOAD: usize = 16_384;
/// By then the server must have disconnected the stalled client: publications that fill its outbox
/// and the buffers of TCP.
const MOST: usize = 2_000;
/// Publications after its disconnection.
const AFTER: usize = 100;
/// How far the publisher may be ahead of the other readers: their outboxes are small here.
const WINDOW: usize = 8;
const LATE: Duration = Duration::from_secs(2);

pub(crate) async fn run(report: &mut Report, rounds: u64) -> Fallible {
    report.experiment("stall", "one of 100 subscribers stops reading");
    let server = Server::start(&["tcp_timeout=3600000", "max_outbox=524288"]).await?;
    let mut leak_check = LeakCheck::new(&server).await?;
    for number in 1..=rounds {
        report.round(number);
        round(&server, report).await?;
        leak_check.check(&server, report).await?;
    }
    server.stop(report).await
}

async fn round(server: &Server, report: &mut Report) -> Fallible {
    // Deliveries, and the number of the last publication.
    let (received, last) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(usize::MAX)));
    let mut readers = Vec::new();
    for _ in 0..READERS {
        let mut ws = Ws::connect(server.addr).await?;
        ws.join().await?;
        ws.subscribe("room").await?;
        let (received, last) = (Rc::clone(&received), Rc::clone(&last));
        readers.push(rt::spawn(async move {
            let mut faults = 0;
            let mut due = 0;
            while due <= last.get() {
                let text = ws.text().await?;
                let number = text
                    .strip_prefix(r#"42["message",""#)
                    .and_then(|rest| rest.split(' ').next()?.parse().ok());
                faults += usize::from(number != Some(due));
                due = number.unwrap_or(due) + 1;
                received.set(received.get() + 1);
            }
            Fallible::Ok((ws, faults))
        }));
    }
    let mut stalled = Ws::on(Stream::connect_narrow(server.addr).await?).await?;
    stalled.join().await?;
    stalled.subscribe("room").await?;

    let before = server.read().await?;
    let evicted = |stat: u64| stat > before.stat("/disconnects/slow consumer");
    let payload = "x".repeat(PAYLOAD);
    let mut published = 0;
    let mut out: Option<(usize, Instant)> = None;
    while published < MOST && out.is_none_or(|(at, _)| published < at + AFTER) {
        server.command(&format!("publish room {published} {payload}"))?;
        published += 1;
        let due = published.saturating_sub(WINDOW) * READERS;
        until("the others keep up", PATIENCE, || received.get() >= due).await?;
        if out.is_none()
            && published % WINDOW == 0
            && evicted(server.read().await?.stat("/disconnects/slow consumer"))
        {
            out = Some((published, Instant::now()));
        }
    }
    // One more publication, which the readers know to be the last.
    last.set(published);
    server.command(&format!("publish room {published} end"))?;
    let (at, since) =
        out.ok_or_else(|| format!("no client was disconnected after {published} publications"))?;
    report.criterion("the stalled client is a slow consumer, after publications", at, true);

    let gone = server.read_until(PATIENCE, |reading| reading.fds < before.fds).await?;
    let took = since.elapsed();
    let measured =
        format!("{took:.1?} after its disconnection, {} descriptors of {}", gone.fds, before.fds);
    let is_met = gone.fds == before.fds - 1 && took <= LATE;
    report.criterion(
        "its descriptor is closed within 2 s, and not by tcp_timeout (an hour)",
        measured,
        is_met,
    );

    let mut faults = 0;
    for reader in readers {
        let (_, missed) = timeout(PATIENCE, reader).await.map_err(|_| "a reader waits")???;
        faults += missed;
    }
    let due = READERS * (published + 1);
    report.criterion(
        "deliveries to the others",
        format!("{} of {due}", received.get()),
        received.get() == due,
    );
    report.criterion("of those, missing, doubled or out of order", faults, faults == 0);
    drop(stalled);
    Ok(())
}
