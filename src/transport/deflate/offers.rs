//! The `Sec-WebSocket-Extensions` header: which offers of permessage-deflate are accepted.

/// The answer to an accepted offer, of a server without context takeover (RFC 7692 §7.1.1).
const ACCEPTED: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
/// The answer if the offer names the server's window size. flate2 has only the size of 15 bits.
const ACCEPTED_WINDOW: &str = concat!(
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover; ",
    "server_max_window_bits=15"
);

/// The answer to the first acceptable offer in these `Sec-WebSocket-Extensions` headers. Malformed
/// offers are skipped.
pub(in crate::transport) fn negotiate<'a>(
    headers: impl IntoIterator<Item = &'a str>,
) -> Option<&'static str> {
    headers.into_iter().flat_map(|header| split(header, ',')).find_map(answer)
}

/// The answer to one offer, if it is acceptable.
fn answer(offer: &str) -> Option<&'static str> {
    let mut parts = split(offer, ';');
    if parts.next()? != "permessage-deflate" {
        return None;
    }
    let mut seen = Vec::new();
    let mut answer = ACCEPTED;
    for parameter in parts {
        let (name, value) = match parameter.split_once('=') {
            Some((name, value)) => {
                (name.trim_end_matches(SPACE), Some(unquote(value.trim_start_matches(SPACE))?))
            }
            None => (parameter, None),
        };
        if seen.contains(&name) {
            return None;
        }
        seen.push(name);
        match (name, value.as_deref()) {
            (
                "server_no_context_takeover"
                | "client_no_context_takeover"
                | "client_max_window_bits",
                None,
            ) => {}
            // This only limits the client. Any window it uses can be inflated.
            ("client_max_window_bits", Some(bits)) if is_window(bits) => {}
            ("server_max_window_bits", Some("15")) => answer = ACCEPTED_WINDOW,
            _ => return None,
        }
    }
    Some(answer)
}

/// White space in a header (RFC 9110 §5.6.3).
const SPACE: [char; 2] = [' ', '\t'];

/// The parts between separators that are not in quotes, trimmed.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    let ends = move |c| {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => return c == separator && !quoted,
        }
        false
    };
    text.split(ends).map(|part| part.trim_matches(SPACE))
}

/// The value of a parameter: a token, or a quoted string.
fn unquote(value: &str) -> Option<String> {
    let Some(quoted) = value.strip_prefix('"') else { return Some(value.to_owned()) };
    let mut chars = quoted.strip_suffix('"')?.chars();
    let mut out = String::new();
    while let Some(c) = chars.next() {
        out.push(if c == '\\' { chars.next()? } else { c });
    }
    Some(out)
}

/// Whether this is a window size: 8 to 15, without leading zeros.
fn is_window(bits: &str) -> bool {
    matches!(bits, "8" | "9" | "10" | "11" | "12" | "13" | "14" | "15")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_acceptable_offer_is_answered() {
        const NONE: Option<&str> = None;
        let table = [
            ("permessage-deflate", Some(ACCEPTED)),
            // Chromium, Firefox, and Node's `ws`.
            ("permessage-deflate; client_max_window_bits", Some(ACCEPTED)),
            (
                "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
                Some(ACCEPTED),
            ),
            ("permessage-deflate;client_max_window_bits=10", Some(ACCEPTED)),
            ("\tpermessage-deflate ; client_max_window_bits = \"8\" ", Some(ACCEPTED)),
            (r#"permessage-deflate; client_max_window_bits="1\5""#, Some(ACCEPTED)),
            ("permessage-deflate; server_max_window_bits=15", Some(ACCEPTED_WINDOW)),
            ("permessage-deflate; server_max_window_bits=\"15\"", Some(ACCEPTED_WINDOW)),
            // Several offers: the first acceptable one is answered.
            ("permessage-deflate; server_max_window_bits=10, permessage-deflate", Some(ACCEPTED)),
            (
                "permessage-deflate; server_max_window_bits=15, permessage-deflate",
                Some(ACCEPTED_WINDOW),
            ),
            ("x-webkit-deflate-frame, , permessage-deflate", Some(ACCEPTED)),
            (r#"other; a="x, permessage-deflate\"", permessage-deflate"#, Some(ACCEPTED)),
            // A window size that flate2 does not have, or that does not exist.
            ("permessage-deflate; server_max_window_bits=14", NONE),
            ("permessage-deflate; server_max_window_bits=015", NONE),
            ("permessage-deflate; server_max_window_bits", NONE),
            ("permessage-deflate; client_max_window_bits=7", NONE),
            ("permessage-deflate; client_max_window_bits=16", NONE),
            ("permessage-deflate; client_max_window_bits=", NONE),
            // An unknown parameter, a repeated one, a value where none is allowed, a bad list.
            ("permessage-deflate; fast", NONE),
            ("permessage-deflate; client_max_window_bits; client_max_window_bits=10", NONE),
            ("permessage-deflate; server_no_context_takeover=1", NONE),
            ("permessage-deflate; client_max_window_bits=\"10", NONE),
            (r#"other; a="x, permessage-deflate"#, NONE),
            ("permessage-deflate;", NONE),
            ("permessage-bzip2", NONE),
            ("", NONE),
        ];
        for (offers, answer) in table {
            assert_eq!(negotiate([offers]), answer, "{offers}");
        }
        assert_eq!(negotiate(["other", "permessage-deflate"]), Some(ACCEPTED), "two headers");
        assert_eq!(negotiate([]), NONE);
    }
}
