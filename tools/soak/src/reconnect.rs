//! A crowd is cut off, and all of it comes back at once.

use std::{rc::Rc, time::Duration};

use crate::{
    Fallible,
    aftermath::Aftermath,
    crowd::Crowd,
    report::{Report, mib},
    server::Server,
};

const CLIENTS: usize = 10_000;
/// By then all must be back.
const LIMIT: Duration = Duration::from_secs(60);

pub(crate) async fn run(report: &mut Report, rounds: u64) -> Fallible {
    report.experiment("reconnect", "10,000 subscribers are cut at once, and come back at once");
    let server = Server::start(&[]).await?;
    let mut aftermath = Aftermath::new(&server).await?;
    for number in 1..=rounds {
        report.round(number);
        round(&server, report).await?;
        aftermath.check(&server, report).await?;
    }
    server.stop(report).await
}

async fn round(server: &Server, report: &mut Report) -> Fallible {
    server.tell("forget")?;
    let crowd = Crowd::new(server.addr);
    crowd.come_calmly(CLIENTS, LIMIT).await?;
    all_hear_once(server, &crowd, CLIENTS, "first", report).await?;
    let before = server.read().await?;
    crowd.cut(CLIENTS);
    crowd.send_off(CLIENTS);
    let took = crowd.gather(CLIENTS, LIMIT).await?;
    let after = server.read().await?;
    report.criterion("back and subscribed", crowd.inside(), crowd.inside() == CLIENTS);
    all_hear_once(server, &crowd, CLIENTS, "second", report).await?;
    let peak = server.read().await?.peak_kb;
    let rate = CLIENTS as f64 / took.as_secs_f64();
    report.note("until the last one was back", format!("{took:.2?}, {rate:.0} accepts/s"));
    let cpu = after.cpu_ms - before.cpu_ms;
    let each = cpu as f64 * 1e3 / CLIENTS as f64;
    report.note(
        "CPU of the server meanwhile",
        format!("{cpu} ms, {each:.0} µs for each that went and came"),
    );
    report.note(
        "memory with all of them, and its peak",
        format!("{}, {}", mib(before.rss_kb), mib(peak)),
    );
    report.note("connections that TCP refused, and requests answered 408", crowd.failed());
    crowd.cut(CLIENTS);
    Ok(())
}

/// A publication, and another one behind it: in between nothing can be missing any more.
pub(crate) async fn all_hear_once(
    server: &Server,
    crowd: &Rc<Crowd>,
    count: usize,
    news: &str,
    report: &mut Report,
) -> Fallible {
    server.tell(&format!("publish room {news}"))?;
    server.tell("publish room end")?;
    let once = crowd.hear_once(news, "end").await?;
    report.criterion(
        "have heard the publication exactly once",
        format!("{once} of {count}"),
        once == count,
    );
    Ok(())
}
