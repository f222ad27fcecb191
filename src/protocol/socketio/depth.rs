use crate::protocol::DecodeError;

/// Refuses JSON whose arrays and objects are nested more than `limit` levels deep.
///
/// serde_json skips raw values without recursion, so depth costs this server nothing. But a
/// client's data may be forwarded to other clients, and parsers that do recurse would fail on it
/// (Python's does at 1,000 levels).
pub(in crate::protocol) fn check_depth(json: &str, limit: usize) -> Result<(), DecodeError> {
    // JSON with at most `limit` opening brackets cannot be nested more deeply than `limit`.
    if json.len() <= limit
        || json.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count() <= limit
    {
        return Ok(());
    }
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for byte in json.bytes() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => {
                depth += 1;
                if depth > limit {
                    return Err(DecodeError::TooDeep { limit });
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_within_strings_do_not_count() {
        assert_eq!(check_depth("[[[]]]", 3), Ok(()));
        assert_eq!(check_depth("[[[]]]", 2), Err(DecodeError::TooDeep { limit: 2 }));
        assert_eq!(check_depth(r#"["[[[\"[[[","{{{"]"#, 1), Ok(()));
        assert_eq!(check_depth("[],[],[],[]", 1), Ok(()));
    }
}
