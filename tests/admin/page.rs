//! The published page in a browser.

use std::fs;

use actix_socketio::Builder;
use actix_web::{HttpResponse, Resource, web};

use crate::{
    development::talking,
    needs::{Need, all_there, chromium, clients},
    programs::node_tests,
    server::{AdminServer, admin, builder},
};

/// The published page below `/ui/`, so that it has the origin of the server.
pub(crate) fn files() -> Resource {
    let folder = clients().join("node_modules/@socket.io/admin-ui/ui/dist");
    web::resource("/ui/{file:.*}").to(move |file: web::Path<String>| {
        let name = if file.is_empty() { "index.html" } else { file.as_str() };
        let content = match name.rsplit('.').next() {
            Some("html") => "text/html",
            Some("js") => "text/javascript",
            Some("css") => "text/css",
            Some("svg") => "image/svg+xml",
            _ => "application/octet-stream",
        };
        let answer = match fs::read(folder.join(name)) {
            Ok(bytes) => HttpResponse::Ok().content_type(content).body(bytes),
            Err(_) => HttpResponse::NotFound().finish(),
        };
        async { answer }
    })
}

/// Runs the tests of a folder with a browser.
fn in_browser(folder: &str, builder: Builder) {
    let needs = [Need::Node, Need::NodePackages, Need::Chromium];
    if !all_there("the Admin UI in a browser", &needs) {
        return;
    }
    let server = AdminServer::with(builder);
    node_tests(&clients().join(folder), |node| {
        node.env("SERVER_URL", &server.url)
            .env("PAGE_URL", format!("{}/ui/", server.url))
            .env("CHROMIUM", chromium())
    });
}

#[test]
fn the_published_page_logs_in_and_shows_the_server() {
    in_browser("admin_ui", builder().admin(admin()));
}

#[test]
fn the_published_page_shows_sockets_rooms_and_events() {
    in_browser("admin_ui_development", talking());
}
