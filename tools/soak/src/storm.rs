//! Cuts all clients at the same time, publishes to their channels, and all of them come back at the
//! same time: with recovery, by their positions, and without either.

use std::{cell::RefCell, rc::Rc, time::Duration};

use actix_web::rt;
use futures_util::future::join_all;

use crate::{
    Fallible,
    chatter::Chatter,
    net::{PATIENCE, until},
    report::{Report, mib, spread},
    returning_client::{Comeback, ReturningClient},
    server::Server,
};

const CLIENTS: usize = 10_000;
/// Each channel has fifty of the clients.
pub(crate) const CHANNELS: usize = 1_000;
/// The channels of each client.
pub(crate) const CHANNELS_EACH: usize = 5;
/// The events that each client misses of each of its channels.
pub(crate) const MISSED: usize = 100;
/// Clients that connect at the same time at first.
const BATCH: usize = 250;
/// Ordinary clients that talk meanwhile.
const ORDINARY: usize = 10;
/// How long the storm may take.
const LIMIT: Duration = Duration::from_secs(120);

pub(crate) async fn run(report: &mut Report) -> Fallible {
    report.experiment(
        "storm",
        "10,000 clients in five channels each come back at the same time, having missed 500 events",
    );
    for (comeback, recovery) in [
        (Comeback::Anew, "recovery=0"),
        (Comeback::Recovered, "recovery=1"),
        (Comeback::Since, "recovery=1"),
    ] {
        println!("  -- {}", comeback.name());
        let server = Server::start(&[recovery]).await?;
        one(&server, comeback, report).await?;
        server.terminate()?;
        let (status, _) = server.exit(PATIENCE).await?;
        report.criterion("SIGTERM ends the server", status, status.success());
        server.has_not_panicked(report);
    }
    Ok(())
}

async fn one(server: &Server, comeback: Comeback, report: &mut Report) -> Fallible {
    let clients = connect(server).await?;
    let connected = server.read().await?;
    for client in clients.borrow_mut().iter_mut() {
        client.cut();
    }
    server.read_until(PATIENCE, |reading| reading.stat("/connections") == 0).await?;
    server.command(&format!("fill {CHANNELS} {MISSED}"))?;
    let before = server.read().await?;
    let chatter = Chatter::start(server.addr, ORDINARY).await?;
    server.command("reset_peak")?;
    let cpu_ms = server.read().await?.cpu_ms;
    let all = clients.take();
    let tasks = all.into_iter().map(|mut client| {
        let addr = server.addr;
        rt::spawn(async move {
            client.come_back(addr, comeback).await.map_err(|error| error.to_string())?;
            Ok::<_, String>((client.took(), client))
        })
    });
    let done = tokio::time::timeout(LIMIT, join_all(tasks.collect::<Vec<_>>())).await?;
    let after = server.read().await?;
    let (mut times, mut whole, mut first_fault) = (Vec::new(), Vec::new(), None);
    for outcome in done {
        match outcome? {
            Ok((took, client)) => {
                times.push(took);
                whole.push(client);
            }
            Err(fault) => first_fault = first_fault.or(Some(fault)),
        }
    }
    let measured = match first_fault {
        None => format!("{} of {CLIENTS}", whole.len()),
        Some(fault) => format!("{} of {CLIENTS}; {fault}", whole.len()),
    };
    report.criterion("back, with all of it once and in order", measured, whole.len() == CLIENTS);
    report.note("time until they had it", spread(times));
    let cpu = after.cpu_ms - cpu_ms;
    report.note(
        "CPU of the server",
        format!("{cpu} ms, {} µs for each", cpu * 1000 / CLIENTS as u64),
    );
    report.note(
        "memory with all clients, with their events kept, and at the peak",
        format!("{}, {}, {}", mib(connected.rss_kb), mib(before.rss_kb), mib(after.peak_kb)),
    );
    let (recovered, replayed) = (after.stat("/recovered"), after.stat("/replayed"));
    report.note("recovered, and events replayed", format!("{recovered}, {replayed}"));
    chatter.end(report).await
}

async fn connect(server: &Server) -> Fallible<Rc<RefCell<Vec<ReturningClient>>>> {
    let clients = Rc::new(RefCell::new(Vec::with_capacity(CLIENTS)));
    let fault = Rc::new(RefCell::new(None));
    for start in (0..CLIENTS).step_by(BATCH) {
        let end = (start + BATCH).min(CLIENTS);
        for number in start..end {
            let (clients, fault, addr) = (Rc::clone(&clients), Rc::clone(&fault), server.addr);
            rt::spawn(async move {
                match ReturningClient::connect(addr, number).await {
                    Ok(client) => clients.borrow_mut().push(client),
                    Err(error) => *fault.borrow_mut() = Some(error.to_string()),
                }
            });
        }
        let is_over = || clients.borrow().len() == end || fault.borrow().is_some();
        until("the clients are connected", PATIENCE, is_over).await?;
        if let Some(fault) = fault.take() {
            return Err(fault.into());
        }
    }
    Ok(clients)
}
