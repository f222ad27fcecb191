use actix_web::http::header;

/// Which pages of other origins a browser lets talk to this server by HTTP (the Fetch standard's CORS protocol).
///
/// Without, browsers let pages of the server's own origin poll, and no others.
///
/// ```
/// use actix_socketio::Cors;
///
/// let cors = Cors::origins(["https://example.com", "https://www.example.com"]).credentials();
/// ```
#[derive(Debug, Clone)]
pub struct Cors {
    origins: Option<Vec<String>>,
    credentials: bool,
}

impl Cors {
    /// Pages of these origins: scheme, host and port, as the browser's address bar shows them, without a path.
    pub fn origins<T: Into<String>>(origins: impl IntoIterator<Item = T>) -> Self {
        Self { origins: Some(origins.into_iter().map(Into::into).collect()), credentials: false }
    }

    /// Pages of any origin. With [`Cors::credentials`], any page then acts with its visitor's cookies: don't, unless
    /// cookies mean nothing to you.
    pub fn any_origin() -> Self {
        Self { origins: None, credentials: false }
    }

    /// Lets the browser send cookies and HTTP authentication, for clients with `withCredentials`.
    #[must_use]
    pub fn credentials(mut self) -> Self {
        self.credentials = true;
        self
    }

    /// The middleware which does it.
    pub(super) fn middleware(&self) -> actix_cors::Cors {
        let cors = actix_cors::Cors::default()
            .allowed_methods(["GET", "POST"])
            .allow_any_header()
            .expose_headers([header::CONTENT_TYPE])
            .max_age(3600);
        let cors = match &self.origins {
            Some(origins) => origins.iter().fold(cors, |cors, origin| cors.allowed_origin(origin)),
            None => cors.allow_any_origin(),
        };
        if self.credentials { cors.supports_credentials() } else { cors }
    }
}
