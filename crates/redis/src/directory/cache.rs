use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use actix_socketio::adapter::{NodeAddress, NodeId};

/// The servers, and as many ids without one, that are remembered.
const CAPACITY: usize = 1_024;

/// How long it is remembered that an id has no server, or none that can be reached.
const ABSENCE: Duration = Duration::from_secs(1);

/// The addresses of other servers, by their ids. The clock is passed in.
///
/// Clients choose the ids that are looked up. So what has no server is kept by itself: it can't put
/// out the servers that are there.
#[derive(Debug)]
pub(super) struct Cache {
    /// How long an address is used without looking it up again.
    lifetime: Duration,
    addresses: HashMap<NodeId, (NodeAddress, Instant)>,
    absent: HashMap<NodeId, Instant>,
}

/// The knowledge of one id.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Remembered {
    /// The answer. `None`: there is no such server.
    Answer(Option<NodeAddress>),
    /// It is to be looked up. Where that is not possible, an old answer is better than none.
    Old(Option<NodeAddress>),
}

impl Cache {
    pub(super) fn new(lifetime: Duration) -> Self {
        Self { lifetime, addresses: HashMap::new(), absent: HashMap::new() }
    }

    pub(super) fn find(&self, id: NodeId, now: Instant) -> Remembered {
        if self.absent.get(&id).is_some_and(|until| now < *until) {
            return Remembered::Answer(None);
        }
        match self.addresses.get(&id) {
            Some((address, until)) if now < *until => Remembered::Answer(Some(address.clone())),
            old => Remembered::Old(old.map(|(address, _)| address.clone())),
        }
    }

    pub(super) fn remember(&mut self, id: NodeId, address: NodeAddress, now: Instant) {
        self.absent.remove(&id);
        if self.addresses.len() >= CAPACITY && !self.addresses.contains_key(&id) {
            self.addresses.retain(|_, (_, until)| now < *until);
            if self.addresses.len() >= CAPACITY {
                return;
            }
        }
        self.addresses.insert(id, (address, now + self.lifetime));
    }

    /// Redis has no address for an id. A Redis that has lost its data gets it back soon, so an
    /// address that was there a short while ago is still used.
    pub(super) fn miss(&mut self, id: NodeId, now: Instant) -> Option<NodeAddress> {
        let known = self.addresses.get(&id);
        let recent = known.filter(|(_, until)| now < *until + 2 * self.lifetime);
        let recent = recent.map(|(address, _)| address.clone());
        if recent.is_none() {
            self.remember_absent(id, now);
        }
        recent
    }

    pub(super) fn remember_absent(&mut self, id: NodeId, now: Instant) {
        self.addresses.remove(&id);
        if self.absent.len() >= CAPACITY {
            self.absent.retain(|_, until| now < *until);
            if self.absent.len() >= CAPACITY {
                self.absent.clear();
            }
        }
        self.absent.insert(id, now + ABSENCE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(port: usize) -> NodeAddress {
        format!("http://10.0.0.3:{port}").parse().unwrap()
    }

    #[test]
    fn an_address_is_looked_up_again_and_still_there_meanwhile() {
        let (second, now) = (Duration::from_secs(1), Instant::now());
        let (mut cache, id) = (Cache::new(5 * second), NodeId::random());
        assert_eq!(cache.find(id, now), Remembered::Old(None));
        cache.remember(id, address(1), now);
        assert_eq!(cache.find(id, now + 4 * second), Remembered::Answer(Some(address(1))));
        assert_eq!(cache.find(id, now + 5 * second), Remembered::Old(Some(address(1))));
        cache.remember_absent(id, now + 5 * second);
        assert_eq!(cache.find(id, now + 5 * second), Remembered::Answer(None));
        assert_eq!(cache.find(id, now + 6 * second), Remembered::Old(None));
        cache.remember(id, address(2), now + 5 * second);
        assert_eq!(cache.find(id, now + 5 * second), Remembered::Answer(Some(address(2))));
    }

    #[test]
    fn an_address_that_redis_has_lost_is_used_for_a_while() {
        let (second, now) = (Duration::from_secs(1), Instant::now());
        let (mut cache, id) = (Cache::new(5 * second), NodeId::random());
        assert_eq!(cache.miss(id, now), None);
        assert_eq!(cache.find(id, now), Remembered::Answer(None));
        cache.remember(id, address(1), now);
        assert_eq!(cache.miss(id, now + 14 * second), Some(address(1)));
        assert_eq!(cache.find(id, now + 14 * second), Remembered::Old(Some(address(1))));
        assert_eq!(cache.miss(id, now + 15 * second), None);
        assert_eq!(cache.find(id, now + 15 * second), Remembered::Answer(None));
        // One that can't be reached is not.
        cache.remember(id, address(1), now);
        cache.remember_absent(id, now);
        assert_eq!(cache.miss(id, now), None);
    }

    #[test]
    fn it_is_bounded_and_made_up_ids_put_no_server_out() {
        let now = Instant::now();
        let mut cache = Cache::new(Duration::from_secs(5));
        let known = NodeId::random();
        cache.remember(known, address(1), now);
        for _ in 0..5 * CAPACITY {
            cache.remember_absent(NodeId::random(), now);
        }
        assert!(cache.absent.len() <= CAPACITY);
        for port in 1..5 * CAPACITY {
            cache.remember(NodeId::random(), address(port), now);
        }
        assert_eq!(cache.addresses.len(), CAPACITY);
        assert_eq!(cache.find(known, now), Remembered::Answer(Some(address(1))));
        let later = now + Duration::from_secs(5);
        cache.remember(NodeId::random(), address(1), later);
        assert_eq!(cache.addresses.len(), 1, "old ones make room");
    }
}
