//! Reads all arguments of an event into one value. The type of the value drives how.

use std::cell::Cell;

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde_json::Error;

use super::{args::Args, attachments::BinaryValue};
use crate::protocol::ArgError;

impl Args {
    /// Parses all arguments into one value, as its type says: a tuple, a tuple struct or the fields
    /// of a struct are the arguments in their order. A struct is also read from one argument that
    /// is an object. Any other type is read from the first argument.
    ///
    /// A missing argument is read as `null`. Arguments that the type does not have are left out.
    ///
    /// ```
    /// # use actix_socketio::Args;
    /// #[derive(serde::Deserialize)]
    /// struct Move {
    ///     x: i32,
    ///     y: i32,
    /// }
    ///
    /// for sent in [r#"[3,4]"#, r#"[{"x":3,"y":4}]"#] {
    ///     let Move { x, y } = Args::parse(sent.into(), 100)?.get_all()?;
    ///     assert_eq!((x, y), (3, 4));
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ArgError`] names the argument that does not match.
    pub fn get_all<T: DeserializeOwned>(&self) -> Result<T, ArgError> {
        let at = Cell::new(0);
        T::deserialize(AllArgs { args: self, at: &at })
            .map_err(|source| self.error::<T>(at.get(), source))
    }
}

/// All arguments as one value:
///
/// * a tuple, a tuple struct and the fields of a struct are the arguments in their order;
/// * a struct and one argument that is an object are that object;
/// * anything else is the first argument.
///
/// A missing argument is read as `null`, and more arguments than the type has are left out.
#[derive(Clone, Copy)]
pub(super) struct AllArgs<'a> {
    pub(super) args: &'a Args,
    /// The argument that is being read, for the error.
    pub(super) at: &'a Cell<usize>,
}

impl<'a> AllArgs<'a> {
    fn first(self) -> OneArg<'a> {
        self.at.set(0);
        OneArg::new(self.args, 0)
    }

    fn in_order<V: Visitor<'a>>(self, count: usize, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(InOrder { all: self, next: 0, count })
    }

    fn is_one_object(&self) -> bool {
        self.args.len() == 1
            && self.args.raw(0).is_some_and(|raw| raw.starts_with('{'))
            && self.args.binary(0).is_none()
    }
}

/// The arguments one by one.
struct InOrder<'a> {
    all: AllArgs<'a>,
    next: usize,
    count: usize,
}

impl<'a> SeqAccess<'a> for InOrder<'a> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'a>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        if self.next == self.count {
            return Ok(None);
        }
        self.all.at.set(self.next);
        self.next += 1;
        seed.deserialize(OneArg::new(self.all.args, self.next - 1)).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.count - self.next)
    }
}

/// One argument.
pub(super) enum OneArg<'a> {
    Json(&'a str),
    /// One with attachments.
    Binary(BinaryValue<'a>),
}

impl<'a> OneArg<'a> {
    pub(super) fn new(args: &'a Args, index: usize) -> Self {
        match args.binary_value(index) {
            Some(value) => Self::Binary(value),
            None => Self::Json(args.raw(index).unwrap_or("null")),
        }
    }
}

/// Writes methods of a deserializer that pass the call on.
macro_rules! pass_on {
    (to $inner:ident: $($method:ident($($arg:ident: $type:ty),*);)*) => {$(
        fn $method<V: Visitor<'de>>(self, $($arg: $type,)* visitor: V) -> Result<V::Value, Error> {
            pass_on!(@$inner self $method($($arg,)* visitor))
        }
    )*};
    (@first $self:ident $method:ident($($arg:ident),*)) => { $self.first().$method($($arg),*) };
    (@json_or_binary $self:ident $method:ident($($arg:ident),*)) => {
        match $self {
            Self::Json(json) => serde_json::Deserializer::from_str(json).$method($($arg),*),
            Self::Binary(value) => value.$method($($arg),*),
        }
    };
}

/// The methods for values that are one argument, and those for others.
macro_rules! values {
    (single, $inner:ident) => {
        pass_on! { to $inner:
            deserialize_any();
            deserialize_bool();
            deserialize_i8();
            deserialize_i16();
            deserialize_i32();
            deserialize_i64();
            deserialize_i128();
            deserialize_u8();
            deserialize_u16();
            deserialize_u32();
            deserialize_u64();
            deserialize_u128();
            deserialize_f32();
            deserialize_f64();
            deserialize_char();
            deserialize_str();
            deserialize_string();
            deserialize_bytes();
            deserialize_byte_buf();
            deserialize_seq();
            deserialize_map();
            deserialize_enum(name: &'static str, variants: &'static [&'static str]);
            deserialize_identifier();
            deserialize_ignored_any();
        }
    };
    (several, $inner:ident) => {
        pass_on! { to $inner:
            deserialize_option();
            deserialize_unit();
            deserialize_unit_struct(name: &'static str);
            deserialize_newtype_struct(name: &'static str);
            deserialize_tuple(len: usize);
            deserialize_tuple_struct(name: &'static str, len: usize);
            deserialize_struct(name: &'static str, fields: &'static [&'static str]);
        }
    };
}

impl<'de> Deserializer<'de> for OneArg<'de> {
    type Error = Error;

    values!(single, json_or_binary);
    values!(several, json_or_binary);
}

impl<'de> Deserializer<'de> for AllArgs<'de> {
    type Error = Error;

    values!(single, first);

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.first().deserialize_option(visitor)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        // serde_json has types of its own that it knows by such a name.
        if name.starts_with('$') {
            return self.first().deserialize_newtype_struct(name, visitor);
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Error> {
        self.in_order(len, visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.in_order(len, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if self.is_one_object() {
            return self.first().deserialize_struct(name, fields, visitor);
        }
        self.in_order(fields.len(), visitor)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use bytes::Bytes;
    use serde::{Deserialize, de::DeserializeOwned};
    use serde_json::value::RawValue;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Chat(String, String);

    #[derive(Debug, PartialEq, Deserialize)]
    struct Name(String);

    #[derive(Debug, PartialEq, Deserialize)]
    struct Wrapped(Chat);

    #[derive(Debug, PartialEq, Deserialize)]
    struct Move {
        x: i32,
        y: Option<i32>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Leave;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Side {
        Home,
        Away(u8),
    }

    fn read<T: DeserializeOwned>(json: &str) -> T {
        Args::parse(json.to_owned().into(), 10).unwrap().get_all().unwrap()
    }

    #[test]
    fn tuples_and_structs_are_the_arguments_in_order() {
        assert_eq!(read::<(String, u8)>(r#"["tea",2]"#), ("tea".to_owned(), 2));
        assert_eq!(read::<Chat>(r#"["tea","hi",3]"#), Chat("tea".to_owned(), "hi".to_owned()));
        assert_eq!(read::<Move>("[1,2]"), Move { x: 1, y: Some(2) });
        assert_eq!(read::<Move>("[1]"), Move { x: 1, y: None });
        assert_eq!(read::<(u8, Option<u8>)>("[1]"), (1, None));
        assert_eq!(read::<[u8; 3]>("[1,2,3]"), [1, 2, 3]);
        let Wrapped(chat) = read(r#"["tea","hi"]"#);
        assert_eq!(chat, Chat("tea".to_owned(), "hi".to_owned()));
    }

    #[test]
    fn a_struct_is_one_object() {
        assert_eq!(read::<Move>(r#"[{"y":2,"x":1}]"#), Move { x: 1, y: Some(2) });
        assert_eq!(read::<(Move,)>(r#"[{"x":1}]"#).0, Move { x: 1, y: None });
    }

    #[test]
    fn anything_else_is_the_first_argument() {
        assert_eq!(read::<String>(r#"["tea",1]"#), "tea");
        assert_eq!(read::<Name>(r#"["ada"]"#), Name("ada".to_owned()));
        assert_eq!(read::<Vec<u8>>("[[1,2],3]"), [1, 2]);
        assert_eq!(read::<HashMap<String, u8>>(r#"[{"a":1}]"#)["a"], 1);
        assert_eq!(read::<Side>(r#"["home"]"#), Side::Home);
        assert_eq!(read::<Side>(r#"[{"away":2}]"#), Side::Away(2));
        assert_eq!(read::<Option<u8>>("[]"), None);
        assert_eq!(read::<Option<u8>>("[1]"), Some(1));
        assert_eq!(read::<serde_json::Value>(r#"[{"a":[1]}]"#), serde_json::json!({"a": [1]}));
        assert_eq!(read::<Box<RawValue>>("[1.0]").get(), "1.0");
        assert_eq!(read::<Leave>("[1]"), Leave);
        read::<()>(r#"["ignored"]"#);
    }

    #[test]
    fn attachments_are_read_at_any_place() {
        let json = r#"["a",{"_placeholder":true,"num":0}]"#;
        let args = Args::parse(json.into(), 10).unwrap().attach(vec!["abc".into()]).unwrap();
        let (name, data): (String, Bytes) = args.get_all().unwrap();
        assert_eq!((&*name, &*data), ("a", &b"abc"[..]));
        let (_, data): (String, Vec<u8>) = args.get_all().unwrap();
        assert_eq!(data, b"abc");
        let json = r#"[{"_placeholder":true,"num":0}]"#;
        let args = Args::parse(json.into(), 10).unwrap().attach(vec!["abc".into()]).unwrap();
        assert_eq!(args.get_all::<Bytes>().unwrap(), "abc");
        let error = args.get_all::<Move>().unwrap_err();
        assert_eq!(error.index, 0, "binary is not an object: {error}");
    }

    #[test]
    fn an_error_names_the_argument() {
        let args = Args::parse(r#"["tea",1]"#.into(), 10).unwrap();
        let error = args.get_all::<Chat>().unwrap_err();
        assert_eq!((error.index, error.count), (1, 2));
        assert_eq!(error.to_client(), "argument 2: expected a string");
        let args = Args::parse(r#"["tea"]"#.into(), 10).unwrap();
        let error = args.get_all::<Chat>().unwrap_err();
        assert_eq!(error.to_client(), "argument 2: expected a string, and it is missing");
    }
}
