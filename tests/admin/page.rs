//! The published page in a browser.

use std::fs;

use actix_web::{HttpResponse, Resource, web};

use crate::{
    needs::{Need, all_there, chromium, clients},
    programs::node_tests,
    server::{AdminServer, admin},
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

#[test]
fn the_published_page_logs_in_and_shows_the_server() {
    let needs = [Need::Node, Need::NodePackages, Need::Chromium];
    if !all_there("the Admin UI in a browser", &needs) {
        return;
    }
    let server = AdminServer::start(admin());
    node_tests(&clients().join("admin_ui"), |node| {
        node.env("SERVER_URL", &server.url)
            .env("PAGE_URL", format!("{}/ui/", server.url))
            .env("CHROMIUM", chromium())
    });
}
