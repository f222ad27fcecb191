//! `[log]`: what is logged, and how a line looks.

use super::{
    reader::Reader,
    tree::{Node, Value},
    values::{Choice, choice},
};

choice! {
    /// How a line of the log looks.
    LogFormat {
        /// For people.
        #[default]
        Text = text,
        /// One object of JSON on each line.
        Json = json,
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogSettings {
    /// A level, or levels for parts of the program, as `RUST_LOG` has them.
    pub(crate) level: String,
    pub(crate) format: LogFormat,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: LogFormat::default() }
    }
}

pub(super) fn read(section: &mut Reader<'_>) -> LogSettings {
    let default = LogSettings::default();
    LogSettings {
        level: section.value("level", level).unwrap_or(default.level),
        format: section.value("format", LogFormat::read).unwrap_or(default.format),
    }
}

fn level(node: &Node) -> Result<String, String> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let expected =
        format!("one of {}, or a list such as \"info,actix_server=warn\"", LEVELS.join(", "));
    let Value::Text(level) = &node.value else { return Err(expected) };
    // A single word that is not a level would be the name of a part of the program.
    let is_word = level.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let is_level = LEVELS.contains(&level.to_lowercase().as_str());
    let is_list = !is_word && env_filter::Builder::new().try_parse(level).is_ok();
    if is_level || is_list { Ok(level.clone()) } else { Err(expected) }
}
