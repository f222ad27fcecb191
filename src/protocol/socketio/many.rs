use std::fmt;

use serde::{
    Serialize, Serializer,
    ser::{self, Impossible},
};

/// Several arguments of one event or acknowledgement.
///
/// A tuple or list by itself is one argument, an array. In `Many`, each element of a tuple or list
/// is an argument of its own, and `()` stands for no arguments. Any other value in `Many` is one
/// argument.
///
/// ```
/// # use actix_socketio::{Many, SendError, Socket};
/// # fn example(socket: &Socket) -> Result<(), SendError> {
/// socket.emit("goal", &Many(("Pelé", 17)))?; // as `socket.emit("goal", "Pelé", 17)` in JavaScript
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs)] // a wrapper of one field, which will not change
pub struct Many<T>(pub T);

/// The name by which the encoder recognizes `Many`. No other type has it by chance.
const NAME: &str = "$actix_socketio::Many";

impl<T: Serialize> Serialize for Many<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(NAME, &self.0)
    }
}

/// How data is written as arguments, by the first call that it makes to its serializer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::protocol) enum DataKind {
    /// A string, which is already written.
    Text,
    /// A [`Many`].
    Many,
    /// Any other value, which is one argument.
    Other,
}

/// Finds the kind of `data`. If it is a string, `text` is called with it. Of other data, nothing is
/// serialized.
pub(in crate::protocol) fn kind<T: Serialize + ?Sized>(
    data: &T,
    text: impl FnOnce(&str),
) -> DataKind {
    match data.serialize(KindProbe(text)) {
        Ok(()) => DataKind::Text,
        Err(NotText { is_many: true }) => DataKind::Many,
        Err(NotText { is_many: false }) => DataKind::Other,
    }
}

/// A serializer that stops at the first call.
struct KindProbe<F>(F);

/// The error by which a [`KindProbe`] stops.
#[derive(Debug)]
struct NotText {
    is_many: bool,
}

const OTHER: NotText = NotText { is_many: false };

impl fmt::Display for NotText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a string")
    }
}

impl std::error::Error for NotText {}

impl ser::Error for NotText {
    fn custom<T: fmt::Display>(_: T) -> Self {
        OTHER
    }
}

macro_rules! other {
    ($($method:ident($($type:ty),*) -> $ok:ty;)*) => {$(
        fn $method(self, $(_: $type),*) -> Result<$ok, NotText> {
            Err(OTHER)
        }
    )*};
}

type Never = Impossible<(), NotText>;

impl<F: FnOnce(&str)> Serializer for KindProbe<F> {
    type Ok = ();
    type Error = NotText;
    type SerializeSeq = Never;
    type SerializeTuple = Never;
    type SerializeTupleStruct = Never;
    type SerializeTupleVariant = Never;
    type SerializeMap = Never;
    type SerializeStruct = Never;
    type SerializeStructVariant = Never;

    fn serialize_str(self, text: &str) -> Result<(), NotText> {
        (self.0)(text);
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _: &T,
    ) -> Result<(), NotText> {
        Err(NotText { is_many: name == NAME })
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<(), NotText> {
        Err(OTHER)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), NotText> {
        Err(OTHER)
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, _: &T) -> Result<(), NotText> {
        Err(OTHER)
    }

    other! {
        serialize_bool(bool) -> ();
        serialize_i8(i8) -> ();
        serialize_i16(i16) -> ();
        serialize_i32(i32) -> ();
        serialize_i64(i64) -> ();
        serialize_u8(u8) -> ();
        serialize_u16(u16) -> ();
        serialize_u32(u32) -> ();
        serialize_u64(u64) -> ();
        serialize_f32(f32) -> ();
        serialize_f64(f64) -> ();
        serialize_char(char) -> ();
        serialize_bytes(&[u8]) -> ();
        serialize_none() -> ();
        serialize_unit() -> ();
        serialize_unit_struct(&'static str) -> ();
        serialize_unit_variant(&'static str, u32, &'static str) -> ();
        serialize_seq(Option<usize>) -> Never;
        serialize_tuple(usize) -> Never;
        serialize_tuple_struct(&'static str, usize) -> Never;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Never;
        serialize_map(Option<usize>) -> Never;
        serialize_struct(&'static str, usize) -> Never;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Never;
    }
}
