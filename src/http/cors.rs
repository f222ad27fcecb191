use actix_web::http::header;

/// Which pages of other origins may talk to this server: by HTTP, as the Fetch standard's CORS
/// protocol has it, and over a WebSocket, whose handshake is refused to pages of other origins than
/// these and the server's own.
///
/// **Without, a page of any origin may open a WebSocket**, with its visitor's cookies: browsers
/// don't ask, and neither does this server. What cookies allow,
/// [`Builder::on_handshake`](crate::Builder::on_handshake) must then not grant without a look at
/// the `Origin` header. Polling is for pages of the server's own origin, since browsers keep
/// answers from others.
///
/// What is no browser has any origin it likes.
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
    /// Pages of these origins: scheme, host and port, as the browser's address bar shows them,
    /// without a path.
    pub fn origins<T: Into<String>>(origins: impl IntoIterator<Item = T>) -> Self {
        Self { origins: Some(origins.into_iter().map(Into::into).collect()), credentials: false }
    }

    /// Pages of any origin. With [`Cors::credentials`], any page then acts with its visitor's
    /// cookies: don't, unless cookies mean nothing to you.
    pub fn any_origin() -> Self {
        Self { origins: None, credentials: false }
    }

    /// Lets the browser send cookies and HTTP authentication, for clients with `withCredentials`.
    #[must_use]
    pub fn credentials(mut self) -> Self {
        self.credentials = true;
        self
    }

    /// Whether a page of this origin may open a WebSocket to this host.
    pub(crate) fn allows(&self, origin: &str, host: Option<&str>) -> bool {
        let Some(origins) = &self.origins else { return true };
        let is_own = origin.split_once("://").is_some_and(|(_, authority)| Some(authority) == host);
        is_own || origins.iter().any(|allowed| allowed == origin)
    }

    /// The middleware which does it.
    pub(crate) fn middleware(&self) -> actix_cors::Cors {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_websocket_is_for_pages_of_these_origins_and_of_the_servers_own() {
        let cors = Cors::origins(["https://example.com"]);
        let host = Some("scores.example.com:8080");
        assert!(cors.allows("https://example.com", host));
        assert!(cors.allows("http://scores.example.com:8080", host));
        for other in [
            "https://evil.com",
            "https://example.com.evil.com",
            "http://scores.example.com",
            "null",
            "",
        ] {
            assert!(!cors.allows(other, host), "{other}");
        }
        assert!(!cors.allows("null", None));
        assert!(Cors::any_origin().allows("https://evil.com", host));
    }
}
