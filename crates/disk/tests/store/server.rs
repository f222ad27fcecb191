//! The part of the server that a store works with: one order, and histories in memory.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Weak, mpsc},
    thread,
    time::{Duration, Instant, SystemTime},
};

use actix_socketio::{
    Channel, Namespace,
    store::{
        Closing, Epoch, HistoryStore, Loaded, OVERTAKING_JUMP, Place, StoreError, StoreHost,
        StoreParams, StoredPacket, StoredPublication,
    },
};
use actix_socketio_disk::DiskStore;
use parking_lot::Mutex;

/// The limit for everything that a test waits for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// Publications that each history keeps.
pub(crate) const KEPT: usize = 50;

/// Waits until a condition holds.
#[track_caller]
pub(crate) fn wait_until(condition: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "it did not happen in {PATIENCE:?}: {condition}");
        thread::sleep(Duration::from_millis(1));
    }
}

pub(crate) fn channel(name: &str) -> Channel {
    Channel::new(name, 100).expect("a name")
}

pub(crate) fn params(epoch: u32) -> StoreParams {
    StoreParams::new(Epoch::new(epoch), 8 * 1024 * 1024)
}

/// The answer to a publisher.
pub(crate) type Answer = mpsc::Receiver<Result<Place, StoreError>>;

/// A server: it orders publications, keeps histories, and gives both to a store.
pub(crate) struct FakeServer {
    pub(crate) store: Arc<DiskStore>,
    order: Mutex<Order>,
}

type AtReserve = dyn FnMut(&mut Order, &DiskStore) + Send;

#[derive(Default)]
pub(crate) struct Order {
    next: u64,
    histories: BTreeMap<String, VecDeque<StoredPublication>>,
    /// Publications that wait for their commit.
    waiting: VecDeque<(StoredPublication, mpsc::Sender<Result<Place, StoreError>>)>,
    /// The places that are reserved, and whether they were overtaken.
    ahead: Option<(u64, u64, bool)>,
    /// The places of all deliveries, in their order.
    delivered: Vec<Place>,
    /// Called when the store has reserved places: what others do before it has committed.
    at_reserve: Option<Box<AtReserve>>,
    /// Called when the store has committed, and before the delivery.
    at_deliver: Option<Box<dyn FnMut() + Send>>,
}

impl Order {
    fn take_place(&mut self) -> Place {
        if let Some((first, end, _)) = self.ahead
            && self.next == first
        {
            self.next = end + OVERTAKING_JUMP;
            self.ahead = Some((first, end, true));
        }
        let place = Place::new(self.next);
        self.next += 1;
        place
    }

    fn deliver(&mut self, publication: StoredPublication, store: &DiskStore) {
        self.delivered.push(publication.place);
        let StoredPublication { namespace, channels, .. } = publication.clone();
        for channel in channels {
            let history = self.histories.entry(channel.to_string()).or_default();
            history.push_back(publication.clone());
            if history.len() > KEPT
                && let Some(oldest) = history.pop_front()
            {
                store.trim(&namespace, Some(&channel), oldest.place);
            }
        }
    }

    /// All places before those that are reserved are used.
    pub(crate) fn skip_to_reserved(&mut self) {
        if let Some((first, ..)) = self.ahead {
            self.next = first;
        }
    }

    pub(crate) fn publish(&mut self, publication: StoredPublication, store: &DiskStore) -> Place {
        let place = self.take_place();
        let publication = publication.at_place(place);
        store.append(publication.clone());
        self.deliver(publication, store);
        place
    }
}

pub(crate) fn publication(channels: &[&str], text: &str) -> StoredPublication {
    let packet = StoredPacket::new(&format!("42[\"message\",{text:?}]"), Vec::new(), false);
    let channels = channels.iter().map(|name| channel(name)).collect();
    StoredPublication::new(Namespace::default(), channels, SystemTime::now(), packet)
}

impl FakeServer {
    /// A server that goes on with what a store has.
    pub(crate) fn start(store: DiskStore, loaded: &Loaded) -> Arc<Self> {
        let mut order = Order { next: loaded.next_place.number(), ..Order::default() };
        for publication in &loaded.publications {
            for channel in &publication.channels {
                let history = order.histories.entry(channel.to_string()).or_default();
                history.push_back(publication.clone());
            }
        }
        let (store, order) = (Arc::new(store), Mutex::new(order));
        let server = Arc::new(Self { store, order });
        let host: Weak<Self> = Arc::downgrade(&server);
        server.store.start(host);
        server
    }

    /// Loads a store, and starts a server with it.
    pub(crate) fn load(store: DiskStore, epoch: u32) -> (Arc<Self>, Loaded) {
        let loaded = store.load(&params(epoch)).expect("it loads");
        (Self::start(store, &loaded), loaded)
    }

