//! The wall clock jumps, as when a clock is corrected. Only timestamps may change.

use std::{
    env, fs,
    path::PathBuf,
    process::Command,
    thread,
    time::{Duration, Instant, SystemTime},
};

use crate::{
    fixture::Fixture,
    needs::{Need, is_there},
    programs,
    raw::{AttendedWebSocket, PollingSession, WebSocket},
    wait::wait_until,
};

const ITSELF: &str = "clock::clients_stay_and_are_pinged_while_the_wall_clock_jumps_by_an_hour";
/// The file from which the process reads the offset of its clock.
const OFFSET: &str = "FAKETIME_TIMESTAMP_FILE";
const HOUR: i64 = 3600;
const PING_INTERVAL: Duration = Duration::from_millis(100);
const CROWD: usize = 20;

#[test]
fn clients_stay_and_are_pinged_while_the_wall_clock_jumps_by_an_hour() {
    if let Ok(file) = env::var(OFFSET) {
        return clients_stay(&file);
    }
    if !is_there(ITSELF, Need::Faketime) {
        return;
    }
    let file =
        Temporary(env::temp_dir().join(format!("actix-socketio-clock-{}", std::process::id())));
    fs::write(&file.0, "+0").expect("a temporary file");
    let mut command = Command::new("faketime");
    // The program sets `FAKETIME`, which takes precedence over the file.
    command.args(["-m", "--exclude-monotonic", "-f", "+0", "env", "--unset=FAKETIME"]);
    command.arg(env::current_exe().expect("a program")).args(["--exact", ITSELF, "--nocapture"]);
    command
        .env(OFFSET, &file.0)
        .env("FAKETIME_NO_CACHE", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    let said = programs::run(command);
    assert!(
        said.contains("1 passed") && said.contains("the wall clock has jumped by -3600 s"),
        "{said}"
    );
    println!("{said}");
}

struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Seconds by which the wall clock is ahead of the monotonic one.
fn ahead(wall: SystemTime, monotonic: Instant) -> i64 {
    let now = SystemTime::now();
    let gone = now
        .duration_since(wall)
        .map_or_else(|error| -error.duration().as_secs_f64(), |gone| gone.as_secs_f64());
    (gone - monotonic.elapsed().as_secs_f64()).round() as i64
}

fn clients_stay(file: &str) {
    let fixture = Fixture::with(|builder| {
        builder.ping_interval(PING_INTERVAL).ping_timeout(Duration::from_secs(2))
    });
    let (wall, monotonic) = (SystemTime::now(), Instant::now());
    let (crowd, mut ids): (Vec<_>, Vec<_>) = (0..CROWD)
        .map(|_| {
            let mut ws = WebSocket::open(fixture.addr);
            let id = ws.join();
            (AttendedWebSocket::new(ws), id)
        })
        .unzip();
    let (polling, id) = PollingSession::join(fixture.addr);
    ids.push(id);
    let poller = thread::spawn(move || {
        loop {
            let answer = polling.get();
            match (answer.status, &*answer.body) {
                (200, "2") => polling.post("3").assert_ok(),
                (200, "41") => {}
                (200, "1") => return,
                other => panic!("no ping: {other:?}"),
            }
        }
    });
    let mut before = 0;
    for offset in [0, HOUR, 0, -HOUR, HOUR, -HOUR, 0] {
        // Rename, so that the process never reads a partial file.
        fs::write(format!("{file}.new"), format!("{offset:+}")).expect("a temporary file");
        fs::rename(format!("{file}.new"), file).expect("a temporary file");
        let pings: Vec<_> = crowd.iter().map(AttendedWebSocket::pings).collect();
        let jumped = Instant::now();
        assert_eq!(
            ahead(wall, monotonic),
            offset,
            "the wall clock has jumped, and the other has not"
        );
        println!("the wall clock has jumped by {} s", offset - before);
        before = offset;
        wait_until("all are pinged as before", || {
            crowd.iter().zip(&pings).all(|(client, before)| client.pings() >= before + 5)
        });
        // Each ping follows the last pong by one interval.
        let most = 2 + jumped.elapsed().as_millis() as usize / PING_INTERVAL.as_millis() as usize;
        let come = crowd.iter().zip(&pings).map(|(client, before)| client.pings() - before).max();
        println!("5 pings took {:?}", jumped.elapsed());
        assert!(come.is_some_and(|come| come <= most), "{come:?} pings, where {most} were due");
        assert_eq!(fixture.io.connections(), CROWD + 2, "all clients stay");
    }
    for id in ids {
        assert_eq!(fixture.journal.of(id), ["connect"]);
        fixture.io.socket(&id).expect("the socket is connected").close();
    }
    poller.join().expect("a polling client that is pinged");
    drop(crowd);
    fixture.assert_all_freed();
}
