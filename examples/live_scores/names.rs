//! Checks the name of a team, a scorer or a ground. A name appears in every open page and in the
//! log, so it is short and has one line.

/// Longer than any real name, short enough for a line on a phone.
const LONGEST: usize = 80;

/// Returns the name without the white space around it, or the reason why it is not valid.
pub(crate) fn name(text: &str) -> Result<String, String> {
    let text = text.trim();
    let length = text.chars().count();
    if text.is_empty() {
        return Err("the name is empty".to_owned());
    }
    if length > LONGEST {
        let start: String = text.chars().take(20).collect();
        return Err(format!("the name {start:?}… has {length} characters; the limit is {LONGEST}"));
    }
    if text.chars().any(misleading) {
        return Err(format!(
            "the name {text:?} has a control character or a mark of writing direction in it"
        ));
    }
    Ok(text.to_owned())
}

/// Control characters, and the marks that turn the direction of the text which follows.
fn misleading(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_names_pass() {
        for text in
            ["Ángel Di María", "Côte d'Ivoire", "N'Golo Kanté", "孫興慜", "<b>Bobby & Tables</b>"]
        {
            assert_eq!(name(&format!("  {text} ")).unwrap(), text);
        }
    }

    #[test]
    fn the_rest_is_refused() {
        for text in ["", "  ", "a\nb", "a\u{1b}[31m", "\u{202e}evil", &"x".repeat(81)] {
            assert!(name(text).is_err(), "{text:?}");
        }
        assert!(name(&"é".repeat(80)).is_ok());
    }
}
