//! The log: lines for people or JSON, and a level that a reload can change.

use std::io::Write as _;

use log::{Log, Metadata, Record};
use parking_lot::RwLock;
use serde_json::json;

use crate::config::{LogFormat, LogSettings};

/// The logger of the program, around one that can be replaced.
struct ReplaceableLogger(RwLock<Option<env_logger::Logger>>);

static LOGGER: ReplaceableLogger = ReplaceableLogger(RwLock::new(None));

impl Log for ReplaceableLogger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.0.read().as_ref().is_some_and(|logger| logger.enabled(metadata))
    }

    fn log(&self, record: &Record<'_>) {
        if let Some(logger) = &*self.0.read() {
            logger.log(record);
        }
    }

    fn flush(&self) {
        if let Some(logger) = &*self.0.read() {
            logger.flush();
        }
    }
}

/// Logs in this way from now on.
pub(crate) fn log_as(settings: &LogSettings) {
    let mut builder = env_logger::Builder::new();
    // The level was read before, so the filter is valid.
    builder.parse_filters(&settings.level);
    if settings.format == LogFormat::Json {
        builder.format(json_line);
    }
    let logger = builder.build();
    log::set_max_level(logger.filter());
    *LOGGER.0.write() = Some(logger);
    // An error says that it is the logger already.
    let _ = log::set_logger(&LOGGER);
}

fn json_line(buffer: &mut env_logger::fmt::Formatter, record: &Record<'_>) -> std::io::Result<()> {
    let ts = json!(buffer.timestamp_millis().to_string());
    let level = json!(record.level().as_str().to_lowercase());
    let (target, msg) = (json!(record.target()), json!(record.args().to_string()));
    // An object of serde_json would have its keys in the order of the alphabet.
    writeln!(buffer, r#"{{"ts":{ts},"level":{level},"target":{target},"msg":{msg}}}"#)
}
