//! Live scores in every open browser: `cargo run --release --example live_scores`
//!
//! README.md beside this file describes what you see, and the messages.

mod cli;
mod course;
mod http;
#[path = "../listen.rs"]
mod listen;
mod listing;
mod local;
mod matches;
mod minute;
mod names;
mod page;
mod publish;
mod report;
mod schedule;
mod scoreboard;
mod scores;
mod slug;
mod standing;
mod token;
mod wire;
mod worldcup;

use std::{
    env,
    fmt::Display,
    process::ExitCode,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use actix::prelude::*;
use actix_socketio::prelude::*;
use actix_web::{App, HttpServer, web};

use crate::{
    cli::{Command, Options},
    matches::Match,
    schedule::Clock,
    scoreboard::Scoreboard,
    scores::{Scores, Start},
    token::Token,
};

fn main() -> ExitCode {
    env_logger::init_from_env(env_logger::Env::default().default_filter_or("warn"));
    let options = match cli::parse(env::args_os().skip(1), env::var_os("PORT")) {
        Ok(Command::Help) => {
            print!("{}", cli::HELP);
            return ExitCode::SUCCESS;
        }
        Ok(Command::Run(options)) => options,
        Err(error) => return usage_error(&error),
    };
    let matches = match &options.matches {
        Some(file) => worldcup::load(file).map_err(|error| error.to_string()),
        None => listing::embedded().map_err(|error| format!("matches.txt: {error}")),
    };
    let matches = match matches {
        Ok(matches) => matches,
        Err(error) => return usage_error(&error),
    };
    match actix_web::rt::System::new().block_on(serve(&options, matches)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("live_scores: {error:?}");
            ExitCode::FAILURE
        }
    }
}

fn usage_error(error: &dyn Display) -> ExitCode {
    eprintln!("live_scores: {error}");
    ExitCode::from(2)
}

async fn serve(options: &Options, matches: Vec<Match>) -> Result<(), listen::Failure> {
    // A system clock before 1970 counts as 1970.
    let day = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let clock = Clock { started: day, speed: options.speed };
    let board = Scoreboard::new(matches, clock.at(Duration::ZERO), clock.speed);
    let endless = board.endless().unwrap_or_default().to_owned();
    let scores = Scores::new(board, clock, Instant::now()).start();

    // A page that is back in time receives what it missed. After that it gets a snapshot. The
    // window begins when the server notices that the page is away, which takes up to 45 s.
    let history = History::last(1_000).within(options.window + Duration::from_secs(60));
    // Each page counts, and the others learn how many there are.
    let grace = options.window.min(Duration::from_secs(15));
    let presence = Presence::by(Socket::id).grace(grace).max_members(0);
    let io = SocketIo::builder()
        .recovery(Recovery::new().window(options.window))
        .route(channel("^goals$").history(history).presence(presence.clone()).to(&scores))
        .route(channel("^match-").history(history).presence(presence).to(&scores))
        .build()?;
    scores.do_send(Start(io.clone()));

    let token = web::Data::new(Token::random());
    let printed = token.clone();
    let app = io.clone();
    let server = HttpServer::new(move || {
        App::new()
            .configure(app.mount())
            .configure(http::services)
            .app_data(token.clone())
            .app_data(web::Data::new(scores.clone()))
    })
    .socketio(&io)
    .bind(&options.address)
    .map_err(|error| listen::Failure::binding(&options.address, &error))?;
    let urls: Vec<_> = server.addrs().into_iter().map(listen::url).collect();
    for url in &urls {
        println!("open {url}");
    }
    println!("to report a goal, TOKEN={}", printed.reveal());
    if let Some(url) = urls.first() {
        println!("  {}", report::command(url, &endless, printed.reveal()));
    }
    server.run().await?;
    Ok(())
}
