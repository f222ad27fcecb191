//! Live scores in every open browser: `cargo run --release --example live_scores`
//!
//! README.md beside this file describes what you see, and the messages.

mod cli;
mod course;
mod listing;
mod matches;
mod minute;
mod names;
mod page;
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
    io,
    process::ExitCode,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use actix::prelude::*;
use actix_socketio::{SocketIo, SocketIoServerExt, channel};
use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    http::{StatusCode, header},
    web,
};

use crate::{
    cli::{Command, Options},
    matches::Match,
    report::Report,
    schedule::Clock,
    scoreboard::Scoreboard,
    scores::{Goal, Scores, Start},
    token::Token,
};

fn main() -> ExitCode {
    env_logger::init_from_env(env_logger::Env::default().default_filter_or("warn"));
    let options = match cli::parse(env::args_os().skip(1)) {
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
            eprintln!("live_scores: can't serve at {}: {error}", options.address);
            ExitCode::FAILURE
        }
    }
}

fn usage_error(error: &dyn Display) -> ExitCode {
    eprintln!("live_scores: {error}");
    ExitCode::from(2)
}

async fn serve(options: &Options, matches: Vec<Match>) -> io::Result<()> {
    // A system clock before 1970 counts as 1970.
    let day = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let clock = Clock { started: day, speed: options.speed };
    let board = Scoreboard::new(matches, clock.at(Duration::ZERO));
    let scores = Scores::new(board, clock, Instant::now()).start();

    let io = SocketIo::builder()
        .route(channel("^goals$").to(&scores))
        .route(channel("^match-").to(&scores))
        .build()?;
    scores.do_send(Start(io.clone()));

    let token = web::Data::new(Token::random());
    let printed = token.clone();
    let app = io.clone();
    let server = HttpServer::new(move || {
        App::new()
            .configure(app.mount())
            .configure(pages)
            .app_data(token.clone())
            .app_data(web::Data::new(scores.clone()))
            // More than a report may have, so that a longer one is refused with a reason.
            .app_data(web::PayloadConfig::new(2 * report::LONGEST_BODY))
            .route("/matches/{id}/goals", web::post().to(goal))
    })
    .socketio(&io)
    .bind(&options.address)?;
    for addr in server.addrs() {
        println!("open http://{addr}");
    }
    println!("to report a goal, TOKEN={}", printed.reveal());
    server.run().await
}

fn pages(services: &mut web::ServiceConfig) {
    for file in page::FILES {
        let answer = move || async move {
            let mut response = HttpResponse::Ok();
            response.content_type(file.content_type);
            for header in page::HEADERS {
                response.insert_header(header);
            }
            response.body(file.body)
        };
        services.route(file.path, web::get().to(answer));
        services.route(file.path, web::head().to(answer));
    }
}

/// `POST /matches/{id}/goals`
async fn goal(
    request: HttpRequest,
    id: web::Path<String>,
    body: web::Bytes,
    token: web::Data<Token>,
    scores: web::Data<Addr<Scores>>,
) -> HttpResponse {
    let authorization = request.headers().get(header::AUTHORIZATION);
    if !authorization.is_some_and(|value| token.admits(value.as_bytes())) {
        return HttpResponse::Unauthorized()
            .insert_header((header::WWW_AUTHENTICATE, "Bearer"))
            .body("a goal is reported with the token that the program printed at its start\n");
    }
    let report = match Report::parse(&body) {
        Ok(report) => report,
        Err(refused) => return answer(refused.status(), &refused),
    };
    match scores.send(Goal { id: id.into_inner(), report }).await {
        Ok(Ok(publication)) => HttpResponse::Created().json(publication.data),
        Ok(Err(refused)) => answer(refused.status(), &refused),
        Err(error) => {
            log::error!("the actor of the scores has stopped: {error}");
            HttpResponse::InternalServerError().finish()
        }
    }
}

fn answer(status: u16, text: &dyn Display) -> HttpResponse {
    // `RefusedReport::status` only returns valid codes.
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    HttpResponse::build(status).content_type("text/plain; charset=utf-8").body(format!("{text}\n"))
}
