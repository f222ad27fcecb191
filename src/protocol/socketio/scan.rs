//! Steps through JSON that is known to be valid, without a tree and without recursion.
//!
//! Each function takes the bytes of the JSON and a position in it. On JSON that is not valid, a
//! function may return any position up to the end, and never panics.

use super::json::plain_len;

/// Returns the position of the first byte from `at` that is not white space.
pub(in crate::protocol) fn skip_space(json: &[u8], at: usize) -> usize {
    let rest = json.get(at..).unwrap_or_default();
    let space = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
    at + space
}

/// Returns the position after the string whose opening quote is at `start`.
pub(in crate::protocol) fn string_end(json: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(rest) = json.get(at..) {
        at += plain_len(rest);
        match json.get(at) {
            Some(b'"') => return at + 1,
            // The escaped character may be a quote.
            Some(b'\\') => at += 2,
            Some(_) => at += 1,
            None => break,
        }
    }
    json.len()
}

/// Returns the position after the value that starts at `start`.
pub(in crate::protocol) fn value_end(json: &[u8], start: usize) -> usize {
    match json.get(start) {
        Some(b'"') => string_end(json, start),
        Some(b'[' | b'{') => container_end(json, start),
        _ => {
            let rest = json.get(start..).unwrap_or_default();
            let is_end =
                |byte: &u8| matches!(byte, b',' | b']' | b'}' | b' ' | b'\t' | b'\n' | b'\r');
            start + rest.iter().position(is_end).unwrap_or(rest.len())
        }
    }
}

/// Returns the position after the array or object whose bracket is at `start`.
fn container_end(json: &[u8], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0usize);
    while let Some(byte) = json.get(at) {
        match byte {
            b'"' => {
                at = string_end(json, at);
                continue;
            }
            b'[' | b'{' => depth += 1,
            b']' | b'}' if depth <= 1 => return at + 1,
            b']' | b'}' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    json.len()
}

/// Returns the position of the next entry of an array or object, or `None` after the last one.
///
/// `at` is the position after the opening bracket, or after the entry before.
pub(in crate::protocol) fn next_entry(json: &[u8], at: usize) -> Option<usize> {
    let at = skip_space(json, at);
    match json.get(at)? {
        b']' | b'}' => None,
        b',' => Some(skip_space(json, at + 1)),
        _ => Some(at),
    }
}

/// Returns the position of the value of an object's member, whose key ends at `at`.
pub(in crate::protocol) fn member_value(json: &[u8], at: usize) -> usize {
    let colon = skip_space(json, at);
    skip_space(json, colon + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_value_ends_where_the_next_one_may_start() {
        for value in ["1", "-1.5e3", "null", r#""""#, r#""a]\"\\""#, "[]", r#"{"}":["]",{}]}"#] {
            for after in ["", ",", "]", " ", "\n}"] {
                let json = format!("{value}{after}");
                assert_eq!(value_end(json.as_bytes(), 0), value.len(), "{json}");
            }
        }
    }

    #[test]
    fn entries_follow_each_other() {
        let json = br#"[ 1 ,[2],"3" ]"#;
        let (mut at, mut values) = (1, Vec::new());
        while let Some(start) = next_entry(json, at) {
            at = value_end(json, start);
            values.push(&json[start..at]);
        }
        assert_eq!(values, [&b"1"[..], b"[2]", br#""3""#]);
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(json in r#"[\[\]{}",:0-9a-z\\ ]*"#, at in 0..40usize) {
            let json = json.as_bytes();
            let ends = [value_end(json, at), string_end(json, at), container_end(json, at)];
            prop_assert!(ends.iter().all(|end| *end <= json.len().max(at)));
            let _ = (next_entry(json, at), member_value(json, at));
        }
    }
}
