use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::{
    model::{MemoryShare, SocketId},
    protocol::{AckId, Args},
    registry::{AckRelay, ClientAnswers, RelayedAck},
};

/// The acknowledgement ids of one namespace, and its broadcasts whose acknowledgements are
/// collected.
///
/// Direct events and broadcasts share one count, since all receivers of a broadcast get the same
/// id.
#[derive(Debug, Default)]
pub(super) struct AckCollectors {
    next_id: AtomicU64,
    open: Mutex<HashMap<u64, Arc<AckCollection>>>,
}

/// Collects the acknowledgements of one broadcast, until it is dropped.
pub(super) struct AckCollector {
    ack_collectors: Arc<AckCollectors>,
    id: u64,
    collection: Arc<AckCollection>,
}

#[derive(Debug)]
struct AckCollection {
    state: Mutex<CollectedAcks>,
    changed: Notify,
}

struct CollectedAcks {
    /// `None`: there was no memory for the answer.
    answers: HashMap<SocketId, Option<Args>>,
    /// Counts the bytes of the answers.
    memory: MemoryShare,
    /// The receivers of the broadcast, once they are known. Answers may come before that.
    receivers: Option<HashSet<SocketId>>,
    /// Another server collects the answers.
    relay: Option<AckRelay>,
}

impl fmt::Debug for CollectedAcks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CollectedAcks")
            .field("answers", &self.answers.len())
            .finish_non_exhaustive()
    }
}

impl CollectedAcks {
    /// Takes the first answer of a client.
    fn add(&mut self, from: SocketId, mut args: Args) {
        if let Some(relay) = self.relay.as_ref().filter(|_| self.receivers.is_some()) {
            relay(RelayedAck::Answer(from, args));
            self.answers.insert(from, None);
            return;
        }
        let answer = self.memory.try_add(args.cost()).then(|| {
            // An answer is a slice of what it was read with, which may be far larger.
            args.detach();
            args
        });
        self.answers.insert(from, answer);
    }

    fn is_complete(&self) -> bool {
        self.receivers
            .as_ref()
            .is_some_and(|receivers| receivers.iter().all(|id| self.answers.contains_key(id)))
    }
}

impl AckCollectors {
    /// A new acknowledgement id.
    pub(super) fn next_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// Collects the answers with this id, as far as there is memory for them, or relays them.
    pub(super) fn open(
        self: &Arc<Self>,
        id: u64,
        memory: MemoryShare,
        relay: Option<AckRelay>,
    ) -> AckCollector {
        let state = CollectedAcks { answers: HashMap::new(), memory, receivers: None, relay };
        let collection =
            Arc::new(AckCollection { state: Mutex::new(state), changed: Notify::new() });
        self.open.lock().insert(id, Arc::clone(&collection));
        AckCollector { ack_collectors: Arc::clone(self), id, collection }
    }

    /// Takes the answer of a client. The first one counts. `false`: no answer of this client is
    /// collected.
    pub(super) fn answer(&self, id: &AckId, from: SocketId, args: Args) -> bool {
        let Some(collection) = id.to_u64().and_then(|id| self.open.lock().get(&id).cloned()) else {
            return false;
        };
        let mut state = collection.state.lock();
        if state.receivers.as_ref().is_some_and(|receivers| !receivers.contains(&from)) {
            return false;
        }
        if !state.answers.contains_key(&from) {
            state.add(from, args);
        }
        let is_complete = state.is_complete();
        drop(state);
        if is_complete {
            collection.changed.notify_one();
        }
        true
    }
}

impl AckCollector {
    /// Sets the receivers of the broadcast. Answers of other clients are dropped.
    pub(super) fn set_receivers(&self, receivers: Vec<SocketId>) {
        let mut state = self.collection.state.lock();
        let known: HashSet<_> = receivers.iter().copied().collect();
        state.answers.retain(|id, _| known.contains(id));
        state.receivers = Some(known);
        let CollectedAcks { answers, relay, .. } = &mut *state;
        if let Some(relay) = relay {
            relay(RelayedAck::Receivers(receivers));
            for (id, answer) in answers {
                if let Some(args) = answer.take() {
                    relay(RelayedAck::Answer(*id, args));
                }
            }
        }
        if state.is_complete() {
            self.collection.changed.notify_one();
        }
    }

