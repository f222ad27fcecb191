//! What happens at the bounds, and with functions of the application that fail.

use actix_socketio::{BuildError, Presence, SocketIo, channel};
use serde_json::{Value, json};

use super::{Guest, by_user, server, user};
use crate::{
    app::{TestServer, builder},
    client::Mode,
};

const MODE: Mode = Mode::WebSocket;

#[actix_web::test]
async fn beyond_max_members_there_are_only_counts() {
    let server = server(by_user().max_members(10));
    let mut guests = Vec::new();
    for at in 0..11 {
        let mut guest = Guest::connect(&server, MODE, &format!("user-{at}")).await;
        guest.enter().await;
        guests.push(guest);
    }
    let list = guests[0].client.emit_with_ack("presence", json!(["room-1"])).await;
    assert_eq!(list[1]["members"], Value::Null);
    assert_eq!((&list[1]["clients"], &list[1]["users"]), (&json!(11), &json!(11)));
    while guests[0].users < 11 {
        guests[0].change().await;
    }
    assert!(guests[0].members.is_none(), "a change without joins takes the list away");
    for guest in guests.drain(9..) {
        guest.client.send("1").await;
        drop(guest);
    }
    while guests[0].members.is_none() {
        guests[0].change().await;
    }
    assert_eq!((guests[0].ids().len(), guests[0].users), (9, 9));
}

#[actix_web::test]
async fn members_beyond_max_presence_bytes_are_counted() {
    let rooms = channel("^room-").presence(by_user());
    let server = TestServer::start(builder().route(rooms).max_presence_bytes(300));
    let mut ann = Guest::connect(&server, MODE, "ann").await;
    ann.enter().await;
    let mut bob = Guest::connect(&server, MODE, "bob").await;
    let list = bob.enter().await;
    assert_eq!(list["members"], Value::Null);
    assert_eq!((&list["clients"], &list["users"]), (&json!(2), &json!(2)));
    assert_eq!(server.io.stats().refusals["max_presence_bytes"], 1);
    bob.client.send("1").await;
    while ann.users != 1 || ann.members.is_none() {
        ann.change().await;
    }
    assert_eq!(ann.ids(), ["ann"]);
}

#[actix_web::test]
async fn large_info_is_left_out_and_a_large_id_is_a_guest() {
    let presence = Presence::by(user).info(|_| "x".repeat(100)).max_info(50);
    let server = server(presence);
    let mut ann = Guest::connect(&server, MODE, "ann").await;
    let list = ann.enter().await;
    assert_eq!(list["members"], json!([{"id": "ann", "info": null, "sockets": 1}]));
    let mut long = Guest::connect(&server, MODE, &"y".repeat(51)).await;
    let list = long.enter().await;
    assert_eq!((&list["clients"], &list["users"]), (&json!(2), &json!(1)));
    assert_eq!(server.io.stats().refusals["max_info"], 2);
}

#[actix_web::test]
async fn a_list_that_does_not_fit_into_the_outbox_is_left_out() {
    let rooms = channel("^room-").presence(by_user().info(|_| "x".repeat(1_000)));
    let server = TestServer::start(builder().route(rooms).max_outbox(4_000));
    let mut guests = Vec::new();
    for name in ["ann", "bob", "cid"] {
        let mut guest = Guest::connect(&server, MODE, name).await;
        guest.enter().await;
        guests.push(guest);
    }
    assert!(guests[0].members.is_some());
    assert!(guests[2].members.is_none());
    assert_eq!(guests[2].users, 3);
}

#[actix_web::test]
async fn functions_that_panic_leave_a_guest_and_no_info() {
    let by = |socket: &actix_socketio::Socket| {
        user(socket).filter(|user| user != "eve").expect("on purpose")
    };
    let presence = Presence::by(by).info(|socket| {
        assert_ne!(user(socket).as_deref(), Some("bob"), "on purpose");
        1
    });
    let server = server(presence);
    for (name, users, info) in [("ann", 1, json!(1)), ("bob", 2, json!(null)), ("eve", 2, json!(1))]
    {
        let mut guest = Guest::connect(&server, MODE, name).await;
        let list = guest.enter().await;
        assert_eq!(list["users"], users);
        if let Some(own) = guest.members.as_ref().expect("a list").get(name) {
            assert_eq!(*own, info);
        }
        guest.client.close().await;
    }
}

#[actix_web::test]
async fn the_names_of_requests_are_the_applications_where_no_route_has_presence() {
    let handler = async |data: Value| Ok(json!({"presence": data}));
    let plain = builder().on("presence", handler).route(channel("^room-"));
    let server = TestServer::start(plain);
    let mut client = crate::client::Client::connect(&server.url, MODE).await;
    let answer = client.emit_with_ack("presence", json!(["room-1"])).await;
    assert_eq!(answer, json!([{"presence": "room-1"}]));

    let taken = SocketIo::builder().on("presence", handler);
    let error =
        taken.route(channel("^room-").presence(by_user())).build().expect_err("it is taken");
    assert!(matches!(error, BuildError::Event { event, .. } if event == "presence"));
}
