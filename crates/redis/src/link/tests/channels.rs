use super::*;

#[test]
fn channels_patterns_and_shards_are_heard_in_order() {
    let server = RedisServer::start();
    let (link, recorder) = start(options(&server.url()));
    let subscriptions = vec![
        Subscription::Channel("a".into()),
        Subscription::Pattern("p*".into()),
        Subscription::Shard("x".into()),
    ];
    wait(link.subscribe(subscriptions)).expect("a confirmation");
    for number in 0..250 {
        link.send(publication("a", &number.to_string())).expect("room");
    }
    let shard = Outgoing::ShardPublish { channel: "x".into(), payload: Bytes::from_static(b"sx") };
    link.send(publication("p1", "px")).expect("room");
    let (_, sent) = link.send_confirmed(shard).expect("room");
    assert_eq!(wait(sent), Ok(Sent::Receivers(1)));
    recorder.wait("all came", |seen| seen.messages.len() == 252);
    let seen = recorder.seen.lock();
    for (number, (channel, payload)) in seen.messages.iter().take(250).enumerate() {
        assert_eq!((channel.as_str(), payload), ("a", &number.to_string()));
    }
    assert_eq!(seen.messages[250], ("p1".into(), "px".into()));
    assert_eq!(seen.messages[251], ("x".into(), "sx".into()));
    drop(seen);
    assert_eq!(link.health().sent, 252);
}

#[test]
fn a_channel_is_counted_once_and_left_as_often_as_it_was_added() {
    let server = RedisServer::start();
    let (link, _) = start(options(&server.url()));
    let [a, x] = [Subscription::Channel("a".into()), Subscription::Shard("x".into())];
    drop(link.subscribe(vec![a.clone(), a.clone(), x.clone()]));
    wait(link.subscribe(vec![a.clone()])).expect("a confirmation");
    assert_eq!((count(&link, &a), count(&link, &x)), (Ok(1), Ok(1)));
    assert_eq!(count(&link, &Subscription::Pattern("a*".into())), Err(QuestionFailed::Refused));
    wait(link.unsubscribe(vec![a.clone(), a.clone(), x.clone()])).expect("a confirmation");
    assert_eq!((count(&link, &a), count(&link, &x)), (Ok(1), Ok(0)));
    wait(link.unsubscribe(vec![a.clone()])).expect("a confirmation");
    assert_eq!(count(&link, &a), Ok(0));
}

#[test]
fn thousands_of_channels_are_subscribed_to_again() {
    let mut server = RedisServer::start();
    let (link, recorder) = start(options(&server.url()));
    let channels = (0..2_500).map(|number| Subscription::Channel(format!("c{number}").into()));
    wait(link.subscribe(channels.collect())).expect("a confirmation");
    server.kill();
    recorder.wait("it is away", |seen| !seen.is_up());
    let later = link.subscribe(vec![Subscription::Channel("later".into())]);
    let gone = link.unsubscribe(vec![Subscription::Channel("c0".into())]);
    let last = Subscription::Channel("c2499".into());
    assert_eq!(count(&link, &last), Err(QuestionFailed::Away));
    server.launch();
    wait(later).expect("a confirmation");
    wait(gone).expect("a confirmation");
    recorder.wait("it is back", Seen::is_up);
    assert_eq!(recorder.seen.lock().backs(), [Missed::Maybe]);
    let numsub: Vec<(String, usize)> = server.run("PUBSUB NUMSUB c0 c1 c2499 later");
    let counts: Vec<_> = numsub.into_iter().map(|(_, count)| count).collect();
    assert_eq!(counts, [0, 1, 1, 1]);
}

#[test]
fn publications_wait_until_others_have_subscribed_again() {
    let mut server = RedisServer::start();
    let channel = || Subscription::Channel("a".into());
    let (link, recorder) = start(options(&server.url()));
    let (other, others) = start(options(&server.url()));
    wait(link.subscribe(vec![channel()])).expect("a confirmation");
    wait(other.subscribe(vec![channel()])).expect("a confirmation");
    assert_eq!(count(&link, &channel()), Ok(2));
    server.kill();
    recorder.wait("it is away", |seen| !seen.is_up());
    others.wait("it is away", |seen| !seen.is_up());
    link.send(publication("a", "held")).expect("room");
    server.launch();
    others.wait("it comes", |seen| seen.messages == [("a".into(), "held".into())]);
}

#[test]
fn a_link_that_is_closed_sends_what_waits_and_ends() {
    let server = RedisServer::start();
    let (link, recorder) = start(stream_options(&server.url()));
    for number in 0..500 {
        link.send(append(&number.to_string())).expect("room");
    }
    let other = link.clone();
    link.close();
    assert_eq!(other.send(append("late")), Err(HoldFull));
    assert_eq!(wait(other.subscribe(vec![])), Err(LinkClosed));
    wait_until("its connections are gone", || {
        let clients: String = server.run("CLIENT LIST");
        !clients.contains("actix-socketio")
    });
    assert_eq!(server.stream().len(), 500);
    assert_eq!(recorder.seen.lock().given_up, []);
}
