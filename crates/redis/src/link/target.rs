use std::{error, fmt};

use redis::{
    ConnectionAddr, ConnectionInfo, IntoConnectionInfo, ProtocolVersion, io::tcp::TcpSettings,
};

/// Where Redis is. It shows and logs no user and no password.
#[derive(Clone)]
pub(crate) enum Target {
    /// One Redis.
    Single(ConnectionInfo),
    /// The master that sentinels know by a name.
    Sentinel { sentinels: Vec<ConnectionInfo>, master: String, settings: ConnectionInfo },
    /// Any servers of a Redis Cluster.
    Cluster(Vec<ConnectionInfo>),
}

/// The address of Redis cannot be read, or needs a feature of this package that is off. It does not
/// show the address, since that may have a password in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InvalidAddress;

impl fmt::Display for InvalidAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "invalid address of Redis: expected redis://[[user]:password@]host[:port][/database], \
             rediss:// with the feature `tls`, or redis+unix:///path",
        )
    }
}

impl error::Error for InvalidAddress {}

impl Target {
    /// One Redis, at an address such as `redis://127.0.0.1:6379/0`.
    ///
    /// # Errors
    /// [`InvalidAddress`].
    pub(crate) fn single(url: &str) -> Result<Self, InvalidAddress> {
        read(url).map(Self::Single)
    }

    /// The master that these sentinels know. Its URL has the name of the master in place of a host,
    /// and the user, the password and the database of the servers: `redis://:secret@mymaster/0`.
    ///
    /// # Errors
    /// [`InvalidAddress`], also for a list without an address.
    pub(crate) fn sentinel(sentinels: &[&str], master: &str) -> Result<Self, InvalidAddress> {
        let sentinels = read_all(sentinels)?;
        let settings = read(master)?;
        let master = match settings.addr() {
            ConnectionAddr::Tcp(host, _) | ConnectionAddr::TcpTls { host, .. } => host.clone(),
            _ => return Err(InvalidAddress),
        };
        Ok(Self::Sentinel { sentinels, master, settings })
    }

    /// The Redis Cluster that these servers belong to. A few of them are enough.
    ///
    /// # Errors
    /// [`InvalidAddress`], also for a list without an address.
    pub(crate) fn cluster(urls: &[&str]) -> Result<Self, InvalidAddress> {
        read_all(urls).map(Self::Cluster)
    }

    /// The same with certificates for `rediss://`: of the authority that signed the server's, of
    /// this client, or both. Without, the authorities of the system count.
    ///
    /// # Errors
    /// [`InvalidAddress`]: an address is not of `rediss://`, or a certificate cannot be read.
    #[cfg(feature = "tls")]
    #[allow(dead_code, reason = "tests use it, until the public API does")]
    pub(crate) fn with_certificates(
        self,
        certificates: &redis::TlsCertificates,
    ) -> Result<Self, InvalidAddress> {
        let with = |info: ConnectionInfo| {
            let client = redis::Client::build_with_tls(info, certificates.clone());
            client.map(|client| client.get_connection_info().clone()).map_err(|_| InvalidAddress)
        };
        let with_all = |infos: Vec<_>| infos.into_iter().map(with).collect::<Result<Vec<_>, _>>();
        Ok(match self {
            Self::Single(info) => Self::Single(with(info)?),
            Self::Sentinel { sentinels, master, settings } => {
                // Sentinels need not speak TLS where servers do.
                Self::Sentinel { sentinels, master, settings: with(settings)? }
            }
            Self::Cluster(servers) => Self::Cluster(with_all(servers)?),
        })
    }
}

fn read_all(urls: &[&str]) -> Result<Vec<ConnectionInfo>, InvalidAddress> {
    let infos = urls.iter().map(|url| read(url)).collect::<Result<Vec<_>, _>>()?;
    if infos.is_empty() { Err(InvalidAddress) } else { Ok(infos) }
}

fn read(url: &str) -> Result<ConnectionInfo, InvalidAddress> {
    let info = url.into_connection_info().map_err(|_| InvalidAddress)?;
    if !info.addr().is_supported() {
        return Err(InvalidAddress);
    }
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    let info = info.set_redis_settings(settings);
    Ok(info.set_tcp_settings(TcpSettings::default().set_nodelay(true)))
}

/// The same user, password, database and kind of connection, at another address.
pub(super) fn at(info: &ConnectionInfo, host: &str, port: u16) -> ConnectionInfo {
    let host = host.to_owned();
    let addr = match info.addr() {
        ConnectionAddr::TcpTls { insecure, tls_params, .. } => ConnectionAddr::TcpTls {
            host,
            port,
            insecure: *insecure,
            tls_params: tls_params.clone(),
        },
        _ => ConnectionAddr::Tcp(host, port),
    };
    info.clone().set_addr(addr)
}

/// The host of an address. A path has none.
pub(super) fn host(info: &ConnectionInfo) -> &str {
    match info.addr() {
        ConnectionAddr::Tcp(host, _) | ConnectionAddr::TcpTls { host, .. } => host,
        _ => "",
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, infos: &[ConnectionInfo]| {
            let addresses: Vec<_> = infos.iter().map(|info| info.addr().to_string()).collect();
            f.write_str(&addresses.join(", "))
        };
        match self {
            Self::Single(info) => info.addr().fmt(f),
            Self::Sentinel { sentinels, master, .. } => {
                write!(f, "{master} of ")?;
                list(f, sentinels)
            }
            Self::Cluster(servers) => list(f, servers),
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_user_nor_password_is_shown() {
        for url in ["redis://alice:secret@127.0.0.1:6390/3", "redis://:secret@127.0.0.1:6390"] {
            let target = Target::single(url).expect("an address");
            assert_eq!(target.to_string(), "127.0.0.1:6390");
            assert_eq!(format!("{target:?}"), "127.0.0.1:6390");
            let target = Target::cluster(&[url, url]).expect("addresses");
            assert_eq!(format!("{target:?}"), "127.0.0.1:6390, 127.0.0.1:6390");
        }
        let socket = Target::single("redis+unix:///run/redis.sock?pass=secret").expect("a path");
        assert_eq!(socket.to_string(), "/run/redis.sock");
        let target = Target::sentinel(&["redis://:secret@s:26379"], "redis://:secret@mymaster/2");
        assert_eq!(format!("{:?}", target.expect("an address")), "mymaster of s:26379");
    }

    #[test]
    fn text_that_is_not_an_address_is_refused_without_being_shown() {
        for url in ["", "secret", "http://:secret@host", "redis://:secret@host:port", "redis://"] {
            let Err(error) = Target::single(url) else { panic!("{url}") };
            assert!(!error.to_string().contains("secret@"), "{error}");
        }
        assert!(Target::cluster(&[]).is_err() && Target::sentinel(&[], "redis://m").is_err());
    }
}
