use super::*;

const SECOND: Duration = Duration::from_secs(1);
const INTERVAL: Duration = Duration::from_secs(5);

fn server(id: &str) -> ServerId {
    ServerId(id.into())
}

/// A table with a clock.
struct Nodes {
    table: NodeTable,
    now: Instant,
}

impl Nodes {
    fn new() -> Self {
        let now = Instant::now();
        let mut nodes = Self { table: NodeTable::new(INTERVAL, 3, now), now };
        nodes.table.connected(now);
        assert_eq!(nodes.beat(), []);
        nodes
    }

    fn pass(&mut self, time: Duration) -> &mut Self {
        self.now += time;
        self
    }

    fn hear(&mut self, id: &str) -> Heard {
        self.hear_with(id, |_| {})
    }

    fn hear_with(&mut self, id: &str, change: impl FnOnce(&mut Heartbeat)) -> Heard {
        let mut heartbeat = self.table.own(7, false, self.now);
        change(&mut heartbeat);
        self.table.hear(&server(id), heartbeat, self.now)
    }

    /// A heartbeat of this server that is due comes back at once.
    #[track_caller]
    fn beat(&mut self) -> Vec<ServerId> {
        assert_eq!(self.table.next(self.now), None, "a heartbeat is due");
        let (uptime, _) = self.table.sent.unwrap();
        self.table.hear_own(uptime, self.now)
    }

    fn alive(&self, id: &str) -> Option<bool> {
        let statuses = self.table.statuses(&server("self"), 1, self.now);
        statuses.into_iter().find(|node| node.id == id).map(|node| node.is_alive)
    }
}

#[test]
fn a_server_is_lost_after_two_intervals_and_once() {
    let mut nodes = Nodes::new();
    nodes.pass(SECOND);
    assert_eq!(nodes.hear("b"), Heard::Joined);
    assert_eq!(nodes.hear("b"), Heard::Nothing);
    assert_eq!(nodes.beat(), []);
    nodes.pass(INTERVAL);
    assert_eq!(nodes.beat(), []);
    // One is due at the deadline of the other server, ahead of its time.
    let wait = nodes.table.next(nodes.now).unwrap();
    assert_eq!(wait, INTERVAL);
    nodes.pass(INTERVAL);
    assert_eq!(nodes.beat(), [server("b")]);
    assert_eq!(nodes.alive("b"), Some(false));
    assert_eq!(nodes.table.lost(), [server("b")]);
    nodes.pass(INTERVAL);
    assert_eq!(nodes.beat(), []);
    assert_eq!(nodes.hear("b"), Heard::Joined);
    assert_eq!((nodes.alive("b"), nodes.table.lost().len()), (Some(true), 0));
}

#[test]
fn a_heartbeat_is_due_when_another_server_is_late() {
    let mut nodes = Nodes::new();
    nodes.pass(4 * SECOND);
    nodes.hear("b");
    nodes.beat();
    nodes.pass(SECOND);
    nodes.hear("b");
    nodes.pass(4 * SECOND);
    nodes.beat();
    nodes.pass(INTERVAL);
    nodes.beat();
    // It was heard 9 seconds ago.
    assert_eq!(nodes.table.next(nodes.now), Some(SECOND));
    nodes.pass(SECOND);
    assert_eq!(nodes.beat(), [server("b")]);
    assert_eq!(nodes.table.next(nodes.now), Some(INTERVAL));
}

#[test]
fn a_server_that_comes_is_told_of_this_one_soon_and_not_too_often() {
    let mut nodes = Nodes::new();
    assert_eq!(nodes.table.next(nodes.now), Some(INTERVAL));
    nodes.hear("b");
    nodes.hear("c");
    assert_eq!(nodes.table.next(nodes.now), Some(INTERVAL / 10));
    nodes.pass(INTERVAL / 10);
    nodes.beat();
    assert_eq!(nodes.table.next(nodes.now), Some(INTERVAL));
}

#[test]
fn a_server_that_leaves_is_gone_at_once() {
    let mut nodes = Nodes::new();
    nodes.hear("b");
    assert_eq!(nodes.hear_with("b", |last| last.is_last = true), Heard::Left);
    assert_eq!(nodes.alive("b"), None);
    assert_eq!(nodes.hear_with("b", |last| last.is_last = true), Heard::Nothing);
    assert_eq!(nodes.hear("b"), Heard::Joined);
}

