//! Opens many sessions that are never used.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::{Duration, Instant},
};

use actix_web::rt;
use futures_util::{StreamExt, stream};
use tokio::time::sleep;

use crate::{
    Fallible,
    chatter::Chatter,
    leak_check::LeakCheck,
    polling::Polling,
    report::{Report, mib},
    server::Server,
};

const HANDSHAKES: usize = 20_000;
const AT_ONCE: usize = 200;
const ORDINARY: usize = 50;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How late a session may end: two cores are busy with the rest.
const LATE: Duration = Duration::from_secs(2);

/// When the server was asked, and how many sessions had been opened and ended.
type Sample = (Instant, u64, u64);

pub(crate) async fn run(report: &mut Report, rounds: u64) -> Fallible {
    report.experiment(
        "handshakes",
        "20,000 sessions that are never used, beside 50 ordinary clients",
    );
    let server = Rc::new(Server::start(&["connect_timeout=5000"]).await?);
    let mut leak_check = LeakCheck::new(&server).await?;
    for number in 1..=rounds {
        report.round(number);
        round(&server, report).await?;
        leak_check.check(&server, report).await?;
    }
    server.stop(report).await
}

async fn round(server: &Rc<Server>, report: &mut Report) -> Fallible {
    server.command("reset_peak")?;
    let chatter = Chatter::start(server.addr, ORDINARY).await?;
    let before = server.read().await?;
    let (opened, ended) = (before.stat("/connections_opened/polling"), before.stat("/disconnects"));
    let (samples, is_over) = (Rc::new(RefCell::new(Vec::new())), Rc::new(Cell::new(false)));
    let (watched, taken, over) = (Rc::clone(server), Rc::clone(&samples), Rc::clone(&is_over));
    let watch = rt::spawn(async move {
        while !over.get() {
            // The server counts at some instant between this one and the next sample.
            let now = Instant::now();
            let Ok(reading) = watched.read().await else { return };
            let count = |path, before| reading.stat(path) - before;
            taken.borrow_mut().push((
                now,
                count("/connections_opened/polling", opened),
                count("/disconnects", ended),
            ));
            sleep(Duration::from_millis(50)).await;
        }
    });

    let start = Instant::now();
    let refused =
        stream::iter(0..HANDSHAKES).map(|_| Polling::open(server.addr)).buffer_unordered(AT_ONCE);
    let refused = refused.filter(|opened| std::future::ready(opened.is_err())).count().await;
    let took = start.elapsed();
    report.criterion("handshakes refused", refused, refused == 0);
    report.note(
        "handshakes",
        format!("{HANDSHAKES} in {took:.1?}, {:.0}/s", HANDSHAKES as f64 / took.as_secs_f64()),
    );
    let all = HANDSHAKES as u64;
    let done = server
        .read_until(CONNECT_TIMEOUT + Duration::from_secs(30), |reading| {
            reading.stat("/disconnects") - ended >= all
        })
        .await?;
    let reaped = done.stat("/disconnects") - ended;
    is_over.set(true);
    watch.await?;
    report.criterion("sessions reaped", format!("{reaped} of {all}"), reaped == all);
    check_deadlines(&samples.borrow(), report);
    report.note("memory at its peak", mib(done.peak_kb));
    chatter.end(report).await
}

/// Checks that sessions end when `connect_timeout` has passed, never before and not much later.
fn check_deadlines(samples: &[Sample], report: &mut Report) {
    // Sessions end in the order in which they were opened, so counts are enough.
    let mut worst = Duration::ZERO;
    let mut early = 0;
    for (at, _, ended) in samples {
        // A session that had ended when the answer was read was opened a timeout before that.
        let read_by = samples.iter().map(|(time, ..)| *time).find(|time| time > at).unwrap_or(*at);
        let opened = samples
            .iter()
            .find(|(time, ..)| *time + CONNECT_TIMEOUT >= read_by)
            .map_or(0, |(_, opened, _)| *opened);
        early += u64::from(*ended > opened);
    }
    for (opened_at, opened, _) in samples {
        if let Some((ended_at, ..)) = samples.iter().find(|(_, _, ended)| ended >= opened) {
            worst = worst.max(ended_at.saturating_duration_since(*opened_at + CONNECT_TIMEOUT));
        }
    }
    let most = samples.iter().map(|(_, opened, ended)| opened - ended).max().unwrap_or(0);
    report.note("sessions at once, most", most);
    report.criterion(
        "samples with sessions that ended too early",
        format!("{early} of {}", samples.len()),
        early == 0,
    );
    report.criterion(
        "latest end after its deadline, at most 2 s",
        format!("{worst:.1?}"),
        worst <= LATE,
    );
}
