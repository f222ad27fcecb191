//! `[limits]` and `path`: the settings of the library, under their names.

use actix_socketio::{BuildError, Config};
use serde_json::Map;

use super::{reader::Reader, values::setting};

/// The one setting that stands at the top of the file.
const PATH: &str = "path";
/// The path that the program itself answers at the address of clients.
const OWN_PATH: &str = "/healthz";

#[derive(Debug)]
pub(super) struct Limits {
    pub(super) config: Config,
    pub(super) has_max_memory: bool,
}

pub(super) fn read(top: &mut Reader<'_>) -> Limits {
    let mut all = Map::new();
    let keep = |name: &'static str| {
        move |node: &super::tree::Node| setting(name, node).map(|_| node.to_json())
    };
    if let Some(path) = top.value(PATH, keep(PATH)) {
        all.insert(PATH.to_owned(), path);
    }
    let mut has_max_memory = false;
    let checked = top.section("limits", |limits| {
        has_max_memory = limits.has("max_memory");
        for setting in Config::SETTINGS.iter().filter(|setting| setting.name != PATH) {
            if let Some(value) = limits.value(setting.name, keep(setting.name)) {
                all.insert(setting.name.to_owned(), value);
            }
        }
        let config = config(&all);
        note_mistakes(limits, &config, |setting| setting != PATH);
        config
    });
    let config = checked.unwrap_or_else(|| config(&all));
    note_mistakes(top, &config, |setting| setting == PATH);
    if config.path.trim_end_matches('/') == OWN_PATH {
        top.rule(PATH, "it must be another path, because the health of the broker is there");
    }
    Limits { config, has_max_memory }
}

/// Each value was read by itself before, so all of them can be read.
fn config(values: &Map<String, serde_json::Value>) -> Config {
    serde_json::from_value(values.clone().into()).unwrap_or_default()
}

fn note_mistakes(table: &Reader<'_>, config: &Config, is_here: impl Fn(&str) -> bool) {
    for mistake in config.mistakes() {
        match mistake {
            BuildError::Setting { setting, value, expected, .. } if is_here(setting) => {
                table.rule_of(setting, &value, &expected);
            }
            _ => {}
        }
    }
    // The program always has a route, for rules that a reload brings.
    if is_here("max_channels") && config.max_channels == 0 {
        table.rule_of("max_channels", "0", "it must be at least 1");
    }
}
