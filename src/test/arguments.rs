//! The data of an event, as the arguments that a client sends.

use std::fmt;

use serde::{
    Serialize, Serializer,
    ser::{self, Impossible},
};

use crate::protocol::{Args, Many, to_args};

/// Writes a tuple as several arguments, `()` as none, and any other value as one.
///
/// # Panics
/// If the data is not JSON.
#[track_caller]
pub(super) fn arguments<T: Serialize + ?Sized>(data: &T) -> Args {
    let is_several = match data.serialize(TupleProbe) {
        Err(Found::Tuple) => true,
        // Serde takes the `null` of JSON for `()`, but that has a size.
        Err(Found::Unit) => size_of_val(data) == 0,
        _ => false,
    };
    let args = if is_several { to_args(&Many(data)) } else { to_args(data) };
    args.unwrap_or_else(|error| panic!("the data is not JSON: {error}"))
}

/// A serializer that stops at the first call, which tells the kind of data.
struct TupleProbe;

/// The error by which a [`TupleProbe`] stops.
#[derive(Debug)]
enum Found {
    Tuple,
    Unit,
    Other,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the kind of data is found")
    }
}

impl std::error::Error for Found {}

impl ser::Error for Found {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::Other
    }
}

macro_rules! found {
    ($($method:ident($($type:ty),*) -> $ok:ty = $found:ident;)*) => {$(
        fn $method(self, $(_: $type),*) -> Result<$ok, Found> {
            Err(Found::$found)
        }
    )*};
}

type NoParts = Impossible<(), Found>;

impl Serializer for TupleProbe {
    type Ok = ();
    type Error = Found;
    type SerializeSeq = NoParts;
    type SerializeTuple = NoParts;
    type SerializeTupleStruct = NoParts;
    type SerializeTupleVariant = NoParts;
    type SerializeMap = NoParts;
    type SerializeStruct = NoParts;
    type SerializeStructVariant = NoParts;

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<(), Found> {
        Err(Found::Other)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: &T,
    ) -> Result<(), Found> {
        Err(Found::Other)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Found> {
        Err(Found::Other)
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, _: &T) -> Result<(), Found> {
        Err(Found::Other)
    }

    found! {
        serialize_unit() -> () = Unit;
        serialize_tuple(usize) -> NoParts = Tuple;
        serialize_bool(bool) -> () = Other;
        serialize_i8(i8) -> () = Other;
        serialize_i16(i16) -> () = Other;
        serialize_i32(i32) -> () = Other;
        serialize_i64(i64) -> () = Other;
        serialize_u8(u8) -> () = Other;
        serialize_u16(u16) -> () = Other;
        serialize_u32(u32) -> () = Other;
        serialize_u64(u64) -> () = Other;
        serialize_f32(f32) -> () = Other;
        serialize_f64(f64) -> () = Other;
        serialize_char(char) -> () = Other;
        serialize_str(&str) -> () = Other;
        serialize_bytes(&[u8]) -> () = Other;
        serialize_none() -> () = Other;
        serialize_unit_struct(&'static str) -> () = Other;
        serialize_unit_variant(&'static str, u32, &'static str) -> () = Other;
        serialize_seq(Option<usize>) -> NoParts = Other;
        serialize_tuple_struct(&'static str, usize) -> NoParts = Other;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> NoParts = Other;
        serialize_map(Option<usize>) -> NoParts = Other;
        serialize_struct(&'static str, usize) -> NoParts = Other;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> NoParts = Other;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn json_of<T: Serialize + ?Sized>(data: &T) -> String {
        format!("[{}]", arguments(data).iter().collect::<Vec<_>>().join(","))
    }

    #[test]
    fn a_tuple_is_several_arguments_and_any_other_value_is_one() {
        assert_eq!(json_of(&("tea", 1)), r#"["tea",1]"#);
        assert_eq!(json_of(&((1, 2),)), "[[1,2]]");
        assert_eq!(json_of(&()), "[]");
        assert_eq!(json_of("tea"), r#"["tea"]"#);
        assert_eq!(json_of(&vec![1, 2]), "[[1,2]]");
        assert_eq!(json_of(&json!([1, {"a": 2}])), r#"[[1,{"a":2}]]"#);
        assert_eq!(json_of(&Value::Null), "[null]");
        assert_eq!(json_of(&Many(vec![1, 2])), "[1,2]");
    }
}
