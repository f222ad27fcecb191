//! The text of a JSON string, for those that need it as Rust text.

use std::borrow::Cow;

/// Returns the text of a valid JSON string, given with its quotes.
///
/// JSON can escape half of a surrogate pair, which Rust text cannot hold. Each half becomes one
/// U+FFFD, as in JavaScript's `toWellFormed`.
pub(in crate::protocol) fn unescape(token: &str) -> Cow<'_, str> {
    let inner = token.strip_prefix('"').and_then(|token| token.strip_suffix('"')).unwrap_or(token);
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((plain, escape)) = rest.split_once('\\') {
        text.push_str(plain);
        let mut characters = escape.chars();
        let kind = characters.next();
        rest = characters.as_str();
        match kind {
            Some('u') => {
                let (character, after) = code_point(rest);
                text.push(character);
                rest = after;
            }
            Some('b') => text.push('\u{8}'),
            Some('f') => text.push('\u{c}'),
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some('t') => text.push('\t'),
            // A quote, a backslash or a slash.
            Some(itself) => text.push(itself),
            None => {}
        }
    }
    text.push_str(rest);
    Cow::Owned(text)
}

/// Reads the digits after `\u`, and those of the second half of a pair. Returns the rest, too.
fn code_point(text: &str) -> (char, &str) {
    let Some((unit, rest)) = unit(text) else { return (char::REPLACEMENT_CHARACTER, text) };
    if let 0xd800..0xdc00 = unit
        && let Some((low @ 0xdc00..0xe000, after)) = rest.strip_prefix("\\u").and_then(self::unit)
    {
        let pair = char::decode_utf16([unit, low]).next().and_then(Result::ok);
        return (pair.unwrap_or(char::REPLACEMENT_CHARACTER), after);
    }
    (char::from_u32(unit.into()).unwrap_or(char::REPLACEMENT_CHARACTER), rest)
}

/// Reads four hexadecimal digits.
fn unit(text: &str) -> Option<(u16, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    Some((u16::from_str_radix(digits, 16).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn half_of_a_pair_becomes_one_replacement_character() {
        for (json, text) in [
            (r#""a""#, "a"),
            (r#""\ud83d\ude00""#, "😀"),
            (r#""\uD83D""#, "\u{fffd}"),
            (r#""\ude00\ud83d""#, "\u{fffd}\u{fffd}"),
            (r#""\ud83d\ud83d\ude00x""#, "\u{fffd}😀x"),
            (r#""\ud83d\n\u005f\"\\\/""#, "\u{fffd}\n_\"\\/"),
        ] {
            assert_eq!(unescape(json), text, "{json}");
        }
    }

    proptest! {
        #[test]
        fn other_text_is_that_of_serde_json(text in ".*", any in r#"[ud\\"0-9a-f😀]*"#) {
            let json = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(&*unescape(&json), &text);
            let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
            prop_assert_eq!(unescape(&format!("\"{escaped}\"")).into_owned(), text);
            let _ = unescape(&any);
            if let Ok(expected) = serde_json::from_str::<String>(&format!("\"{any}\"")) {
                prop_assert_eq!(unescape(&format!("\"{any}\"")).into_owned(), expected);
            }
        }
    }
}
