//! The crowd is larger than the server takes.

use std::{cell::Cell, rc::Rc, time::Duration};

use actix_web::rt;
use tokio::time::sleep;

use crate::{
    Fallible, aftermath::Aftermath, crowd::Crowd, net::until, reconnect::all_hear_once,
    report::Report, server::Server,
};

const CLIENTS: usize = 10_000;
const ROOM: usize = 8_000;
const LIMIT: Duration = Duration::from_secs(60);

pub(crate) async fn run(report: &mut Report, rounds: u64) -> Fallible {
    report.experiment("shed", "the same with max_connections 8,000");
    let server = Rc::new(Server::start(&["max_connections=8000"]).await?);
    let most = Rc::new(Cell::new(0));
    let (watched, seen) = (Rc::clone(&server), Rc::clone(&most));
    let watch = rt::spawn(async move {
        while let Ok(reading) = watched.read().await {
            seen.set(seen.get().max(reading.stat("/transports")));
            sleep(Duration::from_millis(50)).await;
        }
    });
    let mut aftermath = Aftermath::new(&server).await?;
    for number in 1..=rounds {
        report.round(number);
        round(&server, report).await?;
        aftermath.check(&server, report).await?;
    }
    report.criterion("sessions at most", most.get(), most.get() <= ROOM as u64);
    watch.abort();
    server.stop(report).await
}

async fn round(server: &Server, report: &mut Report) -> Fallible {
    let before = server.read().await?;
    let crowd = Crowd::new(server.addr);
    crowd.send_off(CLIENTS);
    crowd.gather(ROOM, LIMIT).await?;
    let waiting = (CLIENTS - ROOM) as u64;
    until("all others were refused", LIMIT, || crowd.refused.get() >= waiting).await?;
    all_hear_once(server, &crowd, ROOM, "first", report).await?;
    // Those who were cut find themselves among those who wait.
    let start = server.read().await?.cpu_ms;
    crowd.cut(ROOM);
    crowd.send_off(ROOM);
    let took = crowd.gather(ROOM, LIMIT).await?;
    let cpu = server.read().await?.cpu_ms - start;
    report.note("full again after", format!("{took:.2?}, and {cpu} ms of CPU"));
    all_hear_once(server, &crowd, ROOM, "second", report).await?;
    crowd.cut(CLIENTS - ROOM);
    let took = crowd.gather(ROOM, LIMIT).await?;
    report.note("until 2,000 who waited had the place of 2,000 who left", format!("{took:.2?}"));
    report.criterion("still outside", crowd.outside.get(), crowd.outside.get() == 0);
    all_hear_once(server, &crowd, ROOM, "third", report).await?;
    crowd.cut(ROOM);

    let after = server.read_until(LIMIT, |reading| reading.is_idle).await?;
    let since = |path| after.stat(path) - before.stat(path);
    let (opened, admitted) = (since("/connections_opened/websocket"), crowd.admitted.get());
    report.criterion("let in", format!("{opened}, the clients say {admitted}"), opened == admitted);
    let (ended, refused) = (since("/disconnects"), crowd.refused.get());
    report.criterion("ended", format!("{ended} of {opened}"), ended == opened);
    let counted = since("/refusals/max_connections");
    report.criterion(
        "refused with 503",
        format!("{counted}, the clients say {refused}"),
        counted == refused,
    );
    let untold = crowd.untold.get();
    report.criterion("refused without Retry-After", untold, untold == 0);
    report.note("connections that TCP refused, and requests answered 408", crowd.failed());
    Ok(())
}
