use std::borrow::Cow;

use actix_web::http::{Uri, header};

use super::listed_origin;
use crate::config::InvalidSetting;

/// The origins whose pages may connect to this server, by polling and by WebSocket.
///
/// [`Builder::cors`](crate::Builder::cors) does two things:
///
/// * Pages of the listed origins may poll. The server sends them the headers of the Fetch
///   standard's CORS protocol.
/// * Pages of all other origins are refused, **WebSockets included**. A request of such a page gets
///   status 403, and its WebSocket handshake gets 400. Pages of the server's own origin may always
///   connect.
///
/// **Without it, a page of any origin may open a WebSocket**, with the cookies of its visitor.
/// Browsers do not restrict WebSockets by origin, and the server does not either. If cookies grant
/// rights in your application, set `cors`, or check the `Origin` header in
/// [`Builder::on_handshake`](crate::Builder::on_handshake). Polling then works only for pages of
/// the server's own origin, since browsers withhold the responses from other pages.
///
/// An origin does not identify a client: programs other than browsers can send any origin, or leave
/// it out. A request without an `Origin` header passes this check.
///
/// ```
/// use actix_socketio::{Cors, SocketIo};
///
/// let cors = Cors::origins(["https://example.com", "https://www.example.com"]);
/// let builder = SocketIo::builder().cors(cors.credentials());
/// # let _ = builder;
/// ```
#[derive(Debug, Clone)]
pub struct Cors {
    origins: Option<Vec<String>>,
    credentials: bool,
}

impl Cors {
    /// Allows pages of these origins. An origin is a scheme, a host, and a port if it is not the
    /// scheme's default, without a path and without a slash at the end. `null` is the origin of
    /// pages that have none. An empty list allows the server's own origin alone.
    ///
    /// [`Builder::build`](crate::Builder::build) returns an error for a text that browsers never
    /// send, such as `https://example.com/`, `*` or `example.com`.
    ///
    /// ```
    /// use actix_socketio::Cors;
    ///
    /// let cors = Cors::origins(["https://example.com", "http://localhost:3000"]);
    /// # let _ = cors;
    /// ```
    pub fn origins<T: Into<String>>(origins: impl IntoIterator<Item = T>) -> Self {
        let origins = origins.into_iter().map(|origin| {
            let origin = origin.into();
            // A text that is not an origin is kept as it is, for the error of the check.
            listed_origin::as_sent(&origin).map(Cow::into_owned).unwrap_or(origin)
        });
        Self { origins: Some(origins.collect()), credentials: false }
    }

    /// Allows pages of any origin.
    ///
    /// With [`Cors::credentials`], every page on the internet then acts with the cookies of its
    /// visitor. Do not combine the two unless cookies grant nothing in your application.
    ///
    /// ```
    /// use actix_socketio::Cors;
    ///
    /// // For public data that needs no login.
    /// let cors = Cors::any_origin();
    /// # let _ = cors;
    /// ```
    pub fn any_origin() -> Self {
        Self { origins: None, credentials: false }
    }

    /// Lets browsers send cookies and HTTP authentication, for clients with `withCredentials`.
    ///
    /// ```
    /// use actix_socketio::Cors;
    ///
    /// let cors = Cors::origins(["https://example.com"]).credentials();
    /// # let _ = cors;
    /// ```
    #[must_use]
    pub fn credentials(mut self) -> Self {
        self.credentials = true;
        self
    }

    /// Checks that browsers can send each origin of the list.
    ///
    /// # Errors
    /// The first origin that they never send.
    pub(super) fn check(&self) -> Result<(), InvalidSetting> {
        for origin in self.origins.iter().flatten() {
            let expected = match listed_origin::as_sent(origin) {
                // The middleware has a reader of its own, and without its consent no server starts.
                Ok(_) if origin.parse::<Uri>().is_ok() => continue,
                Ok(_) => "it must be an origin, such as \"https://example.com\"",
                Err(expected) => expected,
            };
            let (value, expected) = (format!("{origin:?}"), expected.to_owned());
            return Err(InvalidSetting { setting: "cors", value, expected });
        }
        Ok(())
    }

    /// Returns whether a page of this origin may connect to this host.
    pub(crate) fn allows(&self, origin: &str, host: Option<&str>) -> bool {
        let Some(origins) = &self.origins else { return true };
        let is_own = origin.split_once("://").is_some_and(|(_, authority)| Some(authority) == host);
        is_own || origins.iter().any(|allowed| allowed == origin)
    }

    /// Makes the middleware that sends the headers of CORS and answers preflights.
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
    fn listed_origins_and_the_servers_own_are_allowed() {
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
