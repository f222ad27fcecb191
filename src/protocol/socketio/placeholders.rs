//! Placeholders: the objects in the JSON of a packet that stand for its attachments.
//!
//! A placeholder is `{"_placeholder":true,"num":0}`, where `num` is the index of an attachment.
//! Clients do not agree on what else is one. Python's takes any true value, Swift's the number 1,
//! Java's the text `"true"`, and each then reads `num` in its own way. One that fails there loses
//! the message, its connection or its process. So in a packet with attachments, an object with the
//! key `_placeholder` has exactly the form that all official encoders write, or is refused.

use std::ops::Range;

use super::{
    scan::{member_value, next_entry, skip_space, string_end, value_end},
    unescape::unescape,
};
use crate::protocol::DecodeError;

/// The key of a placeholder, with its quotes.
const KEY: &str = r#""_placeholder""#;
/// The longest way to write the key: each of its 12 characters as `\u005f`.
const MAX_KEY: usize = 2 + 12 * 6;

/// The place of one attachment in the JSON of a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::protocol) struct Placeholder {
    /// The position of the object in the text.
    pub(in crate::protocol) range: Range<usize>,
    /// The index of the attachment.
    pub(in crate::protocol) num: usize,
}

/// Returns a placeholder as JSON.
pub(in crate::protocol) fn write(num: usize) -> String {
    format!(r#"{{"_placeholder":true,"num":{num}}}"#)
}

/// Finds the placeholders of `count` attachments in valid JSON, in the order of the text.
///
/// One pass over the text, which keeps nothing but the placeholders. A second placeholder for the
/// same attachment is refused: a short packet could otherwise name one attachment many times, and
/// a reader or a relay would copy its bytes each time.
pub(in crate::protocol) fn find(json: &str, count: usize) -> Result<Vec<Placeholder>, DecodeError> {
    let bytes = json.as_bytes();
    let (mut found, mut seen) = (Vec::new(), vec![false; count]);
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'{' => match placeholder(bytes, at) {
                Some(placeholder) => {
                    let num = placeholder.num;
                    match seen.get_mut(num) {
                        Some(seen) if !*seen => *seen = true,
                        Some(_) => {
                            return Err(DecodeError::Payload(format!(
                                "attachment {num} has more than one placeholder"
                            )));
                        }
                        None => {
                            return Err(DecodeError::Payload(format!(
                                "placeholder {num} has no attachment: the packet has {count}"
                            )));
                        }
                    }
                    at = placeholder.range.end;
                    found.push(placeholder);
                }
                None => at += 1,
            },
            b'"' => {
                let end = string_end(bytes, at);
                if is_lookalike(json, at..end) {
                    return Err(DecodeError::Payload(
                        "an object with the key `_placeholder` is not a placeholder".to_owned(),
                    ));
                }
                at = end;
            }
            _ => at += 1,
        }
    }
    Ok(found)
}

/// Returns whether a string is the key `_placeholder`, with another value than `false`. No client
/// takes an object with `false` for a placeholder.
pub(in crate::protocol) fn is_lookalike(json: &str, token: Range<usize>) -> bool {
    let bytes = json.as_bytes();
    let is_short = (KEY.len()..=MAX_KEY).contains(&token.len());
    is_short
        && bytes.get(skip_space(bytes, token.end)) == Some(&b':')
        && json.get(token.clone()).is_some_and(|key| unescape(key) == KEY[1..KEY.len() - 1])
        && !bytes[member_value(bytes, token.end)..].starts_with(b"false")
}

