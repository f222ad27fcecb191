//! The cost of queueing frames in an outbox, and of taking them out.

use std::time::Duration;

use actix_socketio::internals::{Frame, Queue, event};
use criterion::{Criterion, Throughput};

const ROOM: usize = 16 << 20;

fn frame() -> Frame {
    event("/", None, "message", "hello").expect("it is JSON")
}

fn websocket(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("outbox");
    let frame = frame();
    for count in [1, 10, 100, 1_000] {
        let queue = Queue::websocket(ROOM);
        group.throughput(Throughput::Elements(count));
        group.bench_function(format!("push and take/{count}"), |bench| {
            bench.iter(|| {
                for _ in 0..count {
                    queue.push(frame.clone());
                }
                queue.take()
            });
        });
    }
    group.finish();
}

fn polling(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("outbox");
    let frame = frame();
    for count in [1, 10, 100, 1_000] {
        let queue = Queue::polling(ROOM);
        group.throughput(Throughput::Elements(count));
        group.bench_function(format!("push and take bodies of 64/{count}"), |bench| {
            bench.iter(|| {
                for _ in 0..count {
                    queue.push(frame.clone());
                }
                let mut taken = 0;
                while taken < count {
                    taken += queue.take_body(1_000_000, 64) as u64;
                }
                taken
            });
        });
    }
    group.finish();
}

fn volatile(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("outbox");
    let (frame, queue) = (frame(), Queue::websocket(ROOM));
    group.bench_function("volatile/to a transport that waits", |bench| {
        bench.iter(|| {
            queue.take(); // nothing: the queue waits from here on
            queue.push_volatile(&frame);
            queue.take()
        });
    });
    queue.push(frame.clone());
    group.bench_function("volatile/dropped", |bench| bench.iter(|| queue.push_volatile(&frame)));
    group.finish();
}

fn main() {
    let criterion = Criterion::default();
    let criterion =
        criterion.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    let mut criterion = criterion.configure_from_args();
    websocket(&mut criterion);
    polling(&mut criterion);
    volatile(&mut criterion);
    criterion.final_summary();
}
