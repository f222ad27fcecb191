use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use bytestring::ByteString;
use redis::{Pipeline, PushInfo, PushKind, RedisError, Value, aio::MultiplexedConnection};
use tokio::{sync::Notify, time::sleep};

use super::{
    LinkStatus, Listener,
    broken::Broken,
    nodes::Nodes,
    pulse::{Beat, Pulse},
    shared::Shared,
    value,
};
use crate::wire::Subscription;

/// The channels that are named at once.
const MOST_AT_ONCE: usize = 100;

/// How often channels are looked for whose slots move.
const MOST_ATTEMPTS: usize = 20;

/// Whether something comes by a connection that listens.
pub(super) struct Hearing {
    probe_channel: String,
    start: Instant,
    /// Nanoseconds after the start. In milliseconds, an answer would seem older than its probe.
    heard: AtomicU64,
}

impl Hearing {
    pub(super) fn new(probe_channel: String, start: Instant) -> Self {
        Self { probe_channel, start, heard: AtomicU64::new(0) }
    }

    fn hear(&self, now: Instant) {
        let nanos = now.saturating_duration_since(self.start).as_nanos();
        self.heard.store(u64::try_from(nanos).unwrap_or(u64::MAX), Relaxed);
    }

    fn heard(&self) -> Instant {
        self.start + Duration::from_nanos(self.heard.load(Relaxed))
    }

    /// Subscribes to the channel of the probes.
    pub(super) async fn subscribe(
        &self,
        connection: &mut MultiplexedConnection,
    ) -> Result<(), Broken> {
        let mut command = redis::cmd("SUBSCRIBE");
        command.arg(&self.probe_channel);
        connection.send_packed_command(&command).await?.extract_error()?;
        Ok(())
    }
}

/// Hands on to the listener each message that Redis pushes. It runs inside the connection, which
/// reads on when the listener is done, so nothing piles up here.
pub(super) fn receive(
    shared: Arc<Shared>,
    listener: Arc<dyn Listener>,
    disconnected: Arc<Notify>,
    hearing: Arc<Hearing>,
) -> impl Fn(PushInfo) -> Result<(), Broken> + Send + Sync + 'static {
    move |PushInfo { kind, data }| {
        let mut data = data.into_iter().map(value::bytes);
        let mut pattern = None;
        match kind {
            PushKind::Message | PushKind::SMessage => {}
            PushKind::PMessage => pattern = data.next().flatten(),
            PushKind::SUnsubscribe => {
                let name = data.next().flatten().and_then(|name| ByteString::try_from(name).ok());
                if name.is_some_and(|name| shared.lose_shard(name)) {
                    listener.on_status(LinkStatus::ShardMoved);
                }
                return Ok(());
            }
            PushKind::Disconnection => {
                disconnected.notify_one();
                return Ok(());
            }
            _ => return Ok(()),
        }
        let now = Instant::now();
        hearing.hear(now);
        shared.vitals.hear(now);
        if let (Some(Some(channel)), Some(Some(payload))) = (data.next(), data.next())
            && channel != hearing.probe_channel
        {
            listener.on_message(&channel, pattern.as_ref(), payload);
        }
        Ok(())
    }
}

/// The subscriptions of a link that is connected.
#[derive(Default)]
pub(super) struct Channels {
    actual: HashSet<Subscription>,
}

impl Channels {
    /// Subscribes to everything on new connections.
    pub(super) async fn subscribe(shared: &Shared, nodes: &Nodes) -> Result<Self, Broken> {
        let mut channels = Self::default();
        shared.vitals.hear(Instant::now());
        shared.subscriptions.lock().begin_anew();
        channels.update(shared, nodes).await?;
        Ok(channels)
    }

    /// Subscribes to what is wanted from now on, until the connection is lost.
    pub(super) async fn keep(mut self, shared: &Shared, nodes: &Nodes) -> Broken {
        loop {
            shared.resubscribe.notified().await;
            if let Err(broken) = self.update(shared, nodes).await {
                return broken;
            }
        }
    }

