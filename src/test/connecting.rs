use std::{fmt, net::SocketAddr, time::Duration};

use actix_web::{
    http::header::{HeaderName, HeaderValue},
    test::TestRequest,
};
use serde::Serialize;

use super::{
    Refused, TestClient, TestServer,
    line::{Line, Requests},
};
use crate::{model::Namespace, server::SocketIo};

/// How long a client waits for what must come, if [`Connecting::patience`] does not say otherwise.
const PATIENCE: Duration = Duration::from_secs(5);

/// A client that is about to connect. [`TestServer::client`](super::TestServer::client) makes it.
///
/// ```
/// use actix_socketio::{HandlerError, OnConnect, SocketIo, test};
/// use serde_json::{Value, json};
///
/// async fn enter(event: OnConnect) -> Result<(), HandlerError> {
///     let auth: Value = event.socket.handshake().auth()?;
///     match auth["token"].as_str() {
///         Some("secret") => Ok(()),
///         _ => Err(HandlerError::reject("log in first")),
///     }
/// }
///
/// # test::system(async {
/// let io = SocketIo::builder().namespace("/admin", |admin| admin.on_connect(enter));
/// let io = io.build().unwrap();
/// let server = test::TestServer::new(&io).await;
/// let ada = server.client().namespace("/admin").auth(&json!({"token": "secret"}));
/// let ada = ada.header("x-language", "en").query("tab", "2").connect().await.unwrap();
/// assert_eq!(ada.socket().handshake().header("x-language"), Some("en"));
/// # });
/// ```
#[must_use]
pub struct Connecting {
    server: TestServer,
    namespace: Namespace,
    auth: Option<String>,
    headers: Vec<(HeaderName, HeaderValue)>,
    query: Vec<(String, String)>,
    address: Option<SocketAddr>,
    patience: Duration,
}

impl Connecting {
    pub(super) fn new(server: TestServer) -> Self {
        Self {
            server,
            namespace: Namespace::default(),
            auth: None,
            headers: Vec::new(),
            query: Vec::new(),
            address: None,
            patience: PATIENCE,
        }
    }

    /// Sets the `auth` of the client's options, which must be an object.
    ///
    /// # Panics
    /// If the data is not JSON.
    #[track_caller]
    pub fn auth<T: Serialize + ?Sized>(mut self, auth: &T) -> Self {
        let json = serde_json::to_string(auth);
        self.auth = Some(json.unwrap_or_else(|error| panic!("`auth` is not JSON: {error}")));
        self
    }

    /// Adds a header to each request, such as a cookie. A name may be added several times.
    ///
    /// # Panics
    /// If name or value are not valid in HTTP.
    #[track_caller]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match (name.parse(), value.parse()) {
            (Ok(name), Ok(value)) => self.headers.push((name, value)),
            _ => panic!("invalid header {name:?}: {value:?}"),
        }
        self
    }

    /// Adds a parameter to the query of each request.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.query.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the namespace that the client enters. Default: `/`.
    pub fn namespace(mut self, namespace: &str) -> Self {
        self.namespace = Namespace::new(namespace);
        self
    }

    /// Sets the address that the requests come from. Default: none.
    pub fn peer_addr(mut self, address: SocketAddr) -> Self {
        self.address = Some(address);
        self
    }

    /// Sets how long the client waits for what must come before it panics, or says
    /// [`AskError::TimedOut`](super::AskError::TimedOut). Default: 5 s.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Connects, and waits until the server has decided.
    ///
    /// # Errors
    /// The refusal as the client reads it: of the handshake, or of the namespace.
    ///
    /// # Panics
    /// If the server does not decide in time.
    pub async fn connect(self) -> Result<TestClient, Refused> {
        let Self { server, namespace, auth, headers, query, address, patience } = self;
        let TestServer { io, call, path } = server;
        let query: String = query
            .iter()
            .map(|(name, value)| format!("&{}={}", escaped(name), escaped(value)))
            .collect();
        let request = move |mut request: TestRequest| {
            for (name, value) in &headers {
                request = request.append_header((name.clone(), value.clone()));
            }
            address.into_iter().fold(request, TestRequest::peer_addr)
        };
        let uri = format!("{path}?EIO=4&transport=polling{query}");
        let requests = Requests::new(call, uri, Box::new(request));
        let line = Line::open(io, namespace, requests, patience).await?;
        TestClient::enter(line, auth.as_deref()).await
    }
}

/// Escapes everything but letters and digits for a query.
fn escaped(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}

/// Leaves out headers and `auth`, which hold secrets.
impl fmt::Debug for Connecting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let io: &SocketIo = &self.server.io;
        f.debug_struct("Connecting")
            .field("io", io)
            .field("namespace", &self.namespace)
            .finish_non_exhaustive()
    }
}
