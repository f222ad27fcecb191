//! Clients that connect by JSON Web Tokens: who they are, what that opens to them, and its end.

mod channels;
mod coming_back;
mod ends;
mod refused;

use std::time::{Duration, SystemTime};

use actix_socketio::{BuildError, Builder, Claims, Presence, Socket, SocketIo, Tokens, channel};
use serde_json::{Value, json};

use crate::{
    app::{TestServer, builder},
    client::{Client, Mode},
};

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

in_every_mode! {
    a_client_is_the_user_of_its_token,
    a_user_is_reached_on_all_sockets_and_by_name,
    a_user_is_disconnected_by_name,
    a_token_may_be_in_the_header_of_the_handshake,
    channels_of_the_token_are_open_from_the_start,
    guests_are_let_in_where_they_are_allowed,
    users_are_members_by_their_name,
}

fn tokens() -> Tokens {
    Tokens::hs256(SECRET).expect("a good secret").issuer("log-in").audience("tests")
}

/// A token of a user for an hour.
fn token(user: &str) -> String {
    signed(&Claims::new(user, after(3600)))
}

fn signed(claims: &Claims) -> String {
    tokens().sign(claims).expect("HS256 signs")
}

fn after(seconds: u64) -> SystemTime {
    SystemTime::now() + Duration::from_secs(seconds)
}

fn auth(token: &str) -> String {
    format!("0{}", json!({"token": token, "language": "en"}))
}

fn with_tokens() -> Builder {
    builder()
        .tokens(tokens())
        .on("whoami", async |socket: Socket| Ok(json!([socket.user(), socket.channels()])))
        .on("auth", async |socket: Socket| socket.handshake().auth::<Value>().map_err(Into::into))
}

/// A client of a user.
async fn connect(server: &TestServer, mode: Mode, token: &str) -> Client {
    Client::connect_with(&server.url, mode, &auth(token)).await
}

/// The user and the channels of a client.
async fn whoami(client: &mut Client) -> Value {
    client.emit_with_ack("whoami", json!([])).await[0].clone()
}

async fn a_client_is_the_user_of_its_token(mode: Mode) {
    let server = TestServer::start(with_tokens());
    let claims = Claims::new("ada", after(3600)).with("referee", json!(true));
    let mut ada = connect(&server, mode, &signed(&claims)).await;
    assert_eq!(whoami(&mut ada).await, json!(["ada", []]));
    // The token is in nothing that handlers see.
    let seen = ada.emit_with_ack("auth", json!([])).await;
    assert_eq!(seen, json!([{"language": "en"}]));
    let found = server.io.everyone().fetch_sockets().await.expect("a valid audience");
    assert_eq!((found.sockets.len(), found.sockets[0].user()), (1, Some("ada")));
    assert!(found.sockets[0].channels().is_empty());
    assert!(server.io.channels().await.is_empty(), "the channel of a user is not listed");
    let socket = server.io.socket(&found.sockets[0].id()).expect("it is connected");
    let claims = socket.claims().expect("it has a token");
    assert_eq!((claims.user(), claims.get("referee")), ("ada", Some(true)));
    assert_eq!(claims.get::<String>("iss").as_deref(), Some("log-in"));
    assert!(!format!("{socket:?} {claims:?} {:?}", server.io).contains("referee"));
}

