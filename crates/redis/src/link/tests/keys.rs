//! Values at keys.

use super::*;

const WINDOW: Duration = Duration::from_secs(60);

fn value(server: &RedisServer, key: &str) -> Option<String> {
    redis::cmd("GET").arg(key).query(&mut server.connect()).expect("it answers")
}

#[test]
fn a_value_is_there_for_its_time_and_is_taken_once() {
    let server = RedisServer::start();
    let (link, _) = start(options(&server.url()));
    link.set_px("k".into(), "one".into(), WINDOW).expect("room");
    let (first, second) = (link.get_del("k".into()), link.get_del("k".into()));
    assert_eq!(wait(first), Ok(Some("one".into())), "it comes behind the value");
    assert_eq!(wait(second), Ok(None));
    link.set_px("k".into(), "two".into(), WINDOW).expect("room");
    link.set_px("k".into(), "three".into(), WINDOW).expect("room");
    wait_until("it is there", || value(&server, "k").as_deref() == Some("three"));
    let rest: u64 = redis::cmd("PTTL").arg("k").query(&mut server.connect()).expect("a number");
    assert!(rest > 50_000 && rest <= 60_000, "{rest}");
    link.del("k".into()).expect("room");
    wait_until("it is gone", || value(&server, "k").is_none());
}

#[test]
fn of_many_links_one_takes_a_value() {
    let server = RedisServer::start();
    let links: Vec<_> = (0..4).map(|_| start(options(&server.url())).0).collect();
    for round in 0..20 {
        let key = || ByteString::from(format!("k{round}"));
        server.run::<()>(&format!("SET k{round} v"));
        let taken: Vec<_> = links.iter().map(|link| link.get_del(key())).collect();
        let taken: Vec<_> =
            taken.into_iter().map(|taken| wait(taken).expect("it answers")).collect();
        assert_eq!(taken.iter().flatten().count(), 1, "{taken:?}");
    }
}

#[test]
fn while_redis_is_away_values_wait_and_nothing_is_taken() {
    let mut server = RedisServer::start();
    let (link, recorder) = start(options(&server.url()));
    server.kill();
    recorder.wait("it is away", |seen| !seen.is_up());
    assert_eq!(wait(link.get_del("k".into())), Err(QuestionFailed::Away));
    link.set_px("k".into(), "v".into(), WINDOW).expect("room");
    link.set_px("over".into(), "v".into(), Duration::ZERO).expect("room");
    link.set_px("gone".into(), "v".into(), WINDOW).expect("room");
    link.del("gone".into()).expect("room");
    server.launch();
    recorder.wait("it is back", Seen::is_up);
    assert_eq!(wait(link.get_del("over".into())), Ok(None));
    assert_eq!(wait(link.get_del("gone".into())), Ok(None));
    assert_eq!(wait(link.get_del("k".into())), Ok(Some("v".into())));
}

#[test]
fn what_waits_is_sent_before_the_link_ends() {
    let server = RedisServer::start();
    let (link, _) = start(options(&server.url()));
    for number in 0..5_000 {
        link.set_px(format!("k{number}").into(), "v".into(), WINDOW).expect("room");
    }
    link.close();
    wait(link.ended());
    assert_eq!(server.run::<u64>("DBSIZE"), 5_000);
    assert!(link.set_px("late".into(), "v".into(), WINDOW).is_err());
    assert_eq!(wait(link.get_del("k1".into())), Err(QuestionFailed::Away));
}

#[test]
fn values_beyond_the_bound_are_refused() {
    let mut server = RedisServer::start();
    let small = LinkOptions { max_key_bytes: 10_000, ..options(&server.url()) };
    let (link, recorder) = start(small);
    server.kill();
    recorder.wait("it is away", |seen| !seen.is_up());
    let large = || Bytes::from(vec![b'x'; 6_000]);
    link.set_px("a".into(), large(), WINDOW).expect("room");
    assert_eq!(link.set_px("b".into(), large(), WINDOW), Err(HoldFull));
    server.launch();
    recorder.wait("it is back", Seen::is_up);
    assert_eq!(wait(link.get_del("b".into())), Ok(None));
    assert!(wait(link.get_del("a".into())).expect("it answers").is_some());
}
