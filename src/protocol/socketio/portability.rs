//! Finds what some clients cannot read in data that a client sends to others.

use std::ops::Range;

use super::{
    placeholders::is_lookalike,
    scan::{string_end, value_end},
};

/// The most characters of an integer that python-socketio reads. It loses a message with a longer
/// one.
const MAX_INTEGER: usize = 100;

/// Returns why some client cannot read valid JSON without attachments, or `None` if each can.
///
/// A client that fails on a message may lose more than the message. Android's fails on a number
/// beyond a double, and then on the attachments that follow. The C++ client puts a null pointer
/// where a text packet has what looks like a placeholder.
pub(super) fn fault(json: &str, has_attachments: bool) -> Option<&'static str> {
    let bytes = json.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                let end = string_end(bytes, at);
                // Beside attachments, all placeholders are checked already.
                if !has_attachments && is_lookalike(json, at..end) {
                    return Some("an object has the key \"_placeholder\"");
                }
                at = end;
            }
            b'-' | b'0'..=b'9' => {
                let end = value_end(bytes, at);
                if !is_readable(json, at..end) {
                    return Some("a number is too large");
                }
                at = end;
            }
            _ => at += 1,
        }
    }
    None
}

/// Whether all clients can read a number.
fn is_readable(json: &str, number: Range<usize>) -> bool {
    let Some(text) = json.get(number) else { return false };
    let is_integer = !text.contains(['.', 'e', 'E']);
    if is_integer {
        return text.len() <= MAX_INTEGER;
    }
    text.parse::<f64>().is_ok_and(f64::is_finite)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_cannot_read_is_found() {
        let digits = |count| "9".repeat(count);
        for json in [
            format!(r#"[{},-1.5,1e308,0e999,1e-999,"1e999"]"#, digits(100)),
            r#"{"placeholder":true,"a":["_placeholder",{"_placeholder":false}]}"#.to_owned(),
        ] {
            assert_eq!(fault(&json, false), None, "{json}");
        }
        for number in [
            digits(101),
            format!("-{}", digits(100)),
            "1e309".to_owned(),
            format!("{}.0", digits(400)),
        ] {
            let json = format!(r#"[{{"a":{number}}}]"#);
            assert_eq!(fault(&json, false), Some("a number is too large"), "{json}");
            assert!(fault(&json, true).is_some());
        }
        for key in [r#""_placeholder""#, r#""\u005fplaceholder""#] {
            let json = format!(r#"[{{"a":{{{key} : 1}}}}]"#);
            assert_eq!(
                fault(&json, false),
                Some("an object has the key \"_placeholder\""),
                "{json}"
            );
            assert_eq!(fault(&json, true), None);
        }
    }
}
