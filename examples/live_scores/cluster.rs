//! The live scores on several servers: see `examples/cluster/README.md`.
//!
//! One server plays the matches, and publishes to the clients of all. The others ask it for what a
//! new client needs.

#[path = "cluster/http.rs"]
mod http;
#[path = "cluster/player.rs"]
mod player;
#[path = "cluster/source.rs"]
mod source;

mod course;
#[path = "../listen.rs"]
mod listen;
mod listing;
#[allow(dead_code, reason = "the demo reads other files, too")]
mod matches;
mod minute;
mod names;
mod page;
mod publish;
#[allow(dead_code, reason = "the demo shows a command that reports a goal")]
mod report;
mod schedule;
#[allow(dead_code, reason = "the demo counts who watches")]
mod scoreboard;
mod slug;
#[allow(dead_code, reason = "the demo counts who watches")]
mod standing;
mod token;
#[allow(dead_code, reason = "the demo counts who watches")]
mod wire;

use std::{env, process::ExitCode, time::Duration};

use actix_socketio::{OnServerEvent, prelude::*};
use actix_socketio_redis::Cluster;
use actix_web::{App, HttpServer, web};

use crate::{source::Source, token::Token};

const HELP: &str = "\
Live scores on several servers, which a Redis joins to a cluster.

Usage: live_scores_cluster ADDRESS REDIS [--plays]

  ADDRESS  where to listen: HOST:PORT
  REDIS    redis://HOST:PORT
  --plays  play the matches: one server of the cluster does so
";

fn main() -> ExitCode {
    env_logger::init_from_env(env_logger::Env::default().default_filter_or("warn"));
    let mut args: Vec<_> = env::args().skip(1).collect();
    let plays = args.last().is_some_and(|last| last == "--plays");
    if plays {
        args.pop();
    }
    let [address, redis] = &args[..] else {
        eprint!("{HELP}");
        return ExitCode::from(2);
    };
    match actix_web::rt::System::new().block_on(serve(address, redis, plays)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("live_scores_cluster: {error:?}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(address: &str, redis: &str, plays: bool) -> Result<(), listen::Failure> {
    let source = if plays { Source::here()? } else { Source::elsewhere() };
    // As the demo without a cluster, but for presence.
    let history = History::last(1_000).within(Duration::from_secs(180));
    let (goals, one) = (source.clone(), source.clone());
    let (snapshots, reports) = (source.clone(), source.clone());
    let io = SocketIo::builder()
        .cluster(Cluster::redis(redis)?)
        .recovery(Recovery::new())
        .route(
            channel("^goals$")
                .history(history)
                .on_subscribe(async move |event: OnSubscribe| goals.enter(event).await),
        )
        .route(
            channel("^match-")
                .history(history)
                .on_subscribe(async move |event: OnSubscribe| one.enter(event).await),
        )
        .on_server_event(async move |event: OnServerEvent| match event.event() {
            "snapshot" => snapshots.answer_snapshot(event).await,
            "report" => reports.answer_report(event).await,
            _ => Ok(()),
        })
        .build()?;
    source.start(&io);

    let token = web::Data::new(Token::random());
    let (app, printed) = (io.clone(), token.clone());
    let server = HttpServer::new(move || {
        App::new()
            .configure(app.mount())
            .configure(http::services)
            .app_data(token.clone())
            .app_data(web::Data::new(source.clone()))
    })
    .socketio(&io)
    .bind(address)
    .map_err(|error| listen::Failure::binding(address, &error))?;
    for address in server.addrs() {
        println!("open {}", listen::url(address));
    }
    println!("TOKEN={}", printed.reveal());
    server.run().await?;
    Ok(())
}
