//! Channels that are for users, and channels that need a token of their own.

use actix_socketio::{Claims, HandlerError, OnSubscribe, channel};
use serde_json::{Value, json};

use super::{after, connect, signed, token, with_tokens};
use crate::{
    app::TestServer,
    client::{Client, Mode},
};

in_every_mode! {
    a_channel_may_be_for_the_user_in_its_name,
    the_channels_of_users_are_closed_to_clients,
    a_channel_may_need_a_token_of_its_own,
    a_token_lets_publish_if_it_says_so,
    publishing_may_be_for_users,
    a_subscriber_goes_on_with_a_newer_token,
}

fn refusal(message: &str) -> Value {
    json!([{"message": message}])
}

async fn a_channel_may_be_for_the_user_in_its_name(mode: Mode) {
    let server = TestServer::start(
        with_tokens()
            .route(channel("^inbox-(?<user>.+)$").for_users())
            .route(channel("^team-").for_users()),
    );
    let mut ada = connect(&server, mode, &token("ada")).await;
    ada.subscribe("inbox-ada").await;
    ada.subscribe("team-1").await;
    for other in ["inbox-bob", "inbox-adam", "inbox-ad", "inbox-ada-"] {
        let answer = ada.emit_with_ack("subscribe", json!([other])).await;
        assert_eq!(answer, refusal("this channel is another user's"), "{other}");
    }
    // In a list, each is asked for by itself.
    let answer = ada.emit_with_ack("subscribe", json!([["inbox-bob", "team-2"]])).await;
    assert_eq!(answer[1]["refused"]["inbox-bob"]["message"], "this channel is another user's");
    assert_eq!(server.io.subscribers("inbox-bob").await.expect("valid").len(), 0);
    assert_eq!(server.io.subscribers("team-2").await.expect("valid").len(), 1);
}

