//! Sessions of administrators: a page that is reloaded shows an id in place of a password.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::Arc,
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::RngExt;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

/// 120 bits, which base64 writes without padding.
const ID_BYTES: usize = 15;

type IdDigest = [u8; 32];

/// The sessions by the digests of their ids, so that no search tells how far an id is right.
pub(super) struct AdminSessions {
    max_sessions: usize,
    lifetime: Duration,
    /// The user of each.
    by_id: HashMap<IdDigest, Arc<str>>,
    /// The ids by age, oldest first. Those of sessions that were ended early are left here.
    ages: VecDeque<(IdDigest, Instant)>,
}

impl AdminSessions {
    pub(super) fn new(max_sessions: usize, lifetime: Duration) -> Self {
        Self { max_sessions, lifetime, by_id: HashMap::new(), ages: VecDeque::new() }
    }

    /// Begins a session of a user, and returns its id. The oldest one ends if there are too many.
    pub(super) fn open(&mut self, user: Arc<str>, now: Instant) -> String {
        self.end_old(now);
        while self.ages.len() >= self.max_sessions {
            let Some((oldest, _)) = self.ages.pop_front() else { break };
            self.by_id.remove(&oldest);
        }
        let mut bytes = [0; ID_BYTES];
        rand::rng().fill(&mut bytes[..]);
        let id = URL_SAFE_NO_PAD.encode(bytes);
        let ends = now + self.lifetime;
        self.by_id.insert(digest(&id), user);
        self.ages.push_back((digest(&id), ends));
        id
    }

    /// The user of a session that has not ended.
    pub(super) fn user(&mut self, id: &str, now: Instant) -> Option<Arc<str>> {
        self.end_old(now);
        self.by_id.get(&digest(id)).cloned()
    }

    /// Ends the sessions of users for which `stays` is `false`.
    pub(super) fn retain(&mut self, stays: impl Fn(&str) -> bool) {
        self.by_id.retain(|_, user| stays(user));
        self.ages.retain(|(id, _)| self.by_id.contains_key(id));
    }

    pub(super) fn count(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn end_old(&mut self, now: Instant) {
        while let Some((id, ends)) = self.ages.front()
            && *ends <= now
        {
            self.by_id.remove(id);
            self.ages.pop_front();
        }
    }
}

fn digest(id: &str) -> IdDigest {
    Sha256::digest(id.as_bytes()).into()
}

impl fmt::Debug for AdminSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminSessions").field("count", &self.count()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_of_its_user_until_its_end() {
        let (mut table, now) = (AdminSessions::new(10, Duration::from_secs(100)), Instant::now());
        let (ada, eve) = (table.open("ada".into(), now), table.open("eve".into(), now));
        assert_eq!((ada.len(), ada == eve), (20, false), "120 bits");
        assert_eq!(table.user(&ada, now).as_deref(), Some("ada"));
        assert_eq!(table.user(&eve, now).as_deref(), Some("eve"));
        assert_eq!(table.user("", now), None);
        assert_eq!(table.user(&ada[..19], now), None);
        assert!(table.user(&ada, now + Duration::from_secs(99)).is_some());
        assert!(table.user(&ada, now + Duration::from_secs(100)).is_none());
        assert_eq!((table.count(), table.ages.len()), (0, 0));
        let shown = format!("{table:?}");
        assert!(!shown.contains(&ada) && !shown.contains("ada"), "{shown}");
    }

    #[test]
    fn the_oldest_ends_for_a_new_one() {
        let (mut table, now) = (AdminSessions::new(2, Duration::from_secs(100)), Instant::now());
        let ids = ["a", "b", "c"].map(|user| table.open(user.into(), now));
        assert_eq!(ids.map(|id| table.user(&id, now).is_some()), [false, true, true]);
        assert_eq!((table.count(), table.ages.len()), (2, 2));
    }

    #[test]
    fn the_sessions_of_a_user_end_with_the_user() {
        let (mut table, now) = (AdminSessions::new(10, Duration::from_secs(100)), Instant::now());
        let ids = ["a", "b", "a"].map(|user| table.open(user.into(), now));
        table.retain(|user| user == "b");
        assert_eq!(ids.map(|id| table.user(&id, now).is_some()), [false, true, false]);
        assert_eq!((table.count(), table.ages.len()), (1, 1));
    }
}
