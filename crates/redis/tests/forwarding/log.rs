//! The log, which has no secrets.

use std::{io::Write as _, sync::Mutex};

use base64::{Engine as _, prelude::BASE64_STANDARD_NO_PAD, prelude::BASE64_URL_SAFE_NO_PAD};
use log::{LevelFilter, Log, Metadata, Record};

use crate::{
    common::{Need, RedisServer, all_there, wait_until},
    nodes::{Node, plain},
    raw::{self, connect, get, open_over, poll},
};

/// All lines of this program.
static LINES: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Collecting;

impl Log for Collecting {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let mut lines = LINES.lock().expect("no thread panics");
        writeln!(lines, "{} {}", record.target(), record.args()).expect("memory");
    }

    fn flush(&self) {}
}

#[test]
fn neither_the_secret_nor_a_session_is_in_the_log() {
    if !all_there("servers of a cluster", &[Need::Redis]) {
        return;
    }
    log::set_logger(&Collecting).expect("the only logger");
    log::set_max_level(LevelFilter::Trace);
    let redis = RedisServer::start();
    let [one, two]: [Node; 2] = plain(&redis);
    let sid = open_over(one.addr, two.addr);
    get(two.addr, &poll("goneAAAAAAAAAAAAAAAA"), "").assert_unknown_session();
    let forged = "x-socketio-forwarded: 1.forged\r\n";
    assert_eq!(get(two.addr, &poll(&sid), forged).status, 403);
    let mut broken = connect(two.addr);
    broken.write_all(raw::head("GET", &poll(&sid), "").as_bytes()).expect("a poll");
    wait_until("it is passed on", || two.stats().forwarding == 1);
    drop(broken);
    wait_until("the session ends", || one.stats().connections == 0);
    let secret: Vec<u8> = redis.command(&["GET", "socket.io:secret"]);
    let shown = format!("{:?} {:?}", one.io, two.io);
    drop((one, two));
    let lines = LINES.lock().expect("no thread panics").clone();
    let lines = String::from_utf8(lines).expect("text") + &shown;
    assert!(lines.contains("a request for the node gone fails: unknown_node"), "it is collected");
    let hexadecimal: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    for text in [
        hexadecimal,
        BASE64_STANDARD_NO_PAD.encode(&secret),
        BASE64_URL_SAFE_NO_PAD.encode(&secret),
        format!("{secret:?}"),
        secret.escape_ascii().to_string(),
        "x-socketio-forwarded".to_owned(),
    ] {
        assert!(!lines.contains(&text), "{text}");
    }
    // actix-http writes whole requests at `trace`, which docs/security.md says.
    let of_ours = lines.lines().filter(|line| line.starts_with("actix_socketio"));
    assert_eq!(of_ours.filter(|line| line.contains(&sid)).count(), 0);
}
