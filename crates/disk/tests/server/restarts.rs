use actix_socketio::{Namespace, Position, SocketIo, test::TestServer};
use serde_json::{Value, json};

use super::{folder, kept, server, system};

async fn publish(io: &SocketIo, channel: &str, number: u32) -> Position {
    io.to(channel).publish("goal", &number).await.expect("it is published").position
}

/// Later positions are greater texts.
fn is_later(position: Position, other: Position) -> bool {
    position.to_string() > other.to_string()
}

/// Subscribes a new client, and returns the answer, and the numbers that it has missed.
async fn come_back(io: &SocketIo, channel: &str, since: Position) -> (Value, Vec<u32>) {
    let server = TestServer::new(io).await;
    let mut client = server.client().connect().await.expect("it is let in");
    let answer = client.ask_args("subscribe", &(channel, json!({"since": since}))).await;
    let answer: Value = answer.expect("an answer").get(1).expect("the answer");
    let mut missed = Vec::new();
    for _ in 0..answer["missed"].as_u64().expect("a number") {
        missed.push(client.next().await.args().get(0).expect("a number"));
    }
    client.nothing().await;
    client.close().await;
    (answer, missed)
}

#[test]
fn after_a_clean_stop_clients_have_missed_nothing() {
    let folder = folder();
    system(async {
        let io = server(folder.path());
        let first = publish(&io, "live-1", 1).await;
        publish(&io, "plain-1", 99).await;
        for number in 2..=10 {
            publish(&io, "live-1", number).await;
        }
        publish(&io, "live-quiet", 1).await;
        io.everyone().publish("goal", &3).await.expect("it is published");
        let end = io.position();
        assert!(io.shutdown().await);
        drop(io);

        let io = server(folder.path());
        assert!(is_later(io.position(), end), "{} {end}", io.position());
        assert_eq!(io.history_of_everyone().read().messages.len(), 1);
        let (answer, missed) = come_back(&io, "live-1", first).await;
        assert_eq!((&answer["recovered"], missed), (&json!(true), (2..=10).collect()));
        let (answer, missed) = come_back(&io, "live-quiet", end).await;
        assert_eq!((&answer["recovered"], missed), (&json!(true), vec![]));
        // It goes on in the same order.
        let next = publish(&io, "live-1", 11).await;
        assert!(is_later(next, end));
        let (answer, missed) = come_back(&io, "live-1", end).await;
        assert_eq!((&answer["recovered"], missed), (&json!(true), vec![11]));
        assert!(io.stats().store.expect("a store").health.is_healthy());
        assert!(io.shutdown().await && io.shutdown().await, "a second stop does no harm");
    });
}

#[test]
fn after_a_crash_clients_get_what_is_left_and_are_told() {
    let folder = folder();
    system(async {
        let io = server(folder.path());
        let first = publish(&io, "live-1", 1).await;
        publish(&io, "live-1", 2).await;
        let committed = publish(&io, "committed-1", 1).await;
        publish(&io, "committed-1", 2).await;
        let durable = io.to("live-1").durable().publish("goal", &3).await.expect("it is durable");
        // No clean stop.
        drop(io);

        let io = server(folder.path());
        let (answer, missed) = come_back(&io, "live-1", first).await;
        assert_eq!((&answer["recovered"], missed), (&json!(false), vec![2, 3]));
        assert_eq!(answer["reason"], "crash");
        let (answer, missed) = come_back(&io, "live-1", durable.position).await;
        assert_eq!((&answer["reason"], missed), (&json!("crash"), vec![]));
        // A client with a position since the crash misses nothing.
        let position =
            answer["position"].as_str().expect("a position").parse().expect("a position");
        publish(&io, "live-1", 4).await;
        let (answer, missed) = come_back(&io, "live-1", position).await;
        assert_eq!((&answer["recovered"], missed), (&json!(true), vec![4]));
        // A crash loses nothing that was delivered after its commit.
        let (answer, missed) = come_back(&io, "committed-1", committed).await;
        assert_eq!((&answer["recovered"], missed), (&json!(true), vec![2]));
        let past = io.history("committed-1").expect("a name").since(committed).read();
        assert!(past.is_whole && past.messages.len() == 1);
        assert!(!io.history("live-1").expect("a name").since(first).read().is_whole);
        // A quiet channel may have lost something, too.
        let (answer, _) = come_back(&io, "live-quiet", first).await;
        assert_eq!(answer["reason"], "crash");
    });
}

