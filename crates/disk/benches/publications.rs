//! The cost of a publication with the store, beside one that is kept in memory alone.
//!
//! `cargo bench -p actix-socketio-disk`
//!
//! Each run publishes to 1,000 channels, each of which keeps 100, and prints the CPU time of the
//! whole process for each publication, on Linux. Nothing is subscribed: a delivery costs the same
//! with and without the store.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use actix_socketio::{History, SocketIo, channel};
use actix_socketio_disk::DiskStore;

const PUBLICATIONS: u32 = 500_000;
const CHANNELS: u32 = 1_000;

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = "x".repeat(100);
    for round in 0..3 {
        for (name, is_stored) in [("in memory", false), ("with the store", true)] {
            let path = folder.path().join(format!("history-{round}.redb"));
            let builder = SocketIo::builder();
            let builder = match is_stored {
                true => builder.store(DiskStore::open(path).expect("a file")),
                false => builder,
            };
            let builder =
                builder.max_store_queue(64 << 20).route(channel("^c").history(History::last(100)));
            actix::System::new().block_on(async {
                let io = builder.build().expect("a server");
                run(name, &io, &data, None).await;
                run(name, &io, &data, Some(10_000)).await;
                assert!(io.shutdown().await);
            });
        }
    }
}

/// Publishes as fast as it can, or at a rate.
async fn run(name: &str, io: &SocketIo, data: &str, rate: Option<u32>) {
    let channels: Vec<_> = (0..CHANNELS).map(|number| format!("c{number}")).collect();
    let count = rate.map_or(PUBLICATIONS, |rate| rate * 5);
    let (start, cpu) = (Instant::now(), cpu());
    for number in 0..count {
        let target = io.to(channels[(number % CHANNELS) as usize].as_str());
        if number % 100 == 99 {
            target.publish("goal", data).await.expect("it is published");
            if let Some(rate) = rate {
                let due = start + Duration::from_secs(1) * number / rate;
                thread::sleep(due.saturating_duration_since(Instant::now()));
            }
        } else {
            target.emit("goal", data).expect("it is published");
        }
    }
    let published = start.elapsed();
    if let Some(store) = io.stats().store {
        // The rest of the work belongs to these publications, too.
        let committed = |io: &SocketIo| io.stats().store.map_or(0, |store| store.committed);
        while committed(io) + store.left_out < store.appended {
            thread::sleep(Duration::from_millis(1));
        }
        println!("    {:?}", io.stats().store);
    }
    let micros = (self::cpu() - cpu).as_secs_f64() * 1e6 / f64::from(count);
    let per_second = f64::from(count) / published.as_secs_f64();
    let rate = rate.map_or("as fast as it can".to_owned(), |rate| format!("{rate} a second"));
    println!("{name}, {rate}: {micros:.2} µs of CPU each, {per_second:.0} a second");
}

/// The CPU time of all threads of this process that exist.
fn cpu() -> Duration {
    let tasks = fs::read_dir("/proc/self/task").expect("Linux");
    let nanos = tasks.filter_map(|task| {
        let text = fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanos.sum())
}