    async fn update(&mut self, shared: &Shared, nodes: &Nodes) -> Result<(), Broken> {
        let changes = shared.subscriptions.lock().take(&mut self.actual);
        if changes.has_lost {
            nodes.refresh().await?;
        }
        let mut subscribe = changes.subscribe;
        for _ in 0..MOST_ATTEMPTS {
            subscribe = command(nodes, &subscribe, true).await?;
            if subscribe.is_empty() {
                break;
            }
            nodes.refresh().await?;
        }
        if !subscribe.is_empty() {
            return Err(Broken::new("no server of the cluster takes a channel"));
        }
        // A channel that has moved meanwhile has no subscription any more.
        command(nodes, &changes.unsubscribe, false).await?;
        shared.subscriptions.lock().confirmed(changes.waiting);
        Ok(())
    }
}

/// Subscribes by one command for each channel, so that each has one answer. Returns those whose
/// slot has moved.
async fn command(
    nodes: &Nodes,
    names: &[Subscription],
    is_wanted: bool,
) -> Result<Vec<Subscription>, Broken> {
    let mut by_node = vec![Vec::new(); nodes.all().len()];
    for subscription in names {
        by_node[nodes.of_subscription(subscription)].push(subscription);
    }
    let mut moved = Vec::new();
    for (node, names) in by_node.into_iter().enumerate() {
        let mut connection = nodes.get(node).listening;
        for heap in names.chunks(MOST_AT_ONCE) {
            let mut pipeline = Pipeline::with_capacity(heap.len());
            for subscription in heap {
                let (command, name) = words(subscription, is_wanted);
                pipeline.cmd(command).arg(name);
            }
            let answers = connection.send_packed_commands(&pipeline, 0, heap.len()).await?;
            for (subscription, answer) in heap.iter().zip(answers) {
                match answer {
                    Value::ServerError(error) if error.code() == "MOVED" => {
                        moved.push((*subscription).clone());
                    }
                    Value::ServerError(error) => return Err(RedisError::from(error).into()),
                    _ => {}
                }
            }
        }
    }
    Ok(moved)
}

fn words(subscription: &Subscription, is_wanted: bool) -> (&'static str, &[u8]) {
    match (subscription, is_wanted) {
        (Subscription::Channel(name), true) => ("SUBSCRIBE", name.as_bytes()),
        (Subscription::Channel(name), false) => ("UNSUBSCRIBE", name.as_bytes()),
        (Subscription::Pattern(name), true) => ("PSUBSCRIBE", name.as_bytes()),
        (Subscription::Pattern(name), false) => ("PUNSUBSCRIBE", name.as_bytes()),
        (Subscription::Shard(name), true) => ("SSUBSCRIBE", name.as_bytes()),
        (Subscription::Shard(name), false) => ("SUNSUBSCRIBE", name.as_bytes()),
    }
}

/// Probes the way over each server where nothing comes by itself.
pub(super) async fn probe(shared: &Shared, nodes: &Nodes) -> Broken {
    let interval = shared.options.heartbeat;
    let mut pulses: Vec<Pulse> = Vec::new();
    loop {
        let mut wait = interval / 2;
        for (number, mut node) in nodes.all().into_iter().enumerate() {
            if number == pulses.len() {
                pulses.push(Pulse::new(interval));
            }
            match pulses[number].beat(node.hearing.heard(), Instant::now()) {
                Beat::Wait(rest) => wait = wait.min(rest),
                Beat::Dead => return Broken::new("nothing comes by the channels"),
                Beat::Probe => {
                    let mut command = redis::cmd("PUBLISH");
                    command.arg(&node.hearing.probe_channel).arg("");
                    let answer = node.publishing.send_packed_command(&command).await;
                    if let Err(error) = answer.and_then(Value::extract_error) {
                        return error.into();
                    }
                }
            }
        }
        sleep(wait).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_never_older_than_its_probe() {
        let start = Instant::now();
        let hearing = Hearing::new(String::from("p"), start);
        let mut pulse = Pulse::new(Duration::from_secs(1));
        let probed = start + Duration::from_micros(1_250_100);
        assert_eq!(pulse.beat(hearing.heard(), probed), Beat::Probe);
        hearing.hear(probed + Duration::from_micros(50));
        let later = probed + Duration::from_millis(1250);
        assert_eq!(pulse.beat(hearing.heard(), later), Beat::Wait(Duration::from_micros(50)));
    }
}
