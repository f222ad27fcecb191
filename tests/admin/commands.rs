//! Commands: which are refused, and that they are counted.

use serde_json::json;

use crate::server::{AdminServer, admin, event};

/// Sends a command, and returns the answer, if it was refused.
async fn refused(client: &mut crate::client::Client, id: u32, packet: &str) -> String {
    client.send(&format!("2/admin,{id}{packet}")).await;
    let start = format!("3/admin,{id}");
    client.wait_for(|packet| packet.starts_with(&start)).await[start.len()..].to_owned()
}

#[actix_web::test]
async fn malformed_commands_and_unknown_namespaces_change_nothing() {
    let server = AdminServer::start(admin());
    let (mut client, _) = server.log_in().await;
    let (mut bystander, _) = server.client("/").await;
    for (id, (packet, reason)) in (1..).zip([
        (r#"["emit","/nowhere",null,"x"]"#, "there is no such namespace"),
        (r#"["_disconnect"]"#, "argument 0: expected a namespace, which starts with a slash"),
        (r#"["_disconnect","/"]"#, "the number of arguments"),
        (r#"["join",5]"#, "argument 0: expected a namespace, which starts with a slash"),
        (
            r#"["emit","/",null,"disconnect"]"#,
            "argument 2: expected the name of an event that is not reserved",
        ),
        (
            r#"["emit","/admin",null,"config",{}]"#,
            "the namespace of administrators has no channels or events for them",
        ),
        (
            r#"["join","/admin","room-1"]"#,
            "the namespace of administrators has no channels or events for them",
        ),
    ]) {
        let expected = json!([{ "message": reason }]).to_string();
        assert_eq!(refused(&mut client, id, packet).await, expected, "{packet}");
    }
    let names: Vec<_> = server.io.namespaces().iter().map(ToString::to_string).collect();
    assert_eq!(names.len(), 3, "no command makes a namespace: {names:?}");
    let counts = server.io.stats().admin_commands;
    assert_eq!(counts["emit"]["unknown_namespace"], 1);
    assert_eq!(counts["emit"]["malformed"], 1);
    assert_eq!(counts["emit"]["admin_namespace"], 1);
    assert_eq!(counts["join"]["malformed"], 1);
    assert_eq!(counts["join"]["admin_namespace"], 1);
    assert_eq!(counts["_disconnect"]["malformed"], 2);
    assert_eq!(refused(&mut client, 99, r#"["emit","/",null,"seen"]"#).await, "[]");
    assert_eq!(bystander.expect_event("seen").await, json!([]), "and nothing before");
    assert_eq!(server.io.stats().admin_commands["emit"]["done"], 1);
}

#[actix_web::test]
async fn an_administrator_that_may_only_watch_is_told_so() {
    let server = AdminServer::start(admin().readonly(true));
    let (mut client, _) = server.log_in().await;
    let answer = refused(&mut client, 1, r#"["_disconnect","/",true]"#).await;
    assert_eq!(answer, json!([{ "message": "administrators may only watch" }]).to_string());
    assert_eq!(server.io.stats().admin_commands["_disconnect"]["readonly"], 1);
}

#[actix_web::test]
async fn an_administrator_can_be_disconnected_by_another() {
    let server = AdminServer::start(admin());
    let (mut first, _) = server.log_in().await;
    let (mut second, _) = server.log_in().await;
    event(&second.recv().await, "server_stats");
    assert_eq!(refused(&mut first, 1, r#"["_disconnect","/",false]"#).await, "[]");
    first.send(r#"2/admin,["_disconnect","/admin",false]"#).await;
    while second.recv().await != "1/admin," {}
}
