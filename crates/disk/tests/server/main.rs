//! A server with the store, over restarts and kills.

mod kills;
mod model;
mod polling_client;
mod refusals;
mod restarts;

use std::{path::Path, time::Duration};

use actix_socketio::{Builder, History, Recovery, SocketIo, channel};
use actix_socketio_disk::DiskStore;
use tempfile::TempDir;

/// The limit for everything that a test waits for.
const PATIENCE: Duration = Duration::from_secs(60);

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Runs a test on an actix system of its own.
fn system(test: impl Future<Output = ()>) {
    actix::System::new().block_on(async {
        tokio::time::timeout(PATIENCE, test).await.expect("it ends in time");
    });
}

/// A server whose store writes a group of 1 ms.
fn builder(folder: &Path) -> Builder {
    let options = DiskStore::options().group_interval(Duration::from_millis(1));
    let store = options.open(folder.join("history.redb")).expect("the file is free");
    SocketIo::builder()
        .store(store)
        .recovery(Recovery::new())
        .history(History::last(5))
        .route(channel("^live-").history(History::last(20)))
        .route(channel("^old-").history(History::last(20).within(Duration::from_millis(1))))
        .route(channel("^committed-").history(History::last(100).after_commit()))
        .route(channel("^plain-"))
        .namespaces_matching("^/tenant-[0-9]+$", |tenant| {
            tenant.route(channel("news").history(History::last(3)))
        })
}

fn server(folder: &Path) -> SocketIo {
    builder(folder).build().expect("a server")
}

/// The first arguments of what a channel keeps.
fn kept(io: &SocketIo, channel: &str) -> Vec<u32> {
    let past = io.history(channel).expect("a name").read();
    past.messages.iter().map(|message| message.args.get(0).expect("a number")).collect()
}
