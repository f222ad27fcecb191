use std::{fs, path::Path};

use super::*;

/// A server with more settings than its options, from a file in this folder.
fn server(folder: &Path, settings: &str) -> RedisServer {
    let file = folder.join("redis.conf");
    fs::write(&file, settings).expect("it is written");
    RedisServer::start_by(file.to_str().expect("text"), &["--save", ""])
}

fn check(target: Target) {
    let options = LinkOptions { target, ..stream_options("redis://127.0.0.1:1") };
    let (link, recorder) = start(options);
    wait(link.subscribe(vec![Subscription::Channel("a".into())])).expect("a confirmation");
    link.send(append("entry")).expect("room");
    link.send(publication("a", "message")).expect("room");
    recorder.wait("both come", |seen| {
        seen.data() == ["entry"] && seen.messages == [("a".into(), "message".into())]
    });
}

#[test]
fn a_link_goes_by_a_unix_socket() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("redis.sock");
    let _server = server(folder.path(), &format!("unixsocket {}\n", socket.display()));
    wait_until("the socket is there", || socket.exists());
    let url = format!("redis+unix://{}", socket.display());
    check(Target::single(&url).expect("an address"));
}

#[test]
fn a_database_is_chosen_by_its_number() {
    let server = RedisServer::start();
    let url = format!("{}/3", server.url());
    let (link, _) = start(stream_options(&url));
    wait(link.send_confirmed(append("x")).expect("room").1).expect("it is sent");
    let keys: String = server.run("INFO keyspace");
    assert!(keys.contains("db3:keys=2") && !keys.contains("db0:"), "{keys}");
}

#[cfg(feature = "tls")]
#[test]
fn a_link_goes_by_tls_and_trusts_only_the_authority_it_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let names = vec![String::from("localhost"), String::from("127.0.0.1")];
    let own = rcgen::generate_simple_self_signed(names).expect("a certificate");
    let pem = own.cert.pem();
    let [cert, key] = ["cert.pem", "key.pem"].map(|name| folder.path().join(name));
    fs::write(&cert, &pem).expect("it is written");
    fs::write(&key, own.signing_key.serialize_pem()).expect("it is written");
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = free.local_addr().expect("an address").port();
    drop(free);
    let (cert, key) = (cert.display(), key.display());
    let settings = format!(
        "tls-port {port}\ntls-cert-file {cert}\ntls-key-file {key}\ntls-ca-cert-file {cert}\n\
         tls-auth-clients no\n"
    );
    let _server = server(folder.path(), &settings);
    let target = Target::single(&format!("rediss://localhost:{port}")).expect("an address");

    let recorder = Arc::new(Recorder::default());
    let strict = LinkOptions { target: target.clone(), ..options("redis://127.0.0.1:1") };
    let _link = Link::start(strict, recorder.clone()).expect("a thread");
    recorder.wait("it is not trusted", |seen| {
        matches!(&seen.statuses[..], [LinkStatus::Away { reason }] if reason.contains("ertificate"))
    });

    let root_cert = Some(pem.into_bytes());
    let certificates = redis::TlsCertificates { client_tls: None, root_cert };
    check(target.with_certificates(&certificates).expect("certificates"));
}
