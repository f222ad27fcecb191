//! More clients connect than `max_connections` admits.

use std::{cell::Cell, rc::Rc, time::Duration};

use actix_web::rt;
use tokio::time::sleep;

use crate::{
    Fallible, crowd::Crowd, leak_check::LeakCheck, net::until, reconnect::all_receive_once,
    report::Report, server::Server,
};

const CLIENTS: usize = 10_000;
const CAPACITY: usize = 8_000;
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
    let mut leak_check = LeakCheck::new(&server).await?;
    for number in 1..=rounds {
        report.round(number);
        round(&server, report).await?;
        leak_check.check(&server, report).await?;
    }
    report.criterion("sessions at most", most.get(), most.get() <= CAPACITY as u64);
    watch.abort();
    server.stop(report).await
}

async fn round(server: &Server, report: &mut Report) -> Fallible {
    let before = server.read().await?;
    let crowd = Crowd::new(server.addr);
    crowd.start_clients(CLIENTS);
    crowd.gather(CAPACITY, LIMIT).await?;
    let waiting = (CLIENTS - CAPACITY) as u64;
    until("all others were refused", LIMIT, || crowd.refused.get() >= waiting).await?;
    all_receive_once(server, &crowd, CAPACITY, "first", report).await?;
    // Clients that were cut now compete with those that wait.
    let start = server.read().await?.cpu_ms;
    crowd.cut(CAPACITY);
    crowd.start_clients(CAPACITY);
    let took = crowd.gather(CAPACITY, LIMIT).await?;
    let cpu = server.read().await?.cpu_ms - start;
    report.note("full again after", format!("{took:.2?}, and {cpu} ms of CPU"));
    all_receive_once(server, &crowd, CAPACITY, "second", report).await?;
    crowd.cut(CLIENTS - CAPACITY);
    let took = crowd.gather(CAPACITY, LIMIT).await?;
    report.note("until 2,000 waiting clients had replaced 2,000 that left", format!("{took:.2?}"));
    report.criterion("still outside", crowd.outside.get(), crowd.outside.get() == 0);
    all_receive_once(server, &crowd, CAPACITY, "third", report).await?;
    crowd.cut(CAPACITY);

    let after = server.read_until(LIMIT, |reading| reading.is_idle).await?;
    let since = |path| after.stat(path) - before.stat(path);
    let (opened, admitted) = (since("/connections_opened/websocket"), crowd.admitted.get());
    report.criterion(
        "admitted",
        format!("{opened}, the clients count {admitted}"),
        opened == admitted,
    );
    let (ended, refused) = (since("/disconnects"), crowd.refused.get());
    report.criterion("ended", format!("{ended} of {opened}"), ended == opened);
    let counted = since("/refusals/max_connections");
    report.criterion(
        "refused with 503",
        format!("{counted}, the clients count {refused}"),
        counted == refused,
    );
    let without_retry_after = crowd.without_retry_after.get();
    report.criterion("refused without Retry-After", without_retry_after, without_retry_after == 0);
    report.note("connections that TCP refused, and requests answered 408", crowd.failed());
    Ok(())
}
