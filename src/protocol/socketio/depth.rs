use crate::protocol::DecodeError;

/// Refuses JSON whose arrays and objects are nested more than `limit` deep.
///
/// serde_json skips raw values without recursion, so depth costs this server nothing; but what one
/// client sends may be passed on to others, and parsers that do recurse (Python's, at 1,000) would
/// fall over it.
pub(in crate::protocol) fn check_depth(json: &str, limit: usize) -> Result<(), DecodeError> {
    // Fewer opening brackets than the limit can't be nested beyond it.
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
    fn depth_is_counted_outside_strings_only() {
        assert_eq!(check_depth("[[[]]]", 3), Ok(()));
        assert_eq!(check_depth("[[[]]]", 2), Err(DecodeError::TooDeep { limit: 2 }));
        assert_eq!(check_depth(r#"["[[[\"[[[","{{{"]"#, 1), Ok(()));
        assert_eq!(check_depth("[],[],[],[]", 1), Ok(()));
    }
}
