//! The HTTP interface: the page, reports of goals, and the server's health.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};

use crate::{page, report, source::Source, token::Token};

pub(crate) fn services(services: &mut web::ServiceConfig) {
    services
        .configure(page::files)
        .route("/health", web::get().to(async || HttpResponse::Ok().body("ok\n")))
        // The page asks for a token to show. It gets none, since a proxy may be in between.
        .route("/token", web::post().to(async || HttpResponse::NoContent().finish()))
        .app_data(web::PayloadConfig::new(2 * report::LONGEST_BODY))
        .route("/matches/{id}/goals", web::post().to(goal));
}

/// `POST /matches/{id}/goals`, on any server.
async fn goal(
    request: HttpRequest,
    id: web::Path<String>,
    body: String,
    token: web::Data<Token>,
    source: web::Data<Source>,
) -> HttpResponse {
    let authorization = request.headers().get(header::AUTHORIZATION);
    if !authorization.is_some_and(|value| token.admits(value.as_bytes())) {
        return HttpResponse::Unauthorized()
            .insert_header((header::WWW_AUTHENTICATE, "Bearer"))
            .body("a goal is reported with the token that this server printed at its start\n");
    }
    let Some(answer) = source.report(id.into_inner(), body).await else {
        return HttpResponse::ServiceUnavailable().body("the server that plays does not answer\n");
    };
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::BAD_GATEWAY);
    HttpResponse::build(status).json(answer.body)
}
