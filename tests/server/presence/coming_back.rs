//! Members that lose their link, and those that go.

use std::time::Duration;

use serde_json::json;

use super::{Guest, by_user, server};
use crate::{app::TestServer, client::Mode, wait::PATIENCE};

in_every_mode! {
    a_member_that_comes_back_in_time_makes_no_change,
    a_member_whose_time_is_over_goes,
    a_member_that_disconnects_goes_at_once,
    a_member_that_the_server_disconnects_goes_at_once,
}

const LONG: Duration = Duration::from_secs(3600);

/// Waits until this number of sockets is in the room.
async fn wait_for_clients(server: &TestServer, count: usize) {
    let reached = async {
        while server.io.presence_stats("room-1").await.expect("a valid name").clients != count {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, reached).await.expect("the number of clients");
}

/// Two members, of whom the first knows both.
async fn two(server: &TestServer, mode: Mode) -> (Guest, Guest) {
    let mut ann = Guest::connect(server, mode, "ann").await;
    ann.enter().await;
    let mut bob = Guest::connect(server, mode, "bob").await;
    bob.enter().await;
    while ann.ids() != ["ann", "bob"] {
        ann.change().await;
    }
    (ann, bob)
}

async fn a_member_that_comes_back_in_time_makes_no_change(mode: Mode) {
    let server = server(by_user().grace(LONG));
    let (mut ann, bob) = two(&server, mode).await;
    bob.client.close().await;
    wait_for_clients(&server, 1).await;
    let stats = server.io.presence_stats("room-1").await.expect("a valid name");
    assert_eq!((stats.clients, stats.users), (1, 2), "a member without a client");
    let mut bob = Guest::connect(&server, mode, "bob").await;
    bob.enter().await;
    assert_eq!(bob.ids(), ["ann", "bob"]);
    // The next change is about somebody else.
    let mut cid = Guest::connect(&server, mode, "cid").await;
    cid.enter().await;
    let change = ann.change().await;
    assert_eq!(change["joins"][0]["id"], "cid");
    assert_eq!(change["leaves"], json!([]));
}

async fn a_member_whose_time_is_over_goes(mode: Mode) {
    let server = server(by_user().grace(Duration::from_millis(30)));
    let (mut ann, bob) = two(&server, mode).await;
    bob.client.close().await;
    assert_eq!(ann.change().await["leaves"], json!(["bob"]));
    assert_eq!(ann.ids(), ["ann"]);
}

async fn a_member_that_disconnects_goes_at_once(mode: Mode) {
    let server = server(by_user().grace(LONG));
    let (mut ann, bob) = two(&server, mode).await;
    bob.client.send("1").await;
    assert_eq!(ann.change().await["leaves"], json!(["bob"]));
}

async fn a_member_that_the_server_disconnects_goes_at_once(mode: Mode) {
    let server = server(by_user().grace(LONG));
    let (mut ann, bob) = two(&server, mode).await;
    let sockets = server.io.to("room-1").fetch_sockets().await.expect("a valid name");
    for socket in sockets {
        let auth: serde_json::Value = socket.handshake().auth().expect("an object");
        if auth["user"] == "bob" {
            server.io.socket(&socket.id()).expect("it is connected").disconnect();
        }
    }
    assert_eq!(ann.change().await["leaves"], json!(["bob"]));
    drop(bob);
}
