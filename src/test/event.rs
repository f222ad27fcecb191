use std::{fmt, panic::Location};

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::protocol::{AckId, Args};

/// An event that the server has sent to a [`TestClient`](super::TestClient).
///
/// It can be compared with the name and the list of its arguments:
///
/// ```
/// # use actix_socketio::{SocketIo, test};
/// use serde_json::json;
///
/// # test::system(async {
/// # let io = SocketIo::builder().build().unwrap();
/// # let server = test::TestServer::new(&io).await;
/// let mut ada = server.client().connect().await.unwrap();
/// io.emit("score", "1:0").unwrap();
/// let event = ada.next().await;
/// assert_eq!(event, ("score", json!(["1:0"])));
/// assert_eq!(event.read::<String>(), "1:0");
/// # });
/// ```
#[derive(Clone)]
pub struct TestEvent {
    pub(super) name: String,
    pub(super) args: Args,
    pub(super) id: Option<AckId>,
}

impl TestEvent {
    /// The name of the event.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// All arguments, not yet deserialized. [`Args::binary`] returns one that is binary.
    pub fn args(&self) -> &Args {
        &self.args
    }

    /// Whether the server waits for an acknowledgement: see [`TestClient::ack`](super::TestClient::ack).
    pub fn wants_ack(&self) -> bool {
        self.id.is_some()
    }

    /// Deserializes the argument, if there is one, and otherwise all arguments as a tuple.
    ///
    /// ```
    /// # use actix_socketio::{Many, SocketIo, test};
    /// # test::system(async {
    /// # let io = SocketIo::builder().build().unwrap();
    /// # let server = test::TestServer::new(&io).await;
    /// # let mut ada = server.client().connect().await.unwrap();
    /// io.emit("goal", &Many(("Pelé", 17))).unwrap();
    /// let (scorer, minute): (String, u32) = ada.next().await.read();
    /// # assert_eq!((&*scorer, minute), ("Pelé", 17));
    /// # });
    /// ```
    ///
    /// # Panics
    /// If the arguments do not match `T`.
    #[track_caller]
    pub fn read<T: DeserializeOwned>(&self) -> T {
        self.read_at(Location::caller())
    }

    pub(super) fn read_at<T: DeserializeOwned>(&self, at: &Location<'_>) -> T {
        let read = match self.args.len() {
            1 => self.args.get(0).map_err(|error| error.to_string()),
            _ => serde_json::from_str(&self.json()).map_err(|error| error.to_string()),
        };
        read.unwrap_or_else(|error| {
            let expected = std::any::type_name::<T>();
            panic!("{at}: the arguments of {self:?} are not a {expected}: {error}")
        })
    }

    /// Deserializes the argument at `index`, from 0. A missing one reads as `null`.
    ///
    /// # Panics
    /// If the argument does not match `T`.
    #[track_caller]
    pub fn arg<T: DeserializeOwned>(&self, index: usize) -> T {
        self.args.get(index).unwrap_or_else(|error| panic!("{self:?}: {error}"))
    }

    /// The arguments as a JSON array, with placeholders for binary ones.
    fn json(&self) -> String {
        format!("[{}]", self.args.iter().collect::<Vec<_>>().join(","))
    }
}

/// Compares the name, and the arguments as a JSON array.
impl PartialEq<(&str, Value)> for TestEvent {
    fn eq(&self, (name, args): &(&str, Value)) -> bool {
        self.name == *name
            && serde_json::from_str::<Value>(&self.json()).is_ok_and(|is| is == *args)
    }
}

impl fmt::Debug for TestEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({:?}, {})", self.name, self.json())
    }
}
