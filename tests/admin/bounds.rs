//! Settings that no server can work with, and the bound of administrators.

use std::time::Duration;

use actix_socketio::{Admin, AdminUser, SocketIo};

use crate::server::{AdminServer, PASSWORD, admin, refusal};

#[actix_web::test]
async fn mistakes_are_found_when_the_server_is_built() {
    let second = Duration::from_secs(1);
    let over = Duration::from_secs(366 * 86_400);
    for (admin, expected) in [
        (Admin::new("ada", "secret"), "the password hash of the user \"ada\""),
        (Admin::of([]), "without users"),
        (admin().user("admin", "x"), "the password hash of the user \"admin\""),
        (admin().namespace("/"), "the namespace \"/\": it must be a namespace of its own"),
        (admin().namespace(""), "the namespace \"/\""),
        (admin().server_id(""), "the server id: it must have 1 to 255 bytes"),
        (admin().max_admins(0), "max_admins 0: it must be at least 1"),
        (admin().max_sessions(0), "max_sessions 0: it must be at least 1"),
        (admin().max_shown_sockets(0), "max_shown_sockets 0: it must be at least 1"),
        (admin().max_waiting_events(0), "max_waiting_events 0: it must be at least 1"),
        (admin().max_waiting_events(1 << 21), "it must be 1048576 at most"),
        (admin().max_event_bytes(0), "max_event_bytes 0: it must be at least 1"),
        (admin().max_checks(0), "max_checks 0: it must be at least 1"),
        (admin().max_failures(0, second, second), "max_failures 0: it must be at least 1"),
        (admin().max_failures(1, Duration::ZERO, second), "the window of max_failures 0ns"),
        (admin().max_failures(1, second, over), "the pause of max_failures 31622400s"),
        (admin().session_lifetime(over), "session_lifetime 31622400s"),
    ] {
        let error = SocketIo::builder().admin(admin).build().expect_err("a mistake").to_string();
        assert!(error.starts_with("setting \"admin\" is ") && error.contains(expected), "{error}");
        assert!(!error.contains(PASSWORD), "{error}");
    }
    let twice = SocketIo::builder().admin(admin()).admin(admin().namespace("/other")).build();
    assert!(twice.expect_err("two").to_string().contains("it must be added once"));
    let taken = SocketIo::builder().namespace("/admin", |admin| admin).admin(admin()).build();
    assert!(taken.expect_err("two").to_string().contains("the namespace /admin was added twice"));
    let without = SocketIo::builder().build().expect("valid").set_admin_users([]);
    assert!(without.expect_err("no namespace").to_string().contains("Builder::admin"));
}

#[test]
fn secrets_are_in_no_debug_text() {
    let hash = AdminUser::hash_password(PASSWORD).expect("a valid password");
    let admin = Admin::new("ada", &hash);
    let builder = SocketIo::builder().admin(admin.clone());
    assert!(!format!("{admin:?} {builder:?}").contains("$2b$"));
}

#[actix_web::test]
async fn administrators_are_bounded() {
    let server = AdminServer::start(admin().max_admins(1));
    let (_client, session) = server.log_in().await;
    let auth = serde_json::json!({ "sessionId": session });
    assert_eq!(server.answer(&auth).await, refusal("the namespace is full"));
}

#[actix_web::test]
async fn clients_that_the_application_does_not_admit_are_not_checked() {
    let server = AdminServer::start(admin().only_for(|_| false));
    let auth = serde_json::json!({ "username": "admin", "password": PASSWORD });
    let answer = server.answer(&auth).await;
    assert_eq!(answer, refusal("administrators can't log in from here"));
    let counts = server.io.stats().admin_log_ins;
    assert_eq!((counts["forbidden"], counts["password"]), (1, 0));
}
