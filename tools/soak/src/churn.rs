//! Clients of all kinds come and go.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::{Duration, Instant},
};

use actix_web::rt;
use tokio::time::{interval, timeout};

use crate::{
    Fallible,
    leak_check::LeakCheck,
    random::Random,
    random_client::{ActionCounts, run_client},
    report::{Report, mib},
    server::Server,
};

const CLIENTS: u64 = 2_000;
/// Seconds until the timeouts below reap as many clients as vanish.
const WARM_UP: u64 = 15;
/// How long the last clients may take to finish.
const LAST: Duration = Duration::from_secs(60);
/// How many errors are printed.
const SHOWN: usize = 5;

pub(crate) async fn run(report: &mut Report, time: Duration) -> Fallible {
    report.experiment(
        "soak",
        &format!("2,000 clients of all kinds come and go for {time:?}, after {WARM_UP} s"),
    );
    let settings = [
        "connect_timeout=5000",
        "close_timeout=5000",
        "tcp_timeout=5000",
        "ping_interval=3000",
        "ping_timeout=6000",
    ];
    let server = Server::start(&settings).await?;
    let leak_check = LeakCheck::new(&server).await?;
    let (actions, faults) = (Rc::new(ActionCounts::default()), Rc::new(RefCell::new(Vec::new())));
    let (stop, clients_run) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(0u64)));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|seed| {
            let (actions, faults) = (Rc::clone(&actions), Rc::clone(&faults));
            let (stop, clients_run, addr) =
                (Rc::clone(&stop), Rc::clone(&clients_run), server.addr);
            rt::spawn(async move {
                let mut random = Random::new(seed);
                while !stop.get() {
                    if let Err(error) = run_client(addr, &mut random, &actions).await {
                        faults.borrow_mut().push(error.to_string());
                    }
                    clients_run.set(clients_run.get() + 1);
                }
            })
        })
        .collect();

    let mut samples = Vec::new();
    let mut clock = interval(Duration::from_secs(1));
    let seconds = time.as_secs().max(1) as usize;
    for _ in 0..=WARM_UP {
        clock.tick().await;
    }
    for second in 1..=seconds {
        clock.tick().await;
        let reading = server.read().await?;
        if second % seconds.div_ceil(10) == 0 {
            let sessions = reading.stat("/transports");
            let measured = format!(
                "{}, {} descriptors, {sessions} sessions",
                mib(reading.rss_kb),
                reading.fds
            );
            report.note(&format!("after {second} s"), measured);
        }
        samples.push((reading.rss_kb, reading.fds));
    }
    stop.set(true);
    let start = Instant::now();
    for client in clients {
        timeout(LAST.saturating_sub(start.elapsed()), client)
            .await
            .map_err(|_| "a client does not end")??;
    }

    report.note("clients, one after another", clients_run.get());
    report.note("actions", actions.summary());
    let faults = faults.take();
    report.criterion("clients that failed without a reason", faults.len(), faults.is_empty());
    for fault in faults.iter().take(SHOWN) {
        report.note("for example", fault);
    }
    let (rss, fds): (Vec<_>, Vec<_>) = samples.iter().copied().unzip();
    let tenth = rss[seconds.div_ceil(10) - 1];
    let most = mib(rss.iter().copied().max().unwrap_or(0));
    let measured = format!(
        "{} after the first tenth, {most} at most, {} at its end",
        mib(tenth),
        mib(rss[seconds - 1])
    );
    report.note("memory under load", measured);
    report.note("descriptors at most", fds.iter().max().unwrap_or(&0));
    leak_check.against(tenth).check(&server, report).await?;
    server.stop(report).await
}