    /// Waits until all receivers have answered. The answers are kept if the wait is given up.
    pub(super) async fn complete(&self) {
        self.collection.changed.notified().await;
    }

    /// The answers so far, and the receivers that have not answered.
    pub(super) fn finish(self) -> ClientAnswers {
        let mut state = self.collection.state.lock();
        let answers = std::mem::take(&mut state.answers);
        let receivers = state.receivers.take().unwrap_or_default();
        let missing = receivers.into_iter().filter(|id| !answers.contains_key(id)).collect();
        let mut finished = ClientAnswers { missing, ..ClientAnswers::default() };
        for (id, answer) in answers {
            match answer {
                Some(args) => finished.answers.push((id, args)),
                None => finished.dropped.push(id),
            }
        }
        finished
    }
}

impl Drop for AckCollector {
    fn drop(&mut self) {
        self.ack_collectors.open.lock().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::MemoryBudget;

    #[test]
    fn answers_count_once_and_from_receivers_only() {
        let ack_collectors = Arc::<AckCollectors>::default();
        let [a, b, stranger] = [(); 3].map(|()| SocketId::random());
        let id = AckId::from(7);
        assert!(!ack_collectors.answer(&id, a, Args::default()));
        let collector = ack_collectors.open(7, MemoryBudget::new(100).share(), None);
        let early = ack_collectors.answer(&id, a, Args::parse("[1]".into(), 9).unwrap());
        assert!(early, "before the receivers are known");
        assert!(ack_collectors.answer(&id, a, Args::parse("[2]".into(), 9).unwrap()));
        assert!(ack_collectors.answer(&id, stranger, Args::default()));
        collector.set_receivers(vec![a, b]);
        assert!(!ack_collectors.answer(&id, stranger, Args::default()));
        let ClientAnswers { answers, missing, dropped, .. } = collector.finish();
        assert_eq!((answers.len(), dropped.len()), (1, 0));
        assert_eq!((answers[0].0, answers[0].1.raw(0)), (a, Some("1")));
        assert_eq!(missing, [b]);
        assert!(ack_collectors.open.lock().is_empty());
    }

    #[test]
    fn answers_are_relayed_behind_the_receivers() {
        let ack_collectors = Arc::<AckCollectors>::default();
        let [a, b] = [(); 2].map(|()| SocketId::random());
        let relayed = Arc::new(Mutex::new(Vec::new()));
        let to = Arc::clone(&relayed);
        let relay: AckRelay = Box::new(move |ack| {
            to.lock().push(match ack {
                RelayedAck::Receivers(ids) => format!("{}", ids.len()),
                RelayedAck::Answer(id, args) => format!("{} {:?}", id == a, args.raw(0)),
            });
        });
        let collector = ack_collectors.open(1, MemoryBudget::new(100).share(), Some(relay));
        let id = AckId::from(1);
        let answer = |json: &str| Args::parse(json.into(), 9).unwrap();
        assert!(ack_collectors.answer(&id, a, answer("[1]")), "before the receivers are known");
        assert!(relayed.lock().is_empty());
        collector.set_receivers(vec![a, b]);
        assert!(ack_collectors.answer(&id, b, answer("[2]")));
        assert!(ack_collectors.answer(&id, b, answer("[3]")), "the first one counts");
        let expected = ["2", r#"true Some("1")"#, r#"false Some("2")"#];
        assert_eq!(*relayed.lock(), expected);
    }

    #[test]
    fn an_answer_that_there_is_no_memory_for_is_dropped_and_counts_as_an_answer() {
        let ack_collectors = Arc::<AckCollectors>::default();
        let large = || Args::parse(format!("[{:0>300}]", 1).replace('0', "7").into(), 9).unwrap();
        let budget = MemoryBudget::new(3 * large().cost() / 2);
        let [a, b] = [(); 2].map(|()| SocketId::random());
        let collector = ack_collectors.open(1, budget.share(), None);
        assert!(ack_collectors.answer(&AckId::from(1), a, large()));
        assert!(ack_collectors.answer(&AckId::from(1), b, large()));
        collector.set_receivers(vec![a, b]);
        let ClientAnswers { answers, missing, dropped, .. } = collector.finish();
        assert_eq!((answers[0].0, answers.len()), (a, 1));
        assert_eq!((&missing[..], &dropped[..]), (&[][..], &[b][..]));
        assert!(budget.share().try_add(large().cost()), "it is given back");
    }
}
