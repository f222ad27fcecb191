//! The process of the server. It reads commands from its standard input, one on each line, and
//! writes its answers to its standard output.

use std::{
    fs, io,
    process::{self, ExitCode},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use actix_socketio::{
    Api, ApiKey, Builder, HandlerResult, History, Many, OnConnect, OnFinish, OnMessage, Recovery,
    SendError, SocketIo, channel,
};
use actix_web::{App, HttpServer};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::sleep;

/// The key of the HTTP API, and the line with its address.
pub(crate) const API_KEY: &str = "the-key-of-the-experiment";
pub(crate) const API_LINE: &str = "soak: the API is on ";

/// Warnings, and the line with the address.
const LOGGED: &str = "warn,actix_socketio::server::serve=info";

/// Counts the events that the handlers have handled.
#[derive(Default)]
struct HandlerCounts {
    connects: AtomicU64,
    finishes: AtomicU64,
    begun: AtomicU64,
    answered: AtomicU64,
}

/// The state of the process.
#[derive(Serialize, Deserialize)]
pub(crate) struct Reading {
    pub(crate) is_idle: bool,
    pub(crate) stats: Value,
    /// Open descriptors.
    pub(crate) fds: usize,
    pub(crate) rss_kb: u64,
    pub(crate) peak_kb: u64,
    pub(crate) cpu_ms: u64,
    /// How often `OnConnect` and `OnFinish` were handled.
    pub(crate) connects: u64,
    pub(crate) finishes: u64,
    /// Events `slow`: handlers started, and acknowledgements given.
    pub(crate) begun: u64,
    pub(crate) answered: u64,
}

impl Reading {
    fn new(io: &SocketIo, done: &HandlerCounts) -> io::Result<Self> {
        let stats = io.stats();
        let status = fs::read_to_string("/proc/self/status")?;
        let kb = |name| {
            let line = status.lines().find_map(|line: &str| line.strip_prefix(name));
            line.and_then(|line| line.trim_end_matches("kB").trim().parse().ok()).unwrap_or(0)
        };
        let stat = fs::read_to_string("/proc/self/stat")?;
        // The fields follow the name of the program, which may contain spaces.
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        let ticks: u64 =
            fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
        Ok(Self {
            is_idle: stats.is_idle(),
            stats: serde_json::to_value(&stats)?,
            // Without the descriptor of this very listing.
            fds: fs::read_dir("/proc/self/fd")?.count() - 1,
            rss_kb: kb("VmRSS:"),
            peak_kb: kb("VmHWM:"),
            cpu_ms: ticks * 10,
            connects: done.connects.load(Relaxed),
            finishes: done.finishes.load(Relaxed),
            begun: done.begun.load(Relaxed),
            answered: done.answered.load(Relaxed),
        })
    }

    /// A number of the stats, or the sum of an object of numbers.
    pub(crate) fn stat(&self, path: &str) -> u64 {
        match self.stats.pointer(path) {
            Some(Value::Object(numbers)) => numbers.values().filter_map(Value::as_u64).sum(),
            number => number.and_then(Value::as_u64).unwrap_or(0),
        }
    }
}

pub(crate) fn run(settings: &[String]) -> ExitCode {
    env_logger::Builder::new().parse_filters(LOGGED).init();
    match actix_web::rt::System::new().block_on(serve(settings)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("soak: the server: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(settings: &[String]) -> io::Result<()> {
    let done = Arc::new(HandlerCounts::default());
    let mut settings = settings.to_vec();
    let has_api = settings.iter().position(|setting| setting == "api=1");
    let has_api = has_api.map(|at| settings.remove(at)).is_some();
    let builder =
        settings.iter().try_fold(handlers(&done), |builder, setting| set(builder, setting));
    let builder =
        builder.ok_or_else(|| io::Error::other(format!("unknown settings: {settings:?}")))?;
    let io = builder.build().map_err(io::Error::other)?;
    if has_api {
        serve_api(&io)?;
    }
    let (commanded, counts) = (io.clone(), Arc::clone(&done));
    thread::spawn(move || {
        for line in io::stdin().lines().map_while(Result::ok) {
            if let Err(error) = command(&commanded, &counts, &line) {
                eprintln!("soak: {line:?}: {error}");
            }
        }
        // The first process has ended without stopping this one.
        process::exit(3);
    });
    io.clone().serve("127.0.0.1:0").await?;
    print(&Reading::new(&io, &done)?)
}

/// Serves the HTTP API with one worker, on a port of its own.
fn serve_api(io: &SocketIo) -> io::Result<()> {
    let api = Api::new([ApiKey::new("soak", API_KEY)])?;
    let io = io.clone();
    let server = HttpServer::new(move || App::new().configure(io.api(&api)))
        .workers(1)
        .disable_signals()
        .bind(("127.0.0.1", 0))?;
    eprintln!("{API_LINE}{}", server.addrs()[0]);
    actix_web::rt::spawn(server.run());
    Ok(())
}

fn handlers(done: &Arc<HandlerCounts>) -> Builder {
    let [connects, finishes, messages] = [(); 3].map(|()| Arc::clone(done));
    SocketIo::builder()
        .route(channel("^room").allow_publish())
        .on_connect(async move |_: OnConnect| -> HandlerResult {
            connects.connects.fetch_add(1, Relaxed);
            Ok(())
        })
        .on_message(async move |event: OnMessage| -> HandlerResult {
            if event.event() == "slow" {
                messages.begun.fetch_add(1, Relaxed);
                sleep(Duration::from_millis(event.json()?)).await;
                event.ack("done")?;
                messages.answered.fetch_add(1, Relaxed);
            }
            Ok(())
        })
        .on_finish(async move |_: OnFinish| -> HandlerResult {
            finishes.finishes.fetch_add(1, Relaxed);
            Ok(())
        })
}

/// Applies a setting `name=number`. Times are in milliseconds.
fn set(builder: Builder, setting: &str) -> Option<Builder> {
    let (name, number) = setting.split_once('=')?;
    let number: u32 = number.parse().ok()?;
    let (time, count) = (Duration::from_millis(number.into()), number as usize);
    Some(match name {
        "close_timeout" => builder.close_timeout(time),
        "connect_timeout" => builder.connect_timeout(time),
        "tcp_timeout" => builder.tcp_timeout(time),
        "ping_interval" => builder.ping_interval(time),
        "ping_timeout" => builder.ping_timeout(time),
        "max_connections" => builder.max_connections(count),
        "max_outbox" => builder.max_outbox(count),
        // 0: the channels keep nothing, and no client comes back.
        "recovery" if count == 0 => builder.route(channel("^storm-")),
        "recovery" => builder
            .recovery(Recovery::new())
            .route(channel("^storm-").history(History::last(count * 1000))),
        _ => return None,
    })
}

fn command(io: &SocketIo, done: &HandlerCounts, line: &str) -> io::Result<()> {
    match line.split_once(' ') {
        Some(("publish", rest)) => {
            let (channel, data) = rest.split_once(' ').unwrap_or((rest, ""));
            io.broadcast_channel(channel, data).map_err(io::Error::other)
        }
        Some(("fill", rest)) => {
            let numbers =
                rest.split_once(' ').map(|(channels, count)| (channels.parse(), count.parse()));
            let Some((Ok(channels), Ok(count))) = numbers else {
                return Err(io::Error::other("two numbers"));
            };
            fill(io, channels, count)
        }
        // Peak memory (VmHWM) starts anew.
        None if line == "reset_peak" => fs::write("/proc/self/clear_refs", "5"),
        _ => print(&Reading::new(io, done)?),
    }
}

/// Publishes numbers from 0 to each of the channels `storm-…`.
fn fill(io: &SocketIo, channels: usize, count: usize) -> io::Result<()> {
    let text = "x".repeat(64);
    for number in 0..count {
        for channel in 0..channels {
            let publish =
                || io.to(format!("storm-{channel}")).emit("storm", &Many((channel, number, &text)));
            while let Err(error) = publish() {
                if !matches!(error, SendError::Overloaded) {
                    return Err(io::Error::other(error));
                }
                thread::sleep(Duration::from_millis(1));
            }
        }
    }
    Ok(())
}

fn print(reading: &Reading) -> io::Result<()> {
    println!("{}", serde_json::to_string(reading)?);
    Ok(())
}
