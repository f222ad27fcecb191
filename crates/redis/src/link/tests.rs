//! Links to real Redis servers, each with a port of its own.

mod channels;
mod clusters;
mod faults;
mod keys;
mod proxy;
mod recorder;
mod redis_server;
mod sentinels;
mod streams;
mod ways;

use std::{future::Future, time::Duration};

use bytes::Bytes;

use self::{
    recorder::{Recorder, Seen},
    redis_server::RedisServer,
};
use super::*;

fn publication(channel: &str, payload: &str) -> Outgoing {
    Outgoing::Publish {
        channel: channel.into(),
        payload: Bytes::copy_from_slice(payload.as_bytes()),
    }
}

fn append(payload: &str) -> Outgoing {
    let payload = Bytes::copy_from_slice(payload.as_bytes());
    Outgoing::Append { stream: "s".into(), fields: vec![("data", payload)] }
}

/// How many listen to a channel.
fn count(link: &Link, channel: &Subscription) -> Result<usize, QuestionFailed> {
    wait(link.count(vec![channel.clone()])).map(|counts| counts[0])
}

/// Short intervals, so that faults are noticed soon.
fn options(url: &str) -> LinkOptions {
    LinkOptions {
        heartbeat: Duration::from_millis(300),
        response_timeout: Duration::from_millis(500),
        connect_timeout: Duration::from_millis(500),
        patience: Duration::from_secs(60),
        ..LinkOptions::new(Target::single(url).expect("an address"))
    }
}

fn stream_options(url: &str) -> LinkOptions {
    LinkOptions { streams: vec!["s".into()], ..options(url) }
}

/// A link that is ready.
fn start(options: LinkOptions) -> (Link, Arc<Recorder>) {
    let recorder = Arc::new(Recorder::default());
    let link = Link::start(options, recorder.clone()).expect("a thread");
    recorder.wait("it is ready", Seen::is_up);
    (link, recorder)
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let limited = async { tokio::time::timeout(Duration::from_secs(20), future).await };
    runtime.expect("a runtime").block_on(limited).expect("it ends")
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}
