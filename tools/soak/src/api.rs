//! Publications by HTTP: their CPU time, and a thousand a second beside live traffic.

use std::{
    cell::Cell,
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};

use actix_web::rt::{self, task::JoinHandle};
use futures_util::future::try_join_all;
use tokio::time::{interval, sleep_until};

use crate::{
    Fallible,
    net::{PATIENCE, Stream, until},
    report::Report,
    serve::API_KEY,
    server::Server,
    ws::Ws,
};

/// Subscribers of the channel `room-live`.
const SUBSCRIBERS: usize = 1_000;
/// Publications whose CPU time is measured, by HTTP and without.
const PUBLICATIONS: usize = 1_000;
/// Subscribers of the channel `room-api`, which the requests publish to beside live traffic.
const FEW: usize = 10;
/// Connections that send these requests, and how long each waits between two.
const CONNECTIONS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(20);
/// How long they do so, and how often the live channel has a publication meanwhile.
const LENGTH: Duration = Duration::from_secs(10);
const LIVE: Duration = Duration::from_millis(50);

pub(crate) async fn run(report: &mut Report) -> Fallible {
    report.experiment("api", "publications by HTTP, to 1,000 subscribers and beside live traffic");
    let server = Server::start(&["api=1"]).await?;
    let api = server.api_addr()?;
    let readers = Readers::subscribe(&server, "room-live", SUBSCRIBERS).await?;
    cost(&server, api, &readers, report).await?;
    let few = Readers::subscribe(&server, "room-api", FEW).await?;
    thousand_a_second(&server, api, &readers, &few, report).await?;
    readers.end();
    few.end();
    server.read_until(PATIENCE, |reading| reading.is_idle).await?;
    server.stop(report).await
}

/// Measures the CPU time of a publication to many, by HTTP and by the server itself.
async fn cost(
    server: &Server,
    api: SocketAddr,
    readers: &Readers,
    report: &mut Report,
) -> Fallible {
    for by_http in [true, false, true, false] {
        // An idle connection is closed after a while.
        let mut http = Stream::connect(api).await?;
        let due = readers.received.get() + SUBSCRIBERS * PUBLICATIONS;
        let before = server.read().await?;
        for number in 0..PUBLICATIONS {
            if by_http {
                publish(&mut http, "room-live", number).await?;
            } else {
                server.command(&format!("publish room-live {number}"))?;
            }
            // Not in bursts, whose publications would be written together.
            let mine = due - SUBSCRIBERS * (PUBLICATIONS - 1 - number);
            until("all have it", PATIENCE, || readers.received.get() >= mine).await?;
        }
        let cpu = server.read().await?.cpu_ms - before.cpu_ms;
        let micros = cpu as f64 * 1000.0 / PUBLICATIONS as f64;
        let how = if by_http { "by HTTP" } else { "by the server itself" };
        let each = micros / SUBSCRIBERS as f64;
        let text = format!("{micros:.0} µs, {each:.2} µs for each of {SUBSCRIBERS} deliveries");
        report.note(&format!("CPU time of a publication {how}"), text);
        let received = readers.received.get();
        report.criterion("deliveries", format!("{received} of {due}"), received == due);
    }
    Ok(())
}

/// Sends requests at a steady rate while another channel is busy.
async fn thousand_a_second(
    server: &Server,
    api: SocketAddr,
    readers: &Readers,
    few: &Readers,
    report: &mut Report,
) -> Fallible {
    let (before, live) = (server.read().await?, readers.received.get());
    let begin = Instant::now();
    let end = begin + LENGTH;
    let senders = (0..CONNECTIONS).map(|at| async move {
        let mut http = Stream::connect(api).await?;
        let mut next = begin + PAUSE * at / CONNECTIONS;
        let mut sent = 0;
        while next < end {
            sleep_until(next.into()).await;
            publish(&mut http, "room-api", sent).await?;
            sent += 1;
            next += PAUSE;
        }
        Fallible::Ok(sent)
    });
    let busy = async {
        let mut ticks = interval(LIVE);
        let mut published = 0;
        while Instant::now() < end {
            ticks.tick().await;
            server.command(&format!("publish room-live {published}"))?;
            published += 1;
        }
        Fallible::Ok(published)
    };
    let (sent, published) = futures_util::try_join!(try_join_all(senders), busy)?;
    let took = begin.elapsed();
    let sent: usize = sent.iter().sum();
    let (due, live_due) = (FEW * sent, live + SUBSCRIBERS * published);
    until("all have all", PATIENCE, || {
        few.received.get() >= due && readers.received.get() >= live_due
    })
    .await?;
    let cpu = server.read().await?.cpu_ms - before.cpu_ms;
    let rate = sent as f64 / took.as_secs_f64();
    report.criterion("requests in a second", format!("{rate:.0}"), rate >= 990.0);
    let deliveries = published * SUBSCRIBERS;
    report.note("deliveries of live traffic meanwhile", format!("{deliveries} in {took:.1?}"));
    let share = cpu as f64 / took.as_millis() as f64;
    let text = format!("{:.0} %", share * 100.0);
    report.criterion("of one core, with live traffic", text, share < 1.0);
    Ok(())
}

/// Publishes, and reads the answer.
async fn publish(http: &mut Stream, channel: &str, number: usize) -> Fallible {
    let body = format!(r#"{{"channel":"{channel}","data":{number}}}"#);
    let request = format!(
        "POST /api/publish HTTP/1.1\r\nHost: soak\r\nX-API-Key: {API_KEY}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    http.write(request.as_bytes()).await?;
    let head = http.head().await?;
    let length = head.header("content-length").and_then(|length| length.parse().ok());
    http.skip_body(length.ok_or("no length")?).await?;
    if head.status == 200 { Ok(()) } else { Err(format!("status {}", head.status).into()) }
}

/// Clients that read all that they receive.
struct Readers {
    received: Rc<Cell<usize>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Readers {
    async fn subscribe(server: &Server, channel: &str, count: usize) -> Fallible<Self> {
        let received = Rc::new(Cell::new(0));
        let mut tasks = Vec::with_capacity(count);
        for _ in 0..count {
            let mut ws = Ws::connect(server.addr).await?;
            ws.join().await?;
            ws.subscribe(channel).await?;
            let received = Rc::clone(&received);
            tasks.push(rt::spawn(async move {
                while ws.text().await.is_ok() {
                    received.set(received.get() + 1);
                }
            }));
        }
        Ok(Self { received, tasks })
    }

    fn end(&self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}
