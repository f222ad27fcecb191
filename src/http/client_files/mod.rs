//! The files of the browser client, under the names that Socket.IO has for them.

mod file;
mod folder;

use std::sync::{Arc, LazyLock};

use actix_web::{
    HttpRequest, HttpResponse,
    dev::RequestHead,
    guard::fn_guard,
    http::Method,
    web::{self, Bytes, Payload, ServiceConfig},
};

use self::file::ClientFile;
pub(crate) use self::folder::FolderError;
use super::{
    live_cors::LiveCors,
    unread_body::{close_if_asked_to_upgrade, keep_unread},
};

/// Embeds files of `client/dist`.
macro_rules! embedded {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_bytes!(concat!("../../../client/dist/", $name)).as_slice())),*]
    };
}

/// The client of this crate.
static OWN: LazyLock<ClientFiles> = LazyLock::new(|| {
    let scripts = embedded![
        "socket.io.js",
        "socket.io.js.map",
        "socket.io.min.js",
        "socket.io.min.js.map",
        "socket.io.esm.min.js",
        "socket.io.esm.min.js.map",
    ];
    let embed = |(name, content)| ClientFile::new(name, Bytes::from_static(content));
    ClientFiles(scripts.into_iter().map(embed).chain(add_on()).collect())
});

/// The add-on with channels, which works with other clients of Socket.IO, too.
fn add_on() -> impl Iterator<Item = ClientFile> {
    let scripts = embedded![
        "channels.js",
        "channels.js.map",
        "channels.min.js",
        "channels.min.js.map",
        "channels.esm.min.js",
        "channels.esm.min.js.map",
    ];
    scripts.into_iter().map(|(name, content)| ClientFile::new(name, Bytes::from_static(content)))
}

/// The files that a server has for browsers. A clone shares them.
#[derive(Debug, Clone)]
pub(crate) struct ClientFiles(Arc<[ClientFile]>);

impl ClientFiles {
    /// The client of this crate. All servers of a process share its compressed forms.
    pub(crate) fn own() -> Self {
        OWN.clone()
    }

    fn named(&self, name: &str) -> Option<&ClientFile> {
        self.0.iter().find(|file| file.name == name)
    }

    /// The file that a request asks for. No other request has a name at the end of its path.
    fn asked_for(&self, request: &RequestHead) -> Option<&ClientFile> {
        let name = request.uri.path().rsplit('/').next()?;
        if name.is_empty() || ![Method::GET, Method::HEAD].contains(&request.method) {
            return None;
        }
        self.named(name)
    }

    /// Registers the files below a path. Pages of other origins may load them as modules if CORS
    /// allows it.
    pub(crate) fn mount(
        &self,
        path: &str,
        compress: bool,
        cors: Option<&LiveCors>,
        services: &mut ServiceConfig,
    ) {
        let files = self.clone();
        let serve = move |request: HttpRequest, body: Payload| {
            let file = files.asked_for(request.head());
            let answer = file.map_or_else(
                || HttpResponse::NotFound().finish(),
                |file| file.answer(&request, compress),
            );
            let mut answer = keep_unread(&request, body.into_inner(), answer);
            close_if_asked_to_upgrade(&request, answer.head_mut());
            std::future::ready(answer)
        };
        let files = self.clone();
        // A guard costs other requests less than a route for each file.
        let guard = fn_guard(move |request| files.asked_for(request.head()).is_some());
        let scope = web::scope(path).guard(guard);
        match cors {
            Some(cors) => {
                let scope = scope.wrap(cors.middleware());
                services.service(scope.default_service(web::route().to(serve)))
            }
            None => services.service(scope.default_service(web::route().to(serve))),
        };
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn only_get_and_head_of_a_known_name_are_for_the_client() {
        let files = ClientFiles::own();
        let asked_for = |method: Method, uri: &str| {
            let request = TestRequest::with_uri(uri).method(method).to_http_request();
            files.asked_for(request.head()).map(|file| file.name)
        };
        assert_eq!(
            asked_for(Method::GET, "/socket.io/socket.io.min.js?v=1"),
            Some("socket.io.min.js")
        );
        assert_eq!(asked_for(Method::HEAD, "/x/channels.js"), Some("channels.js"));
        assert_eq!(asked_for(Method::POST, "/socket.io/socket.io.js"), None);
        assert_eq!(asked_for(Method::GET, "/socket.io/?EIO=4&x=/socket.io.js"), None);
        assert_eq!(asked_for(Method::GET, "/socket.io/socket.io.msgpack.min.js"), None);
    }
}
