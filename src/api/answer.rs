//! The way of a request to its answer.

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse,
    dev::Payload,
    http::{
        Method,
        header::{self, HeaderMap},
    },
    web,
};

use super::{
    Api, ApiMethod,
    batch::batch,
    body::{check_headers, read_text},
    command::Command,
    keys::{KeyRights, KeyRing},
    perform::{Answered, perform, write},
    problem::{Problem, ProblemCode},
    scope::RequestScope,
};
use crate::{http::keep_unread, log_text::log_line, server::SocketIo};

/// Answers a request for a method.
pub(super) async fn answer(
    io: SocketIo,
    api: Api,
    method: ApiMethod,
    request: HttpRequest,
    body: web::Payload,
) -> HttpResponse {
    let mut body = body.into_inner();
    let answered = respond(&io, &api, method, &request, &mut body).await;
    let response = match answered {
        Ok(json) => HttpResponse::Ok()
            .content_type("application/json")
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .body(json.get().to_owned()),
        Err(problem) => {
            log_line!(log::Level::Debug, "the API refuses {}: {}", method, problem.detail());
            problem.response()
        }
    };
    io.count_api_request(method.as_str(), response.status().as_u16());
    keep_unread(&request, body, response)
}

/// Each check is cheaper than the next, and nothing of the body is read before the key is known.
async fn respond(
    io: &SocketIo,
    api: &Api,
    method: ApiMethod,
    request: &HttpRequest,
    body: &mut Payload,
) -> Answered {
    let settings = &api.inner.settings;
    let key = authenticate(&api.inner.keys(), request.headers())?;
    if !key.may(method) {
        return Err(Problem::new(ProblemCode::Forbidden, format!("the key may not {method}")));
    }
    let Some(_slot) = key.requests.acquire(settings.max_requests) else {
        return Err(Problem::new(
            ProblemCode::TooManyRequests,
            format!("a key has at most {} requests at once", settings.max_requests),
        ));
    };
    check_headers(request, settings.max_body)?;
    let text = read_text(body, settings.max_body, io.config().body_timeout).await?;
    let command = Command::read(method, &text)?;
    drop(text);
    let scope = RequestScope { io: io.clone(), api: api.inner.clone(), key };
    match command {
        Command::Batch(request) => write(batch(&scope, request).await),
        command => perform(&scope, command).await,
    }
}

/// Finds the key of a request. It is never in the URL, which ends in the logs of proxies.
fn authenticate(keys: &KeyRing, headers: &HeaderMap) -> Result<Arc<KeyRights>, Problem> {
    let wrong = |reason: &'static str| Problem::new(ProblemCode::Unauthorized, reason);
    let text = |name: &str| headers.get_all(name).map(|value| value.to_str().unwrap_or_default());
    let bearer = text("authorization").map(|value| match value.split_once(' ') {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") => key.trim(),
        _ => "",
    });
    let shown: Vec<&str> = text("x-api-key").chain(bearer).collect();
    match shown[..] {
        [] => Err(wrong("expected the header X-API-Key, or Authorization with Bearer")),
        [key] => keys.find(key).ok_or_else(|| wrong("the key is unknown")),
        _ => Err(wrong("expected one key in one header")),
    }
}

/// Answers a request for a method with another HTTP method than POST.
pub(super) async fn refuse_http_method(
    io: SocketIo,
    name: &'static str,
    allowed: &'static str,
    request: HttpRequest,
    body: web::Payload,
) -> HttpResponse {
    let problem = Problem::new(ProblemCode::MethodNotAllowed, format!("expected {allowed}"));
    let mut response = problem.response();
    let allowed = header::HeaderValue::from_static(allowed);
    response.headers_mut().insert(header::ALLOW, allowed);
    io.count_api_request(name, response.status().as_u16());
    keep_unread(&request, body.into_inner(), response)
}

/// Answers a request for a method that does not exist.
pub(super) async fn refuse_path(
    io: SocketIo,
    request: HttpRequest,
    body: web::Payload,
) -> HttpResponse {
    let problem = Problem::new(ProblemCode::NotFound, "there is no such method");
    let response = problem.response();
    io.count_api_request("other", response.status().as_u16());
    keep_unread(&request, body.into_inner(), response)
}

/// Answers with the description.
pub(super) fn describe(io: &SocketIo, method: &Method, description: &str) -> HttpResponse {
    io.count_api_request("openapi", 200);
    let mut response = HttpResponse::Ok();
    response.content_type("application/json");
    if *method == Method::HEAD { response.finish() } else { response.body(description.to_owned()) }
}
