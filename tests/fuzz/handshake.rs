//! What must hold for any request, by a server's own door.

use std::{cell::Cell, pin::Pin, rc::Rc};

use actix_socketio::{Cookie, Cors, SocketIo};
use actix_web::{
    App,
    body::to_bytes,
    dev::{Service, ServiceResponse},
    http::{
        Method, Uri,
        header::{HeaderMap, HeaderName, HeaderValue},
    },
    rt::{SystemRunner, task::yield_now},
    test::{TestRequest, init_service},
};

type Served = Rc<dyn Fn(TestRequest) -> Pin<Box<dyn Future<Output = ServiceResponse>>>>;

thread_local! {
    // Never dropped: at a thread's end, what they would need for that may have gone before them.
    static SYSTEM: &'static SystemRunner = Box::leak(Box::new(actix_web::rt::System::new()));
    static SERVED: Cell<Option<&'static (SocketIo, Served)>> = const { Cell::new(None) };
}

async fn served() -> &'static (SocketIo, Served) {
    if let Some(served) = SERVED.get() {
        return served;
    }
    let builder = SocketIo::builder().allow_eio3(true).per_message_deflate(true);
    let io = builder
        .cookie(Cookie::default())
        .cors(Cors::any_origin())
        .build()
        .expect("the settings make sense");
    let service = Rc::new(init_service(App::new().configure(io.mount())).await);
    let served: Served = Rc::new(move |request| {
        let service = Rc::clone(&service);
        Box::pin(async move {
            let response =
                service.call(request.to_request()).await.unwrap_or_else(|error| panic!("{error}"));
            response.map_into_boxed_body()
        })
    });
    let served = Box::leak(Box::new((io, served)));
    SERVED.set(Some(served));
    served
}

/// The lines of a request: method, path with query, headers. A session that it opens is closed
/// again.
pub(crate) fn handshake(data: &[u8]) {
    let Some(request) = request(data) else { return };
    SYSTEM.with(|system| {
        system.block_on(async {
            let (io, served) = served().await;
            let response = served(request).await;
            let status = response.status();
            assert!(status != 500, "{response:?}");
            let body = body(response).await;
            let sid = body
                .split_once(r#""sid":""#)
                .and_then(|(_, rest)| rest.split_once('"'))
                .map(|(sid, _)| sid);
            // A WebSocket has ended with its request.
            if let Some(sid) = sid.filter(|_| status == 200) {
                let (version, goodbye) = if body.starts_with("0{") { (4, "1") } else { (3, "1:1") };
                let uri = format!("/socket.io/?EIO={version}&transport=polling&sid={sid}");
                let answer = served(TestRequest::post().uri(&uri).set_payload(goodbye)).await;
                assert_eq!(self::body(answer).await, "ok");
            }
            for _ in 0..10_000 {
                if io.connections() == 0 {
                    return;
                }
                yield_now().await;
            }
            panic!("{} connections are left", io.connections());
        });
    });
}

async fn body(response: ServiceResponse) -> String {
    let body = to_bytes(response.into_body()).await.unwrap_or_else(|error| panic!("{error}"));
    String::from_utf8_lossy(&body).into_owned()
}

fn request(data: &[u8]) -> Option<TestRequest> {
    let mut lines = data.split(|byte| *byte == b'\n');
    let method = Method::from_bytes(lines.next()?).ok()?;
    let uri = std::str::from_utf8(lines.next()?).ok()?;
    uri.parse::<Uri>().ok().filter(|_| uri.starts_with('/'))?;
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_at(line.iter().position(|byte| *byte == b':')?);
        headers
            .append(HeaderName::from_bytes(name).ok()?, HeaderValue::from_bytes(&value[1..]).ok()?);
    }
    let request = TestRequest::default().method(method).uri(uri);
    Some(headers.into_iter().fold(request, TestRequest::append_header))
}
