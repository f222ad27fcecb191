//! The files of the page, which are compiled into the program, and the headers of their responses.

use actix_web::{
    HttpResponse,
    web::{self, ServiceConfig},
};

/// One file of the page.
#[derive(Clone, Copy, Debug)]
struct File {
    path: &'static str,
    content_type: &'static str,
    body: &'static str,
}

const FILES: [File; 10] = [
    file("/", HTML, include_str!("page/index.html")),
    file("/page.css", CSS, include_str!("page/page.css")),
    file("/icon.svg", SVG, include_str!("page/icon.svg")),
    file("/page.js", SCRIPT, include_str!("page/page.js")),
    file("/state.js", SCRIPT, include_str!("page/state.js")),
    file("/list.js", SCRIPT, include_str!("page/list.js")),
    file("/panel.js", SCRIPT, include_str!("page/panel.js")),
    file("/report.js", SCRIPT, include_str!("page/report.js")),
    file("/notices.js", SCRIPT, include_str!("page/notices.js")),
    file("/dom.js", SCRIPT, include_str!("page/dom.js")),
];

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SVG: &str = "image/svg+xml";
const SCRIPT: &str = "text/javascript; charset=utf-8";

const fn file(path: &'static str, content_type: &'static str, body: &'static str) -> File {
    File { path, content_type, body }
}

/// The headers of every file. The page loads nothing from elsewhere and runs no inline script, so
/// markup in the name of a scorer stays text.
const HEADERS: [(&str, &str); 4] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    // The next version of the program may have another page.
    ("cache-control", "no-cache"),
];

/// Adds the files of the page.
pub(crate) fn files(services: &mut ServiceConfig) {
    for file in FILES {
        let answer = move || async move {
            let mut response = HttpResponse::Ok();
            response.content_type(file.content_type);
            for header in HEADERS {
                response.insert_header(header);
            }
            response.body(file.body)
        };
        services.route(file.path, web::get().to(answer));
        services.route(file.path, web::head().to(answer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_refers_to_is_there() {
        let paths: Vec<_> = FILES.iter().map(|file| file.path).collect();
        for file in FILES {
            for quoted in file.body.split('"').skip(1).step_by(2) {
                let local = quoted.strip_prefix('.').unwrap_or(quoted);
                if local.starts_with('/') && local.contains('.') {
                    let known = paths.contains(&local) || local == "/socket.io/socket.io.js";
                    assert!(known, "{} refers to {quoted}", file.path);
                }
            }
        }
    }

    #[test]
    fn nothing_in_the_page_needs_a_weaker_policy() {
        let page = FILES[0].body;
        for forbidden in ["<style", " style=", " onclick=", "<script>", "http://", "https://"] {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
        let scripts = FILES.iter().filter(|file| file.content_type == SCRIPT);
        for file in scripts {
            for forbidden in ["innerHTML", "insertAdjacentHTML", "document.write", "eval("] {
                assert!(!file.body.contains(forbidden), "{}: {forbidden}", file.path);
            }
        }
    }
}
