//! The settings of a [`Builder`], from the settings table.

use std::{path::PathBuf, time::Duration};

use super::Builder;
use crate::{
    config::{Config, default_text, settings_table},
    http::{Cookie, Cors},
    model::{Rate, Transport},
    protocol::{PacketCodec, Parser},
};

/// Writes the method of [`Builder`] that sets a setting, as the table describes it.
macro_rules! setter {
    (plain $(#[$doc:meta])+ $name:ident: $type:ty) => {
        $(#[$doc])+
        pub fn $name(mut self, $name: $type) -> Self {
            self.config.$name = $name;
            self
        }
    };
    (into $(#[$doc:meta])+ $name:ident: $type:ty) => {
        $(#[$doc])+
        pub fn $name(mut self, $name: impl Into<$type>) -> Self {
            self.config.$name = $name.into();
            self
        }
    };
    (some($item:ty) $(#[$doc:meta])+ $name:ident: $type:ty) => {
        $(#[$doc])+
        pub fn $name(mut self, rate: $item) -> Self {
            self.config.$name = Some(rate);
            self
        }
    };
    (list($item:ty) $(#[$doc:meta])+ $name:ident: $type:ty) => {
        $(#[$doc])+
        pub fn $name(mut self, $name: impl IntoIterator<Item = $item>) -> Self {
            self.config.$name = $name.into_iter().collect();
            self
        }
    };
    (flag $(#[$doc:meta])+ $name:ident: $type:ty) => {
        $(#[$doc])+
        pub fn $name(mut self) -> Self {
            self.config.$name = true;
            self
        }
    };
}

macro_rules! define_setters {
    ($($group:literal { $(
        $(#[doc = $line:literal])+ $(#[doc(alias = $alias:literal)])?
        $name:ident: $type:ty = $kind:ident($($default:tt)+), set $how:ident $(($item:ty))?
            $(, namespace $own:ident)? $(, check $check:ident $(($($other:ident),+))?)*;
    )+ })+) => {
        /// # Settings
        ///
        /// Each method sets the setting of [`Config`] with its name. [`Builder::build`] returns an
        /// error for a value that no server can work with.
        ///
        /// ```
        /// use std::time::Duration;
        ///
        /// use actix_socketio::{Rate, SocketIo};
        ///
        /// let builder = SocketIo::builder()
        ///     .path("/live")
        ///     .event_rate(Rate::per_second(20).burst(50))
        ///     .max_connections_per_address(50)
        ///     .trusted_proxies(1)
        ///     .handler_timeout(Duration::from_secs(5));
        /// ```
        impl Builder { $($(
            setter! {
                $how $(($item))?
                $(#[doc = $line])+
                #[doc = ""]
                #[doc = concat!("Default: `", default_text!($kind $($default)+), "`.")]
                $(#[doc(alias = $alias)])?
                $name: $type
            }
        )+)+ }
    };
}

settings_table!(define_setters);

/// # All settings, and those that are not in [`Config`]
impl Builder {
    /// Sets all settings, such as those read from a file. It replaces all earlier settings.
    ///
    /// ```
    /// use actix_socketio::{Config, SocketIo};
    ///
    /// let config: Config = serde_json::from_str(r#"{"ping_interval": "10s"}"#)?;
    /// let builder = SocketIo::builder().config(config).allow_eio3(true);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Sets how packets are encoded and decoded. Clients must use the same parser. Default:
    /// Socket.IO's own, JSON with attachments.
    ///
    /// ```
    /// use actix_socketio::{SocketIo, protocol::MsgpackParser};
    ///
    /// let builder = SocketIo::builder().parser(MsgpackParser);
    /// ```
    pub fn parser(mut self, parser: impl Parser) -> Self {
        self.codec = PacketCodec::new(parser);
        self
    }

    /// Sets the origins whose pages may poll and open a WebSocket, beside the server's own origin.
    ///
    /// It also closes WebSockets to all other origins. Without it, a page of any origin may open a
    /// WebSocket. Default: no origins are set.
    ///
    /// ```
    /// use actix_socketio::{Cors, SocketIo};
    ///
    /// let builder = SocketIo::builder().cors(Cors::origins(["https://example.org"]));
    /// ```
    pub fn cors(mut self, cors: Cors) -> Self {
        self.endpoint.cors = Some(cors.into());
        self
    }

    /// Serves the browser client out of a folder, in place of this crate's: that of Socket.IO, say,
    /// which npm puts into `node_modules/socket.io/client-dist`.
    ///
    /// The folder must have `socket.io.js`. The files that are served have Socket.IO's names:
    /// `socket.io.js`, `socket.io.min.js`, `socket.io.esm.min.js`, `socket.io.msgpack.min.js`, and
    /// their source maps (`….map`). They are read once, by [`Builder::build`]; each may have 4 MiB.
    /// The add-on `channels.js` is served beside them. Default: the client of this crate.
    ///
    /// ```no_run
    /// use actix_socketio::SocketIo;
    ///
    /// let builder = SocketIo::builder().client_files("node_modules/socket.io/client-dist");
    /// ```
    pub fn client_files(mut self, folder: impl Into<PathBuf>) -> Self {
        self.client_files = Some(folder.into());
        self
    }

    /// Sets a cookie with the session's id in the response to a polling handshake, for a load
    /// balancer that routes by it. [`Cookie`] explains the consequences. Default: no cookie.
    ///
    /// ```
    /// use actix_socketio::{Cookie, SocketIo};
    ///
    /// let builder = SocketIo::builder().cookie(Cookie::new("io").secure(true));
    /// ```
    pub fn cookie(mut self, cookie: Cookie) -> Self {
        self.endpoint.cookie = Some(cookie);
        self
    }
}