async fn the_channels_of_users_are_closed_to_clients(mode: Mode) {
    let server =
        TestServer::start(with_tokens().open_channels().route(channel("").allow_publish()));
    let mut eve = connect(&server, mode, &token("eve")).await;
    for request in ["subscribe", "unsubscribe", "publish"] {
        for name in ["@user:ada", "@user:eve", "@user:"] {
            let answer = eve.emit_with_ack(request, json!([name, "mail", 1])).await;
            let refused = answer[0]["message"].as_str().is_some();
            assert!(refused, "{request} {name}: {answer}");
        }
    }
    server.io.user("ada").emit("mail", &1).expect("capacity");
    server.io.user("eve").emit("mail", &2).expect("capacity");
    assert_eq!(eve.fence().await, [r#"2["mail",2]"#], "it is still in the channel of its own");
}

fn for_channel(user: &str, name: &str) -> Claims {
    Claims::new(user, after(3600)).for_channel(name)
}

async fn ask(client: &mut Client, channel: &str, token: &Value) -> Value {
    client.emit_with_ack("subscribe", json!([channel, {"token": token}])).await
}

async fn a_channel_may_need_a_token_of_its_own(mode: Mode) {
    let asked = async |event: OnSubscribe| match &*event.channel == "match-closed" {
        true => Err(HandlerError::reject("closed")),
        false => Ok(()),
    };
    let server =
        TestServer::start(with_tokens().route(channel("^match-").with_token().on_subscribe(asked)));
    let mut ada = connect(&server, mode, &token("ada")).await;
    let answer = ada.emit_with_ack("subscribe", json!(["match-1"])).await;
    assert_eq!(answer, refusal("token required"));
    let pattern = |text| Claims::new("ada", after(3600)).for_channels_matching(text);
    let wrong = [
        (for_channel("ada", "match-2"), "invalid token"),
        (for_channel("bob", "match-1"), "invalid token"),
        (pattern("match-[2-9]"), "invalid token"),
        (pattern("match-"), "invalid token"),
        (pattern("(("), "invalid token"),
        (pattern("(?:a{100}){100}{100}"), "invalid token"),
        (Claims::new("ada", after(3600)), "invalid token"),
        (Claims::new("ada", after(0)).for_channel("match-1"), "token expired"),
    ];
    for (claims, message) in wrong {
        let answer = ask(&mut ada, "match-1", &json!(signed(&claims))).await;
        assert_eq!(answer, refusal(message), "{claims:?}");
    }
    let answer = ask(&mut ada, "match-1", &json!(7)).await;
    assert_eq!(answer, refusal("\"token\" must be a string"));
    let stats = server.io.stats().tokens_refused;
    assert_eq!((stats["other_channel"], stats["other_user"], stats["expired"]), (6, 1, 1));
    let good = json!(signed(&for_channel("ada", "match-1")));
    assert_eq!(ask(&mut ada, "match-1", &good).await, json!([null]));
    let good = json!(signed(&pattern("match-([2-9]|closed)")));
    assert_eq!(ask(&mut ada, "match-2", &good).await, json!([null]));
    assert_eq!(ask(&mut ada, "match-closed", &good).await, refusal("closed"));
    server.io.to("match-2").emit("goal", &1).expect("capacity");
    assert_eq!(ada.fence().await, [r#"2["goal",1]"#]);
}

async fn publish(client: &mut Client, channel: &str) -> Value {
    client.emit_with_ack("publish", json!([channel, "goal", 1])).await
}

async fn a_token_lets_publish_if_it_says_so(mode: Mode) {
    let server = TestServer::start(
        with_tokens()
            .route(channel("^match-").with_token().publish_with_token())
            .route(channel("^open-").publish_with_token()),
    );
    let mut ada = connect(&server, mode, &token("ada")).await;
    for prefix in ["match", "open"] {
        let (reads, writes) = (format!("{prefix}-1"), format!("{prefix}-2"));
        let may_read = json!(signed(&for_channel("ada", &reads)));
        let may_write = json!(signed(&for_channel("ada", &writes).and_publish()));
        assert_eq!(ask(&mut ada, &reads, &may_read).await, json!([null]));
        assert_eq!(ask(&mut ada, &writes, &may_write).await, json!([null]));
        assert_eq!(publish(&mut ada, &reads).await, refusal("your token does not allow it"));
        assert_eq!(publish(&mut ada, &writes).await, json!([null]));
    }
    ada.subscribe("open-3").await;
    assert_eq!(publish(&mut ada, "open-3").await, refusal("your token does not allow it"));
}

async fn publishing_may_be_for_users(mode: Mode) {
    let server = TestServer::start(
        with_tokens()
            .allow_guests()
            .route(channel("^chat-(?<user>[a-z]+)").publish_for_users())
            .route(channel("^news-").publish_for_users()),
    );
    let mut ada = connect(&server, mode, &token("ada")).await;
    let mut guest = Client::connect(&server.url, mode).await;
    for name in ["chat-ada", "chat-bob", "news-1"] {
        ada.subscribe(name).await;
        guest.subscribe(name).await;
        assert_eq!(publish(&mut guest, name).await, refusal("log in first"));
    }
    assert_eq!(publish(&mut ada, "chat-ada").await, json!([null]));
    assert_eq!(publish(&mut ada, "news-1").await, json!([null]));
    assert_eq!(publish(&mut ada, "chat-bob").await, refusal("this channel is another user's"));
}

async fn a_subscriber_goes_on_with_a_newer_token(mode: Mode) {
    let server = TestServer::start(
        with_tokens().route(channel("^match-").with_token().publish_with_token()),
    );
    let mut ada = connect(&server, mode, &token("ada")).await;
    let read = json!(signed(&for_channel("ada", "match-1")));
    let write = json!(signed(&for_channel("ada", "match-1").and_publish()));
    assert_eq!(ask(&mut ada, "match-1", &read).await, json!([null]));
    assert_eq!(publish(&mut ada, "match-1").await, refusal("your token does not allow it"));
    assert_eq!(ask(&mut ada, "match-1", &write).await, json!([null]));
    assert_eq!(publish(&mut ada, "match-1").await, json!([null]));
    // A token that is not believed changes nothing.
    assert_eq!(ask(&mut ada, "match-1", &json!("x")).await, refusal("invalid token"));
    assert_eq!(publish(&mut ada, "match-1").await, json!([null]));
}
