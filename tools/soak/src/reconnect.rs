//! Cuts all clients at the same time, and all of them reconnect at the same time.

use std::{rc::Rc, time::Duration};

use crate::{
    Fallible,
    crowd::Crowd,
    leak_check::LeakCheck,
    report::{Report, mib},
    server::Server,
};

const CLIENTS: usize = 10_000;
/// How long the reconnection may take.
const LIMIT: Duration = Duration::from_secs(60);

pub(crate) async fn run(report: &mut Report, rounds: u64) -> Fallible {
    report.experiment(
        "reconnect",
        "10,000 subscribers are cut at the same time, and reconnect at the same time",
    );
    let server = Server::start(&[]).await?;
    let mut leak_check = LeakCheck::new(&server).await?;
    for number in 1..=rounds {
        report.round(number);
        round(&server, report).await?;
        leak_check.check(&server, report).await?;
    }
    server.stop(report).await
}

async fn round(server: &Server, report: &mut Report) -> Fallible {
    server.command("reset_peak")?;
    let crowd = Crowd::new(server.addr);
    crowd.connect_in_batches(CLIENTS, LIMIT).await?;
    all_receive_once(server, &crowd, CLIENTS, "first", report).await?;
    let before = server.read().await?;
    crowd.cut(CLIENTS);
    crowd.start_clients(CLIENTS);
    let took = crowd.gather(CLIENTS, LIMIT).await?;
    let after = server.read().await?;
    report.criterion("back and subscribed", crowd.inside(), crowd.inside() == CLIENTS);
    all_receive_once(server, &crowd, CLIENTS, "second", report).await?;
    let peak = server.read().await?.peak_kb;
    let rate = CLIENTS as f64 / took.as_secs_f64();
    report.note("until the last one was back", format!("{took:.2?}, {rate:.0} accepts/s"));
    let cpu = after.cpu_ms - before.cpu_ms;
    let each = cpu as f64 * 1e3 / CLIENTS as f64;
    report.note(
        "CPU of the server meanwhile",
        format!("{cpu} ms, {each:.0} µs for each reconnection"),
    );
    report.note(
        "memory with all of them, and its peak",
        format!("{}, {}", mib(before.rss_kb), mib(peak)),
    );
    report.note("connections that TCP refused, and requests answered 408", crowd.failed());
    crowd.cut(CLIENTS);
    Ok(())
}

/// Publishes `news` and then an end mark. A client that has the mark has all that came before it.
pub(crate) async fn all_receive_once(
    server: &Server,
    crowd: &Rc<Crowd>,
    count: usize,
    news: &str,
    report: &mut Report,
) -> Fallible {
    server.command(&format!("publish room {news}"))?;
    server.command("publish room end")?;
    let once = crowd.receive_once(news, "end").await?;
    report.criterion(
        "received the publication exactly once",
        format!("{once} of {count}"),
        once == count,
    );
    Ok(())
}
