use std::{
    cell::RefCell,
    sync::Arc,
    time::{Duration, Instant},
};

use redis::{
    AsyncConnectionConfig, Client, ConnectionInfo, PushInfo, PushKind, aio::MultiplexedConnection,
};
use tokio::sync::Notify;

use super::{
    Listener,
    broken::Broken,
    finding::{Found, ask_for_slots, settings_of},
    listening::{Hearing, receive},
    shared::Shared,
    slots::{Address, Slots},
    target::Target,
};
use crate::wire::{Outgoing, Subscription};

/// The time between two looks at the slots of a cluster.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);

/// The servers of Redis that a link is connected to: one, or the masters of a cluster.
///
/// All but shards goes by one of them, the home: a cluster hands publications on to all of its
/// servers, and who subscribed by two connections would be counted twice.
pub(super) struct Nodes {
    shared: Arc<Shared>,
    listener: Arc<dyn Listener>,
    /// One of the connections has ended.
    pub(super) disconnected: Arc<Notify>,
    map: RefCell<Map>,
}

struct Map {
    nodes: Vec<Node>,
    home: usize,
    /// Of a cluster: its slots, and the server that told them.
    slots: Option<(Slots, ConnectionInfo)>,
}

/// A server, by a connection to publish and one to listen.
#[derive(Clone)]
pub(super) struct Node {
    address: Option<Address>,
    pub(super) publishing: MultiplexedConnection,
    pub(super) listening: MultiplexedConnection,
    pub(super) hearing: Arc<Hearing>,
}

impl Nodes {
    pub(super) async fn connect(
        shared: &Arc<Shared>,
        listener: &Arc<dyn Listener>,
        found: Found,
    ) -> Result<Self, Broken> {
        let map = RefCell::new(Map { nodes: Vec::new(), home: 0, slots: None });
        let disconnected = Arc::new(Notify::new());
        let nodes = Self { shared: shared.clone(), listener: listener.clone(), disconnected, map };
        match found {
            Found::Single(info) => nodes.add(None, info).await?,
            Found::Cluster(slots, server) => {
                nodes.take(slots, server).await?;
                let mut map = nodes.map.borrow_mut();
                // Not all servers of a cluster of ours at the same one.
                map.home = rand::random_range(0..map.nodes.len().max(1));
            }
        }
        Ok(nodes)
    }

    /// Connects to the masters that are new, and uses these slots from now on.
    async fn take(&self, slots: Slots, server: ConnectionInfo) -> Result<(), Broken> {
        let infos = slots.masters().iter().map(|master| settings_of(&server, master)).collect();
        *self.shared.cluster_servers.lock() = infos;
        for master in slots.masters() {
            let is_known = |node: &Node| node.address.as_ref() == Some(&master);
            if !self.map.borrow().nodes.iter().any(is_known) {
                let info = settings_of(&server, &master);
                self.add(Some(master), info).await?;
            }
        }
        self.map.borrow_mut().slots = Some((slots, server));
        Ok(())
    }

    /// Looks at the slots of the cluster again. Some of them have moved to another master.
    pub(super) async fn refresh(&self) -> Result<(), Broken> {
        let Some((_, server)) = self.map.borrow().slots.clone() else {
            return Err(Broken::new("Redis has become a server of a cluster"));
        };
        tokio::time::sleep(LOOK_INTERVAL).await;
        let Target::Cluster(seeds) = &self.shared.options.target else {
            return Err(Broken::new("Redis has become a server of a cluster"));
        };
        // The server that told the slots may have gone, and so may have those of the settings.
        let known = self.shared.cluster_servers.lock().clone();
        let servers = std::iter::once(&server).chain(&known).chain(seeds);
        let (slots, server) = ask_for_slots(servers, &config(&self.shared)).await?;
        self.take(slots, server).await
    }

