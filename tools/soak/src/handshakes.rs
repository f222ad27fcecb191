//! Many sessions are opened, and nothing is done with them.

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
    aftermath::Aftermath,
    chatter::Chatter,
    polling::Polling,
    report::{Report, mib},
    server::Server,
};

const HANDSHAKES: usize = 20_000;
const AT_ONCE: usize = 200;
const ORDINARY: usize = 50;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A session may be gone so much later: two cores have more to do.
const LATE: Duration = Duration::from_secs(2);

/// When it was asked, how many had come and gone.
type Sample = (Instant, u64, u64);

pub(crate) async fn run(report: &mut Report, rounds: u64) -> Fallible {
    report.experiment(
        "handshakes",
        "20,000 sessions that are never used, beside 50 clients that talk",
    );
    let server = Rc::new(Server::start(&["connect_timeout=5000"]).await?);
    let mut aftermath = Aftermath::new(&server).await?;
    for number in 1..=rounds {
        report.round(number);
        round(&server, report).await?;
        aftermath.check(&server, report).await?;
    }
    server.stop(report).await
}

async fn round(server: &Rc<Server>, report: &mut Report) -> Fallible {
    server.tell("forget")?;
    let chatter = Chatter::start(server.addr, ORDINARY).await?;
    let before = server.read().await?;
    let (opened, ended) = (before.stat("/connections_opened/polling"), before.stat("/disconnects"));
    let (samples, is_over) = (Rc::new(RefCell::new(Vec::new())), Rc::new(Cell::new(false)));
    let (watched, taken, over) = (Rc::clone(server), Rc::clone(&samples), Rc::clone(&is_over));
    let watch = rt::spawn(async move {
        while !over.get() {
            // The counts are of an instant between this one and that of the next sample.
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
    punctual(&samples.borrow(), report);
    report.note("memory at its peak", mib(done.peak_kb));
    chatter.end(report).await
}

/// Nobody ends before connect_timeout has passed since it came, nor much later.
fn punctual(samples: &[Sample], report: &mut Report) {
    // As sessions end in the order in which they came, counts are enough.
    let mut worst = Duration::ZERO;
    let mut early = 0;
    for (at, _, gone) in samples {
        // One that has ended until the answer was read may have come until then, less the timeout.
        let read_by = samples.iter().map(|(time, ..)| *time).find(|time| time > at).unwrap_or(*at);
        let came = samples
            .iter()
            .find(|(time, ..)| *time + CONNECT_TIMEOUT >= read_by)
            .map_or(0, |(_, came, _)| *came);
        early += u64::from(*gone > came);
    }
    for (came_at, came, _) in samples {
        if let Some((gone_at, ..)) = samples.iter().find(|(_, _, gone)| gone >= came) {
            worst = worst.max(gone_at.saturating_duration_since(*came_at + CONNECT_TIMEOUT));
        }
    }
    let most = samples.iter().map(|(_, came, gone)| came - gone).max().unwrap_or(0);
    report.note("sessions at once, most", most);
    report.criterion(
        "looks that found sessions gone too early",
        format!("{early} of {}", samples.len()),
        early == 0,
    );
    report.criterion(
        "latest end after its deadline, at most 2 s",
        format!("{worst:.1?}"),
        worst <= LATE,
    );
}