async fn a_user_is_reached_on_all_sockets_and_by_name(mode: Mode) {
    let server = TestServer::start(with_tokens());
    let mut phone = connect(&server, mode, &token("ada")).await;
    let mut laptop = connect(&server, mode, &token("ada")).await;
    let mut bob = connect(&server, mode, &token("bob")).await;
    server.io.user("ada").emit("mail", &1).expect("capacity");
    server.io.user("none\u{7}").emit("mail", &2).expect("capacity");
    assert_eq!(phone.fence().await, [r#"2["mail",1]"#]);
    assert_eq!(laptop.fence().await, [r#"2["mail",1]"#]);
    assert_eq!(bob.fence().await, [""; 0]);
    server.io.user("bob").sockets_join("team-1").await.expect("a valid name");
    assert_eq!(whoami(&mut bob).await, json!(["bob", ["team-1"]]));
}

async fn a_user_is_disconnected_by_name(mode: Mode) {
    let server = TestServer::start(with_tokens());
    let mut eve = connect(&server, mode, &token("eve")).await;
    let mut ada = connect(&server, mode, &token("ada")).await;
    server.io.user("eve").disconnect_sockets(true).await.expect("a valid audience");
    eve.closed().await;
    assert_eq!(whoami(&mut ada).await, json!(["ada", []]));
}

async fn a_token_may_be_in_the_header_of_the_handshake(mode: Mode) {
    let server = TestServer::start(with_tokens());
    let header = format!("Bearer {}", token("ada"));
    let headers = [("Authorization", &*header)];
    let mut client = Client::ask(&server.url, mode, "", &headers, "0").await;
    assert!(client.recv().await.starts_with(r#"0{"sid":"#));
    assert_eq!(whoami(&mut client).await, json!(["ada", []]));
    // What `auth` has comes first.
    let mut other = Client::ask(&server.url, mode, "", &headers, &auth(&token("bob"))).await;
    assert!(other.recv().await.starts_with(r#"0{"sid":"#));
    assert_eq!(whoami(&mut other).await, json!(["bob", []]));
    let wrong = [("Authorization", "Bearer e30.e30.x")];
    let mut refused = Client::ask(&server.url, mode, "", &wrong, "0").await;
    assert_eq!(refused.recv().await, r#"4{"message":"invalid token"}"#);
}

async fn channels_of_the_token_are_open_from_the_start(mode: Mode) {
    let server = TestServer::start(with_tokens().route(channel("^team-").with_token()));
    // The channel of another user is not the log-in's to give.
    let claims = Claims::new("ada", after(3600)).channels(["team-1", "plain", "@user:bob"]);
    let mut client = connect(&server, mode, &signed(&claims)).await;
    assert_eq!(whoami(&mut client).await, json!(["ada", ["team-1", "plain"]]));
    server.io.user("bob").emit("mail", &1).expect("capacity");
    server.io.to("team-1").emit("goal", &1).expect("capacity");
    assert_eq!(client.fence().await, [r#"2["goal",1]"#]);
    // It may come back to its channels without another token.
    assert_eq!(client.emit_with_ack("unsubscribe", json!(["team-1"])).await, json!([null]));
    client.subscribe("team-1").await;
}

async fn guests_are_let_in_where_they_are_allowed(mode: Mode) {
    let server = TestServer::start(
        with_tokens()
            .allow_guests()
            .route(channel("^team-").for_users())
            .on("refresh", async |text: String| Ok(text))
            .refresh_event("renew"),
    );
    let mut guest = Client::connect(&server.url, mode).await;
    assert_eq!(whoami(&mut guest).await, json!([null, []]));
    let answer = guest.emit_with_ack("subscribe", json!(["team-1"])).await;
    assert_eq!(answer, json!([{"message": "log in first"}]));
    assert_eq!(guest.emit_with_ack("refresh", json!(["plain"])).await, json!(["plain"]));
    // A token that is shown is checked all the same.
    let mut forger = Client::ask(&server.url, mode, "", &[], r#"0{"token":"x"}"#).await;
    assert_eq!(forger.recv().await, r#"4{"message":"invalid token"}"#);
}

async fn users_are_members_by_their_name(mode: Mode) {
    let rooms = channel("^room-").for_users().presence(Presence::by_user());
    let server = TestServer::start(with_tokens().route(rooms));
    let claims = Claims::new("ada", after(3600)).info(json!({"name": "Ada"}));
    for _ in 0..2 {
        let mut ada = connect(&server, mode, &signed(&claims)).await;
        let args = json!(["room-1", {"presence": true}]);
        let answer = ada.emit_with_ack("subscribe", args).await;
        let members = &answer[1]["presence"]["members"];
        assert_eq!(members[0]["id"], "ada");
        assert_eq!(members[0]["info"], json!({"name": "Ada"}));
        assert_eq!(members.as_array().map(Vec::len), Some(1));
        ada.close().await;
    }
}

#[actix_web::test]
async fn the_name_of_the_request_for_a_new_token_is_the_servers() {
    let handler = async |text: String| Ok(text);
    assert!(SocketIo::builder().on("refresh", handler).build().is_ok());
    let error = SocketIo::builder().tokens(tokens()).on("refresh", handler).build();
    let error = error.expect_err("the server answers it");
    assert!(matches!(&error, BuildError::Event { event, .. } if event == "refresh"), "{error}");
}
