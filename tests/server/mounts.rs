//! What an application may have around an endpoint: other endpoints, and middleware.

use actix_socketio::{Builder, Cors, SocketIo};
use actix_web::{
    App, HttpResponse, HttpServer,
    dev::{Service as _, ServiceRequest},
    error::ErrorForbidden,
    rt, web,
    web::ServiceConfig,
};
use futures_util::{FutureExt as _, StreamExt as _, stream::FuturesUnordered};

use crate::{
    app::builder,
    client::{Client, Mode},
    transport::{get, http},
};

/// Serves an application until the test ends. Returns its address.
macro_rules! serve {
    ($app:expr) => {{
        let server =
            HttpServer::new(move || $app).workers(1).h1_allow_half_closed(false).disable_signals();
        let server = server.bind(("127.0.0.1", 0)).expect("a port on loopback");
        let url = format!("http://{}", server.addrs()[0]);
        rt::spawn(server.run());
        url
    }};
}

fn handle(request: &ServiceRequest) -> Option<String> {
    request.app_data::<web::Data<SocketIo>>().map(|io| io.config().path.clone())
}

fn with_cors(builder: Builder) -> Builder {
    builder.cors(Cors::any_origin())
}

fn without_cors(builder: Builder) -> Builder {
    builder
}

/// A server whose handshakes check that they find its own handle.
fn mount(
    path: &'static str,
    settings: fn(Builder) -> Builder,
) -> impl Fn(&mut ServiceConfig) + Clone {
    let builder = settings(builder()).path(path).on_handshake(move |request, _| {
        match request.app_data::<web::Data<SocketIo>>() {
            Some(io) if io.config().path == path => Ok(()),
            other => Err(ErrorForbidden(format!(
                "the handle of {:?}",
                other.map(|io| &io.config().path)
            ))),
        }
    });
    let io = builder.build().expect("the settings are valid");
    move |services| {
        services.configure(io.mount());
    }
}

#[actix_web::test]
async fn each_of_several_servers_has_its_own_handle() {
    let (one, two) = (mount("/one/", without_cors), mount("/two/", with_cors));
    let url = serve!(App::new().configure(one.clone()).configure(two.clone()).wrap_fn(
        |request, next| {
            // Outside of both, the handle is that of the last mount.
            assert_eq!(handle(&request).as_deref(), Some("/two/"));
            next.call(request)
        }
    ));
    for path in ["/one/", "/two/"] {
        let (status, body) = get(&http(), &format!("{url}{path}?EIO=4&transport=polling")).await;
        assert_eq!(status, 200, "{path}: {body}");
        assert!(body.starts_with(r#"0{"sid""#), "{path}: {body}");
    }
}

#[actix_web::test]
async fn the_endpoint_has_the_paths_below_its_own_and_no_others() {
    for settings in [without_cors, with_cors] {
        let io = settings(builder()).build().expect("the settings are valid");
        let url = serve!(
            App::new()
                .service(web::scope("/live").configure(io.clone().mount()).wrap_fn(
                    |request, next| {
                        let answer = next.call(request);
                        async {
                            let answer = answer.await?;
                            // The request has no resource pattern, with CORS or without.
                            assert_eq!(answer.request().match_pattern(), None);
                            Ok(answer)
                        }
                    }
                ))
                .default_service(web::to(|| async { HttpResponse::ImATeapot().finish() }))
        );
        for (path, expected) in [
            ("/live/socket.io", 200),
            ("/live/socket.io/", 200),
            ("/live/socket.io/any/thing", 200),
            ("/live/socket.iox", 418),
            ("/live/", 418),
            ("/socket.io/", 418),
        ] {
            let (status, body) =
                get(&http(), &format!("{url}{path}?EIO=4&transport=polling")).await;
            assert_eq!(status, expected, "{path}: {body}");
        }
    }
}

/// Such a middleware polls a request only when the request's waker asks for it, and not whenever it
/// is polled itself.
#[actix_web::test]
async fn a_post_is_answered_without_polls_that_its_waker_did_not_request() {
    let io = builder().build().expect("the settings are valid");
    let url = serve!(App::new().configure(io.clone().mount()).wrap_fn(|request, next| {
        let mut answers = FuturesUnordered::from_iter([next.call(request)]);
        async move { answers.next().await.expect("there is one") }.boxed_local()
    }));
    for mode in [Mode::Polling, Mode::Upgrade] {
        let mut client = Client::connect(&url, mode).await;
        assert_eq!(client.fence().await, [""; 0], "{mode:?}");
    }
}

#[actix_web::test]
async fn a_server_may_be_built_on_a_worker() {
    let url = serve!({
        let io = builder().build().expect("the settings are valid");
        App::new().configure(io.mount())
    });
    let mut client = Client::connect(&url, Mode::WebSocket).await;
    assert_eq!(client.fence().await, [""; 0]);
}
