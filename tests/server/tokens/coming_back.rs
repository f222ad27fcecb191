//! Recovery: a socket is given back to its own user alone.

use actix_socketio::{Claims, History, Socket, channel};
use serde_json::{Value, json};

use super::{after, signed, token, tokens};
use crate::{
    app::TestServer,
    client::Mode,
    recovery::page::{Page, builder},
};

in_every_mode! {
    a_user_comes_back_with_another_token_of_its_own,
    another_user_gets_another_socket,
    a_channel_that_needs_a_token_is_not_recovered,
}

fn server() -> TestServer {
    let kept = History::last(100);
    TestServer::start(
        builder()
            .tokens(tokens())
            .allow_guests()
            .on("whoami", async |socket: Socket| {
                let mut channels = socket.channels();
                channels.retain(|channel| !channel.starts_with("fence-"));
                Ok(json!([socket.user(), channels]))
            })
            .route(channel("^@user:").history(kept))
            .route(channel("^team-").for_users().history(kept))
            .route(channel("^match-").with_token().history(kept)),
    )
}

async fn open(server: &TestServer, mode: Mode, auth: Value) -> Page {
    let mut page = Page::with_auth(mode, auth);
    page.connect(server).await;
    page
}

/// The page with another `auth`.
fn again(page: &Page, mode: Mode, auth: Value) -> Page {
    let mut next = Page::with_auth(mode, auth);
    (next.pid, next.offset) = (page.pid.clone(), page.offset.clone());
    next
}

async fn whoami(page: &mut Page) -> Value {
    page.client().emit_with_ack("whoami", json!([])).await[0].clone()
}

async fn a_user_comes_back_with_another_token_of_its_own(mode: Mode) {
    let server = server();
    let mut page = open(&server, mode, json!({"token": token("ada")})).await;
    page.subscribe("team-1").await;
    assert_eq!(page.events().await, [""; 0]);
    page.lose(&server).await;
    server.io.to("team-1").publish("goal", &1).await.expect("the registry is alive");
    server.io.user("ada").publish("mail", &2).await.expect("the registry is alive");
    let next = signed(&Claims::new("ada", after(3600)).with("round", json!(2)));
    let sid = page.sid.clone();
    let mut page = again(&page, mode, json!({"token": next}));
    page.connect(&server).await;
    assert!(page.recovered);
    assert_eq!(page.sid, sid);
    assert_eq!(page.events().await, [r#"["goal",1]"#, r#"["mail",2]"#]);
    assert_eq!(whoami(&mut page).await, json!(["ada", ["team-1"]]));
    let socket = server.io.socket(&page.id()).expect("it is connected");
    assert_eq!(socket.claims().expect("it has a token").get("round"), Some(2));
    server.io.user("ada").publish("mail", &3).await.expect("the registry is alive");
    assert_eq!(page.events().await, [r#"["mail",3]"#]);
}

async fn another_user_gets_another_socket(mode: Mode) {
    let server = server();
    let mut ada = open(&server, mode, json!({"token": token("ada")})).await;
    ada.subscribe("team-1").await;
    assert_eq!(ada.events().await, [""; 0]);
    // The socket that is still here is not ended for another user.
    let mut early = again(&ada, mode, json!({"token": token("bob")}));
    early.connect(&server).await;
    assert!(!early.recovered && early.sid != ada.sid);
    assert_eq!(whoami(&mut ada).await, json!(["ada", ["team-1"]]));
    ada.lose(&server).await;
    let mut bob = again(&ada, mode, json!({"token": token("bob")}));
    bob.connect(&server).await;
    assert!(!bob.recovered && bob.sid != ada.sid && bob.pid != ada.pid);
    assert_eq!(whoami(&mut bob).await, json!(["bob", []]));
    let mut guest = again(&ada, mode, json!({}));
    guest.connect(&server).await;
    assert!(!guest.recovered && guest.sid != ada.sid);
    assert_eq!(whoami(&mut guest).await, json!([null, []]));
    let stats = server.io.stats();
    assert_eq!((stats.unrecovered["other_user"], stats.recovered), (3, 0));
    // A user does not get the socket of a guest either.
    assert_eq!(guest.events().await, [""; 0]);
    guest.lose(&server).await;
    let mut eve = again(&guest, mode, json!({"token": token("eve")}));
    eve.connect(&server).await;
    assert!(!eve.recovered && eve.sid != guest.sid);
    assert_eq!(server.io.stats().unrecovered["other_user"], 4);
    // Each gets its own.
    let mut back = again(&ada, mode, json!({"token": token("ada")}));
    back.connect(&server).await;
    assert!(back.recovered && back.sid == ada.sid);
    let mut back = again(&guest, mode, json!({}));
    back.connect(&server).await;
    assert!(back.recovered && back.sid == guest.sid);
}

async fn a_channel_that_needs_a_token_is_not_recovered(mode: Mode) {
    let server = server();
    let claims = Claims::new("ada", after(3600)).channels(["match-own"]);
    let mut page = open(&server, mode, json!({"token": signed(&claims)})).await;
    let shown = signed(&Claims::new("ada", after(3600)).for_channel("match-1"));
    let request = json!(["match-1", {"token": shown}]);
    assert_eq!(page.client().emit_with_ack("subscribe", request).await, json!([null]));
    page.subscribe("team-1").await;
    assert_eq!(page.events().await, [""; 0]);
    page.lose(&server).await;
    page.connect(&server).await;
    assert!(page.recovered);
    assert_eq!(whoami(&mut page).await, json!(["ada", ["match-own", "team-1"]]));
}
