//! Results of requests that may come again. Plain data, with the clock passed in.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use serde_json::value::RawValue;
use tokio::sync::watch;

/// Identifies a request that must not be done twice: the digest of the API key's name, the
/// channels, and the idempotency key.
pub(super) type OnceKey = [u8; 32];

/// The digest of all that a request says.
pub(super) type RequestDigest = [u8; 32];

/// The results of requests, by their idempotency keys: the newest, within bounds of age, number and
/// bytes.
#[derive(Debug)]
pub(super) struct IdempotencyStore {
    window: Duration,
    max_keys: usize,
    max_bytes: usize,
    entries: HashMap<OnceKey, OnceEntry>,
    /// Those that are done, the oldest first.
    done: VecDeque<(Instant, OnceKey)>,
    bytes: usize,
}

#[derive(Debug)]
struct OnceEntry {
    digest: RequestDigest,
    state: OnceState,
}

#[derive(Debug)]
enum OnceState {
    /// It is being done. Those who wait are woken when the sender is dropped.
    Running(watch::Receiver<()>),
    Done(Box<RawValue>),
}

/// How a request with an idempotency key begins.
#[derive(Debug)]
pub(super) enum Begun {
    /// It is the first. The sender is dropped when it has ended.
    First(watch::Sender<()>),
    /// The same request is being done: wait until it has ended, and begin again.
    Running(watch::Receiver<()>),
    /// The same request was done, with this result.
    Done(Box<RawValue>),
    /// Another request had the same key.
    Conflict,
    /// As many requests as may be kept are being done.
    Full,
}

impl IdempotencyStore {
    /// The memory of an entry beside its result, roughly.
    const OVERHEAD: usize = 256;

    pub(super) fn new(window: Duration, max_keys: usize, max_bytes: usize) -> Self {
        let (entries, done) = (HashMap::new(), VecDeque::new());
        Self { window, max_keys, max_bytes, entries, done, bytes: 0 }
    }

    /// Begins a request, unless it was begun before.
    pub(super) fn begin(&mut self, key: OnceKey, digest: RequestDigest, now: Instant) -> Begun {
        self.expire(now);
        match self.entries.get(&key) {
            Some(entry) if entry.digest != digest => return Begun::Conflict,
            Some(OnceEntry { state: OnceState::Running(ended), .. }) => {
                return Begun::Running(ended.clone());
            }
            Some(OnceEntry { state: OnceState::Done(result), .. }) => {
                return Begun::Done(result.clone());
            }
            None => {}
        }
        while self.entries.len() >= self.max_keys {
            if !self.forget_oldest() {
                return Begun::Full;
            }
        }
        let (running, ended) = watch::channel(());
        self.entries.insert(key, OnceEntry { digest, state: OnceState::Running(ended) });
        Begun::First(running)
    }

    /// Keeps the result of a request that was the first.
    pub(super) fn finish(&mut self, key: OnceKey, result: Box<RawValue>, now: Instant) {
        let Some(entry) = self.entries.get_mut(&key) else { return };
        self.bytes += result.get().len() + Self::OVERHEAD;
        entry.state = OnceState::Done(result);
        self.done.push_back((now, key));
        while self.bytes > self.max_bytes && self.forget_oldest() {}
    }

    /// Forgets a request that was the first, and has failed: it may be tried again.
    pub(super) fn abandon(&mut self, key: &OnceKey) {
        if let Some(OnceEntry { state: OnceState::Running(_), .. }) = self.entries.get(key) {
            self.entries.remove(key);
        }
    }

    fn expire(&mut self, now: Instant) {
        let window = self.window;
        while let Some((at, _)) = self.done.front()
            && now.saturating_duration_since(*at) >= window
        {
            self.forget_oldest();
        }
    }

    /// Forgets the oldest result. Returns whether one was left.
    fn forget_oldest(&mut self) -> bool {
        let Some((_, key)) = self.done.pop_front() else { return false };
        if let Some(OnceEntry { state: OnceState::Done(result), .. }) = self.entries.remove(&key) {
            self.bytes -= result.get().len() + Self::OVERHEAD;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(300);

    fn store(max_keys: usize, max_bytes: usize) -> IdempotencyStore {
        IdempotencyStore::new(WINDOW, max_keys, max_bytes)
    }

    fn result(text: &str) -> Box<RawValue> {
        serde_json::value::to_raw_value(text).unwrap()
    }

    fn do_once(store: &mut IdempotencyStore, key: u8, now: Instant) {
        assert!(matches!(store.begin([key; 32], [key; 32], now), Begun::First(_)), "{key}");
        store.finish([key; 32], result("done"), now);
    }

    #[test]
    fn a_request_is_done_once_within_the_window() {
        let (mut store, now) = (store(10, 1 << 20), Instant::now());
        do_once(&mut store, 1, now);
        let later = now + WINDOW - Duration::from_nanos(1);
        let again = store.begin([1; 32], [1; 32], later);
        assert!(matches!(again, Begun::Done(result) if result.get() == r#""done""#));
        assert!(matches!(store.begin([1; 32], [2; 32], later), Begun::Conflict));
        assert!(matches!(store.begin([1; 32], [2; 32], now + WINDOW), Begun::First(_)));
        assert_eq!((store.bytes, store.done.len(), store.entries.len()), (0, 0, 1));
    }

    #[test]
    fn a_second_request_waits_for_the_first() {
        let (mut store, now) = (store(10, 1 << 20), Instant::now());
        let Begun::First(running) = store.begin([1; 32], [1; 32], now) else { panic!() };
        let Begun::Running(ended) = store.begin([1; 32], [1; 32], now) else { panic!() };
        assert!(matches!(store.begin([1; 32], [2; 32], now), Begun::Conflict));
        assert!(ended.has_changed().is_ok(), "the first runs");
        store.abandon(&[1; 32]);
        drop(running);
        assert!(ended.has_changed().is_err(), "the first has ended");
        assert!(matches!(store.begin([1; 32], [1; 32], now), Begun::First(_)), "it had failed");
    }

    #[test]
    fn the_oldest_results_are_forgotten_at_each_bound() {
        let now = Instant::now();
        let mut by_keys = store(3, 1 << 20);
        (0..5).for_each(|key| do_once(&mut by_keys, key, now));
        assert_eq!((by_keys.entries.len(), by_keys.done.len()), (3, 3));
        assert!(matches!(by_keys.begin([2; 32], [2; 32], now), Begun::Done(_)));
        assert!(matches!(by_keys.begin([1; 32], [1; 32], now), Begun::First(_)));

        let mut by_bytes = store(100, 3 * (IdempotencyStore::OVERHEAD + r#""done""#.len()));
        (0..5).for_each(|key| do_once(&mut by_bytes, key, now));
        assert_eq!(by_bytes.done.len(), 3);
        assert!(by_bytes.bytes <= by_bytes.max_bytes);
    }

    #[test]
    fn requests_that_run_are_never_forgotten() {
        let (mut store, now) = (store(2, 1 << 20), Instant::now());
        let running = [1, 2].map(|key| store.begin([key; 32], [key; 32], now));
        assert!(running.iter().all(|one| matches!(one, Begun::First(_))));
        assert!(matches!(store.begin([3; 32], [3; 32], now), Begun::Full));
        store.finish([1; 32], result("done"), now);
        assert!(matches!(store.begin([3; 32], [3; 32], now), Begun::First(_)));
    }
}
