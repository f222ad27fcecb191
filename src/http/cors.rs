use actix_web::http::header;

use crate::config::InvalidSetting;

use super::origin::{Origin, OwnHost};

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
    /// Each as it was written, and as it is compared.
    origins: Option<Vec<(String, Result<Origin, &'static str>)>>,
    credentials: bool,
}

impl Cors {
    /// Allows pages of these origins, beside the server's own. An origin is a scheme, a host, and a
    /// port if it is not the scheme's default, without a path and without a slash at the end.
    ///
    /// Case does not matter, nor whether the default port is written. A host that is not ASCII is
    /// written as browsers send it, such as `https://xn--bcher-kva.example`. Apps and extensions
    /// have origins, too: `capacitor://localhost`, `chrome-extension://<id>`, `file://`, `null`.
    /// There are no patterns. `"*"` by itself means any origin, as [`Cors::any_origin`] does.
    ///
    /// [`Builder::build`](crate::Builder::build) returns an error for a text that is not an origin.
    ///
    /// ```
    /// use actix_socketio::Cors;
    ///
    /// let cors = Cors::origins(["https://example.com", "http://localhost:3000"]);
    /// # let _ = cors;
    /// ```
    pub fn origins<T: Into<String>>(origins: impl IntoIterator<Item = T>) -> Self {
        let parse = |origin: T| {
            let text = origin.into();
            let origin = Origin::parse(&text);
            (text, origin)
        };
        let listed: Vec<_> = origins.into_iter().map(parse).collect();
        match &*listed {
            [(text, _)] if text == "*" => Self::any_origin(),
            _ => Self { origins: Some(listed), credentials: false },
        }
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

    /// The origins of the list that no browser sends.
    pub(crate) fn invalid_origins(&self) -> Vec<InvalidSetting> {
        let invalid = |(text, origin): &(String, Result<Origin, &'static str>)| {
            let expected = origin.as_ref().err()?;
            let hint = if text.contains('*') { "; \"*\" by itself allows all origins" } else { "" };
            let (value, expected) = (format!("{text:?}"), format!("it must {expected}{hint}"));
            Some(InvalidSetting { setting: "cors", value, expected })
        };
        self.origins.iter().flatten().filter_map(invalid).collect()
    }

    /// Checks that browsers can send each origin of the list.
    ///
    /// # Errors
    /// The first origin that they never send.
    pub(super) fn check(&self) -> Result<(), InvalidSetting> {
        self.invalid_origins().into_iter().next().map_or(Ok(()), Err)
    }

    /// Returns whether a page of this origin may connect to this host.
    pub(super) fn allows(&self, origin: &str, own: impl FnOnce() -> Option<OwnHost>) -> bool {
        let Some(listed) = &self.origins else { return true };
        let Ok(origin) = Origin::parse(origin) else { return false };
        is_listed(listed, &origin) || own().is_some_and(|own| origin.is_own(&own))
    }

    /// The part that can't change while the server runs, as text.
    pub(super) fn kind(&self) -> &'static str {
        match (&self.origins, self.credentials) {
            (Some(_), false) => "a list",
            (Some(_), true) => "a list with credentials",
            (None, false) => "any origin",
            (None, true) => "any origin with credentials",
        }
    }

    /// Whether it may take the place of another one: both are lists, with the same credentials.
    pub(super) fn is_of_the_kind_of(&self, other: &Self) -> bool {
        self.origins.is_some() && self.kind() == other.kind()
    }

    /// Whether pages of this origin may connect, whatever the host is.
    pub(super) fn lists(&self, origin: &Origin) -> bool {
        self.origins.as_ref().is_none_or(|listed| is_listed(listed, origin))
    }

    /// Makes the middleware that sends the headers of CORS and answers preflights. If there is a
    /// list, `lists` is asked for each origin.
    pub(super) fn middleware(&self, lists: impl Fn(&Origin) -> bool + 'static) -> actix_cors::Cors {
        let cors = actix_cors::Cors::default()
            .allowed_methods(["GET", "POST"])
            .allow_any_header()
            .expose_headers([header::CONTENT_TYPE])
            .max_age(3600);
        let cors = match &self.origins {
            // It compares text by itself.
            Some(_) => cors.allowed_origin_fn(move |origin, _| {
                let origin = origin.to_str().ok().and_then(|text| Origin::parse(text).ok());
                origin.is_some_and(|origin| lists(&origin))
            }),
            None => cors.allow_any_origin(),
        };
        if self.credentials { cors.supports_credentials() } else { cors }
    }
}

fn is_listed(listed: &[(String, Result<Origin, &'static str>)], origin: &Origin) -> bool {
    listed.iter().any(|(_, allowed)| allowed.as_ref() == Ok(origin))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn listed_origins_and_the_servers_own_are_allowed() {
        let cors = Cors::origins(["https://example.com", "null", "capacitor://localhost"]);
        let request = TestRequest::default()
            .insert_header((header::HOST, "scores.example.com:8080"))
            .to_http_request();
        let own = || OwnHost::of(&request, 0);
        for origin in [
            "https://example.com",
            "https://EXAMPLE.com:443",
            "http://scores.example.com:8080",
            "null",
            "capacitor://localhost",
        ] {
            assert!(cors.allows(origin, own), "{origin}");
        }
        for other in [
            "https://evil.com",
            "https://example.com.evil.com",
            "http://example.com",
            "http://scores.example.com",
            "file://",
            "",
        ] {
            assert!(!cors.allows(other, own), "{other}");
        }
        assert!(!Cors::origins([""; 0]).allows("null", || None));
        assert!(Cors::any_origin().allows("https://evil.com", own));
    }

    #[test]
    fn an_origin_that_no_browser_sends_is_named() {
        assert!(Cors::any_origin().check().is_ok());
        assert!(Cors::origins([""; 0]).check().is_ok());
        assert!(Cors::origins(["https://a.example", "file://"]).check().is_ok());
        assert!(Cors::origins(["*"]).check().is_ok());
        assert!(Cors::origins(["*"]).allows("https://evil.com", || None));
        for wrong in ["*", "", "not a uri", "https://a.example/", "https://*.example"] {
            let InvalidSetting { value, expected, .. } =
                Cors::origins(["https://a.example", wrong]).check().unwrap_err();
            assert_eq!(value, format!("{wrong:?}"));
            assert!(expected.starts_with("it must "), "{expected}");
            assert_eq!(expected.contains("by itself"), wrong.contains('*'), "{expected}");
        }
    }
}
