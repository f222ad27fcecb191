//! The files of the browser client that the server serves.

use std::{
    fs,
    path::{Path, PathBuf},
};

use actix_socketio::{BuildError, Cors};
use awc::http::header;

use crate::{
    app::{TestServer, builder},
    transport::{get, http},
};

/// The names of Socket.IO's package `client-dist`, without the parser of its own.
const SCRIPTS: [&str; 3] = ["socket.io.js", "socket.io.min.js", "socket.io.esm.min.js"];

const ADD_ON: [&str; 3] = ["channels.js", "channels.min.js", "channels.esm.min.js"];

fn dist(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("client/dist").join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[actix_web::test]
async fn the_browser_client_is_served_under_the_names_that_node_has() {
    let server = TestServer::start(builder());
    let http = http();
    for script in SCRIPTS.iter().chain(&ADD_ON) {
        for (name, content_type) in [
            ((*script).to_owned(), "text/javascript; charset=utf-8"),
            (format!("{script}.map"), "application/json"),
        ] {
            let url = format!("{}/socket.io/{name}", server.url);
            let mut answer = http.get(&url).no_decompress().send().await.expect("an answer");
            assert_eq!(answer.status(), 200, "{name}");
            let headers = answer.headers();
            assert_eq!(headers.get(header::CONTENT_TYPE).expect("a type"), content_type);
            let tag = headers.get(header::ETAG).expect("a tag").clone();
            let body = answer.body().limit(1 << 20).await.expect("a body");
            assert!(body == dist(&name), "{name}");
            let mut head = http.head(&url).no_decompress().send().await.expect("an answer");
            assert_eq!(head.status(), 200, "{name}");
            assert_eq!(head.headers().get(header::ETAG), Some(&tag), "{name}");
            assert!(head.body().await.expect("no body").is_empty(), "{name}");
        }
        let map = format!("//# sourceMappingURL={script}.map");
        assert!(String::from_utf8(dist(script)).expect("UTF-8").contains(&map), "{script}");
    }
    for unknown in ["socket.io.msgpack.min.js", "socket.io.mjs", "index.html"] {
        let (status, _) = get(&http, &format!("{}/socket.io/{unknown}", server.url)).await;
        assert_eq!(status, 400, "{unknown}");
    }
}

#[actix_web::test]
async fn the_browser_client_is_served_and_not_sent_again_while_it_is_the_same() {
    let server = TestServer::start(builder());
    let url = format!("{}/socket.io/socket.io.js", server.url);
    let http = http();
    let answer = http.get(&url).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let headers = answer.headers().clone();
    assert_eq!(headers.get(header::CACHE_CONTROL).expect("a rule"), "no-cache");

    let tag = headers.get(header::ETAG).expect("a tag").to_str().expect("text");
    for known in [tag.to_owned(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
        let mut answer = http
            .get(&url)
            .insert_header((header::IF_NONE_MATCH, &*known))
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 304, "{known}");
        assert_eq!(answer.headers().get(header::ETAG).expect("a tag"), tag);
        assert!(answer.body().await.expect("no body").is_empty(), "{known}");
    }
    let answer = http
        .get(&url)
        .insert_header((header::IF_NONE_MATCH, "\"other\""))
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 200);
}

#[actix_web::test]
async fn the_browser_client_moves_with_the_path() {
    let server = TestServer::start(builder().path("/live/"));
    assert_eq!(get(&http(), &format!("{}/live/socket.io.js", server.url)).await.0, 200);
    assert_eq!(get(&http(), &format!("{}/socket.io/socket.io.js", server.url)).await.0, 404);
    assert_eq!(get(&http(), &format!("{}/live/?EIO=4&transport=polling", server.url)).await.0, 200);
}

#[actix_web::test]
async fn a_server_may_keep_the_browser_client_to_itself() {
    let server = TestServer::start(builder().serve_client(false));
    for name in ["socket.io.js", "socket.io.min.js.map", "channels.js"] {
        let (status, body) = get(&http(), &format!("{}/socket.io/{name}", server.url)).await;
        assert!(status == 400 && !body.contains("function"), "{status} {body}");
    }
}

#[actix_web::test]
async fn pages_of_listed_origins_may_import_the_client_as_a_module() {
    const ORIGIN: &str = "https://example.com";
    let server = TestServer::start(builder().cors(Cors::origins([ORIGIN])));
    let url = format!("{}/socket.io/socket.io.esm.min.js", server.url);
    for (origin, allowed) in [(ORIGIN, Some(ORIGIN)), ("https://other.example", None)] {
        let request = http().get(&url).insert_header((header::ORIGIN, origin));
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{origin}");
        let header = answer.headers().get(header::ACCESS_CONTROL_ALLOW_ORIGIN);
        assert_eq!(header.map(|value| value.to_str().expect("text")), allowed, "{origin}");
    }
}

/// A folder that is removed when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("client_files-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn write(&self, name: &str, content: &[u8]) {
        fs::write(self.0.join(name), content).expect("a file");
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[actix_web::test]
async fn a_folder_of_the_application_takes_the_place_of_the_client() {
    let folder = Folder::new("served");
    folder.write("socket.io.js", b"// theirs");
    folder.write("socket.io.msgpack.min.js", b"// theirs, with another parser");
    folder.write("secret.js", b"// not a file of the client");
    let server = TestServer::start(builder().client_files(&folder.0));
    // They are read once.
    fs::remove_file(folder.0.join("socket.io.js")).expect("a file");
    let url = format!("{}/socket.io", server.url);
    for (name, expected) in [
        ("socket.io.js", (200, "// theirs")),
        ("socket.io.msgpack.min.js", (200, "// theirs, with another parser")),
    ] {
        let (status, body) = get(&http(), &format!("{url}/{name}")).await;
        assert_eq!((status, &*body), expected, "{name}");
    }
    for name in ["secret.js", "socket.io.min.js", "socket.io.js.map"] {
        assert_eq!(get(&http(), &format!("{url}/{name}")).await.0, 400, "{name}");
    }
    let (status, add_on) = get(&http(), &format!("{url}/channels.min.js")).await;
    assert_eq!((status, add_on.into_bytes()), (200, dist("channels.min.js")));
}

#[actix_web::test]
async fn a_folder_without_a_client_is_not_built_with() {
    let missing = Path::new("/nowhere/at/all");
    let error = builder().client_files(missing).build().expect_err("no folder");
    let text = error.to_string();
    assert!(text.contains("\"/nowhere/at/all/socket.io.js\""), "{text}");
    assert!(matches!(error, BuildError::ClientFile { .. }), "{error:?}");

    let folder = Folder::new("empty");
    folder.write("socket.io.min.js", b"// the script itself is missing");
    let error = builder().client_files(&folder.0).build().expect_err("no script");
    assert!(error.to_string().contains("socket.io.js\" could not be read"), "{error}");

    folder.write("socket.io.js", &vec![b' '; 4 * 1024 * 1024 + 1]);
    let error = builder().client_files(&folder.0).build().expect_err("too large");
    assert!(error.to_string().contains("more than 4194304 bytes"), "{error}");
    folder.write("socket.io.js", &vec![b' '; 4 * 1024 * 1024]);
    builder().client_files(&folder.0).build().expect("as large as it may be");
}
