use std::fs;

use super::*;

/// A sentinel for a master, whose replicas it finds.
fn sentinel(master: u16) -> RedisServer {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let text = format!(
        "sentinel monitor mymaster 127.0.0.1 {master} 1\n\
         sentinel down-after-milliseconds mymaster 500\n\
         sentinel failover-timeout mymaster 3000\n"
    );
    fs::write(file.path(), text).expect("it is written");
    // A sentinel writes into its file for as long as it lives.
    let (_, path) = file.keep().expect("it stays");
    RedisServer::start_by(path.to_str().expect("text"), &["--sentinel"])
}

#[test]
fn the_master_is_found_by_its_name_and_found_anew_after_a_failover() {
    let mut first = RedisServer::start_durable();
    let second = RedisServer::start_durable();
    let _: String = second.run(&format!("REPLICAOF 127.0.0.1 {}", first.port()));
    wait_until("it replicates", || {
        second.run::<String>("INFO replication").contains("master_link_status:up")
    });
    let sentinel = sentinel(first.port());
    wait_until("the sentinel knows the replica", || {
        let replicas: Vec<redis::Value> = sentinel.run("SENTINEL REPLICAS mymaster");
        replicas.len() == 1
    });
    let nobody = "redis://127.0.0.1:1";
    let target = Target::sentinel(&[nobody, &sentinel.url()], "redis://mymaster");
    let target = target.expect("addresses");
    let (link, recorder) = start(LinkOptions { target, ..stream_options(nobody) });
    wait(link.send_confirmed(append("before")).expect("room").1).expect("it is sent");
    wait_until("it is replicated", || second.stream() == ["before"]);

    first.kill();
    recorder.wait("it is away", |seen| !seen.is_up());
    link.send(append("meanwhile")).expect("room");
    recorder.wait("it is back", Seen::is_up);
    recorder.wait("both come", |seen| seen.data() == ["before", "meanwhile"]);
    assert_eq!(second.stream(), ["before", "meanwhile"]);
    assert_eq!(recorder.seen.lock().backs(), [Missed::Nothing]);
}

#[test]
fn a_master_that_no_sentinel_knows_is_said_to_be_unknown() {
    let sentinel = sentinel(1);
    let target = Target::sentinel(&[&sentinel.url()], "redis://other").expect("addresses");
    let recorder = Arc::new(Recorder::default());
    let options = LinkOptions { target, ..options("redis://127.0.0.1:1") };
    let _link = Link::start(options, recorder.clone()).expect("a thread");
    recorder.wait("it is told", |seen| {
        matches!(&seen.statuses[..], [LinkStatus::Away { reason }] if reason.contains("sentinel"))
    });
}
