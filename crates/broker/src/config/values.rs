//! How single values are read. An `Err` is what was expected.

use std::time::Duration;

use actix_socketio::Config;
use serde_json::Map;

use super::tree::{Node, Value};

pub(crate) fn text(node: &Node) -> Result<String, String> {
    match &node.value {
        Value::Text(text) if !text.is_empty() => Ok(text.clone()),
        _ => Err("a text that is not empty".to_owned()),
    }
}

pub(crate) fn switch(node: &Node) -> Result<bool, String> {
    match node.value {
        Value::Bool(on) => Ok(on),
        _ => Err("true or false".to_owned()),
    }
}

/// A number from 1.
pub(crate) fn count<T: TryFrom<i64>>(node: &Node) -> Result<T, String> {
    let number = if let Value::Integer(number @ 1..) = node.value { Some(number) } else { None };
    number.and_then(|number| T::try_from(number).ok()).ok_or_else(|| "a number from 1".to_owned())
}

/// A number from 0.
pub(crate) fn number(node: &Node) -> Result<usize, String> {
    match node.value {
        Value::Integer(number) => usize::try_from(number).ok(),
        _ => None,
    }
    .ok_or_else(|| "a number, zero or more".to_owned())
}

/// A list of texts that has at least one.
pub(crate) fn texts(node: &Node) -> Result<Vec<String>, String> {
    let expected = || "a list of texts that is not empty".to_owned();
    match &node.value {
        Value::List(items) if !items.is_empty() => {
            items.iter().map(|item| text(item).map_err(|_| expected())).collect()
        }
        _ => Err(expected()),
    }
}

/// A duration, as the library's settings have it.
pub(crate) fn time(node: &Node) -> Result<Duration, String> {
    Ok(setting("shutdown_timeout", node)?.shutdown_timeout)
}

/// A duration from a nanosecond to a year.
pub(crate) fn some_time(node: &Node) -> Result<Duration, String> {
    const YEAR: Duration = Duration::from_secs(86_400 * 365);
    let expected = || "a time that is longer than zero, and a year at most".to_owned();
    let time = time(node)?;
    if time.is_zero() || time > YEAR { Err(expected()) } else { Ok(time) }
}

/// A number of bytes, as the library's settings have it.
pub(crate) fn size(node: &Node) -> Result<usize, String> {
    Ok(setting("max_payload", node)?.max_payload)
}

/// Reads one of the library's settings by its own reader, so that each value is written in the same
/// way in the whole file.
pub(crate) fn setting(name: &str, node: &Node) -> Result<Config, String> {
    let one = Map::from_iter([(name.to_owned(), node.to_json())]);
    serde_json::from_value(one.into()).map_err(|error| {
        let error = error.to_string();
        error.split_once(": expected ").map_or(&*error, |(_, expected)| expected).to_owned()
    })
}

/// An enum whose values have names in the file.
pub(crate) trait Choice: Sized + Copy + 'static {
    const ALL: &'static [(&'static str, Self)];

    fn read(node: &Node) -> Result<Self, String> {
        let text = if let Value::Text(text) = &node.value { text } else { "" };
        let chosen = Self::ALL.iter().find(|(name, _)| *name == text);
        chosen.map(|(_, choice)| *choice).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|(name, _)| format!("\"{name}\"")).collect();
            names.join(" or ")
        })
    }
}

/// Writes an enum with a [`Choice`], from the names in the file.
macro_rules! choice {
    ($(#[$doc:meta])* $choice:ident { $($(#[$of:meta])* $value:ident = $name:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub(crate) enum $choice { $($(#[$of])* $value),+ }

        impl $crate::config::values::Choice for $choice {
            const ALL: &'static [(&'static str, Self)] = &[$((stringify!($name), Self::$value)),+];
        }
    };
}

pub(crate) use choice;
