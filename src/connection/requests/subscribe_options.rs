use serde_json::{Map, Value};

use super::refusal;
use crate::{config::Config, model::Channel};
use crate::{
    model::{Epoch, Position, ToChannel},
    protocol::Args,
    registry::{CatchUp, Gap},
};

/// The options of a `subscribe` request.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct SubscribeOptions {
    /// The token of what the client has. The inner `None`: it has nothing yet.
    since: Option<Option<String>>,
    last: Option<usize>,
    /// Whether the client wants to know who is there.
    presence: bool,
    /// The client's token for the channel. It asks for no answer of its own.
    pub(super) token: Option<String>,
}

impl SubscribeOptions {
    /// Reads the second argument.
    pub(super) fn read(args: &Args) -> Result<Self, Value> {
        match args.get(1) {
            _ if args.len() < 2 => Ok(Self::default()),
            Ok(Value::Null) => Ok(Self::default()),
            Ok(Value::Object(options)) => Self::of(options),
            _ => Err(refusal("the options of subscribe must be an object")),
        }
    }

    fn of(options: Map<String, Value>) -> Result<Self, Value> {
        let mut read = Self::default();
        for (name, value) in options {
            match (&*name, value) {
                ("since", Value::Null) => read.since = Some(None),
                ("since", Value::String(token)) => read.since = Some(Some(token)),
                ("since", _) => return Err(refusal("\"since\" must be a position, or null")),
                ("last", value) => {
                    let count = value.as_u64().and_then(|count| usize::try_from(count).ok());
                    let wrong = || refusal("\"last\" must be a number of publications");
                    read.last = Some(count.ok_or_else(wrong)?);
                }
                ("presence", Value::Bool(presence)) => read.presence = presence,
                #[cfg(feature = "jwt")]
                ("token", Value::String(token)) => read.token = Some(token),
                #[cfg(feature = "jwt")]
                ("token", _) => return Err(refusal("\"token\" must be a string")),
                ("presence", _) => return Err(refusal("\"presence\" must be true or false")),
                _ => {
                    let name: String = name.chars().take(40).collect();
                    return Err(refusal(format!("subscribe has no option {name:?}")));
                }
            }
        }
        Ok(read)
    }

    /// Whether the client asks for an answer of its own.
    pub(super) fn is_any_set(&self) -> bool {
        self.since.is_some() || self.last.is_some() || self.presence
    }

    pub(super) fn catch_up(&self, epoch: Epoch) -> CatchUp {
        let since = match self.since.as_ref().and_then(Option::as_ref) {
            None => Err(Gap::NoPosition),
            Some(token) => match token.parse::<Position>() {
                Err(_) => Err(Gap::UnknownPosition),
                Ok(position) if position.epoch() != epoch => Err(Gap::Epoch),
                Ok(position) => Ok(position.point().place),
            },
        };
        CatchUp { since, last: self.last, presence: self.presence }
    }
}

/// The channels of a request: its first argument is a name, or a list of names.
pub(super) enum WantedChannels {
    One(Channel),
    Many(Vec<Channel>),
}

impl WantedChannels {
    /// Whether a request is for a list of channels.
    pub(super) fn is_list(args: &Args) -> bool {
        args.raw(0).is_some_and(|json| json.starts_with('['))
    }

    pub(super) fn read(args: &Args, config: &Config) -> Result<Self, Value> {
        if !Self::is_list(args) {
            return super::channel_of(args, config).map(Self::One);
        }
        let limit = config.max_channels;
        let names: Vec<String> =
            args.get(0).map_err(|_| refusal("the names of the channels must be strings"))?;
        if names.is_empty() || names.len() > limit {
            return Err(refusal(format!("a list of channels must have 1 to {limit} names")));
        }
        let mut channels: Vec<Channel> = Vec::with_capacity(names.len());
        for name in names {
            channels.push(name.to_channel(config.max_channel_length).map_err(refusal)?);
        }
        channels.sort_unstable();
        channels.dedup();
        Ok(Self::Many(channels))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::Place;

    fn options(json: Value) -> Result<SubscribeOptions, String> {
        let args = Args::parse(json!(["a", json]).to_string().into(), 10).unwrap();
        SubscribeOptions::read(&args).map_err(|refusal| refusal["message"].to_string())
    }

    #[test]
    fn options_are_read_or_refused_by_name() {
        let read = options(json!({"since": "k3Xa-----0F2----", "last": 3, "presence": true}));
        let read = read.unwrap();
        let position: Position = "k3Xa-----0F2----".parse().unwrap();
        let catch_up = read.catch_up(position.epoch());
        let since = Ok(position.point().place);
        assert_eq!(catch_up, CatchUp { since, last: Some(3), presence: true });
        assert_ne!(catch_up.since, Ok(Place::default()));
        for nothing in [json!({}), json!(null), json!({"presence": false})] {
            assert!(!options(nothing).unwrap().is_any_set());
        }
        for (wrong, named) in [
            (json!({"sinc": null}), "sinc"),
            (json!({"since": 5}), "since"),
            (json!({"last": -1}), "last"),
            (json!({"last": "3"}), "last"),
            (json!({"presence": 1}), "presence"),
            (json!("since"), "options"),
        ] {
            assert!(options(wrong).unwrap_err().contains(named), "{named}");
        }
    }

    #[test]
    fn positions_of_others_are_told_apart() {
        let here = Epoch::new(1);
        let gap = |json| options(json).unwrap().catch_up(here).since.unwrap_err();
        assert_eq!(gap(json!({"since": null})), Gap::NoPosition);
        assert_eq!(gap(json!({"last": 1})), Gap::NoPosition);
        assert_eq!(gap(json!({"since": "Q8fXU25"})), Gap::UnknownPosition);
        assert_eq!(gap(json!({"since": "k3Xa-----0F2----"})), Gap::Epoch);
    }
}
