//! Values with the places that they come from, whatever the source is.

use std::{collections::BTreeMap, fmt, rc::Rc};

use serde_json::Value as Json;

/// A table: of a file, or of one JSON value in the environment.
pub(crate) type Table = BTreeMap<String, Node>;

/// A value and its place.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) origin: Origin,
    /// The place of its key, if it is another.
    pub(crate) key_origin: Option<Origin>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    /// A date, a time, or a number beyond 64 bits, as it was written. No key takes one.
    Other(String),
    List(Vec<Node>),
    Table(Table),
}

/// The place of a value. The order is that of the report.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    File {
        path: Rc<str>,
        line: usize,
        column: usize,
    },
    /// An environment variable, by its name.
    Variable(String),
    /// An option of the command line, such as `--address`.
    Flag(&'static str),
}

/// Two nodes are the same if their values are, wherever they come from.
impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Node {
    pub(crate) fn new(value: Value, origin: Origin) -> Self {
        Self { value, origin, key_origin: None }
    }

    pub(crate) fn text(text: impl Into<String>, origin: Origin) -> Self {
        Self::new(Value::Text(text.into()), origin)
    }

    pub(crate) fn key_origin(&self) -> &Origin {
        self.key_origin.as_ref().unwrap_or(&self.origin)
    }

    /// The value of a variable is text. Where a key takes no text, the text is read as JSON.
    pub(crate) fn as_json_text(&self) -> Option<Self> {
        match (&self.value, &self.origin) {
            (Value::Text(text), Origin::Variable(_) | Origin::Flag(_)) => {
                Some(Self::from_json(serde_json::from_str(text).ok()?, &self.origin))
            }
            _ => None,
        }
    }

    fn from_json(json: Json, origin: &Origin) -> Self {
        let value = match json {
            Json::Null => Value::Other("null".to_owned()),
            Json::Bool(on) => Value::Bool(on),
            Json::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(number), _) => Value::Integer(number),
                (None, Some(number)) => Value::Float(number),
                (None, None) => Value::Other(number.to_string()),
            },
            Json::String(text) => Value::Text(text),
            Json::Array(items) => {
                Value::List(items.into_iter().map(|item| Self::from_json(item, origin)).collect())
            }
            Json::Object(entries) => {
                let entry = |(key, value)| (key, Self::from_json(value, origin));
                Value::Table(entries.into_iter().map(entry).collect())
            }
        };
        Self::new(value, origin.clone())
    }

    /// The value for the library's reader. A date is `null`, which no setting takes.
    pub(crate) fn to_json(&self) -> Json {
        match &self.value {
            Value::Bool(on) => Json::from(*on),
            Value::Integer(number) => Json::from(*number),
            Value::Float(number) => Json::from(*number),
            Value::Text(text) => Json::from(text.as_str()),
            Value::Other(_) => Json::Null,
            Value::List(items) => items.iter().map(Self::to_json).collect(),
            Value::Table(table) => {
                let entry = |(key, node): (&String, &Self)| (key.clone(), node.to_json());
                Json::Object(table.iter().map(entry).collect())
            }
        }
    }
}

/// As it is written in a file.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(on) => on.fmt(f),
            Self::Integer(number) => number.fmt(f),
            Self::Float(number) => number.fmt(f),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Other(text) => f.write_str(text),
            Self::List(items) => {
                let items: Vec<_> = items.iter().map(|item| item.value.to_string()).collect();
                write!(f, "[{}]", items.join(", "))
            }
            Self::Table(table) => {
                let entry = |(key, node): (&String, &Node)| format!("{key} = {}", node.value);
                let entries: Vec<_> = table.iter().map(entry).collect();
                write!(f, "{{ {} }}", entries.join(", "))
            }
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line, column } => write!(f, "{path}:{line}:{column}"),
            Self::Variable(name) => f.write_str(name),
            Self::Flag(name) => f.write_str(name),
        }
    }
}
