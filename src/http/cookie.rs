use std::{fmt, time::Duration};

/// A cookie with the id of the session, which the answer to a handshake sets: Socket.IO's option
/// `cookie`.
///
/// It is for a load balancer that keeps each client with one of several servers by a cookie
/// (*sticky sessions*): the requests of a polling client must all come to the server that has its
/// session. This server does not read it. As in Socket.IO, only a handshake by polling sets it; a
/// WebSocket is one connection, which stays where it is.
///
/// **The session's id is a secret**: who knows it can poll in the client's name. So keep the cookie
/// from scripts ([`http_only`](Self::http_only), the default), let it go over TLS only
/// ([`secure`](Self::secure)), keep it out of the logs of what stands before this server, and don't
/// take it for a login. A balancer that can set a cookie of its own, or go by the client's address,
/// needs none of this.
///
/// Browsers keep the cookie of another origin only for a client with `withCredentials`; that takes
/// [`Cors::credentials`](crate::Cors::credentials), and [`SameSite::None`].
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

/// Which requests from pages of other sites a browser sends a [`Cookie`] with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SameSite {
    /// None.
    Strict,
    /// Those by which the user comes to the site.
    Lax,
    /// All. Browsers want [`Cookie::secure`] with it.
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

/// Socket.IO's: `io=<sid>; Path=/; HttpOnly; SameSite=Lax`.
impl Default for Cookie {
    fn default() -> Self {
        Self::new("io")
    }
}

impl Cookie {
    /// A cookie of another name, which is otherwise as the default one.
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

    /// The path it is sent to, with all below. Default: `/`.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// The domain it is sent to, with all below. Default: the host which set it, and no other.
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// How long it is kept, in whole seconds. Default: until the browser is closed.
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// Whether scripts can't read it. Default: yes.
    pub fn http_only(mut self, http_only: bool) -> Self {
        self.http_only = http_only;
        self
    }

    /// Whether it goes over TLS only. Default: no, as in Socket.IO.
    pub fn secure(mut self, secure: bool) -> Self {
        self.secure = secure;
        self
    }

    /// Whether browsers keep one for each site in which a page of this one is embedded. They want
    /// [`Cookie::secure`] with it. Default: no.
    pub fn partitioned(mut self, partitioned: bool) -> Self {
        self.partitioned = partitioned;
        self
    }

    /// Which requests from pages of other sites it is sent with; `None`: the browser decides.
    /// Default: [`SameSite::Lax`].
    pub fn same_site(mut self, same_site: impl Into<Option<SameSite>>) -> Self {
        self.same_site = same_site.into();
        self
    }

    /// What no browser would take, and what would be another header than it looks.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if self.name.is_empty() || !self.name.bytes().all(token) {
            return Err("its name is letters, digits and some signs");
        }
        let plain =
            |text: &String| text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b';');
        if !plain(&self.path) || !self.domain.as_ref().is_none_or(plain) {
            return Err("its path and domain are visible ASCII characters, without a semicolon");
        }
        if !self.secure && (self.partitioned || self.same_site == Some(SameSite::None)) {
            return Err("browsers want `secure` with `SameSite::None` and with `partitioned`");
        }
        Ok(())
    }

    /// The header's value for a session; in the order of Node's `cookie`.
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
    fn is_written_as_node_writes_it() {
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
    fn can_be_no_other_header_than_it_looks() {
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
}
