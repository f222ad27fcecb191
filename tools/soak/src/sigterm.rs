//! Stops the server under load.

use std::{
    cell::Cell,
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};

use actix_web::rt;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::time::{interval, timeout};

use crate::{
    Fallible,
    close_notice::{AskCounts, CloseNotice, listen, poll, probe},
    net::PATIENCE,
    polling::Polling,
    report::{Report, spread},
    server::Server,
    ws::Ws,
};

const LISTENING: usize = 9_700;
const ASKING: usize = 100;
const POLLING: usize = 200;
/// How many clients connect at the same time.
const BATCH: usize = 250;
const PUBLISHING: Duration = Duration::from_millis(500);
/// `shutdown_timeout`, and 2 s more.
const LIMIT: Duration = Duration::from_secs(12);

pub(crate) async fn run(report: &mut Report) -> Fallible {
    report.experiment(
        "sigterm",
        "SIGTERM with 10,000 clients, a publisher, and 100 events in their handlers",
    );
    let server = Rc::new(Server::start(&[]).await?);
    let addr = server.addr;
    let first_end = Rc::new(Cell::new(None));
    let asked = Rc::new(AskCounts::default());
    let sockets = stream::iter(0..LISTENING + ASKING).map(|_| socket(addr)).buffer_unordered(BATCH);
    let mut sockets: Vec<_> = sockets.try_collect().await?;
    let asking = sockets.split_off(LISTENING);
    let polling: Vec<_> = stream::iter(0..POLLING)
        .map(|number| poller(addr, number))
        .buffered(BATCH)
        .try_collect()
        .await?;
    let listening =
        sockets.into_iter().map(|ws| rt::spawn(listen(ws, Rc::clone(&first_end), None)));
    let mut sockets: Vec<_> = listening.collect();
    sockets.extend(
        asking
            .into_iter()
            .map(|ws| rt::spawn(listen(ws, Rc::clone(&first_end), Some(Rc::clone(&asked))))),
    );
    let polling: Vec<_> = polling.into_iter().map(|poller| rt::spawn(poll(poller))).collect();
    let publisher = rt::spawn(publish(Rc::clone(&server)));
    // Each asking client has had several answers by now, and nearly always has an event in a
    // handler.
    let busy = server.read_until(PATIENCE, |reading| reading.begun > 5 * ASKING as u64).await?;
    let connections = busy.stats["connections"].clone();
    report.note("clients", format!("{connections}, {} in a handler", busy.begun - busy.answered));

    let start = Instant::now();
    server.terminate()?;
    let probes = rt::spawn(probe(addr));
    let (status, last) = server.exit(LIMIT + PATIENCE).await?;
    let took = start.elapsed();
    publisher.abort();
    report.criterion(
        "exits in shutdown_timeout (10 s) + 2 s",
        format!("{took:.1?}"),
        took <= LIMIT,
    );
    report.criterion("exit code 0", status, status.success());

    let (mut closes, mut notified, mut ends) = (Vec::new(), 0, Vec::new());
    for socket in sockets {
        let (at, how) =
            timeout(PATIENCE, socket).await.map_err(|_| "a client was not notified")??;
        closes.push(at.saturating_duration_since(start));
        notified += usize::from(how == CloseNotice::Sent);
    }
    report.criterion(
        "notified by a Close frame",
        format!("{notified} of {}", closes.len()),
        notified == closes.len(),
    );
    report.note("Close frames after SIGTERM", spread(closes.clone()));
    report.note("Close frames in each tenth of that time", tenths(&closes));
    for poller in polling {
        ends.push(
            timeout(PATIENCE, poller).await.map_err(|_| "a polling client was not notified")??,
        );
    }
    for (kind, first) in [("with a waiting poll", 0), ("that receive publications", 1)] {
        let ends = || ends.iter().skip(first).step_by(2);
        let count = |wanted| ends().filter(|(_, notice)| *notice == wanted).count();
        let (sent, later, missing) =
            (count(CloseNotice::Sent), count(CloseNotice::OnNextPoll), count(CloseNotice::Missing));
        let measured = format!(
            "{sent} by `1`, {later} by the answer to their next poll, {missing} not at all"
        );
        let is_met = missing == 0 && (first == 1 || later == 0);
        report.criterion(&format!("polling clients {kind} that were notified"), measured, is_met);
        let times = ends().map(|(at, _)| at.saturating_duration_since(start)).collect();
        report.note("their notification after SIGTERM", spread(times));
    }

    match last {
        None => report.criterion(
            "the server prints its counts at its end",
            "nothing was printed",
            false,
        ),
        Some(last) => {
            let (begun, acks) = (last.begun, asked.acks.get());
            let measured = format!("{acks} of {begun}, {} missing", begun - acks);
            report.criterion(
                "events whose handler was started are acknowledged",
                measured,
                acks == begun,
            );
            report.note("events that no handler was started for", asked.events.get() - begun);
            let finishes = format!("{} of {}", last.finishes, last.connects);
            report.criterion(
                "each OnConnect has had its OnFinish",
                finishes,
                last.finishes == last.connects,
            );
            report.criterion("all gauges are zero", last.is_idle, last.is_idle);
        }
    }
    let probes = timeout(PATIENCE, probes).await.map_err(|_| "a handshake has no answer")??;
    let first = first_end.get().unwrap_or(start);
    let after = probes.iter().filter(|(at, _)| *at > first);
    let late = after.filter(|(_, answer)| *answer == "101").count();
    let kinds = ["101", "503", "refused", "broken off"];
    let kinds = kinds.map(|kind| {
        format!("{} {kind}", probes.iter().filter(|(_, answer)| *answer == kind).count())
    });
    report.criterion("admitted after the first Close frame", late, late == 0);
    report.note("handshakes since SIGTERM", kinds.join(", "));
    server.has_not_panicked(report);
    Ok(())
}

async fn socket(server: SocketAddr) -> Fallible<Ws> {
    let mut ws = Ws::connect(server).await?;
    ws.join().await?;
    ws.subscribe("room").await?;
    Ok(ws)
}

/// Every second client is in a quiet channel, so its poll waits. The others have just been
/// answered, or are about to poll.
async fn poller(server: SocketAddr, number: usize) -> Fallible<Polling> {
    let poller = Polling::open(server).await?;
    poller.join(if number.is_multiple_of(2) { "room-quiet" } else { "room" }).await?;
    Ok(poller)
}

async fn publish(server: Rc<Server>) {
    let mut clock = interval(PUBLISHING);
    let mut number = 0;
    loop {
        clock.tick().await;
        number += 1;
        if server.command(&format!("publish room {number}")).is_err() {
            return;
        }
    }
}

/// How many of the times fall into each tenth of the longest.
fn tenths(times: &[Duration]) -> String {
    let last = times.iter().max().copied().unwrap_or_default().as_secs_f64().max(1e-9);
    let mut counts = [0; 10];
    for time in times {
        counts[((time.as_secs_f64() / last * 10.0) as usize).min(9)] += 1;
    }
    counts.map(|count: usize| count.to_string()).join(" ")
}
