//! Text that clients may have chosen, for the log and for errors that an application logs.
//!
//! [`log_line!`] is the one way into the log. It escapes and cuts every value, so that no call has
//! to think of it. `tests/layers.rs` holds that no other file of this crate calls `log`.

use std::fmt::{self, Display, Write};

/// The number of characters of a value that are shown.
const SHOWN: usize = 100;

/// The number of characters of an error that are shown: its causes are worth more room.
const SHOWN_OF_ERROR: usize = 1_000;

/// Writes a line to the log: a level, a format with `{}` alone, and its values, each as
/// [`LogText`]. After a semicolon comes the last value, an error, as [`LogError`].
macro_rules! log_line {
    ($level:expr, $format:literal $(, $value:expr)* $(,)? $(; $error:expr)?) => {
        log::log!(
            $level,
            $format
            $(, $crate::log_text::LogText(&$value))*
            $(, $crate::log_text::LogError(&$error))?
        )
    };
}

pub(crate) use log_line;

/// Shows a value on one line of the log, escaped and cut after 100 characters.
///
/// So a client can't forge a log line, move the cursor of a terminal, turn the direction of the
/// text that follows, or fill a disk. Formatting stops after the shown characters. Quotes and
/// backslashes are escaped, too, so that a text ends where its quotes end.
pub(crate) struct LogText<T>(pub(crate) T);

/// Shows an error, which may quote a client, on one line of the log: escaped and cut after 1,000
/// characters. Its quotes are left as they are.
pub(crate) struct LogError<T>(pub(crate) T);

impl<T: Display> Display for LogText<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_escaped(f, &self.0, SHOWN, true)
    }
}

impl<T: Display> Display for LogError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_escaped(f, &self.0, SHOWN_OF_ERROR, false)
    }
}

/// The same, for types that contain one and derive `Debug`.
impl<T: Display> fmt::Debug for LogText<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

impl<T: Display> fmt::Debug for LogError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

fn write_escaped(
    f: &mut fmt::Formatter<'_>,
    value: &impl Display,
    shown: usize,
    quotes: bool,
) -> fmt::Result {
    let mut escaped = Escaped { f, left: shown, quotes, is_cut: false };
    match write!(escaped, "{value}") {
        // The writer returns an error to stop the formatting of characters that are not shown.
        Err(_) if escaped.is_cut => f.write_char('…'),
        result => result,
    }
}

struct Escaped<'a, 'f> {
    f: &'a mut fmt::Formatter<'f>,
    /// The characters that may still be shown, with those of escapes.
    left: usize,
    /// Whether quotes and backslashes are escaped.
    quotes: bool,
    is_cut: bool,
}

impl Escaped<'_, '_> {
    fn is_escaped(&self, c: char) -> bool {
        match c {
            '"' | '\\' => self.quotes,
            ' '..='~' => false,
            // Not printable: controls, separators of lines, marks of direction, joiners.
            c => c.escape_debug().len() > 1,
        }
    }

    fn cut(&mut self) -> fmt::Result {
        self.is_cut = true;
        Err(fmt::Error)
    }
}

impl Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut plain = 0;
        for (at, c) in text.char_indices() {
            let is_escaped = self.is_escaped(c);
            let width = if is_escaped { c.escape_debug().len() } else { 1 };
            if self.left < width {
                self.f.write_str(&text[plain..at])?;
                return self.cut();
            }
            self.left -= width;
            if is_escaped {
                self.f.write_str(&text[plain..at])?;
                write!(self.f, "{}", c.escape_debug())?;
                plain = at + c.len_utf8();
            }
        }
        self.f.write_str(&text[plain..])
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
    fn an_error_has_more_room_and_keeps_its_quotes() {
        let shown = LogError("x\n".repeat(100_000)).to_string();
        assert_eq!(shown, format!("{}x…", r"x\n".repeat(333)));
        assert_eq!(LogError("a \"b\" \\ c").to_string(), "a \"b\" \\ c");
    }

    #[test]
    fn nothing_that_moves_or_hides_text_is_shown() {
        for c in
            "\0\t\u{7f}\u{85}\u{a0}\u{ad}\u{61c}\u{200b}\u{200d}\u{200e}\u{2028}\u{2029}\u{202a}\
                  \u{202e}\u{2066}\u{2069}\u{feff}\u{fff9}\u{e0001}\u{e000}"
                .chars()
        {
            for shown in [LogText(c).to_string(), LogError(c).to_string()] {
                assert!(shown.starts_with('\\') && shown.is_ascii(), "{:?}: {shown}", u32::from(c));
            }
        }
        let long = LogText("\u{202e}".repeat(1_000)).to_string();
        assert!(long.chars().count() <= 101, "an escape counts with all its characters: {long}");
    }

    #[test]
    fn debug_is_escaped_and_cut_once() {
        assert_eq!(format!("{:?}", LogText("a\"\n")), r#""a\"\n""#);
        assert_eq!(format!("{:?}", LogError("a\"\n")), r#"a"\n"#);
    }
}
