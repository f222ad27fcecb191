//! `docs/limits.md` has each setting, in its group, with its default.

use std::collections::BTreeSet;

use actix_socketio::{Config, SocketIo};

/// The rows of the page's tables: heading, name, default.
fn rows() -> Vec<(&'static str, &'static str, String)> {
    let (mut heading, mut rows) = ("", Vec::new());
    for line in include_str!("../docs/limits.md").lines() {
        if let Some(text) = line.strip_prefix("## ") {
            heading = text;
        }
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        if let ["", name, default, _, ""] = cells[..]
            && let Some(name) = name.strip_prefix('`').and_then(|name| name.strip_suffix('`'))
        {
            rows.push((heading, name, default.replace('`', "")));
        }
    }
    rows
}

/// Whether the page's cell starts with the default, as in `1,024 per socket`.
fn starts_with(cell: &str, default: &str) -> bool {
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let plain: Vec<char> = cell.chars().collect();
    let without_commas: String = (0..plain.len())
        .filter(|&at| {
            let between = at > 0 && digit(Some(plain[at - 1])) && digit(plain.get(at + 1).copied());
            !(plain[at] == ',' && between)
        })
        .map(|at| plain[at])
        .collect();
    let rest = without_commas.strip_prefix(default);
    rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()))
}

#[test]
fn the_page_has_each_setting_with_its_default() {
    let rows = rows();
    let mut wrong = Vec::new();
    for setting in Config::SETTINGS {
        let (name, group, default) = (setting.name, setting.group, setting.default);
        match rows.iter().filter(|(_, other, _)| *other == name).collect::<Vec<_>>()[..] {
            [(heading, _, cell)] if *heading == group && starts_with(cell, default) => {}
            [(heading, _, cell)] => wrong.push(format!(
                "{name} is under {heading:?} with {cell:?}, and not under {group:?} with {default:?}"
            )),
            ref found => wrong.push(format!("{name} has {} rows, and not one", found.len())),
        }
    }
    let known = |name| Config::SETTINGS.iter().any(|setting| setting.name == name);
    wrong.extend(
        rows.iter().filter(|row| !known(row.1)).map(|row| format!("{} is not a setting", row.1)),
    );
    assert!(wrong.is_empty(), "docs/limits.md: {wrong:#?}");
}

#[test]
fn the_page_names_the_settings_that_a_namespace_may_have() {
    let page = include_str!("../docs/limits.md");
    let (_, rest) = page.split_once("Each namespace may have its own value of ").expect("a list");
    let (list, _) = rest.split_once('.').expect("the sentence ends");
    let named: BTreeSet<_> = list.split('`').skip(1).step_by(2).collect();
    let own = Config::SETTINGS.iter().filter(|setting| setting.per_namespace);
    assert_eq!(named, own.map(|setting| setting.name).collect());
}

#[test]
fn a_default_is_not_mistaken_for_another() {
    assert!(starts_with("1,024 per socket", "1024"));
    assert!(starts_with("polling, websocket", "polling, websocket"));
    assert!(!starts_with("10,000", "10"));
    assert!(!starts_with("25 sheep", "25 s"));
}

#[actix_web::test]
async fn a_server_has_the_settings_of_a_file_and_a_namespace_its_own() {
    let file = r#"{"max_sockets": 3, "open_channels": true, "ack_timeout": "2s"}"#;
    let config: Config = serde_json::from_str(file).expect("valid settings");
    let io = SocketIo::builder()
        .config(config)
        .max_inbox(5)
        .namespace("/admin", |admin| admin.max_sockets(1))
        .build()
        .expect("valid settings");
    assert_eq!((io.config().max_sockets, io.config().max_inbox), (3, 5));
    assert!(io.config().open_channels);

    let wrong = SocketIo::builder().namespace("/admin", |admin| admin.max_sockets(0)).build();
    let error = wrong.expect_err("no socket could be in it");
    assert_eq!(error.to_string(), r#"setting "max_sockets" is 0: it must be at least 1"#);
}
