//! The way of a request to its answer.

use std::{sync::Arc, time::Instant};

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
use crate::{
    http::{close_if_asked_to_upgrade, keep_unread},
    log_text::log_line,
    server::SocketIo,
};

/// Answers a request for a method.
pub(super) async fn answer(
    io: SocketIo,
    api: Api,
    method: ApiMethod,
    request: HttpRequest,
    body: web::Payload,
) -> HttpResponse {
    // The head is whole, and the answer to the request before it on this connection is out.
    let began = Instant::now();
    let mut body = body.into_inner();
    let key = authenticate(&api.inner.keys(), request.headers());
    let counted_as = key.as_ref().map_or_else(|_| String::new(), |key| key.name.clone());
    let (name, answered) = match key {
        Ok(key) => {
            let answered = respond(&io, &api, &key, method, &request, &mut body).await;
            (format!("key {}", key.name), answered)
        }
        Err(problem) => ("unknown key".to_owned(), Err(problem)),
    };
    let response = match answered {
        Ok(json) => HttpResponse::Ok()
            .content_type("application/json")
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .body(json.get().to_owned()),
        Err(problem) => {
            let detail = problem.detail();
            log_line!(log::Level::Debug, "the API refuses {} to the {}: {}", method, name, detail);
            problem.response()
        }
    };
    finish(&io, (method.as_str(), &counted_as), began, &request, body, response)
}

/// Each check is cheaper than the next, and nothing of the body is read before the key is known.
async fn respond(
    io: &SocketIo,
    api: &Api,
    key: &Arc<KeyRights>,
    method: ApiMethod,
    request: &HttpRequest,
    body: &mut Payload,
) -> Answered {
    let settings = &api.inner.settings;
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
    let scope = RequestScope { io: io.clone(), api: Arc::clone(&api.inner), key: Arc::clone(key) };
    match command {
        Command::Batch(request) => write(batch(&scope, request).await),
        command => perform(&scope, command).await,
    }
}

/// The name of the key for requests without a valid one.
const NO_KEY: &str = "";

/// Counts a response by method and key, and decides how its connection goes on.
fn finish(
    io: &SocketIo,
    (method, key): (&'static str, &str),
    began: Instant,
    request: &HttpRequest,
    body: Payload,
    response: HttpResponse,
) -> HttpResponse {
    io.count_api_request(method, key, response.status().as_u16(), began.elapsed());
    let mut response = keep_unread(request, body, response);
    close_if_asked_to_upgrade(request, response.head_mut());
    response
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
    let began = Instant::now();
    let problem = Problem::new(ProblemCode::MethodNotAllowed, format!("expected {allowed}"));
    let mut response = problem.response();
    let allowed = header::HeaderValue::from_static(allowed);
    response.headers_mut().insert(header::ALLOW, allowed);
    finish(&io, (name, NO_KEY), began, &request, body.into_inner(), response)
}

/// Answers a request for a method that does not exist.
pub(super) async fn refuse_path(
    io: SocketIo,
    request: HttpRequest,
    body: web::Payload,
) -> HttpResponse {
    let began = Instant::now();
    let problem = Problem::new(ProblemCode::NotFound, "there is no such method");
    finish(&io, ("other", NO_KEY), began, &request, body.into_inner(), problem.response())
}

/// Answers with the description.
pub(super) fn describe(io: &SocketIo, method: &Method, description: &str) -> HttpResponse {
    let began = Instant::now();
    let mut response = HttpResponse::Ok();
    response.content_type("application/json");
    let response = if *method == Method::HEAD {
        response.finish()
    } else {
        response.body(description.to_owned())
    };
    io.count_api_request("openapi", NO_KEY, 200, began.elapsed());
    response
}