/// Reads an object that is a placeholder. Its two members may be in any order, as Swift's client
/// writes them.
fn placeholder(json: &[u8], start: usize) -> Option<Placeholder> {
    let (mut is_marked, mut num) = (false, None);
    let mut at = start + 1;
    while let Some(key) = next_entry(json, at) {
        let key_end = key + KEY.len();
        if !is_marked && json.get(key..key_end) == Some(KEY.as_bytes()) {
            let value = member_value(json, key_end);
            at = value_end(json, value);
            is_marked = json.get(value..at)? == b"true";
            if !is_marked {
                return None;
            }
        } else if num.is_none() && json.get(key..)?.starts_with(br#""num""#) {
            let value = member_value(json, key + br#""num""#.len());
            at = value_end(json, value);
            num = Some(digits(json.get(value..at)?)?);
        } else {
            return None;
        }
    }
    let end = skip_space(json, at) + 1;
    num.filter(|_| is_marked).map(|num| Placeholder { range: start..end, num })
}

/// Reads an index as all encoders write it: digits only.
fn digits(text: &[u8]) -> Option<usize> {
    let is_index = text.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(text).ok().filter(|_| is_index)?.parse().ok()
}

/// Writes the placeholders of `json` in their one form. Returns `None` if they have it.
pub(in crate::protocol) fn rewrite(json: &str, placeholders: &[Placeholder]) -> Option<String> {
    let is_canonical =
        |Placeholder { range, num }: &Placeholder| json[range.clone()] == write(*num);
    if placeholders.iter().all(is_canonical) {
        return None;
    }
    let (mut out, mut at) = (String::with_capacity(json.len()), 0);
    for Placeholder { range, num } in placeholders {
        out.push_str(&json[at..range.start]);
        out.push_str(&write(*num));
        at = range.end;
    }
    out.push_str(&json[at..]);
    Some(out)
}

/// Returns those of the placeholders, which are in order, that lie within a range.
pub(in crate::protocol) fn within<'a>(
    placeholders: &'a [Placeholder],
    range: &Range<usize>,
) -> &'a [Placeholder] {
    let first = placeholders.partition_point(|placeholder| placeholder.range.start < range.start);
    let end = placeholders.partition_point(|placeholder| placeholder.range.end <= range.end);
    placeholders.get(first..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nums(json: &str, count: usize) -> Result<Vec<usize>, DecodeError> {
        let found = find(json, count)?;
        Ok(found.into_iter().map(|placeholder| placeholder.num).collect())
    }

    #[test]
    fn placeholders_are_found_in_the_order_of_the_text() {
        let json = r#"[{"a":[{"_placeholder":true,"num":2}]},"{",{ "num" : 0 , "_placeholder" : true },
            {"_placeholder":false,"num":9},"_placeholder",{"x":"_placeholder","num":1}]"#;
        assert_eq!(nums(json, 3), Ok(vec![2, 0]));
        let found = find(json, 3).unwrap();
        let written = rewrite(json, &found).unwrap();
        assert!(written.contains(r#""{",{"_placeholder":true,"num":0},"#), "{written}");
        assert_eq!(nums(&written, 3), Ok(vec![2, 0]));
        assert_eq!(rewrite(&written, &find(&written, 3).unwrap()), None);
        assert_eq!(within(&found, &(0..json.len())).len(), 2);
        assert_eq!(within(&found, &found[1].range), &found[1..]);
        assert_eq!(within(&found, &(0..1)), []);
    }

    #[test]
    fn what_only_looks_like_a_placeholder_is_refused() {
        for object in [
            r#"{"_placeholder":1,"num":0}"#,
            r#"{"_placeholder":"true","num":0}"#,
            r#"{"_placeholder":[0],"num":0}"#,
            r#"{"_placeholder":{},"num":0}"#,
            r#"{"_placeholder":null,"num":0}"#,
            r#"{"_placeholder":0}"#,
            r#"{"_placeholder":true}"#,
            r#"{"_placeholder":true,"num":"0"}"#,
            r#"{"_placeholder":true,"num":0.0}"#,
            r#"{"_placeholder":true,"num":0e0}"#,
            r#"{"_placeholder":true,"num":-0}"#,
            r#"{"_placeholder":true,"num":-1}"#,
            r#"{"_placeholder":true,"num":1}"#,
            r#"{"_placeholder":true,"num":99999999999999999999}"#,
            r#"{"_placeholder":true,"num":[0]}"#,
            r#"{"_placeholder":true,"num":null}"#,
            r#"{"_placeholder":true,"num":0,"num":0}"#,
            r#"{"_placeholder":true,"_placeholder":true,"num":0}"#,
            r#"{"_placeholder":false,"_placeholder":true,"num":0}"#,
            r#"{"_placeholder":true,"num":0,"x":1}"#,
            r#"{"x":1,"_placeholder":true,"num":0}"#,
            r#"{"\u005fplaceholder":true,"num":0}"#,
            r#"{"_placeholder" : true,"\u006eum":0}"#,
        ] {
            for json in [format!("[{object}]"), format!(r#"["e",{{"x":[1,{object}]}}]"#)] {
                assert!(matches!(find(&json, 1), Err(DecodeError::Payload(_))), "{json}");
            }
        }
        let twice = r#"[{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]"#;
        assert!(matches!(find(twice, 1), Err(DecodeError::Payload(_))));
    }
}
