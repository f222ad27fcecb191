//! The cost of finding the routes of a channel, and of calling an async function.

use std::time::Duration;

use actix_socketio::{
    Channel, HandlerResult, OnMessage, OnSubscribe, Route, channel, internals::Routing,
    protocol::Args,
};
use bytestring::ByteString;
use criterion::Criterion;
use futures_util::FutureExt;

const ROUTES: [usize; 3] = [1, 10, 100];

/// Channels of one socket, up to the default limit.
const CHANNELS: [usize; 4] = [1, 10, 100, 1024];

fn name(name: impl ToString) -> Channel {
    Channel::new(&name.to_string(), 100).expect("a valid name")
}

async fn receive(_: OnMessage) -> HandlerResult {
    Ok(())
}

async fn allow(_: OnSubscribe) -> HandlerResult {
    Ok(())
}

fn routes(count: usize, with: impl Fn(Route) -> Route) -> Vec<Route> {
    (0..count).map(|at| with(channel(format!("^league-{at}-[0-9]+$")))).collect()
}

fn routing(routes: Vec<Route>) -> Routing {
    Routing::new(receive, routes).expect("valid patterns")
}

/// A subscription runs the patterns. A publication reads the match that is kept with it.
fn patterns(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("routes");
    for count in ROUTES {
        let routing = routing(routes(count, Route::allow_publish));
        let (last, none) = (name(format!("league-{}-42", count - 1)), name("chat-42"));
        routing.join(&last);
        group.bench_function(format!("declares/{count}"), |bench| {
            bench.iter(|| routing.declares(&last));
        });
        group.bench_function(format!("declares not/{count}"), |bench| {
            bench.iter(|| routing.declares(&none));
        });
        group.bench_function(format!("allows to publish/{count}"), |bench| {
            bench.iter(|| routing.allows_publish(&last));
        });
    }
    group.finish();
}

/// Handlers that answer on the first poll, as most do. They need no task and no timer.
fn handlers(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("handlers");
    let args = Args::parse(r#"["hello"]"#.into(), 10).expect("an array");
    let event = ByteString::from_static("message");
    let notify =
        |routing: &Routing| routing.notify_message(event.clone(), args.clone()).now_or_never();

    let only = routing(Vec::new());
    group.bench_function("message, one handler", |bench| bench.iter(|| notify(&only)));
    for count in ROUTES {
        let asked = routing(routes(count, |route| route.on_subscribe(allow)));
        let last = name(format!("league-{}-42", count - 1));
        group.bench_function(format!("subscribe, routes/{count}"), |bench| {
            bench.iter(|| asked.authorize_subscribe(&last).now_or_never());
        });
    }
    // A message is for the routes of all channels that its socket is in.
    for count in CHANNELS {
        let joined = routing(routes(10, |route| route.on_message(receive)));
        (0..count).for_each(|at| joined.join(&name(format!("league-0-{at}"))));
        group.bench_function(
            format!("message, 10 routes, channels of the socket/{count}"),
            |bench| {
                bench.iter(|| notify(&joined));
            },
        );
    }
    group.finish();
}

fn main() {
    let criterion = Criterion::default();
    let criterion =
        criterion.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    let mut criterion = criterion.configure_from_args();
    // A socket belongs to a thread with an arbiter.
    actix::System::new().block_on(async {
        patterns(&mut criterion);
        handlers(&mut criterion);
    });
    criterion.final_summary();
}
