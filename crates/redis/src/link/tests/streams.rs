use super::*;

#[test]
fn own_entries_are_read_back_with_their_tickets() {
    let server = RedisServer::start();
    let (link, recorder) = start(stream_options(&server.url()));
    let (other, others) = start(stream_options(&server.url()));
    let (ticket, sent) = link.send_confirmed(append("mine")).expect("room");
    let Ok(Sent::Entry(id)) = wait(sent) else { panic!("it is not sent") };
    recorder.wait("it comes", |seen| seen.entries == [("mine".into(), Some(ticket))]);
    assert_eq!(recorder.seen.lock().ids, [id]);
    wait(other.send_confirmed(append("theirs")).expect("room").1).expect("it is sent");
    recorder.wait("it comes", |seen| seen.entries.len() == 2);
    assert_eq!(recorder.seen.lock().entries[1], ("theirs".into(), None));
    others.wait("both come", |seen| seen.data() == ["mine", "theirs"]);
}

#[test]
fn the_past_is_read_if_asked_for() {
    let server = RedisServer::start();
    let mut connection = server.connect();
    for heap in 0..7 {
        let mut pipeline = redis::pipe();
        for number in 0..500 {
            let data = (heap * 500 + number).to_string();
            pipeline.cmd("XADD").arg("s").arg("*").arg("data").arg(data);
        }
        pipeline.exec(&mut connection).expect("they are added");
    }
    let (_link, recorder) = start(stream_options(&server.url()));
    let past = LinkOptions { reads_past: true, ..stream_options(&server.url()) };
    let (_past, historian) = start(past);
    let seen = historian.seen.lock();
    assert_eq!(seen.entries.len(), 3_500, "all is there when it is ready");
    assert!(seen.ids.is_sorted());
    drop(seen);
    let _: String = server.run("XADD s * data new");
    recorder.wait("it comes", |seen| seen.data() == ["new"]);
    historian.wait("it comes", |seen| seen.entries.len() == 3_501);
}

#[test]
fn several_streams_are_read_side_by_side() {
    let server = RedisServer::start();
    let streams = vec!["s".into(), "t".into()];
    let (link, recorder) = start(LinkOptions { streams, ..options(&server.url()) });
    let other = Outgoing::Append { stream: "t".into(), fields: vec![("data", "in t".into())] };
    link.send(append("in s")).expect("room");
    link.send(other).expect("room");
    recorder.wait("both come", |seen| seen.entries.len() == 2);
}

#[test]
fn a_reader_that_falls_behind_is_told() {
    let server = RedisServer::start();
    let small = LinkOptions { read_count: 10, ..stream_options(&server.url()) };
    let (link, recorder) = start(small);
    let fill = |script: &str| {
        let mut command = redis::cmd("EVAL");
        command.arg(script).arg(1).arg("s");
        command.exec(&mut server.connect()).expect("it runs");
    };
    // The listener stands still with a whole heap, while what is behind it is trimmed.
    let standstill = recorder.seen.lock();
    fill("for i = 1, 20 do redis.call('XADD', KEYS[1], '1000-' .. i, 'data', 'old') end");
    wait_until("it has read", || link.health().lag > Duration::ZERO);
    fill("for i = 1, 50 do redis.call('XADD', KEYS[1], 'MAXLEN', '30', '*', 'data', i) end");
    drop(standstill);
    recorder.wait("the end comes", |seen| seen.data().last() == Some(&"50"));
    let seen = recorder.seen.lock();
    assert_eq!(seen.entries.len(), 10 + 30);
    let told = LinkStatus::FellBehind { stream: "s".into() };
    assert_eq!(seen.statuses.iter().filter(|status| **status == told).count(), 1);
}

#[test]
fn lag_is_shown_and_ends() {
    let server = RedisServer::start();
    let (link, recorder) = start(stream_options(&server.url()));
    let _: String = server.run("XADD s 1000-0 data old");
    recorder.wait("it comes", |seen| seen.entries.len() == 1);
    wait_until("nothing is to be read", || link.health().lag == Duration::ZERO);
}

/// Where the past begins, as often as it was told.
fn begins(seen: &Seen) -> Vec<EntryId> {
    let begins = seen.statuses.iter().filter_map(|status| match status {
        LinkStatus::PastBegins { at } => Some(*at),
        _ => None,
    });
    begins.collect()
}

#[test]
fn a_link_says_where_the_past_begins() {
    let server = RedisServer::start();
    let past = || LinkOptions { reads_past: true, ..stream_options(&server.url()) };
    let (link, recorder) = start(past());
    let [floor] = begins(&recorder.seen.lock())[..] else { panic!("it is told once") };
    assert!(floor > EntryId::ZERO, "the life of the streams has begun");
    for data in ["a", "b", "c"] {
        link.send(append(data)).expect("room");
    }
    recorder.wait("they come", |seen| seen.entries.len() == 3);
    assert!(recorder.seen.lock().ids[0] >= floor);
    // All is there, so it begins where it began.
    let (_second, recorder) = start(past());
    assert_eq!(begins(&recorder.seen.lock()), [floor]);
    server.run::<u64>("XTRIM s MAXLEN 1");
    let (_third, recorder) = start(past());
    let seen = recorder.seen.lock();
    assert_eq!(begins(&seen), seen.ids, "only the last one is left");
}

#[test]
fn a_redis_that_is_flushed_under_its_connections_is_noticed() {
    let server = RedisServer::start();
    let (link, recorder) = start(stream_options(&server.url()));
    link.send(append("lost")).expect("room");
    recorder.wait("it comes", |seen| seen.entries.len() == 1);
    // In the same millisecond, the new entry has the id of the lost one.
    let last = recorder.seen.lock().ids[0].ms;
    wait_until("the clock goes on", || {
        let (seconds, micros): (u64, u64) = server.run("TIME");
        seconds * 1_000 + micros / 1_000 > last
    });
    server.run::<()>("FLUSHALL");
    let _: String = server.run("XADD s * data new");
    recorder.wait("it is noticed", |seen| seen.backs() == [Missed::Past]);
    recorder.wait("the new one comes", |seen| seen.data() == ["lost", "new"]);
    let seen = recorder.seen.lock();
    assert!(begins(&seen)[1] > seen.ids[0], "the first one is of another life");
}

#[test]
fn ids_go_on_behind_those_that_redis_has_lost() {
    let mut server = RedisServer::start();
    let (link, recorder) = start(stream_options(&server.url()));
    let _: String = server.run("XADD s 9999999999999-7 data lost");
    recorder.wait("it comes", |seen| seen.entries.len() == 1);
    server.kill();
    recorder.wait("it is away", |seen| !seen.is_up());
    server.launch();
    recorder.wait("it is back", |seen| seen.backs() == [Missed::Past]);
    let Ok(Sent::Entry(id)) = wait(link.send_confirmed(append("new")).expect("room").1) else {
        panic!("it is not sent")
    };
    assert!(id > EntryId { ms: 9_999_999_999_999, seq: 7 }, "{id}");
}
