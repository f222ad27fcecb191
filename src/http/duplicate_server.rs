//! Notices a server that is built in the closure of `HttpServer::new`: there is another one on each
//! worker, and none knows the sessions of the others.

use std::{
    net::SocketAddr,
    sync::{Arc, Weak},
    thread::{self, ThreadId},
};

use actix_web::dev::{AppConfig, AppService, HttpServiceFactory};
use parking_lot::Mutex;

use super::endpoint::Endpoint;
use crate::{engine::EngineState, log_text::log_line};

/// A server at an address that was mounted by the thread that had built it.
///
/// Other servers need not be remembered: one that was built before the workers started is the same
/// on all of them, and on an address of its own if there are several.
struct Mounted {
    engine: Weak<EngineState>,
    place: MountPoint,
    thread: ThreadId,
    /// Whether the log has a line for the place.
    is_reported: bool,
}

/// An address of an `HttpServer`, and the path there.
#[derive(PartialEq)]
struct MountPoint {
    address: SocketAddr,
    /// For a Unix socket, the only part that has its path.
    host: String,
    path: String,
}

/// The servers of this process. A server that is gone leaves with the next one that comes.
static MOUNTED: Mutex<Vec<Mounted>> = Mutex::new(Vec::new());

/// Records where an endpoint is mounted, when the worker's application is made. It serves nothing.
pub(super) struct MountRecord(pub(super) Arc<Endpoint>);

impl HttpServiceFactory for MountRecord {
    fn register(self, services: &mut AppService) {
        let Self(endpoint) = self;
        let thread = thread::current().id();
        if endpoint.engine.built_on != thread || is_of_a_test(services.config()) {
            return;
        }
        let place = MountPoint {
            address: services.config().local_addr(),
            host: services.config().host().to_owned(),
            path: endpoint.engine.config.path.clone(),
        };
        if note(&mut MOUNTED.lock(), &endpoint.engine, place, thread) {
            report(services.config(), &endpoint.engine.config.path);
        }
    }
}

/// Whether an application belongs to no `HttpServer`, as those of `actix_web::test::init_service`.
/// All of them have the same address.
fn is_of_a_test(config: &AppConfig) -> bool {
    config.host() == "localhost:8080" && config.local_addr() == ([127, 0, 0, 1], 8080).into()
}

/// Adds a server. Returns whether it is the first to share its place with one of another thread.
fn note(
    mounted: &mut Vec<Mounted>,
    engine: &Arc<EngineState>,
    place: MountPoint,
    thread: ThreadId,
) -> bool {
    mounted.retain(|other| other.engine.strong_count() > 0);
    let others = || mounted.iter().filter(|other| other.place == place);
    let is_shared = others().any(|other| {
        other.thread != thread && !std::ptr::eq(other.engine.as_ptr(), Arc::as_ptr(engine))
    });
    let is_new = is_shared && !others().any(|other| other.is_reported);
    let engine = Arc::downgrade(engine);
    mounted.push(Mounted { engine, place, thread, is_reported: is_shared });
    is_new
}

fn report(config: &AppConfig, path: &str) {
    log_line!(
        log::Level::Error,
        "the workers at {} have a server each at the path {}: clients lose their sessions \
         (\"Session ID unknown\"), and hear only of clients of the same worker. Call `build` once, \
         before `HttpServer::new`, and mount clones of that server: \
         `let app = io.clone(); HttpServer::new(move || App::new().configure(app.mount()))`",
        config.local_addr(),
        path
    );
}
