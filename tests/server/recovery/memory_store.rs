//! A store that keeps everything in memory, for servers that follow one another in a test.

use std::sync::{Arc, Mutex, Weak};

use actix_socketio::{
    Channel, Namespace,
    store::{
        Closing, ClosingCall, Epoch, HistoryStore, Loaded, Place, StoreError, StoreHealth,
        StoreHost, StoreOutcome, StoreParams, StoreStatus, StoredPublication,
    },
};

/// The content, which a clone shares.
#[derive(Debug, Clone, Default)]
pub(super) struct MemoryStore(Arc<Mutex<Content>>);

#[derive(Debug, Default)]
pub(super) struct Content {
    pub(super) epoch: Option<Epoch>,
    pub(super) publications: Vec<StoredPublication>,
    /// The end of the last run, if it was clean.
    pub(super) closing: Option<Closing>,
}

impl MemoryStore {
    /// Looks at the content, or changes it.
    pub(super) fn with<T>(&self, call: impl FnOnce(&mut Content) -> T) -> T {
        call(&mut self.0.lock().expect("no test panics in it"))
    }
}

impl HistoryStore for MemoryStore {
    fn load(&self, params: &StoreParams) -> Result<Loaded, StoreError> {
        self.with(|content| {
            let is_first = content.epoch.is_none();
            let mut loaded = Loaded::empty(*content.epoch.get_or_insert(params.new_epoch));
            loaded.publications = content.publications.clone();
            match content.closing.take() {
                Some(closing) => {
                    loaded.next_place = closing.next_place;
                    loaded.floor = closing.floor;
                    loaded.channels = closing.channels;
                    loaded.sessions = closing.sessions;
                }
                None if is_first => {}
                None => {
                    loaded.is_clean = false;
                    loaded.next_place = Place::new(1 << 40);
                    loaded.whole_from = loaded.next_place;
                }
            }
            Ok(loaded)
        })
    }

    fn start(&self, _: Weak<dyn StoreHost>) {}

    fn append(&self, publication: StoredPublication) {
        self.with(|content| content.publications.push(publication));
    }

    fn commit_first(&self, _: StoredPublication) -> Result<(), StoreError> {
        Err(StoreError::Closed)
    }

    fn trim(&self, _: &Namespace, _: Option<&Channel>, _: Place) {}

    fn reserved(&self) -> Place {
        Place::new(u64::MAX)
    }

    fn committed(&self) -> Place {
        Place::new(u64::MAX)
    }

    fn on_durable(&self, _: Place, outcome: StoreOutcome) {
        outcome(Ok(()));
    }

    fn close(&self, closing: ClosingCall, outcome: StoreOutcome) {
        let closing = closing();
        let before = self.with(|content| content.closing.replace(closing));
        assert!(before.is_none(), "it is closed once");
        outcome(Ok(()));
    }

    fn status(&self) -> StoreStatus {
        StoreStatus::new(StoreHealth::Healthy)
    }
}
