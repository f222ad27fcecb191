//! What the table of a hub costs: who is subscribed to what, and the fan-out into outboxes.

use std::time::{Duration, Instant};

use actix_socketio::{
    Channel,
    internals::{Frame, BenchPublication, Subscribers, event},
};
use criterion::{Criterion, Throughput};

/// So large that nobody is let go for what waits while nobody takes.
const ROOM: usize = 1 << 20;
const MEMBERS: [usize; 4] = [10, 100, 1_000, 10_000];

fn channel(name: impl ToString) -> Channel {
    Channel::new(&name.to_string(), 100).expect("a name")
}

fn frame() -> Frame {
    event("/", None, "message", "hello").expect("it is JSON")
}

/// Sockets which are all in one channel.
fn crowd(count: usize, channel: &Channel) -> Subscribers {
    let mut subscribers = Subscribers::new(count, ROOM);
    for socket in 0..count {
        subscribers.subscribe(socket, channel);
    }
    subscribers
}

/// Who is next: everyone in turn, but by no order that a table has.
fn anyone(turn: usize, count: usize) -> usize {
    const PRIME: usize = 7_919; // divides no number of members or channels here, so that nobody is left out
    turn * PRIME % count
}

/// How long publications take whose receivers wait for them. That they take them is not counted.
fn publishing(
    subscribers: &mut Subscribers,
    count: u64,
    mut post: impl FnMut() -> BenchPublication,
) -> Duration {
    let mut time = Duration::ZERO;
    for _ in 0..count {
        let post = post();
        let start = Instant::now();
        subscribers.publish(&post);
        time += start.elapsed();
        subscribers.take();
    }
    time
}

fn publish(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("publish");
    group.sample_size(20);
    let frame = frame();
    for count in MEMBERS {
        let all = channel("all");
        let mut subscribers = crowd(count, &all);
        let channels = [all, channel("nobody's")];
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(format!("one channel, members/{count}"), |bench| {
            bench.iter_custom(|times| {
                publishing(&mut subscribers, times, || BenchPublication::new(&channels[..1], frame.clone()))
            });
        });
        // With marks, so that who is in both gets one.
        group.bench_function(format!("two channels, members/{count}"), |bench| {
            bench.iter_custom(|times| {
                publishing(&mut subscribers, times, || BenchPublication::new(&channels, frame.clone()))
            });
        });
        group.bench_function(format!("everyone/{count}"), |bench| {
            bench.iter_custom(|times| {
                publishing(&mut subscribers, times, || BenchPublication::new(&[], frame.clone()))
            });
        });
    }
    group.finish();
}

/// Members of a channel that leave it and come back.
struct Traffic {
    subscribers: Subscribers,
    channel: Channel,
    count: usize,
    turn: usize,
}

impl Traffic {
    fn new(count: usize) -> Self {
        let channel = channel("all");
        Self { subscribers: crowd(count, &channel), channel, count, turn: 0 }
    }

    fn leave(&mut self, socket: usize) {
        self.subscribers.unsubscribe(socket, &self.channel);
    }

    fn join(&mut self, socket: usize) {
        self.subscribers.subscribe(socket, &self.channel);
    }

    fn end(&mut self, socket: usize) {
        self.subscribers.detach(socket);
    }

    fn begin(&mut self, socket: usize) {
        self.subscribers.attach(socket);
        self.join(socket);
    }

    /// How long a step takes that is done so many times. What goes before and what undoes it is not
    /// counted; a few sockets at once, so that looking at the clock does not count much either.
    fn time(
        &mut self,
        times: u64,
        before: impl Fn(&mut Self, usize),
        step: impl Fn(&mut Self, usize),
        undo: impl Fn(&mut Self, usize),
    ) -> Duration {
        const AT_ONCE: u64 = 8;
        let (mut left, mut time) = (times, Duration::ZERO);
        while left > 0 {
            let now = left.min(AT_ONCE);
            let sockets =
                (0..now as usize).map(|at| anyone(self.turn + at, self.count)).collect::<Vec<_>>();
            sockets.iter().for_each(|socket| before(self, *socket));
            let start = Instant::now();
            sockets.iter().for_each(|socket| step(self, *socket));
            time += start.elapsed();
            sockets.iter().for_each(|socket| undo(self, *socket));
            self.turn += now as usize;
            left -= now;
        }
        time
    }
}

fn subscribe(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("subscribe");
    let nothing = |_: &mut Traffic, _| {};
    for count in MEMBERS {
        let mut traffic = Traffic::new(count);
        group.bench_function(format!("join, members/{count}"), |bench| {
            bench.iter_custom(|times| traffic.time(times, Traffic::leave, Traffic::join, nothing));
        });
        group.bench_function(format!("leave, members/{count}"), |bench| {
            bench.iter_custom(|times| traffic.time(times, nothing, Traffic::leave, Traffic::join));
        });
        group.bench_function(format!("end of a socket, members/{count}"), |bench| {
            bench.iter_custom(|times| traffic.time(times, nothing, Traffic::end, Traffic::begin));
        });
    }
    group.finish();
}

fn channels(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("channels");
    let frame = frame();
    for count in [1, 10, 100, 1_000, 10_000] {
        let names: Vec<_> = (0..count).map(channel).collect();
        // Ten members in each, of a hundred sockets.
        let mut subscribers = Subscribers::new(100, ROOM);
        for (at, name) in names.iter().enumerate() {
            (0..10).for_each(|member| subscribers.subscribe((at * 10 + member) % 100, name));
        }
        let mut turn = 0;
        group.bench_function(format!("publish to 10 members, channels/{count}"), |bench| {
            bench.iter_custom(|times| {
                publishing(&mut subscribers, times, || {
                    turn += 1;
                    let at = anyone(turn, count);
                    BenchPublication::new(&names[at..=at], frame.clone())
                })
            });
        });
        // The channel comes and goes with its member.
        let alone = channel("alone");
        group.bench_function(format!("open and close, channels/{count}"), |bench| {
            bench.iter(|| {
                subscribers.subscribe(0, &alone);
                subscribers.unsubscribe(0, &alone);
            });
        });
    }
    group.finish();
}

fn main() {
    let criterion = Criterion::default();
    let criterion =
        criterion.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    let mut criterion = criterion.configure_from_args();
    publish(&mut criterion);
    subscribe(&mut criterion);
    channels(&mut criterion);
    criterion.final_summary();
}
