//! The part of an error of serde that a client may read: the expected value, in the words of JSON.

use std::fmt::Display;

/// The longest text of an application's own error that is passed on, in characters.
const MAX_TEXT: usize = 200;

/// Says what was expected, without Rust's names of types and without a quote of the client.
///
/// The error is that of a deserializer, whose text is all that serde_json keeps of it.
pub(crate) fn expectation(error: &impl Display) -> String {
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(&*text, |(text, _)| text);
    for (start, missing) in [("missing field ", "is missing"), ("duplicate field ", "is twice")] {
        if let Some(member) = text.strip_prefix(start) {
            return format!("its member {member} {missing}");
        }
    }
    match text.rsplit_once("expected ") {
        Some((_, expected)) => format!("expected {}", in_json(expected)),
        None if text.contains("::") => "invalid value".to_owned(),
        // The words of a type of the application's own, as of `#[serde(try_from = "String")]`.
        None => text.chars().filter(|c| !c.is_control()).take(MAX_TEXT).collect(),
    }
}

/// The name of a value as people who write JavaScript know it.
fn in_json(expected: &str) -> String {
    let words = match expected {
        "u8" => "an integer from 0 to 255",
        "u16" => "an integer from 0 to 65535",
        "u32" => "an integer from 0 to 4294967295",
        "u64" | "u128" | "usize" => "an integer that is not negative",
        "i8" => "an integer from -128 to 127",
        "i16" => "an integer from -32768 to 32767",
        "i32" => "an integer from -2147483648 to 2147483647",
        "i64" | "i128" | "isize" => "an integer",
        "f32" | "f64" => "a number",
        "unit" => "null",
        "a sequence" => "an array",
        "a map" => "an object",
        "a borrowed string" | "a formatted string" => "a string",
        "byte array" | "bytes" | "a byte array" | "a borrowed byte array" => "binary data",
        "a nonzero u8" | "a nonzero u16" | "a nonzero u32" | "a nonzero u64" => {
            "an integer above 0"
        }
        _ => return of_named_type(expected),
    };
    words.to_owned()
}

/// The same for a type that serde calls by its name or by its length.
fn of_named_type(expected: &str) -> String {
    let number = |after: &str| {
        expected.split_once(after).and_then(|(_, rest)| {
            let digits = rest.split(' ').next()?;
            digits.parse::<usize>().ok()
        })
    };
    let length = number("of size ").or_else(|| number("of length ")).or_else(|| number(" with "));
    let is = |kind: &str| expected.starts_with(kind);
    if let Some(length) = length.filter(|_| !is("a string")) {
        format!("an array of {length} values")
    } else if is("unit struct ") {
        "null".to_owned()
    } else if is("tuple ") {
        "an array".to_owned()
    } else if is("struct ") {
        "an object".to_owned()
    } else if is("enum ") || expected == "string or map" {
        "a string or an object".to_owned()
    } else if expected.contains("::") {
        "another value".to_owned()
    } else {
        expected.chars().filter(|c| !c.is_control()).take(MAX_TEXT).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde::{Deserialize, de::DeserializeOwned};

    use super::*;
    use crate::protocol::Args;

    #[derive(Deserialize)]
    struct Jump {
        #[serde(rename = "x")]
        _x: i8,
    }

    #[derive(Deserialize)]
    struct Pair(#[allow(dead_code)] u8, #[allow(dead_code)] u8);

    #[derive(Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Half {
        Home,
        Away,
    }

    #[derive(Deserialize)]
    #[serde(try_from = "String")]
    struct Nickname;

    impl TryFrom<String> for Nickname {
        type Error = &'static str;

        fn try_from(_: String) -> Result<Self, Self::Error> {
            Err("a name has 1 to 20 characters")
        }
    }

    fn of<T: DeserializeOwned>(json: &str) -> String {
        let args = Args::parse(format!("[{json}]").into(), 10).unwrap();
        let error = args.get::<T>(0).map(drop).unwrap_err();
        expectation(&error.source)
    }

    #[test]
    fn a_client_reads_what_is_expected_in_the_words_of_json() {
        assert_eq!(of::<String>("5"), "expected a string");
        assert_eq!(of::<String>(r#"{"expected a":"x"}"#), "expected a string");
        assert_eq!(of::<u8>(r#""expected a boolean""#), "expected an integer from 0 to 255");
        assert_eq!(of::<u8>("300"), "expected an integer from 0 to 255");
        assert_eq!(of::<u64>("-1"), "expected an integer that is not negative");
        assert_eq!(of::<f64>("true"), "expected a number");
        assert_eq!(of::<bool>("1"), "expected a boolean");
        assert_eq!(of::<Vec<u8>>("1"), "expected an array");
        assert_eq!(of::<(u8, u8)>("[1]"), "expected an array of 2 values");
        assert_eq!(of::<Pair>("[1]"), "expected an array of 2 values");
        assert_eq!(of::<Pair>("1"), "expected an array");
        assert_eq!(of::<HashMap<String, u8>>("1"), "expected an object");
        assert_eq!(of::<Jump>("1"), "expected an object");
        assert_eq!(of::<Jump>("{}"), "its member `x` is missing");
        assert_eq!(of::<Jump>(r#"{"x":1,"x":2}"#), "its member `x` is twice");
        assert_eq!(of::<Half>(r#""else""#), "expected `home` or `away`");
        assert_eq!(of::<Nickname>(r#""""#), "a name has 1 to 20 characters");
        assert_eq!(of::<()>("1"), "expected null");
        assert!(matches!((Half::Home, Half::Away), (Half::Home, Half::Away)));
    }
}