    pub(crate) fn publish(&self, channels: &[&str], text: &str) -> Place {
        self.order.lock().publish(publication(channels, text), &self.store)
    }

    /// Publishes, and waits until it is durable.
    pub(crate) fn publish_durably(&self, channel: &str, text: &str) -> Result<Place, StoreError> {
        let place = self.publish(&[channel], text);
        self.durable(place).map(|()| place)
    }

    /// Waits until a place is durable, or can't be.
    pub(crate) fn durable(&self, place: Place) -> Result<(), StoreError> {
        let (sender, answer) = mpsc::channel();
        self.store.on_durable(place, Box::new(move |result| drop(sender.send(result))));
        answer.recv_timeout(PATIENCE).expect("an outcome")
    }

    /// Publishes to be delivered after the commit.
    pub(crate) fn commit_first(&self, channel: &str, text: &str) -> Answer {
        let mut order = self.order.lock();
        let (sender, answer) = mpsc::channel();
        let publication = publication(&[channel], text);
        match self.store.commit_first(publication.clone()) {
            Ok(()) => order.waiting.push_back((publication, sender)),
            Err(error) => sender.send(Err(error)).expect("the receiver is here"),
        }
        answer
    }

    /// All places before this one are used.
    pub(crate) fn use_places_before(&self, place: Place) {
        self.order.lock().next = place.number();
    }

    /// Lets a function run while places are reserved, each time.
    pub(crate) fn at_reserve(&self, f: impl FnMut(&mut Order, &DiskStore) + Send + 'static) {
        self.order.lock().at_reserve = Some(Box::new(f));
    }

    /// Lets a function run before each delivery of what is committed.
    pub(crate) fn at_deliver(&self, f: impl FnMut() + Send + 'static) {
        self.order.lock().at_deliver = Some(Box::new(f));
    }

    pub(crate) fn delivered(&self) -> Vec<Place> {
        self.order.lock().delivered.clone()
    }

    /// The places that a channel's history keeps.
    pub(crate) fn history(&self, channel: &str) -> BTreeSet<u64> {
        let order = self.order.lock();
        let history = order.histories.get(channel).into_iter().flatten();
        history.map(|publication| publication.place.number()).collect()
    }

    pub(crate) fn close(&self) -> Result<(), StoreError> {
        self.close_with(Closing::new(self.next_place()))
    }

    pub(crate) fn close_with(&self, closing: Closing) -> Result<(), StoreError> {
        let (sender, answer) = mpsc::channel();
        let closing = Box::new(|| closing);
        self.store.close(closing, Box::new(move |result| drop(sender.send(result))));
        answer.recv_timeout(PATIENCE).expect("an outcome")
    }
}

impl StoreHost for FakeServer {
    fn next_place(&self) -> Place {
        Place::new(self.order.lock().next)
    }

    fn kept(&self) -> Vec<StoredPublication> {
        let order = self.order.lock();
        let of_channel = |(name, history): (&String, &VecDeque<StoredPublication>)| {
            let name = channel(name);
            let mut kept: Vec<_> = history.iter().cloned().collect();
            kept.iter_mut().for_each(|publication| publication.channels = vec![name.clone()]);
            kept
        };
        order.histories.iter().flat_map(of_channel).collect()
    }

    fn reserve_ahead(&self, count: usize, lead: u64) -> Place {
        let mut order = self.order.lock();
        let first = order.next + lead;
        order.ahead = Some((first, first + count as u64, false));
        if let Some(mut at_reserve) = order.at_reserve.take() {
            at_reserve(&mut order, &self.store);
            order.at_reserve = Some(at_reserve);
        }
        Place::new(first)
    }

    fn deliver(&self, first: Place, count: usize) -> bool {
        let mut order = self.order.lock();
        let Some((reserved, end, is_overtaken)) = order.ahead.take() else {
            panic!("nothing is reserved")
        };
        assert_eq!((reserved, end), (first.number(), first.number() + count as u64));
        if let Some(at_deliver) = &mut order.at_deliver {
            at_deliver();
        }
        if is_overtaken {
            return false;
        }
        order.next = end;
        for place in reserved..end {
            let (publication, sender) = order.waiting.pop_front().expect("it waits");
            let place = Place::new(place);
            order.deliver(publication.at_place(place), &self.store);
            let _ = sender.send(Ok(place));
        }
        true
    }

    fn give_up(&self, count: usize, error: StoreError) {
        let mut order = self.order.lock();
        if let Some((_, end, _)) = order.ahead.take() {
            order.next = order.next.max(end);
        }
        for _ in 0..count {
            let (_, sender) = order.waiting.pop_front().expect("it waits");
            let _ = sender.send(Err(error.clone()));
        }
    }
}
