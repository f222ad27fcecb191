//! One subscriber stops reading, and the others don't notice.

use std::{
    cell::Cell,
    rc::Rc,
    time::{Duration, Instant},
};

use actix_web::rt;
use tokio::time::timeout;

use crate::{
    Fallible,
    aftermath::Aftermath,
    net::{PATIENCE, Stream, until},
    report::Report,
    server::Server,
    ws::Ws,
};

const READERS: usize = 99;
const PAYLOAD: usize = 16_384;
/// What may be published until the stalled one has to be out: its outbox, and what TCP keeps for
/// it.
const MOST: usize = 2_000;
/// What is published after it is out.
const AFTER: usize = 100;
/// Nobody may be behind by more: outboxes are short here.
const WINDOW: usize = 8;
const LATE: Duration = Duration::from_secs(2);

pub(crate) async fn run(report: &mut Report, rounds: u64) -> Fallible {
    report.experiment("stall", "one of 100 subscribers stops reading");
    let server = Server::start(&["tcp_timeout=3600000", "max_outbox=524288"]).await?;
    let mut aftermath = Aftermath::new(&server).await?;
    for number in 1..=rounds {
        report.round(number);
        round(&server, report).await?;
        aftermath.check(&server, report).await?;
    }
    server.stop(report).await
}

async fn round(server: &Server, report: &mut Report) -> Fallible {
    // Deliveries, and the number of the last publication.
    let (heard, last) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(usize::MAX)));
    let mut readers = Vec::new();
    for _ in 0..READERS {
        let mut ws = Ws::connect(server.addr).await?;
        ws.join().await?;
        ws.subscribe("room").await?;
        let (heard, last) = (Rc::clone(&heard), Rc::clone(&last));
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
                heard.set(heard.get() + 1);
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
        server.tell(&format!("publish room {published} {payload}"))?;
        published += 1;
        let due = published.saturating_sub(WINDOW) * READERS;
        until("the others keep up", PATIENCE, || heard.get() >= due).await?;
        if out.is_none()
            && published % WINDOW == 0
            && evicted(server.read().await?.stat("/disconnects/slow consumer"))
        {
            out = Some((published, Instant::now()));
        }
    }
    // The readers wait for one more, which they then know to be the last.
    last.set(published);
    server.tell(&format!("publish room {published} end"))?;
    let (at, since) = out.ok_or_else(|| format!("nobody is out after {published} publications"))?;
    report.criterion("the stalled one is a slow consumer, after publications", at, true);

    let gone = server.read_until(PATIENCE, |reading| reading.fds < before.fds).await?;
    let took = since.elapsed();
    let told = format!("{took:.1?} after it was out, {} descriptors of {}", gone.fds, before.fds);
    let is_met = gone.fds == before.fds - 1 && took <= LATE;
    report.criterion(
        "its descriptor is closed within 2 s, and not by tcp_timeout (an hour)",
        told,
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
        format!("{} of {due}", heard.get()),
        heard.get() == due,
    );
    report.criterion("of those, missing, double or early", faults, faults == 0);
    drop(stalled);
    Ok(())
}
