use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::{
    model::SocketId,
    protocol::{AckId, Args},
};

/// The broadcasts of one namespace whose acknowledgements are collected.
#[derive(Debug, Default)]
pub(crate) struct AckCollectors {
    open: Mutex<HashMap<u64, Arc<AckCollection>>>,
}

/// One broadcast and its answers; forgotten when dropped.
pub(super) struct AckCollector<'a> {
    ack_collectors: &'a AckCollectors,
    id: u64,
    collection: Arc<AckCollection>,
}

#[derive(Debug, Default)]
struct AckCollection {
    state: Mutex<CollectedAcks>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct CollectedAcks {
    answers: HashMap<SocketId, Args>,
    /// Who was asked, once that is known. Answers may come before it is.
    asked: Option<HashSet<SocketId>>,
}

impl CollectedAcks {
    fn is_complete(&self) -> bool {
        self.asked
            .as_ref()
            .is_some_and(|asked| asked.iter().all(|id| self.answers.contains_key(id)))
    }
}

impl AckCollectors {
    pub(super) fn open(&self, id: u64) -> AckCollector<'_> {
        let collection = Arc::<AckCollection>::default();
        self.open.lock().insert(id, Arc::clone(&collection));
        AckCollector { ack_collectors: self, id, collection }
    }

    /// Takes an answer, if somebody collects it. The first of each client counts.
    pub(super) fn answer(&self, id: &AckId, from: SocketId, args: Args) -> bool {
        let Some(collection) = id.to_u64().and_then(|id| self.open.lock().get(&id).cloned()) else {
            return false;
        };
        let mut state = collection.state.lock();
        if state.asked.as_ref().is_some_and(|asked| !asked.contains(&from)) {
            return false;
        }
        state.answers.entry(from).or_insert(args);
        let is_complete = state.is_complete();
        drop(state);
        if is_complete {
            collection.changed.notify_one();
        }
        true
    }
}

impl AckCollector<'_> {
    /// These were asked. What somebody else has answered is forgotten.
    pub(super) fn asked(&self, ids: impl IntoIterator<Item = SocketId>) {
        let mut state = self.collection.state.lock();
        let asked: HashSet<_> = ids.into_iter().collect();
        state.answers.retain(|id, _| asked.contains(id));
        state.asked = Some(asked);
        if state.is_complete() {
            self.collection.changed.notify_one();
        }
    }

    /// Waits until all have answered. Answers stay where they are when it is given up.
    pub(super) async fn complete(&self) {
        self.collection.changed.notified().await;
    }

    /// The answers so far, and who has not answered.
    pub(super) fn finish(self) -> (Vec<(SocketId, Args)>, Vec<SocketId>) {
        let mut state = self.collection.state.lock();
        let answers = std::mem::take(&mut state.answers);
        let asked = state.asked.take().unwrap_or_default();
        let missing = asked.into_iter().filter(|id| !answers.contains_key(id)).collect();
        (answers.into_iter().collect(), missing)
    }
}

impl Drop for AckCollector<'_> {
    fn drop(&mut self) {
        self.ack_collectors.open.lock().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_count_once_and_from_those_who_were_asked() {
        let ack_collectors = AckCollectors::default();
        let [a, b, stranger] = [(); 3].map(|()| SocketId::random());
        let id = AckId::from(7);
        assert!(!ack_collectors.answer(&id, a, Args::default()));
        let collecting = ack_collectors.open(7);
        assert!(
            ack_collectors.answer(&id, a, Args::parse("[1]".into(), 9).unwrap()),
            "before it is known who was asked"
        );
        assert!(ack_collectors.answer(&id, a, Args::parse("[2]".into(), 9).unwrap()));
        assert!(ack_collectors.answer(&id, stranger, Args::default()));
        collecting.asked([a, b]);
        assert!(!ack_collectors.answer(&id, stranger, Args::default()));
        let (answers, missing) = collecting.finish();
        assert_eq!(answers.len(), 1);
        assert_eq!((answers[0].0, answers[0].1.raw(0)), (a, Some("1")));
        assert_eq!(missing, [b]);
        assert!(ack_collectors.open.lock().is_empty());
    }
}
