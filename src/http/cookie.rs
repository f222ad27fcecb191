use std::{fmt, time::Duration};

use super::cookie_rules;

/// A cookie with the session's id, for a load balancer: Socket.IO's option `cookie`.
///
/// The response to a handshake sets the cookie. A load balancer can use it to send all requests of
/// a polling client to the server that has its session (*sticky sessions*). This server does not
/// read the cookie. As in Socket.IO, only a handshake by polling sets it, because a WebSocket is
/// one connection, which stays at its server.
///
/// **The session's id is a secret**, because any client that knows it can poll the session. So:
///
/// * Hide the cookie from scripts ([`http_only`](Self::http_only), the default).
/// * Let browsers send it over TLS only ([`secure`](Self::secure)).
/// * Keep it out of the logs of your proxies.
/// * Do not use it as a login.
///
/// You do not need this cookie if your load balancer can set a cookie of its own, or can choose a
/// server by the client's address.
///
/// Browsers accept the cookie from another origin only for a client with `withCredentials`. Such a
/// client also needs [`Cors::credentials`](crate::Cors::credentials) and [`SameSite::None`].
///
/// ```
/// use actix_socketio::{Cookie, SocketIo};
///
/// let builder = SocketIo::builder().cookie(Cookie::default().secure(true));
/// // Set-Cookie: io=<sid>; Path=/; HttpOnly; Secure; SameSite=Lax
/// # let _ = builder;
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "give it to `Builder::cookie`"]
pub struct Cookie {
    name: String,
    path: String,
    domain: Option<String>,
    max_age: Option<Duration>,
    http_only: bool,
    secure: bool,
    partitioned: bool,
    same_site: Option<SameSite>,
}

/// Controls whether a browser sends a [`Cookie`] with requests from pages of other sites.
///
/// ```
/// use actix_socketio::{Cookie, SameSite};
///
/// let cookie = Cookie::default().same_site(SameSite::Strict);
/// // Set-Cookie: io=<sid>; Path=/; HttpOnly; SameSite=Strict
/// # let _ = cookie;
/// assert_eq!(SameSite::Strict.to_string(), "Strict");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SameSite {
    /// Never sent from another site.
    Strict,
    /// Sent from another site only when the user navigates to this one, for example by a link.
    Lax,
    /// Always sent. Browsers require [`Cookie::secure`] with it.
    None,
}

impl fmt::Display for SameSite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Strict => "Strict",
            Self::Lax => "Lax",
            Self::None => "None",
        })
    }
}

/// Socket.IO's default cookie: `io=<sid>; Path=/; HttpOnly; SameSite=Lax`.
impl Default for Cookie {
    fn default() -> Self {
        Self::new("io")
    }
}

