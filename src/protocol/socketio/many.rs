use std::fmt;

use serde::{
    Serialize, Serializer,
    ser::{self, Impossible},
};

/// Several arguments: `socket.emit("goal", &Many(("Pelé", 17)))` is `socket.emit("goal", "Pelé",
/// 17)` in JavaScript.
///
/// A tuple or list by itself is one argument, an array. In `Many`, each element of a tuple or list
/// is one, and `()` is none at all. Anything else in it is one argument, as without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs)] // it is its field, and will stay so
pub struct Many<T>(pub T);

/// A name that no one's struct has by chance.
const NAME: &str = "$actix_socketio::Many";

impl<T: Serialize> Serialize for Many<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(NAME, &self.0)
    }
}

/// What data is, by the first thing that it says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::protocol) enum Kind {
    /// A string. It is written already.
    Text,
    /// A [`Many`].
    Many,
    Other,
}

/// Says what this is, and writes it if it is a string: `text` is called with it. Of anything else,
/// nothing is serialized.
pub(in crate::protocol) fn kind<T: Serialize + ?Sized>(data: &T, text: impl FnOnce(&str)) -> Kind {
    match data.serialize(FirstWord(text)) {
        Ok(()) => Kind::Text,
        Err(Word { is_many: true }) => Kind::Many,
        Err(Word { is_many: false }) => Kind::Other,
    }
}

struct FirstWord<F>(F);

#[derive(Debug)]
struct Word {
    is_many: bool,
}

const OTHER: Word = Word { is_many: false };

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("only asked")
    }
}

impl std::error::Error for Word {}

impl ser::Error for Word {
    fn custom<T: fmt::Display>(_: T) -> Self {
        OTHER
    }
}

macro_rules! other {
    ($($method:ident($($type:ty),*) -> $ok:ty;)*) => {$(
        fn $method(self, $(_: $type),*) -> Result<$ok, Word> {
            Err(OTHER)
        }
    )*};
}

type No = Impossible<(), Word>;

impl<F: FnOnce(&str)> Serializer for FirstWord<F> {
    type Ok = ();
    type Error = Word;
    type SerializeSeq = No;
    type SerializeTuple = No;
    type SerializeTupleStruct = No;
    type SerializeTupleVariant = No;
    type SerializeMap = No;
    type SerializeStruct = No;
    type SerializeStructVariant = No;

    fn serialize_str(self, text: &str) -> Result<(), Word> {
        (self.0)(text);
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _: &T,
    ) -> Result<(), Word> {
        Err(Word { is_many: name == NAME })
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<(), Word> {
        Err(OTHER)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Word> {
        Err(OTHER)
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, _: &T) -> Result<(), Word> {
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
        serialize_seq(Option<usize>) -> No;
        serialize_tuple(usize) -> No;
        serialize_tuple_struct(&'static str, usize) -> No;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> No;
        serialize_map(Option<usize>) -> No;
        serialize_struct(&'static str, usize) -> No;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> No;
    }
}
