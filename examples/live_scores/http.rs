//! The HTTP interface: the page, reports of goals, the token, and its health.

use std::fmt::Display;

use actix::Addr;
use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};

use crate::{
    local, page,
    report::{self, Report},
    scores::{Goal, Scores},
    token::Token,
};

pub(crate) fn services(services: &mut web::ServiceConfig) {
    services
        .configure(page::files)
        .route("/health", web::get().to(health))
        .route("/health", web::head().to(health))
        .route("/token", web::post().to(reveal_token))
        // More than a report may have, so that a longer one is refused with a reason.
        .app_data(web::PayloadConfig::new(2 * report::LONGEST_BODY))
        .route("/matches/{id}/goals", web::post().to(goal));
}

/// `GET /health`, for whatever watches the program.
async fn health() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .content_type("application/json")
        .body("{\"status\":\"ok\"}\n")
}

/// `POST /token`, for a page on the machine of the program. Elsewhere the answer is empty.
async fn reveal_token(request: HttpRequest, token: web::Data<Token>) -> HttpResponse {
    if !local::is_own_page(&request) {
        return HttpResponse::NoContent().finish();
    }
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .content_type("text/plain; charset=utf-8")
        .body(token.reveal().to_owned())
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
