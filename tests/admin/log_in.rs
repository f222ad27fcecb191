//! Log-ins: what is refused, what a session is good for, and what ends with a user.

use std::time::Duration;

use actix_socketio::{Admin, AdminUser};
use serde_json::{Value, json};

use crate::{
    server::{AdminServer, PASSWORD, admin, event, hash, refusal, user},
    wait::wait_until,
};

fn password(name: &str, password: &str) -> Value {
    json!({ "username": name, "password": password })
}

#[actix_web::test]
async fn whatever_is_wrong_has_one_answer_and_is_counted() {
    let server = AdminServer::start(admin());
    let unreadable = [
        json!({}),
        json!({"username": "admin"}),
        json!({"username": 5, "password": true}),
        json!({"username": "admin", "password": null}),
        json!({"sessionId": 5}),
        json!({"sessionId": null}),
    ];
    for auth in &unreadable {
        assert_eq!(server.answer(auth).await, refusal("invalid credentials"), "{auth}");
    }
    for auth in [json!({"sessionId": ""}), json!({"sessionId": "007dfad0a498637f"})] {
        assert_eq!(server.answer(&auth).await, refusal("invalid credentials"), "{auth}");
    }
    let wrong = ["", "Secret", "secret\0"].map(|text| password("admin", text));
    for auth in wrong.iter().chain([&password("root", PASSWORD)]) {
        assert_eq!(server.answer(auth).await, refusal("invalid credentials"), "{auth}");
    }
    let counts = server.io.stats().admin_log_ins;
    assert_eq!(counts["unreadable"], 6);
    assert_eq!(counts["unknown_session"], 2);
    assert_eq!(counts["wrong"], 4);
    assert_eq!((counts["password"], counts["session"]), (0, 0));
    server.log_in().await;
    assert_eq!(server.io.stats().admin_log_ins["password"], 1);
}

#[actix_web::test]
async fn five_wrong_passwords_cost_a_pause_and_the_right_one_has_to_wait_too() {
    let window = Duration::from_secs(3_600);
    let server = AdminServer::start(admin().max_failures(5, window, window));
    for at in 0..5 {
        let answer = server.answer(&password("admin", &format!("wrong {at}"))).await;
        assert_eq!(answer, refusal("invalid credentials"));
    }
    for text in [PASSWORD, "wrong"] {
        let answer = server.answer(&password("admin", text)).await;
        assert_eq!(answer, refusal("too many wrong passwords: try again in 3600 s"));
    }
    let counts = server.io.stats().admin_log_ins;
    assert_eq!((counts["wrong"], counts["throttled"], counts["password"]), (5, 2, 0));
}

#[actix_web::test]
async fn one_password_of_an_address_is_checked_at_a_time() {
    // A cost at which a check takes longer than the next request.
    let slow = bcrypt::hash(PASSWORD, 10).expect("a valid cost");
    let server = AdminServer::start(Admin::new("admin", slow));
    let auth = password("admin", PASSWORD);
    let mut first = server.ask(&auth).await;
    assert_eq!(server.answer(&auth).await, refusal("another log-in is being checked: try again"));
    assert!(first.recv().await.starts_with("0/admin,"));
    assert_eq!(server.io.stats().admin_log_ins["busy"], 1);
}

#[actix_web::test]
async fn a_session_stands_for_the_password_until_its_user_is_gone() {
    let server = AdminServer::start(admin().user("grace", hash("other")));
    let (mut first, session) = server.log_in().await;
    let auth = json!({ "sessionId": session });
    let mut again = server.ask(&auth).await;
    assert!(again.recv().await.starts_with("0/admin,"));
    event(&again.recv().await, "config");
    let stats = server.io.stats();
    assert_eq!((stats.admin_log_ins["session"], stats.admin_sessions), (1, 1));

    // Another user changes, and nothing happens to this one.
    let admin = AdminUser::new("admin", hash("new"));
    let keep = user("grace");
    assert!(server.io.set_admin_users([]).is_err(), "there must be one");
    assert!(server.answer(&auth).await.starts_with("0/admin,"));
    server.io.set_admin_users([keep, admin]).expect("valid users");
    for client in [&mut first, &mut again] {
        while client.recv().await != "1/admin," {}
    }
    assert_eq!(server.answer(&auth).await, refusal("invalid credentials"));
    let answer = server.answer(&password("admin", PASSWORD)).await;
    assert_eq!(answer, refusal("invalid credentials"));
    assert!(server.answer(&password("admin", "new")).await.starts_with("0/admin,"));
}

#[actix_web::test]
async fn a_session_ends_with_its_lifetime_and_the_oldest_for_a_new_one() {
    let server = AdminServer::start(admin().session_lifetime(Duration::from_millis(1)));
    let (_client, session) = server.log_in().await;
    let auth = json!({ "sessionId": session });
    let mut answer = server.answer(&auth).await;
    while answer.starts_with("0/admin,") {
        answer = server.answer(&auth).await;
    }
    assert_eq!(answer, refusal("invalid credentials"));

    let server = AdminServer::start(admin().max_sessions(1));
    let (_first, old) = server.log_in().await;
    let (_second, new) = server.log_in().await;
    assert_eq!(server.answer(&json!({ "sessionId": old })).await, refusal("invalid credentials"));
    assert!(server.answer(&json!({ "sessionId": new })).await.starts_with("0/admin,"));
}

#[actix_web::test]
async fn nothing_is_computed_without_administrators() {
    let server = AdminServer::start(admin());
    let (client, _) = server.log_in().await;
    let sent = || server.io.stats().publications;
    wait_until("a report", || sent() > 0);
    client.close().await;
    wait_until("the end", || server.io.stats().sockets["/admin"] == 0);
    let before = sent();
    // Another server reports three times meanwhile.
    let other = AdminServer::start(admin());
    let (mut watcher, _) = other.log_in().await;
    for _ in 0..3 {
        event(&watcher.recv().await, "server_stats");
    }
    assert_eq!(sent(), before, "nothing is told");
    let (mut client, _) = server.log_in().await;
    event(&client.recv().await, "server_stats");
}
