//! The script of docs/testing.md. Its Rust is run with the tests of the documentation.

use std::{env, fs, path::Path, process::Command};

use actix_socketio::{HandlerError, HandlerResult, OnMessage, SocketIo, SocketIoServerExt};
use actix_web::{App, HttpServer, rt};

use crate::{
    needs::{Need, all_there, clients},
    programs::run,
};

async fn chat(event: OnMessage) -> HandlerResult {
    let (room, _text): (String, String) = (event.arg(0)?, event.arg(1)?);
    if !event.socket.is_subscribed(&room) {
        return Err(HandlerError::reject("you are not in this room"));
    }
    Ok(event.ack("sent")?)
}

#[actix_web::test]
async fn the_script_on_the_page_tests_a_real_port() {
    if !all_there("the script of docs/testing.md", &[Need::Node, Need::NodePackages]) {
        return;
    }
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/testing.md");
    let page = fs::read_to_string(page).expect("the page");
    let script = page.split("```js\n").nth(1).and_then(|rest| rest.split("```").next());
    let script = script.expect("the page has a script").to_owned();

    let io = SocketIo::builder().open_channels().on_message(chat).build().unwrap();
    let app = io.clone();
    let server = HttpServer::new(move || App::new().configure(app.mount()))
        .workers(1)
        .socketio(&io)
        .disable_signals()
        .bind(("127.0.0.1", 0))
        .unwrap();
    let url = format!("http://{}", server.addrs()[0]);
    let server = server.run();
    let handle = server.handle();
    let running = rt::spawn(server);

    let mut node = Command::new("node");
    node.args(["--input-type=module", "--eval", &script]).env("URL", url).current_dir(clients());
    rt::task::spawn_blocking(move || run(node)).await.unwrap();
    assert_eq!(io.stats().connections_opened["websocket"], 1);

    assert!(io.shutdown().await);
    handle.stop(false).await;
    running.await.unwrap().unwrap();
}
