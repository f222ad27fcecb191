use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use crate::message::{PresencePart, ServerId};

/// How long an answer is waited for before a server is asked again.
const ASK_AGAIN: Duration = Duration::from_secs(2);

/// How much this server knows of the presence of each other one, by their versions. Pure data: its
/// clock is passed in.
#[derive(Debug, Default)]
pub(super) struct FollowTable(HashMap<ServerId, FollowedServer>);

#[derive(Debug)]
struct FollowedServer {
    /// The newest version.
    version: u64,
    /// Everything is known.
    is_whole: bool,
    /// It tells everything just now, and nothing of it was missed.
    is_telling: bool,
    /// When it was asked for everything.
    asked: Option<Instant>,
}

/// The state after a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Followed {
    InOrder,
    /// It was the end of everything, and nothing of it was missed.
    Whole,
    /// Something was missed: ask for everything.
    Ask,
}

impl FollowTable {
    /// Another server has told something. `None`: it counts as nothing, because it has come before,
    /// or the server is not known to be alive.
    pub(super) fn told(
        &mut self,
        id: &ServerId,
        version: u64,
        part: PresencePart,
        now: Instant,
    ) -> Option<Followed> {
        let server = self.0.get_mut(id).filter(|server| server.version < version)?;
        if server.version + 1 != version {
            (server.is_whole, server.is_telling) = (false, false);
        }
        server.version = version;
        match part {
            PresencePart::Begins => (server.is_telling, server.asked) = (true, Some(now)),
            PresencePart::Ends if server.is_telling => {
                (server.is_whole, server.is_telling, server.asked) = (true, false, None);
                return Some(Followed::Whole);
            }
            PresencePart::Changes | PresencePart::Ends => {}
        }
        Some(if server.wants_all(now) { Followed::Ask } else { Followed::InOrder })
    }

    /// A server is alive, and has sent this many messages. Returns whether it is to be asked for
    /// everything.
    pub(super) fn heard(&mut self, id: &ServerId, version: u64, now: Instant) -> bool {
        let server = self.0.entry(id.clone()).or_insert_with(|| FollowedServer {
            version,
            is_whole: version == 0,
            is_telling: false,
            asked: None,
        });
        if server.version < version {
            server.version = version;
            (server.is_whole, server.is_telling) = (false, false);
        }
        server.wants_all(now)
    }

    pub(super) fn forget(&mut self, id: &ServerId) {
        self.0.remove(id);
    }
}

impl FollowedServer {
    /// Whether it is to be asked for everything now.
    fn wants_all(&mut self, now: Instant) -> bool {
        let is_asked =
            self.asked.is_some_and(|asked| now.saturating_duration_since(asked) < ASK_AGAIN);
        let wants = !self.is_whole && !self.is_telling && !is_asked;
        if wants {
            self.asked = Some(now);
        }
        wants
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    struct Follower {
        table: FollowTable,
        now: Instant,
    }

    impl Follower {
        fn new() -> Self {
            Self { table: FollowTable::default(), now: Instant::now() }
        }

        fn told(&mut self, version: u64, part: PresencePart) -> Option<Followed> {
            self.table.told(&ServerId("b".into()), version, part, self.now)
        }

        fn heard(&mut self, version: u64) -> bool {
            self.table.heard(&ServerId("b".into()), version, self.now)
        }
    }

    #[test]
    fn a_server_that_is_known_from_its_start_is_not_asked() {
        let mut follower = Follower::new();
        assert_eq!(follower.told(1, PresencePart::Changes), None, "it is not known to be alive");
        assert!(!follower.heard(0));
        assert_eq!(follower.told(1, PresencePart::Changes), Some(Followed::InOrder));
        assert_eq!(follower.told(1, PresencePart::Changes), None, "it came before");
        assert!(!follower.heard(1));
    }

    #[test]
    fn a_hole_is_found_by_the_next_message_or_heartbeat_and_asked_for_once() {
        let mut follower = Follower::new();
        follower.heard(0);
        assert_eq!(follower.told(2, PresencePart::Changes), Some(Followed::Ask));
        assert_eq!(follower.told(3, PresencePart::Changes), Some(Followed::InOrder));
        assert!(!follower.heard(3));
        assert_eq!(follower.told(4, PresencePart::Begins), Some(Followed::InOrder));
        assert_eq!(follower.told(5, PresencePart::Changes), Some(Followed::InOrder));
        assert_eq!(follower.told(6, PresencePart::Ends), Some(Followed::Whole));
        assert!(follower.heard(7), "a message was lost");
    }

    #[test]
    fn an_account_with_a_hole_is_not_whole_and_is_asked_for_again() {
        let mut follower = Follower::new();
        assert!(follower.heard(3), "it was there before");
        assert_eq!(follower.told(4, PresencePart::Begins), Some(Followed::InOrder));
        assert_eq!(follower.told(6, PresencePart::Changes), Some(Followed::InOrder));
        assert_eq!(follower.told(7, PresencePart::Ends), Some(Followed::InOrder));
        follower.now += 2 * SECOND;
        assert!(follower.heard(7));
        assert!(!follower.heard(7));
        follower.now += 2 * SECOND;
        assert!(follower.heard(7), "the question may be lost");
    }

    #[test]
    fn a_server_that_was_lost_is_asked_when_it_is_back() {
        let mut follower = Follower::new();
        follower.heard(0);
        follower.told(1, PresencePart::Changes);
        follower.table.forget(&ServerId("b".into()));
        assert_eq!(follower.told(2, PresencePart::Changes), None);
        assert!(follower.heard(2));
    }
}
