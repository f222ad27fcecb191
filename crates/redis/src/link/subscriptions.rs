use std::collections::{HashMap, HashSet, VecDeque, hash_map::Entry};

use tokio::sync::oneshot;

use crate::wire::Subscription;

/// The channels that the link is to listen to, and the changes that Redis does not know of yet.
///
/// A change waits as the name of what has changed. So a channel that comes and goes while Redis is
/// away, or faster than Redis answers, costs one command or none.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    /// Each as often as it was added. Its end is that of the last one.
    wanted: HashMap<Subscription, usize>,
    changed: HashSet<Subscription>,
    /// Redis has ended these by itself.
    lost: HashSet<Subscription>,
    /// Other servers count the subscribers of these.
    counted: HashSet<Subscription>,
    waiting: VecDeque<oneshot::Sender<()>>,
}

/// The commands for Redis.
#[derive(Debug)]
pub(super) struct Changes {
    pub(super) subscribe: Vec<Subscription>,
    pub(super) unsubscribe: Vec<Subscription>,
    /// Redis has ended some by itself: their slots have moved.
    pub(super) has_lost: bool,
    /// As many wait for it, for [`Subscriptions::confirmed`].
    pub(super) waiting: usize,
}

impl Subscriptions {
    /// The receiver hears of it when Redis has confirmed all of them. The first one is counted.
    pub(super) fn add_counted(
        &mut self,
        subscriptions: Vec<Subscription>,
    ) -> oneshot::Receiver<()> {
        self.counted.extend(subscriptions.first().cloned());
        self.add(subscriptions)
    }

    /// The receiver hears of it when Redis has confirmed all of them.
    pub(super) fn add(&mut self, subscriptions: Vec<Subscription>) -> oneshot::Receiver<()> {
        for subscription in subscriptions {
            let times = self.wanted.entry(subscription.clone()).or_default();
            *times += 1;
            if *times == 1 {
                self.changed.insert(subscription);
            }
        }
        self.wait()
    }

    /// The receiver hears of it when Redis has confirmed all of them.
    pub(super) fn remove(&mut self, subscriptions: Vec<Subscription>) -> oneshot::Receiver<()> {
        for subscription in subscriptions {
            let Entry::Occupied(mut times) = self.wanted.entry(subscription.clone()) else {
                continue;
            };
            *times.get_mut() -= 1;
            if *times.get() == 0 {
                times.remove();
                self.counted.remove(&subscription);
                self.changed.insert(subscription);
            }
        }
        self.wait()
    }

    fn wait(&mut self) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        self.waiting.push_back(sender);
        receiver
    }

    /// The changes for a connection that has these subscriptions, which then are as wanted.
    pub(super) fn take(&mut self, actual: &mut HashSet<Subscription>) -> Changes {
        let has_lost = !self.lost.is_empty();
        for lost in self.lost.drain() {
            actual.remove(&lost);
            self.changed.insert(lost);
        }
        let (mut subscribe, mut unsubscribe) = (Vec::new(), Vec::new());
        for subscription in self.changed.drain() {
            if self.wanted.contains_key(&subscription) {
                if actual.insert(subscription.clone()) {
                    subscribe.push(subscription);
                }
            } else if actual.remove(&subscription) {
                unsubscribe.push(subscription);
            }
        }
        // A server that is counted is asked, and so has to hear all questions by then.
        subscribe.sort_by_key(|one| self.counted.contains(one));
        Changes { subscribe, unsubscribe, has_lost, waiting: self.waiting.len() }
    }

    /// There is a new connection, which has no subscription yet.
    pub(super) fn begin_anew(&mut self) {
        self.changed = self.wanted.keys().cloned().collect();
        self.lost.clear();
    }

    /// Redis has ended a subscription. Whether it is still wanted.
    pub(super) fn lose(&mut self, subscription: Subscription) -> bool {
        let is_wanted = self.wanted.contains_key(&subscription);
        if is_wanted {
            self.lost.insert(subscription);
        }
        is_wanted
    }

    pub(super) fn has(&self, subscription: &Subscription) -> bool {
        self.wanted.contains_key(subscription)
    }

    /// Redis knows of all changes for which these waited.
    pub(super) fn confirmed(&mut self, waiting: usize) {
        for waiter in self.waiting.drain(..waiting) {
            let _ = waiter.send(());
        }
    }

    /// Nothing is confirmed any more.
    pub(super) fn abandon(&mut self) {
        self.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(name: &'static str) -> Subscription {
        Subscription::Channel(name.into())
    }

    #[test]
    fn the_counted_channel_comes_last() {
        let mut subscriptions = Subscriptions::default();
        let names = ["counted", "a", "b", "c", "d"];
        drop(subscriptions.add_counted(names.map(channel).to_vec()));
        for _ in 0..2 {
            let changes = subscriptions.take(&mut HashSet::new());
            assert_eq!(changes.subscribe.last(), Some(&channel("counted")));
            subscriptions.begin_anew();
        }
    }

    #[test]
    fn a_new_connection_gets_all_and_then_what_changes() {
        let (mut subscriptions, mut actual) = (Subscriptions::default(), HashSet::new());
        let mut first = subscriptions.add(vec![channel("a"), channel("b"), channel("a")]);
        subscriptions.begin_anew();
        let changes = subscriptions.take(&mut actual);
        assert_eq!((changes.subscribe.len(), changes.unsubscribe.len()), (2, 0));
        assert!(first.try_recv().is_err(), "Redis has not confirmed it");
        subscriptions.confirmed(changes.waiting);
        assert_eq!(first.try_recv(), Ok(()));

        drop(subscriptions.remove(vec![channel("a")]));
        let changes = subscriptions.take(&mut actual);
        assert!(changes.unsubscribe.is_empty(), "it was added twice");

        drop(subscriptions.add(vec![channel("b"), channel("c")]));
        drop(subscriptions.remove(vec![channel("a"), channel("never")]));
        let changes = subscriptions.take(&mut actual);
        assert_eq!(changes.subscribe, [channel("c")]);
        assert_eq!(changes.unsubscribe, [channel("a")]);
        assert_eq!(actual, [channel("b"), channel("c")].into());

        actual.clear();
        subscriptions.begin_anew();
        assert_eq!(subscriptions.take(&mut actual).subscribe.len(), 2);
    }

    #[test]
    fn a_subscription_that_redis_has_ended_is_made_again() {
        let (mut subscriptions, mut actual) = (Subscriptions::default(), HashSet::new());
        drop(subscriptions.add(vec![channel("a"), channel("b")]));
        subscriptions.take(&mut actual);
        assert!(subscriptions.lose(channel("a")) && !subscriptions.lose(channel("gone")));
        let changes = subscriptions.take(&mut actual);
        assert_eq!((changes.subscribe, changes.has_lost), (vec![channel("a")], true));
        assert!(!subscriptions.take(&mut actual).has_lost);
    }

    #[test]
    fn what_comes_and_goes_in_between_costs_no_command() {
        let (mut subscriptions, mut actual) = (Subscriptions::default(), HashSet::new());
        drop(subscriptions.add(vec![channel("a")]));
        drop(subscriptions.remove(vec![channel("a")]));
        let changes = subscriptions.take(&mut actual);
        assert!(changes.subscribe.is_empty() && changes.unsubscribe.is_empty());
        assert_eq!(changes.waiting, 2);
    }
}