#[test]
fn a_server_that_stood_still_itself_takes_none_for_lost() {
    let mut nodes = Nodes::new();
    nodes.hear("b");
    nodes.pass(60 * SECOND);
    // Its own heartbeat comes back before those of others that stood still with it.
    assert_eq!(nodes.beat(), []);
    nodes.pass(INTERVAL);
    nodes.beat();
    nodes.pass(INTERVAL);
    assert_eq!(nodes.beat(), [server("b")]);
}

#[test]
fn a_server_without_redis_takes_none_for_lost() {
    let mut nodes = Nodes::new();
    nodes.hear("b");
    for _ in 0..3 {
        nodes.pass(INTERVAL);
        // It does not come back.
        assert_eq!(nodes.table.next(nodes.now), None);
    }
    assert_eq!(nodes.alive("b"), Some(true));
    nodes.table.connected(nodes.now);
    assert_eq!(nodes.beat(), []);
    nodes.pass(INTERVAL);
    assert_eq!(nodes.beat(), []);
    nodes.hear("b");
    nodes.pass(INTERVAL);
    assert_eq!(nodes.beat(), []);
}

/// A heartbeat that was sent before a deadline tells nothing of the time after it.
#[test]
fn a_heartbeat_that_was_late_judges_by_when_it_was_sent() {
    let mut nodes = Nodes::new();
    nodes.hear("b");
    nodes.pass(INTERVAL);
    nodes.beat();
    nodes.pass(INTERVAL - SECOND);
    let uptime = nodes.table.uptime(nodes.now);
    nodes.pass(2 * SECOND);
    assert_eq!(nodes.table.hear_own(uptime, nodes.now), []);
    // One of another life, or of a clock that is wrong.
    assert_eq!(nodes.table.hear_own(u64::MAX, nodes.now), [server("b")]);
}

#[test]
fn a_server_has_the_time_that_its_own_interval_gives_it() {
    let mut nodes = Nodes::new();
    nodes.hear_with("slow", |slow| slow.interval = 20_000);
    nodes.hear_with("never", |never| never.interval = u64::MAX);
    nodes.hear_with("fast", |fast| fast.interval = 0);
    let mut lost = Vec::new();
    for second in 1..=41 {
        nodes.pass(SECOND);
        if nodes.table.next(nodes.now).is_none() {
            let (uptime, _) = nodes.table.sent.unwrap();
            for id in nodes.table.hear_own(uptime, nodes.now) {
                lost.push((second, id));
            }
        }
    }
    assert_eq!(lost, [(1, server("fast")), (40, server("slow"))]);
}

#[test]
fn servers_are_bounded_and_lost_ones_make_room() {
    let mut nodes = Nodes::new();
    assert_eq!(
        ["a", "b", "c", "d"].map(|id| nodes.hear(id)),
        [Heard::Joined, Heard::Joined, Heard::Joined, Heard::Refused]
    );
    for _ in 0..2 {
        nodes.pass(INTERVAL);
        nodes.hear("a");
        nodes.hear("b");
        nodes.beat();
    }
    assert_eq!(nodes.table.lost(), [server("c")]);
    assert_eq!(nodes.hear("d"), Heard::Joined);
    assert_eq!((nodes.alive("c"), nodes.alive("d")), (None, Some(true)));
}

#[test]
fn a_server_that_is_lost_for_long_is_listed_no_more() {
    let mut nodes = Nodes::new();
    nodes.hear("b");
    for _ in 0..REMEMBERED {
        nodes.pass(INTERVAL);
        nodes.beat();
    }
    assert_eq!(nodes.alive("b"), Some(false));
    for _ in 0..MISSED {
        nodes.pass(INTERVAL);
        nodes.beat();
    }
    assert_eq!(nodes.alive("b"), None);
}

#[test]
fn this_server_is_listed_first() {
    let mut nodes = Nodes::new();
    nodes.pass(SECOND);
    nodes.hear_with("b", |it| (it.uptime, it.address) = (3_000, Some("http://b".into())));
    nodes.hear("a");
    nodes.pass(SECOND);
    let all = nodes.table.statuses(&server("self"), 1, nodes.now);
    let ids: Vec<_> = all.iter().map(|node| (node.id.as_str(), node.is_self)).collect();
    assert_eq!(ids, [("self", true), ("a", false), ("b", false)]);
    assert_eq!((all[0].clients, all[0].uptime, all[0].last_heard), (1, 2 * SECOND, Duration::ZERO));
    assert_eq!((all[2].clients, all[2].uptime, all[2].last_heard), (7, 3 * SECOND, SECOND));
    assert_eq!(all[2].address.as_deref(), Some("http://b"));
    assert_eq!(all[2].version, env!("CARGO_PKG_VERSION"));
}
