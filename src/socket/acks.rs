use std::collections::HashMap;

use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::AckError;
use crate::protocol::{AckId, Args};

/// The acknowledgements that the server waits for from one client.
#[derive(Debug)]
pub(super) struct Acks {
    state: Mutex<AckState>,
    limit: usize,
}

#[derive(Debug, Default)]
struct AckState {
    waiting: HashMap<u64, oneshot::Sender<Args>>,
    closed: bool,
}

/// Waits for one acknowledgement, until it is dropped.
pub(super) struct PendingAck<'a> {
    acks: &'a Acks,
    id: u64,
    answer: oneshot::Receiver<Args>,
}

impl Acks {
    pub(super) fn new(limit: usize) -> Self {
        Self { state: Mutex::default(), limit }
    }

    /// Waits for the answer to an event. The id is made only if one more answer may be waited for.
    pub(super) fn ask(&self, id: impl FnOnce() -> u64) -> Result<PendingAck<'_>, AckError> {
        let mut state = self.state.lock();
        if state.closed {
            return Err(AckError::Closed);
        }
        if state.waiting.len() >= self.limit {
            return Err(AckError::TooMany { limit: self.limit });
        }
        let id = id();
        let (sender, answer) = oneshot::channel();
        state.waiting.insert(id, sender);
        Ok(PendingAck { acks: self, id, answer })
    }

    /// Passes an answer on. An `Err` gives it back: it is not waited for here.
    pub(super) fn answer(&self, id: &AckId, args: Args) -> Result<(), Args> {
        match id.to_u64().and_then(|id| self.state.lock().waiting.remove(&id)) {
            Some(sender) => sender.send(args),
            None => Err(args),
        }
    }

    /// Ends all waits, and refuses further ones.
    pub(super) fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        state.waiting.clear();
    }
}

impl PendingAck<'_> {
    pub(super) fn id(&self) -> u64 {
        self.id
    }

    pub(super) async fn answer(&mut self) -> Result<Args, AckError> {
        (&mut self.answer).await.map_err(|_| AckError::Closed)
    }
}

impl Drop for PendingAck<'_> {
    fn drop(&mut self) {
        self.acks.state.lock().waiting.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_counts_once_and_only_if_it_is_waited_for() {
        let acks = Acks::new(2);
        assert!(acks.answer(&AckId::from(0), Args::default()).is_err());
        let mut first = acks.ask(|| 0).unwrap();
        let second = acks.ask(|| 1).unwrap();
        assert!(matches!(acks.ask(|| panic!()), Err(AckError::TooMany { limit: 2 })));
        assert!(acks.answer(&AckId::from(0), Args::default()).is_ok());
        assert!(acks.answer(&AckId::from(0), Args::default()).is_err());
        assert!(first.answer.try_recv().is_ok());
        drop((first, second));
        assert!(acks.state.lock().waiting.is_empty());
        acks.close();
        assert!(matches!(acks.ask(|| panic!()), Err(AckError::Closed)));
    }
}
