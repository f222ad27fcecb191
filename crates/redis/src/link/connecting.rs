use std::{mem, sync::Arc, time::Duration};

use bytestring::ByteString;
use redis::{Pipeline, Value, aio::MultiplexedConnection};
use tokio::time::{Instant, sleep};

use super::{
    LinkStatus, Listener, Missed,
    broken::Broken,
    entry::EntryId,
    epoch::{Epoch, look_up},
    finding::{Found, find},
    listening::Channels,
    nodes::{Nodes, config},
    positions::Positions,
    questions::{Question, read_counts},
    reading::Reader,
    shared::Shared,
    value::{self, StreamInfo},
};

/// How often the subscribers are counted while others come back.
const COUNT_INTERVAL: Duration = Duration::from_millis(50);

/// The connections of a link that works.
pub(super) struct Connections {
    pub(super) nodes: Nodes,
    pub(super) channels: Channels,
    pub(super) reader: Option<Reader>,
    pub(super) epoch: Option<ByteString>,
    pub(super) missed: Missed,
}

/// A publishing connection, for the process of Redis that it is to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    /// Ids of connections begin anew with each process.
    run: String,
    client: u64,
}

/// The state that outlives the connections.
pub(super) struct Memory {
    pub(super) positions: Positions,
    pub(super) has_been_ready: bool,
    /// The publishing connection that is used now. `Some(None)`: one that cannot be named.
    pub(super) current: Option<Option<Identity>>,
    /// Connections that were lost with something under way.
    pub(super) lost: Vec<Option<Identity>>,
    /// The loss since the link worked last. An attempt to connect may fail behind the point
    /// where this was found out.
    pub(super) missed: Missed,
    /// Nothing that was in the streams has left them unread since the link worked last.
    pub(super) is_whole: bool,
}

impl Memory {
    pub(super) fn new(streams: &[ByteString]) -> Self {
        Self {
            positions: Positions::new(streams),
            has_been_ready: false,
            current: None,
            lost: Vec::new(),
            missed: Missed::Nothing,
            is_whole: true,
        }
    }

    /// Returns where the past begins, if something of it is missing.
    fn resume(&mut self, epoch: Epoch, infos: &[StreamInfo], reads_past: bool) -> Option<EntryId> {
        if self.positions.epoch.is_none() {
            return Some(self.positions.start(epoch, infos, reads_past));
        }
        let (missed, begins) = self.positions.resume(epoch, infos);
        self.missed = self.missed.max(missed);
        self.is_whole &= missed != Missed::Maybe;
        begins
    }
}

/// Connects, subscribes to everything, puts an end to lost connections, and reads the streams to
/// their ends. Then the hold tells what is to be sent.
pub(super) async fn connect(
    shared: &Arc<Shared>,
    listener: &Arc<dyn Listener>,
    memory: &mut Memory,
) -> Result<Connections, Broken> {
    let known = shared.cluster_servers.lock().clone();
    let found = find(&shared.options.target, &known, &config(shared)).await?;
    let single = match &found {
        Found::Single(info) => Some(info.clone()),
        Found::Cluster(..) => None,
    };
    let nodes = Nodes::connect(shared, listener, found).await?;
    let mut publishing = nodes.home().publishing;
    let identity = identify(&mut publishing).await?;
    let (mut reader, mut epoch) = (None, None);
    let is_fenced = fence(&mut publishing, memory, identity.as_ref()).await?;
    // `Link::start` refuses streams on a cluster.
    if let Some(info) = single.filter(|_| !shared.options.streams.is_empty()) {
        let (life, infos) = look_up(shared, &mut publishing, &memory.positions).await?;
        epoch = Some(life.text.clone());
        if let Some(at) = memory.resume(life, &infos, shared.options.reads_past) {
            listener.on_status(LinkStatus::PastBegins { at });
        }
        let mut streams = Reader::new(nodes.open_reader(info).await?);
        streams.catch_up(shared, &**listener, &mut memory.positions).await?;
        reader = Some(streams);
    }
    // Others count this server from here on, and it misses nothing any more.
    let channels = Channels::subscribe(shared, &nodes).await?;
    if shared.options.streams.is_empty() && memory.has_been_ready {
        memory.missed = Missed::Maybe;
        gather(shared, &nodes).await?;
    }
    shared.hold.lock().fenced(is_fenced && memory.is_whole);
    shared.tell_given_up(&**listener);
    (memory.current, memory.lost, memory.is_whole) = (Some(identity), Vec::new(), true);
    let missed = mem::replace(&mut memory.missed, Missed::Nothing);
    Ok(Connections { nodes, channels, reader, epoch, missed })
}

/// Finds out who this connection is. `None` if Redis does not tell it.
///
/// # Errors
/// The connection is lost, or it is to a replica: there nothing can be appended, and publications
/// reach those alone who listen to that replica.
async fn identify(connection: &mut MultiplexedConnection) -> Result<Option<Identity>, Broken> {
    let mut pipeline = Pipeline::new();
    pipeline.cmd("CLIENT").arg("ID");
    pipeline.cmd("INFO").arg("server");
    pipeline.cmd("INFO").arg("replication");
    let answers = connection.send_packed_commands(&pipeline, 0, 3).await?;
    let [client, server, replication] = &answers[..] else { return Ok(None) };
    let line = |info: &Value, name| value::info_line(&value::bytes(info.clone())?, name);
    if line(replication, "role").as_deref() == Some("slave") {
        return Err(Broken::new("it is a replica, and no master"));
    }
    let identity = value::number(client).zip(line(server, "run_id"));
    Ok(identity.map(|(client, run)| Identity { run, client }))
}

/// Ends lost connections, so that nothing of them is still to come. Whether that is certain.
///
/// A connection may be lost here and live there: with a Redis that stood still, or behind a proxy.
async fn fence(
    connection: &mut MultiplexedConnection,
    memory: &Memory,
    current: Option<&Identity>,
) -> Result<bool, Broken> {
    let mut is_certain = true;
    for lost in &memory.lost {
        let (Some(lost), Some(current)) = (lost, current) else {
            is_certain = false;
            continue;
        };
        // The connections of another process are gone with it.
        if lost.run != current.run {
            continue;
        }
        let mut command = redis::cmd("CLIENT");
        command.arg("KILL").arg("ID").arg(lost.client);
        let answer = connection.send_packed_command(&command).await?;
        is_certain &= matches!(answer, Value::Int(_));
    }
    Ok(is_certain)
}

/// Waits until others have subscribed again, if something is to be sent to them. Sent at once, it
/// would not reach them.
async fn gather(shared: &Shared, nodes: &Nodes) -> Result<(), Broken> {
    let deadline = Instant::now() + shared.options.gathering;
    for (counted, expected) in shared.counts() {
        let Some(command) = Question::count(std::slice::from_ref(&counted)) else { continue };
        while shared.hold.lock().len() > 0 && Instant::now() < deadline {
            let mut answers = Vec::new();
            for mut node in nodes.all() {
                answers.push(node.publishing.send_packed_command(&command).await?);
            }
            // A count that is refused is not waited for.
            if read_counts(answers, 1).is_ok_and(|counts| counts[0] < expected) {
                sleep(COUNT_INTERVAL).await;
            } else {
                break;
            }
        }
    }
    Ok(())
}