impl Cookie {
    /// Makes a cookie of another name. All else is as in the default cookie.
    ///
    /// ```
    /// use actix_socketio::Cookie;
    ///
    /// assert_eq!(Cookie::new("io"), Cookie::default());
    /// assert_ne!(Cookie::new("session"), Cookie::default());
    /// ```
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            path: "/".to_owned(),
            domain: None,
            max_age: None,
            http_only: true,
            secure: false,
            partitioned: false,
            same_site: Some(SameSite::Lax),
        }
    }

    /// Sets the path, which starts with a slash. Browsers send the cookie to this path and to all
    /// paths below it. Default: `/`.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Sets the domain. Browsers send the cookie to this domain and to all its subdomains. Default:
    /// only the host that set the cookie.
    ///
    /// ```
    /// use actix_socketio::Cookie;
    ///
    /// // The load balancer of `live.example.com` and `www.example.com` gets the cookie.
    /// let cookie = Cookie::default().domain("example.com").path("/socket.io");
    /// # let _ = cookie;
    /// ```
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// Sets how long browsers keep the cookie, in whole seconds: at least 1 s. Default: until the
    /// browser is closed.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actix_socketio::Cookie;
    ///
    /// let cookie = Cookie::default().max_age(Duration::from_secs(3600));
    /// # let _ = cookie;
    /// ```
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// Sets whether the cookie is hidden from scripts. Default: `true`.
    pub fn http_only(mut self, http_only: bool) -> Self {
        self.http_only = http_only;
        self
    }

    /// Sets whether browsers send the cookie over TLS only. Default: `false`, as in Socket.IO.
    pub fn secure(mut self, secure: bool) -> Self {
        self.secure = secure;
        self
    }

    /// Sets whether browsers keep a separate cookie for each site in which a page of this one is
    /// embedded. They require [`Cookie::secure`] with it. Default: `false`.
    ///
    /// ```
    /// use actix_socketio::{Cookie, SameSite};
    ///
    /// let cookie = Cookie::default().partitioned(true).secure(true).same_site(SameSite::None);
    /// # let _ = cookie;
    /// ```
    pub fn partitioned(mut self, partitioned: bool) -> Self {
        self.partitioned = partitioned;
        self
    }

    /// Sets whether browsers send the cookie with requests from pages of other sites. With `None`
    /// the cookie has no such attribute, and the browser decides. Default: [`SameSite::Lax`].
    ///
    /// ```
    /// use actix_socketio::{Cookie, SameSite};
    ///
    /// let everywhere = Cookie::default().same_site(SameSite::None).secure(true);
    /// let browser_decides = Cookie::default().same_site(None);
    /// # let _ = (everywhere, browser_decides);
    /// ```
    pub fn same_site(mut self, same_site: impl Into<Option<SameSite>>) -> Self {
        self.same_site = same_site.into();
        self
    }

    /// Checks that browsers accept the cookie, and that no part of it can add an attribute or a
    /// header.
    ///
    /// # Errors
    /// The rule that the cookie breaks: a sentence that starts with `it must`.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        cookie_rules::name(&self.name)?;
        cookie_rules::path(&self.path)?;
        self.domain.as_deref().map_or(Ok(()), cookie_rules::domain)?;
        self.max_age.map_or(Ok(()), cookie_rules::max_age)?;
        if !self.secure && (self.partitioned || self.same_site == Some(SameSite::None)) {
            return Err("it must be `secure` with `SameSite::None` and with `partitioned`");
        }
        let is_of_host_alone = self.path == "/" && self.domain.is_none();
        cookie_rules::prefix(&self.name, self.secure, self.http_only, is_of_host_alone)
    }

    /// Returns the value of `Set-Cookie` for a session. The order is that of Node's `cookie`.
    pub(crate) fn set(&self, sid: &str) -> String {
        let mut cookie = format!("{}={sid}", self.name);
        if let Some(age) = self.max_age {
            cookie += &format!("; Max-Age={}", age.as_secs());
        }
        if let Some(domain) = &self.domain {
            cookie += &format!("; Domain={domain}");
        }
        cookie += &format!("; Path={}", self.path);
        for (name, is_on) in [
            ("HttpOnly", self.http_only),
            ("Secure", self.secure),
            ("Partitioned", self.partitioned),
        ] {
            if is_on {
                cookie += "; ";
                cookie += name;
            }
        }
        if let Some(same_site) = self.same_site {
            cookie += &format!("; SameSite={same_site}");
        }
        cookie
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_written_as_node_writes_it() {
        assert_eq!(Cookie::default().set("s1"), "io=s1; Path=/; HttpOnly; SameSite=Lax");
        let full = Cookie::new("sid")
            .path("/live")
            .domain("example.com")
            .max_age(Duration::from_millis(90_500))
            .secure(true)
            .partitioned(true)
            .same_site(SameSite::None);
        assert_eq!(full.check(), Ok(()));
        assert_eq!(
            full.set("s1"),
            "sid=s1; Max-Age=90; Domain=example.com; Path=/live; HttpOnly; Secure; Partitioned; SameSite=None"
        );
        assert_eq!(Cookie::new("x").http_only(false).same_site(None).set("s1"), "x=s1; Path=/");
    }

    #[test]
    fn a_cookie_that_could_inject_a_header_is_invalid() {
        for name in ["", "a b", "a=b", "a;b", "a\r\nb", "ä"] {
            assert!(Cookie::new(name).check().is_err(), "{name:?}");
        }
        for text in ["/; Secure", "/\r\nx: y", "/ä", "/ "] {
            assert!(Cookie::default().path(text).check().is_err(), "{text:?}");
            assert!(Cookie::default().domain(text).check().is_err(), "{text:?}");
        }
        assert!(Cookie::default().same_site(SameSite::None).check().is_err());
        assert!(Cookie::default().partitioned(true).check().is_err());
        assert_eq!(Cookie::default().check(), Ok(()));
    }

    #[test]
    fn a_cookie_that_browsers_drop_or_change_is_invalid() {
        let secure = |name: &str| Cookie::new(name).secure(true);
        for cookie in [
            Cookie::new("x".repeat(4_096)),
            Cookie::default().path(""),
            Cookie::default().path("socket.io"),
            Cookie::default().path(format!("/{}", "x".repeat(1_024))),
            Cookie::default().domain(""),
            Cookie::default().domain("."),
            Cookie::default().domain("https://example.com"),
            Cookie::default().domain("example.com:8080"),
            Cookie::default().domain("example.com/path"),
            Cookie::default().domain("*.example.com"),
            Cookie::default().domain("a..b"),
            Cookie::default().max_age(Duration::ZERO),
            Cookie::default().max_age(Duration::from_millis(999)),
            Cookie::default().max_age(Duration::MAX),
            Cookie::new("__Secure-io"),
            Cookie::new("__host-io"),
            secure("__Host-io").path("/socket.io"),
            secure("__Host-io").domain("example.com"),
            secure("__Http-io").http_only(false),
            secure("__Host-Http-io").http_only(false),
        ] {
            let expected = cookie.check().expect_err("browsers drop or change it");
            assert!(expected.starts_with("it must "), "{cookie:?}: {expected}");
        }
        for cookie in [
            secure("__Secure-io").domain("example.com"),
            secure("__Host-io"),
            secure("__Host-Http-io"),
            Cookie::default().domain(".example.com"),
            Cookie::default().domain("localhost"),
            Cookie::default().max_age(Duration::from_secs(1)),
        ] {
            assert_eq!(cookie.check(), Ok(()), "{cookie:?}");
        }
    }
}