#[test]
fn bounds_hold_over_restarts() {
    let folder = folder();
    system(async {
        let io = server(folder.path());
        let first = publish(&io, "live-1", 0).await;
        for number in 1..=50 {
            publish(&io, "live-1", number).await;
            publish(&io, "old-1", number).await;
        }
        assert!(io.shutdown().await);
        drop(io);
        for _ in 0..2 {
            let io = server(folder.path());
            assert_eq!(kept(&io, "live-1"), (31..=50).collect::<Vec<_>>());
            assert_eq!(kept(&io, "old-1"), [] as [u32; 0], "they are too old");
            let (answer, _) = come_back(&io, "live-1", first).await;
            assert_eq!(answer["reason"], "trimmed");
            let (answer, _) = come_back(&io, "old-1", first).await;
            assert_eq!(answer["reason"], "trimmed");
            assert!(io.shutdown().await);
        }
    });
}

#[test]
fn a_dynamic_namespace_is_restored_with_its_first_client() {
    let folder = folder();
    system(async {
        let first = tenant(&server(folder.path()), &[1, 2]).await;
        // It is not visited in one run.
        assert!(server(folder.path()).shutdown().await);
        let io = server(folder.path());
        let server = TestServer::new(&io).await;
        let mut client = server.client().namespace("/tenant-7").connect().await.expect("let in");
        let answer = client.ask_args("subscribe", &("news", json!({"since": first}))).await;
        let answer: Value = answer.expect("an answer").get(1).expect("the answer");
        assert_eq!((&answer["recovered"], &answer["missed"]), (&json!(true), &json!(1)));
        assert_eq!(client.next().await, ("goal", json!([2])));
        client.close().await;
    });
}

/// Publishes to a tenant, and stops. Returns the first position.
async fn tenant(io: &SocketIo, numbers: &[u32]) -> Position {
    let server = TestServer::new(io).await;
    let client = server.client().namespace("/tenant-7").connect().await.expect("it is let in");
    assert!(io.namespaces().contains(&Namespace::new("/tenant-7")));
    let tenant = io.of("/tenant-7");
    let mut first = None;
    for number in numbers {
        let position = publish(&tenant, "news", *number).await;
        first.get_or_insert(position);
    }
    client.close().await;
    assert!(io.shutdown().await);
    first.expect("some")
}

#[test]
fn a_clean_stop_keeps_sessions_and_a_crash_does_not() {
    let folder = folder();
    system(async {
        let io = server(folder.path());
        let server_of_tests = TestServer::new(&io).await;
        let asks = json!({"offsets": true});
        let client = server_of_tests.client().auth(&asks).connect().await.expect("it is let in");
        let id = client.id();
        client.socket().context().insert("name", "Ada").expect("a string");
        client.socket().subscribe("live-1").expect("it is connected");
        assert!(io.shutdown().await);
        assert!(io.to("live-1").publish("goal", &1).await.is_err(), "it would be lost");
        drop((client, server_of_tests, io));

        for _ in 0..2 {
            let io = server(folder.path());
            let stats = io.stats();
            assert_eq!((stats.sessions_away, stats.sessions_ended["restart"]), (1, 0));
            assert!(io.shutdown().await);
        }
        // This run has no clean end.
        assert!(server(folder.path()).stats().sessions_away_bytes > 0);
        let io = server(folder.path());
        assert_eq!(io.stats().sessions_away, 0);
        assert!(!io.forget(&id));
    });
}

#[test]
fn a_quiet_channel_is_not_told_trimmed_after_a_crash() {
    let folder = folder();
    system(async {
        let io = server(folder.path());
        let first = publish(&io, "committed-1", 1).await;
        for number in 0..60 {
            publish(&io, "live-1", number).await;
        }
        io.to("live-1").durable().publish("goal", &60).await.expect("it is durable");
        drop(io);

        let io = server(folder.path());
        for channel in ["committed-1", "committed-quiet", "live-quiet"] {
            let (answer, missed) = come_back(&io, channel, first).await;
            let is_exact = answer["recovered"] == true || answer["reason"] == "crash";
            assert!(is_exact && missed.is_empty(), "{channel}: {answer}");
        }
    });
}