    async fn add(&self, address: Option<Address>, info: ConnectionInfo) -> Result<(), Broken> {
        let client = Client::open(info)?;
        let publishing = open(&self.shared, &client, &self.disconnected, "publish").await?;
        let number = self.map.borrow().nodes.len();
        let probe_channel = self.shared.probe_channel(number);
        let hearing = Arc::new(Hearing::new(probe_channel, Instant::now()));
        let push = receive(
            self.shared.clone(),
            self.listener.clone(),
            self.disconnected.clone(),
            hearing.clone(),
        );
        let config = config(&self.shared).set_push_sender(push);
        let mut listening = client.get_multiplexed_async_connection_with_config(&config).await?;
        name(&self.shared, &mut listening, "subscribe").await?;
        hearing.subscribe(&mut listening).await?;
        let node = Node { address, publishing, listening, hearing };
        self.map.borrow_mut().nodes.push(node);
        Ok(())
    }

    /// Opens a connection to the home to read streams by.
    pub(super) async fn open_reader(
        &self,
        info: ConnectionInfo,
    ) -> Result<MultiplexedConnection, Broken> {
        open(&self.shared, &Client::open(info)?, &self.disconnected, "read").await
    }

    /// All servers. Those that come later are behind the others.
    pub(super) fn all(&self) -> Vec<Node> {
        self.map.borrow().nodes.clone()
    }

    pub(super) fn get(&self, node: usize) -> Node {
        self.map.borrow().nodes[node].clone()
    }

    pub(super) fn home(&self) -> Node {
        let map = self.map.borrow();
        map.nodes[map.home].clone()
    }

    pub(super) fn of_message(&self, outgoing: &Outgoing) -> usize {
        match outgoing {
            Outgoing::ShardPublish { channel, .. } => self.of_key(channel.as_bytes()),
            Outgoing::Publish { .. } | Outgoing::Append { .. } => self.map.borrow().home,
        }
    }

    pub(super) fn of_subscription(&self, subscription: &Subscription) -> usize {
        match subscription {
            Subscription::Shard(channel) => self.of_key(channel.as_bytes()),
            Subscription::Channel(_) | Subscription::Pattern(_) => self.map.borrow().home,
        }
    }

    /// The server that has the slot of a key.
    pub(super) fn node_of_key(&self, key: &[u8]) -> Node {
        self.get(self.of_key(key))
    }

    /// The number of the server that has the slot of a key or of a shard channel.
    pub(super) fn of_key(&self, key: &[u8]) -> usize {
        let map = self.map.borrow();
        let master = map.slots.as_ref().and_then(|(slots, _)| slots.master_of(key));
        let node = master.and_then(|master| {
            map.nodes.iter().position(|node| node.address.as_ref() == Some(master))
        });
        node.unwrap_or(map.home)
    }
}

pub(super) fn config(shared: &Shared) -> AsyncConnectionConfig {
    AsyncConnectionConfig::new()
        .set_connection_timeout(Some(shared.options.connect_timeout))
        .set_response_timeout(Some(shared.options.response_timeout))
}

/// Opens a connection that hears of nothing but its end.
async fn open(
    shared: &Shared,
    client: &Client,
    disconnected: &Arc<Notify>,
    purpose: &str,
) -> Result<MultiplexedConnection, Broken> {
    let disconnected = disconnected.clone();
    let mut config = config(shared).set_push_sender(move |info: PushInfo| {
        if info.kind == PushKind::Disconnection {
            disconnected.notify_one();
        }
        Ok::<(), Broken>(())
    });
    if purpose == "read" {
        // Its commands wait for entries. The reader has a limit of its own.
        config = config.set_response_timeout(None);
    }
    let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
    name(shared, &mut connection, purpose).await?;
    Ok(connection)
}

/// Gives the connection a name. If Redis refuses it, that does no harm.
async fn name(
    shared: &Shared,
    connection: &mut MultiplexedConnection,
    purpose: &str,
) -> Result<(), Broken> {
    let name = format!("{}:{purpose}", shared.options.client_name);
    let name: String = name.chars().map(|c| if c.is_ascii_graphic() { c } else { '-' }).collect();
    let mut command = redis::cmd("CLIENT");
    command.arg("SETNAME").arg(name);
    let answer = connection.send_packed_command(&command);
    let answer = tokio::time::timeout(shared.options.response_timeout, answer).await;
    answer.map_err(|_| Broken::new("Redis does not answer in time"))??;
    Ok(())
}
