//! Reads JSON into requests, with errors that name a field and repeat nothing of the text.

use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_path_to_error::{Deserializer, Path, Segment, Track};

use super::{problem::Problem, requests::FIELDS};

/// Reads a request.
pub(super) fn read<T: DeserializeOwned>(json: &str) -> Result<T, Problem> {
    // serde would read a list as the fields in their order.
    if json.trim_start().starts_with('[') {
        return Err(Problem::bad_request("expected an object"));
    }
    let mut reader = serde_json::Deserializer::from_str(json);
    let mut track = Track::new();
    let value = T::deserialize(Deserializer::new(&mut reader, &mut track));
    let value = value
        .map_err(|error| Problem::bad_request(reason(&error)).in_field(path_text(&track.path())))?;
    reader.end().map(|()| value).map_err(|error| Problem::bad_request(reason(&error)))
}

/// The path of a field, without names that only the client knows.
fn path_text(path: &Path) -> String {
    let mut text = String::new();
    for segment in path.iter() {
        match segment {
            Segment::Seq { index } => text.push_str(&format!("[{index}]")),
            Segment::Map { key } if FIELDS.contains(&&**key) => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(key);
            }
            Segment::Map { .. } | Segment::Enum { .. } | Segment::Unknown => break,
        }
    }
    text
}

/// The reason without the value that is wrong.
fn reason(error: &serde_json::Error) -> String {
    if error.classify() != Category::Data {
        return format!("invalid JSON at line {}, column {}", error.line(), error.column());
    }
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(&*text, |(text, _)| text);
    // The names of fields in these are ours.
    if text.starts_with("missing field `") || text.starts_with("duplicate field `") {
        return text.to_owned();
    }
    // Only the last part of a text is ours, so a client can't have written it.
    let expected = text.rfind("expected ").map(|at| &text[at..]);
    match (text.starts_with("unknown field `"), expected) {
        (true, Some(expected)) => format!("unknown field: {expected}"),
        (true, None) => "unknown field".to_owned(),
        (false, Some("expected usize")) => "expected an integer, 0 or more".to_owned(),
        (false, Some(expected)) if expected.starts_with("expected struct ") => {
            "expected an object".to_owned()
        }
        (false, Some(expected)) => expected.to_owned(),
        (false, None) => "invalid value".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::requests::{BroadcastRequest, ChannelsRequest, HistoryRequest, PublishRequest},
        *,
    };

    fn error<T: DeserializeOwned + std::fmt::Debug>(json: &str) -> String {
        read::<T>(json).unwrap_err().detail()
    }

    #[test]
    fn a_field_is_named_by_its_path() {
        assert_eq!(error::<PublishRequest>(r#"{"channel": 7}"#), "channel: expected a string");
        assert_eq!(error::<PublishRequest>("{}"), "missing field `channel`");
        assert_eq!(
            error::<BroadcastRequest>(r#"{"channels": ["a", 7]}"#),
            "channels[1]: expected a string"
        );
        assert_eq!(
            error::<PublishRequest>(r#"{"channel": "a", "except": ["x"]}"#),
            "except[0]: expected 20 base64url characters"
        );
        assert_eq!(
            error::<HistoryRequest>(r#"{"channel": "a", "since": "now, expected x"}"#),
            "since: expected a token of 16 characters"
        );
        assert_eq!(
            error::<ChannelsRequest>(r#"{"limit": -1}"#),
            "limit: expected an integer, 0 or more"
        );
        let twice = r#"{"channel": "a", "channel": "b"}"#;
        assert!(error::<PublishRequest>(twice).ends_with("duplicate field `channel`"));
    }

    #[test]
    fn nothing_of_the_text_is_repeated() {
        for json in [
            r#"{"channel": "a", "sEcret": 1}"#,
            r#"{"channel": ["sEcret"]}"#,
            r#"{"channel": {"sEcret": 1}}"#,
            r#"{"channel": "a", "except": ["sEcret"]}"#,
            r#"{"channel": "a", "except": [": expected sEcret "]}"#,
            r#"{"channel": "a", "wait": "sEcret"}"#,
            r#"{"channel": "a", "wait": "sEcret at line 1"}"#,
            r#""sEcret""#,
            r#"{"sEcret"}"#,
            r#"{"channel": "a"} sEcret"#,
            r#"{"channel": "a", "missing field `sEcret`": 1}"#,
        ] {
            let error = error::<PublishRequest>(json);
            assert!(!error.contains("sEcret") && !error.is_empty(), "{json}: {error}");
        }
    }

    #[test]
    fn an_unknown_field_is_refused_with_those_that_exist() {
        let error = error::<ChannelsRequest>(r#"{"patern": "a"}"#);
        assert_eq!(error, "unknown field: expected one of `pattern`, `limit`, `namespace`");
    }

    #[test]
    fn data_that_is_null_is_data() {
        let one: PublishRequest = read(r#"{"channel": "a", "data": null}"#).unwrap();
        assert_eq!(one.data.unwrap().get(), "null");
        let other: PublishRequest = read(r#"{"channel": "a"}"#).unwrap();
        assert!(other.data.is_none());
    }

    #[test]
    fn data_stays_as_it_came() {
        let json =
            r#"{"channel": "a", "data": {"n": 12345678901234567890123, "x" : 1.10, "x": 2}}"#;
        let one: PublishRequest = read(json).unwrap();
        assert_eq!(
            one.data.unwrap().get(),
            r#"{"n": 12345678901234567890123, "x" : 1.10, "x": 2}"#
        );
    }
}
