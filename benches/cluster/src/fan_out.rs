//! The CPU time of a delivery: 1,000 subscribers on two servers, and the next publication when all
//! have received the last.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use crate::{Failure, client::Client, process::Process};

/// How long a publication may take to reach all. Then something is lost.
const LIMIT: Duration = Duration::from_secs(20);

/// One measurement: nanoseconds of CPU for each delivery.
pub(crate) struct FanOut {
    /// Of both servers.
    pub(crate) servers: f64,
    pub(crate) redis: f64,
    pub(crate) publications: u64,
}

pub(crate) fn measure(
    server: &str,
    adapter: &str,
    subscribers: usize,
    time: Duration,
) -> Result<FanOut, Failure> {
    let redis = Process::redis()?;
    let nodes = [
        Process::server(server, adapter, redis.port)?,
        Process::server(server, adapter, redis.port)?,
    ];
    let received = Arc::new(AtomicU64::new(0));
    let (all, is_all) = mpsc::channel();
    for number in 0..subscribers {
        let mut client = Client::connect(nodes[number % 2].port)?;
        let (received, all) = (Arc::clone(&received), all.clone());
        let read = move || {
            let mut last = None;
            // It ends with its server.
            while let Ok(number) = client.event() {
                if last.is_some_and(|last| number != last + 1) {
                    eprintln!("{number} after {last:?}");
                    return;
                }
                last = Some(number);
                if (received.fetch_add(1, Relaxed) + 1).is_multiple_of(subscribers as u64) {
                    let _ = all.send(());
                }
            }
        };
        thread::Builder::new().stack_size(64 << 10).spawn(read)?;
    }
    let mut publisher = Client::connect(nodes[0].port)?;
    let mut number = 0;
    let mut publish = || -> Result<(), Failure> {
        number += 1;
        publisher.send("fan", number)?;
        is_all.recv_timeout(LIMIT).map_err(|_| format!("{number} has not reached all"))?;
        Ok(())
    };
    let cpu =
        || -> Result<(u64, u64), Failure> { Ok((nodes[0].cpu()? + nodes[1].cpu()?, redis.cpu()?)) };
    let warm = Instant::now();
    while warm.elapsed() < Duration::from_millis(500) {
        publish()?;
    }
    let (before, start, mut publications) = (cpu()?, Instant::now(), 0);
    while start.elapsed() < time {
        publish()?;
        publications += 1;
    }
    let after = cpu()?;
    let deliveries = publications as f64 * subscribers as f64;
    Ok(FanOut {
        servers: (after.0 - before.0) as f64 / deliveries,
        redis: (after.1 - before.1) as f64 / publications as f64,
        publications,
    })
}
