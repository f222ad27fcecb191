use std::{
    env,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
};

use actix_socketio::{Position, SocketIo};
use rand::RngExt;

use super::{folder, kept, server, system};

/// How often the server is killed, unless [`KILLS_WANTED`] says it.
const KILLS: usize = 100;
/// How often to kill it, in the environment.
const KILLS_WANTED: &str = "ACTIX_SOCKETIO_DISK_KILLS";
/// Tells the child where its files are.
const FOLDER: &str = "ACTIX_SOCKETIO_DISK_SERVER";

/// The knowledge of clients and publishers, from all runs.
#[derive(Default)]
struct Confirmed {
    /// In each channel: numbers, with their positions.
    live: Vec<(u32, Position)>,
    committed: Vec<(u32, Position)>,
}

/// This test runs itself as another process, and kills it.
#[test]
fn a_kill_loses_nothing_that_was_confirmed_and_no_position_is_given_twice() {
    if let Some(folder) = env::var_os(FOLDER) {
        system(publish_until_killed(Path::new(&folder)));
    }
    let wanted = env::var(KILLS_WANTED).map(|wanted| wanted.parse().expect("a number"));
    let folder = folder();
    let mut confirmed = Confirmed::default();
    for kill in 0..wanted.unwrap_or(KILLS) {
        run_and_kill(folder.path(), &mut confirmed, kill);
        if kill % 3 == 2 {
            system(async { check(&server(folder.path()), &confirmed, kill) });
        }
    }
}

/// Runs the child until it has confirmed some publications.
fn run_and_kill(folder: &Path, confirmed: &mut Confirmed, kill: usize) {
    let mut child = Command::new(env::current_exe().expect("this program"))
        .args(["--exact", "--nocapture", "--test-threads=1"])
        .arg("kills::a_kill_loses_nothing_that_was_confirmed_and_no_position_is_given_twice")
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program runs");
    let output = BufReader::new(child.stdout.take().expect("it is piped"));
    let (wanted, mut seen) = (rand::rng().random_range(1..40), 0);
    // Lines that are on their way when it dies count as well: it has said them.
    for line in output.lines().map_while(Result::ok) {
        let [channel, number, position] = line.split(' ').collect::<Vec<_>>()[..] else { continue };
        let (Ok(number), Ok(position)) = (number.parse(), position.parse::<Position>()) else {
            continue;
        };
        let known = confirmed.live.iter().chain(&confirmed.committed);
        for (_, before) in known {
            let is_later = position.to_string() > before.to_string();
            assert!(is_later, "kill {kill}: {position} after {before}");
        }
        match channel {
            "LIVE" => confirmed.live.push((number, position)),
            "COMMITTED" => confirmed.committed.push((number, position)),
            _ => continue,
        }
        seen += 1;
        if seen == wanted {
            child.kill().expect("it runs");
        }
    }
    let status = child.wait().expect("it ends");
    assert!(!status.success() && seen >= wanted, "kill {kill}: it ended by itself: {status}");
}

fn check(io: &SocketIo, confirmed: &Confirmed, kill: usize) {
    let live = kept(io, "live-1");
    for (number, _) in confirmed.live.iter().rev().take(10) {
        assert!(live.contains(number), "kill {kill}: {number} is not in {live:?}");
    }
    // Nothing of this channel was delivered and is lost, and nothing is there twice.
    let earlier = confirmed.committed.len().saturating_sub(50);
    let Some((_, since)) = confirmed.committed.get(earlier) else { return };
    let past = io.history("committed-1").expect("a name").since(*since).read();
    assert!(past.is_whole, "kill {kill}");
    let positions = past.messages.iter().map(|message| message.position.to_string());
    let positions: Vec<_> = positions.collect();
    assert!(positions.is_sorted_by(|one, next| one < next), "kill {kill}: {positions:?}");
    let mut found = past.messages.iter().map(|message| message.args.get::<u32>(0).ok());
    for (number, _) in &confirmed.committed[earlier + 1..] {
        // Those that were committed and not confirmed stand between.
        assert!(
            found.any(|found| found == Some(*number)),
            "kill {kill}: {number} is missing, or not in its place"
        );
    }
}

/// The child: it says what was confirmed.
async fn publish_until_killed(folder: &Path) {
    let io = server(folder);
    let start = kept(&io, "committed-1").into_iter().chain(kept(&io, "live-1")).max();
    for number in start.unwrap_or_default() + 1.. {
        let live = io.to("live-1").durable().publish("goal", &number).await;
        say("LIVE", number, live.expect("it is durable").position);
        let committed = io.to("committed-1").publish("goal", &number).await;
        say("COMMITTED", number, committed.expect("it is committed").position);
    }
}

fn say(channel: &str, number: u32, position: Position) {
    let mut out = std::io::stdout().lock();
    // Nothing reads it any more if this process is about to be killed.
    let _ = writeln!(out, "{channel} {number} {position}").and_then(|()| out.flush());
}
