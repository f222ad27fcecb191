//! The mistakes in parts of a server, for programs that read these from a file and report all of
//! them at once. [`Builder::build`](crate::Builder::build) returns the first.

use super::{BuildError, SocketIo, namespace::check_routes};
use crate::{
    config::Config,
    http::Cors,
    routing::{Route, anchored},
};

impl Config {
    /// All settings that no server can work with. [`Builder::build`](crate::Builder::build) returns
    /// the first of them.
    ///
    /// ```
    /// use actix_socketio::Config;
    ///
    /// let config: Config = serde_json::from_str(r#"{"max_inbox": 0, "max_channels": 10}"#)?;
    /// let mistakes = config.mistakes();
    /// assert_eq!(mistakes.len(), 1);
    /// assert_eq!(mistakes[0].to_string(), r#"setting "max_inbox" is 0: it must be at least 1"#);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn mistakes(&self) -> Vec<BuildError> {
        self.invalid_settings().into_iter().map(BuildError::from).collect()
    }
}

impl Cors {
    /// All texts of the list that are not origins. [`Builder::build`](crate::Builder::build)
    /// returns the first of them.
    ///
    /// ```
    /// use actix_socketio::Cors;
    ///
    /// assert_eq!(Cors::origins(["https://a.example", "a.example"]).mistakes().len(), 1);
    /// ```
    pub fn mistakes(&self) -> Vec<BuildError> {
        self.invalid_origins().into_iter().map(BuildError::from).collect()
    }
}

/// # Changing origins
impl SocketIo {
    /// Replaces the origins of [`Builder::cors`](crate::Builder::cors) while the server runs, for
    /// programs that read a configuration again. Clients that are connected stay until their next
    /// request.
    ///
    /// Both must be lists with the same [`credentials`](Cors::credentials). Browsers keep the
    /// answer to a preflight for an hour at most. The server refuses a page that is not listed any
    /// more at once.
    ///
    /// ```
    /// # actix::System::new().block_on(async {
    /// use actix_socketio::{Cors, SocketIo};
    ///
    /// let cors = Cors::origins(["https://example.com"]);
    /// let io = SocketIo::builder().cors(cors).build().unwrap();
    /// io.set_cors(Cors::origins(["https://example.com", "https://new.example.com"])).unwrap();
    /// assert!(io.set_cors(Cors::any_origin()).is_err());
    /// # });
    /// ```
    ///
    /// # Errors
    /// [`BuildError::Setting`]: an origin is one that no browser sends, or the server was built
    /// without a list or with other credentials. Nothing changes then.
    pub fn set_cors(&self, cors: Cors) -> Result<(), BuildError> {
        match &self.state.endpoint.cors {
            Some(live) => live.replace(cors).map_err(BuildError::from),
            None => Err(BuildError::Setting {
                setting: "cors",
                value: "a list".to_owned(),
                expected: "it must be set when the server is built".to_owned(),
            }),
        }
    }
}

impl Route {
    /// Why no server with these settings takes the route: its pattern is invalid, or matches no
    /// valid channel name. [`Builder::build`](crate::Builder::build) returns the same error.
    ///
    /// ```
    /// use actix_socketio::{Config, channel};
    ///
    /// assert!(channel("^match-").mistake(&Config::default()).is_none());
    /// assert!(channel("^$").mistake(&Config::default()).is_some());
    /// ```
    pub fn mistake(&self, config: &Config) -> Option<BuildError> {
        let pattern = self.pattern();
        if let Err(error) = anchored(pattern) {
            return Some(BuildError::Pattern(error));
        }
        check_routes(&[pattern.to_owned()], config).err()
    }
}
