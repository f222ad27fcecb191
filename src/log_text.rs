//! Log text that clients may have chosen.

use std::fmt::{self, Display, Write};

/// The number of characters of a client's text that are shown.
const SHOWN: usize = 100;

/// The number of characters of an error that are shown: its causes are worth more room.
const SHOWN_OF_ERROR: usize = 1_000;

/// Shows a value on one line of the log, escaped and cut after 100 characters.
///
/// So a client can't forge a log line, move the cursor of a terminal, or fill a disk. Formatting
/// stops after the shown characters.
pub(crate) struct LogText<T>(pub(crate) T);

/// Shows an error of the application, which may quote a client, on one line of the log: escaped and
/// cut after 1,000 characters.
pub(crate) struct LogError<T>(pub(crate) T);

impl<T: Display> Display for LogText<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_escaped(f, &self.0, SHOWN)
    }
}

impl<T: Display> Display for LogError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_escaped(f, &self.0, SHOWN_OF_ERROR)
    }
}

fn write_escaped(f: &mut fmt::Formatter<'_>, value: &impl Display, shown: usize) -> fmt::Result {
    let mut escaped = Escaped { f, left: shown, is_cut: false };
    match write!(escaped, "{value}") {
        // The writer returns an error to stop the formatting of characters that are not shown.
        Err(_) if escaped.is_cut => f.write_char('…'),
        result => result,
    }
}

struct Escaped<'a, 'f> {
    f: &'a mut fmt::Formatter<'f>,
    left: usize,
    is_cut: bool,
}

impl Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            if self.left == 0 {
                self.is_cut = true;
                return Err(fmt::Error);
            }
            self.left -= 1;
            write!(self.f, "{}", c.escape_debug())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_cut() {
        assert_eq!(LogText("plain text, ä").to_string(), "plain text, ä");
        let forged = "x\r\n[WARN] \u{1b}[2J\u{202e}";
        assert_eq!(LogText(forged).to_string(), r"x\r\n[WARN] \u{1b}[2J\u{202e}");
        assert_eq!(LogText("ä".repeat(100)).to_string().chars().count(), 100);
        let long = LogText("ä".repeat(100_000)).to_string();
        assert_eq!((long.chars().count(), long.ends_with('…')), (101, true));
    }

    #[test]
    fn formatting_stops_after_the_shown_characters() {
        struct Endless;

        impl Display for Endless {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                loop {
                    f.write_str("x")?;
                }
            }
        }

        assert_eq!(LogText(Endless).to_string(), format!("{}…", "x".repeat(100)));
    }

    #[test]
    fn an_error_has_more_room() {
        let shown = LogError("x\n".repeat(100_000)).to_string();
        assert_eq!(shown, format!("{}…", r"x\n".repeat(500)));
    }
}
