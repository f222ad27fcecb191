//! A Redis Cluster of three masters.

use super::{RedisServer, free_port, wait_until};

const SLOTS: u32 = 16_384;

/// Three masters, each with a third of the slots. They end when this is dropped.
#[derive(Debug)]
pub(crate) struct RedisCluster {
    masters: Vec<RedisServer>,
}

impl RedisCluster {
    pub(crate) fn start() -> Self {
        let start = |_| {
            // The default port of the bus is beyond the last port for some free ports.
            let bus = free_port().to_string();
            let server = RedisServer::start_with(&[
                "--cluster-enabled",
                "yes",
                "--cluster-config-file",
                "nodes.conf",
                "--cluster-node-timeout",
                "2000",
                "--cluster-port",
                &bus,
            ]);
            (server, bus)
        };
        let masters: Vec<(RedisServer, String)> = (0..3).map(start).collect();
        let third = SLOTS.div_ceil(3);
        for (index, (master, _)) in (0..).zip(&masters) {
            let last = ((index + 1) * third).min(SLOTS) - 1;
            let slots = [(index * third).to_string(), last.to_string()];
            master.command::<()>(&["CLUSTER", "SET-CONFIG-EPOCH", &(index + 1).to_string()]);
            master.command::<()>(&["CLUSTER", "ADDSLOTSRANGE", &slots[0], &slots[1]]);
            let (first, bus) = &masters[0];
            let port = first.port().to_string();
            master.command::<()>(&["CLUSTER", "MEET", "127.0.0.1", &port, bus]);
        }
        let masters: Vec<_> = masters.into_iter().map(|(master, _)| master).collect();
        for master in &masters {
            wait_until("the cluster knows all its slots and nodes", || {
                let info: String = master.command(&["CLUSTER", "INFO"]);
                info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:3")
            });
        }
        Self { masters }
    }

    pub(crate) fn masters(&self) -> &[RedisServer] {
        &self.masters
    }

    /// To break one of them.
    pub(crate) fn masters_mut(&mut self) -> &mut [RedisServer] {
        &mut self.masters
    }

    /// The addresses of all masters.
    pub(crate) fn urls(&self) -> Vec<String> {
        self.masters.iter().map(RedisServer::url).collect()
    }
}
