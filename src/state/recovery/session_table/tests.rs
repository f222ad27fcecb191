use super::*;

fn table() -> SessionTable {
    let limits = SessionLimits { window: Duration::from_secs(60), max_away: 10, max_bytes: 10_000 };
    SessionTable::new(limits)
}

#[test]
fn a_client_finds_its_session_while_another_connection_takes_it() {
    let (id, pid, namespace) = (SocketId::random(), PrivateId::random(), Namespace::default());
    let (mut table, now) = (table(), Instant::now());
    let opened = Opened::now();
    assert!(!table.enter(pid, id, namespace.clone(), opened));
    let absence = SocketAbsence::without_channels(id, pid, namespace.clone());
    assert!(table.put_aside(absence, now).is_empty());
    let Claim::Away(first) = table.claim(&pid, &namespace, opened, now) else {
        panic!("it is away");
    };
    assert!(table.revive(&pid, first).is_some());
    assert!(table.revive(&pid, first).is_none(), "it is taken once");
    // The link has broken again, and the socket of the first connection is not entered yet.
    let Claim::Living(second, living, mut ended) = table.claim(&pid, &namespace, opened, now)
    else {
        panic!("it is alive");
    };
    assert_eq!(living, id);
    assert!(table.enter(pid, id, namespace.clone(), opened), "a client waits for its end");
    let absence = SocketAbsence::without_channels(id, pid, namespace);
    assert!(table.put_aside(absence, now).is_empty());
    assert_eq!(ended.try_recv(), Ok(()));
    assert!(table.revive(&pid, second).is_some());
}

/// A dead connection whose CONNECT is read late takes nothing from the one that came after it.
#[test]
fn an_older_connection_takes_no_session_from_a_newer_one() {
    let (id, pid, namespace) = (SocketId::random(), PrivateId::random(), Namespace::default());
    let (mut table, now) = (table(), Instant::now());
    let first = Opened::now();
    let [dead, newer, newest] = [1, 2, 3].map(|later| first + Duration::from_secs(later));
    table.enter(pid, id, namespace.clone(), first);
    // While the socket lives.
    let Claim::Living(_, _, mut ended) = table.claim(&pid, &namespace, newer, now) else {
        panic!("it is alive");
    };
    assert!(matches!(table.claim(&pid, &namespace, dead, now), Claim::Nothing));
    let absence = SocketAbsence::without_channels(id, pid, namespace.clone());
    assert!(table.put_aside(absence, now).is_empty());
    assert_eq!(ended.try_recv(), Ok(()), "the newer one waits");
    // While it is away and claimed.
    assert!(matches!(table.claim(&pid, &namespace, dead, now), Claim::Nothing));
    let Claim::Away(claim) = table.claim(&pid, &namespace, newest, now) else {
        panic!("a still newer one takes it");
    };
    assert!(table.revive(&pid, claim).is_some());
    // While it lives again.
    assert!(matches!(table.claim(&pid, &namespace, newer, now), Claim::Nothing));
    assert!(matches!(table.claim(&pid, &namespace, newest, now), Claim::Living(..)));
}
