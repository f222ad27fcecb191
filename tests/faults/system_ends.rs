//! A System that ends while clients are there ends silently: no actor starts a timer, and no
//! function of the application is called, where no runtime is left.

use std::{
    panic,
    sync::{
        Arc, Once,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use actix_socketio::{
    EngineHandler, EngineIo, EngineMessage, EngineSocket, HandlerResult, OnDisconnect, OnMessage,
    SocketIo,
};
use actix_web::{
    App,
    body::to_bytes,
    rt::System,
    test::{TestRequest, call_service, init_service},
    web::{Bytes, ServiceConfig},
};
use parking_lot::Mutex;

/// Runs a System to its end in a thread of its own, and returns the panics that were reported there.
fn panics_of(system: impl AsyncFnOnce() + Send + 'static) -> Vec<String> {
    static HOOK: Once = Once::new();
    static REPORTED: Mutex<Vec<(thread::ThreadId, String)>> = Mutex::new(Vec::new());
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            REPORTED.lock().push((thread::current().id(), info.to_string()));
            before(info);
        }));
    });
    let running = thread::spawn(|| {
        System::new().block_on(system());
        thread::current().id()
    });
    // A panic as a value is dropped, or is caught by tokio. The hook has seen it.
    let id = running.thread().id();
    let outcome = running.join();
    let mut panics: Vec<_> = REPORTED.lock().iter().filter(|(of, _)| *of == id).cloned().collect();
    if outcome.is_err() && panics.is_empty() {
        panics.push((id, "the thread has panicked".to_owned()));
    }
    panics.into_iter().map(|(_, text)| text).collect()
}

/// Opens a session by polling, sends `body`, and returns in the turn of the last answer.
async fn open_and_send(mount: impl FnOnce(&mut ServiceConfig), body: Option<&'static str>) {
    let app = init_service(App::new().configure(mount)).await;
    let open = TestRequest::get().uri(PATH).to_request();
    let opened = call_service(&app, open).await;
    assert!(opened.status().is_success());
    let Some(body) = body else { return };
    let opened: Bytes = to_bytes(opened.into_body()).await.expect("an answer");
    let opened: serde_json::Value = serde_json::from_slice(&opened[1..]).expect("an open packet");
    let sid = opened["sid"].as_str().expect("an id");
    let post = TestRequest::post().uri(&format!("{PATH}&sid={sid}")).set_payload(body);
    assert!(call_service(&app, post.to_request()).await.status().is_success());
}

const PATH: &str = "/socket.io/?EIO=4&transport=polling";
const ENGINE_PATH: &str = "/engine.io/?EIO=4&transport=polling";

#[test]
fn in_the_turn_of_a_handshake() {
    let panics = panics_of(async || {
        let io = SocketIo::builder().open_channels().build().expect("the settings are valid");
        open_and_send(io.mount(), None).await;
    });
    assert_eq!(panics, [""; 0]);
}

#[test]
fn while_a_handler_waits() {
    async fn wait(_: OnMessage) -> HandlerResult {
        actix_web::rt::time::sleep(std::time::Duration::from_secs(3600)).await;
        Ok(())
    }

    for body in ["40", "40\u{1e}42[\"x\"]", "40\u{1e}42[\"x\"]\u{1e}42[\"y\"]\u{1e}1"] {
        let panics = panics_of(async move || {
            let io = SocketIo::builder().on_message(wait).build().expect("the settings are valid");
            open_and_send(io.mount(), Some(body)).await;
        });
        assert_eq!(panics, [""; 0], "{body:?}");
    }
}

#[test]
fn while_a_client_polls_and_while_the_server_shuts_down() {
    async fn slow_end(_: OnDisconnect) -> HandlerResult {
        actix_web::rt::time::sleep(std::time::Duration::from_millis(1)).await;
        Ok(())
    }

    for is_shutdown in [false, true] {
        let panics = panics_of(async move || {
            let io = SocketIo::builder().on_disconnect(slow_end).build();
            let io = io.expect("the settings are valid");
            let app = init_service(App::new().configure(io.mount())).await;
            let opened = call_service(&app, TestRequest::get().uri(PATH).to_request()).await;
            let opened: Bytes = to_bytes(opened.into_body()).await.expect("an answer");
            let opened: serde_json::Value = serde_json::from_slice(&opened[1..]).expect("JSON");
            let path = format!("{PATH}&sid={}", opened["sid"].as_str().expect("an id"));
            let post = TestRequest::post().uri(&path).set_payload("40").to_request();
            assert!(call_service(&app, post).await.status().is_success());
            let poll = || TestRequest::get().uri(&path).to_request();
            assert!(call_service(&app, poll()).await.status().is_success());
            // Both are given up in the last turn of the system.
            let mut waiting = std::pin::pin!(call_service(&app, poll()));
            let mut shutdown = std::pin::pin!(io.shutdown());
            if is_shutdown {
                assert!(futures_util::poll!(&mut shutdown).is_pending());
            }
            assert!(futures_util::poll!(&mut waiting).is_pending());
        });
        assert_eq!(panics, [""; 0], "shutdown: {is_shutdown}");
    }
}

#[derive(Default)]
struct Counts {
    opened: AtomicUsize,
    closed: AtomicUsize,
}

struct Counting(Arc<Counts>);

impl EngineHandler for Counting {
    fn open(&self, _: &EngineSocket) {
        self.0.opened.fetch_add(1, Ordering::SeqCst);
        actix_web::rt::spawn(async {});
    }

    fn message(&self, _: &EngineSocket, _: EngineMessage) {}

    fn close(&self, _: &EngineSocket, _: actix_socketio::DisconnectReason) {
        self.0.closed.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn in_the_turn_of_a_handshake_of_engine_io() {
    let counts = Arc::<Counts>::default();
    let handler = Counting(Arc::clone(&counts));
    let panics = panics_of(async || {
        let engine = EngineIo::builder(handler).build().expect("the settings are valid");
        let app = init_service(App::new().configure(engine.mount())).await;
        let open = TestRequest::get().uri(ENGINE_PATH).to_request();
        assert!(call_service(&app, open).await.status().is_success());
    });
    assert_eq!(panics, [""; 0]);
    let counted = |count: &AtomicUsize| count.load(Ordering::SeqCst);
    assert_eq!(counted(&counts.opened), counted(&counts.closed), "each that was opened is closed");
}
