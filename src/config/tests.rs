use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    Config,
    kind::{
        Amount, ByteRateLimit, Limit, RateLimit, SettingKind, Size, Switch, Text, Time, Transports,
    },
    raw::Raw,
};
use crate::model::{Rate, Transport};

fn read(file: Value) -> Config {
    serde_json::from_value(file).expect("valid settings")
}

fn error(file: &str) -> String {
    serde_json::from_str::<Config>(file).expect_err(file).to_string()
}

#[test]
fn the_defaults_are_valid_and_an_empty_file_has_them() {
    assert!(Config::default().check().is_ok());
    assert_eq!(format!("{:?}", read(json!({}))), format!("{:?}", Config::default()));
}

#[test]
fn each_default_is_read_as_it_is_shown() {
    for setting in Config::SETTINGS {
        let value = match (setting.name, setting.default) {
            ("transports", names) => json!(names.split(", ").collect::<Vec<_>>()),
            (_, on @ ("true" | "false")) => json!(on == "true"),
            (_, text) => text.parse::<u64>().map_or_else(|_| json!(text), Value::from),
        };
        let config = read(json!({setting.name: value}));
        assert_eq!(format!("{config:?}"), format!("{:?}", Config::default()), "{}", setting.name);
    }
}

#[test]
fn a_file_has_values_of_each_kind() {
    let config = read(json!({
        "path": "/live",
        "transports": ["websocket"],
        "allow_eio3": true,
        "ping_interval": "250ms",
        "ping_timeout": 2,
        "ack_timeout": 0.5,
        "max_outbox": "64 KiB",
        "max_payload": 5000,
        "max_inbox": 8,
        "max_sockets": 100,
        "max_connections_per_address": "unlimited",
        "event_rate": "20/s",
        "byte_rate": {"per_second": "64KiB", "burst": 1_000_000},
        "subscribe_rate": {"per_second": 5},
    }));
    assert_eq!((config.path.as_str(), config.allow_eio3), ("/live", true));
    assert_eq!(config.transports, [Transport::WebSocket]);
    assert_eq!(config.ping_interval, Duration::from_millis(250));
    assert_eq!(config.ping_timeout, Duration::from_secs(2));
    assert_eq!(config.ack_timeout, Duration::from_millis(500));
    assert_eq!((config.max_outbox, config.max_payload, config.max_inbox), (64 << 10, 5000, 8));
    assert_eq!((config.max_sockets, config.max_connections_per_address), (100, usize::MAX));
    assert_eq!(config.event_rate, Some(Rate::per_second(20)));
    assert_eq!(config.byte_rate, Some(Rate::per_second(64 << 10).burst(1_000_000)));
    assert_eq!(config.subscribe_rate, Some(Rate::per_second(5)));
    assert_eq!(config.close_timeout, Config::default().close_timeout);
}

#[test]
fn errors_name_the_setting_the_value_and_what_is_expected() {
    let text = error(r#"{"ping_interval": "30x"}"#);
    let expected = r#"setting "ping_interval": invalid duration "30x": expected a number with a unit, such as "30s""#;
    assert!(text.starts_with(expected), "{text}");
    for (file, expected) in [
        (r#"{"max_outbx": 1}"#, "unknown field `max_outbx`"),
        (r#"{"path": "/a", "path": "/b"}"#, r#"setting "path" is there twice"#),
        (r#"{"path": 1}"#, r#"setting "path": invalid text 1: expected a string"#),
        (r#"{"allow_eio3": "yes"}"#, r#"invalid switch "yes": expected true or false"#),
        (r#"{"ping_timeout": -1}"#, "invalid duration -1: "),
        (r#"{"ping_timeout": -1.5}"#, "invalid duration -1.5: "),
        (r#"{"ping_timeout": 1e300}"#, "invalid duration 1"),
        (r#"{"max_outbox": "4 miles"}"#, r#"invalid size "4 miles": "#),
        (r#"{"max_outbox": "unlimited"}"#, r#"invalid size "unlimited": "#),
        (r#"{"max_inbox": -1}"#, "invalid number -1: "),
        (r#"{"max_inbox": [1, {"a": true}]}"#, "invalid number [1, {a: true}]: "),
        (r#"{"max_sockets": "none"}"#, r#"invalid limit "none": expected a whole number or "#),
        (r#"{"event_rate": "20"}"#, r#"invalid rate "20": "#),
        (r#"{"event_rate": "1KiB/s"}"#, r#"invalid rate "1KiB/s": "#),
        (r#"{"event_rate": {"burst": 1}}"#, "invalid rate {burst: 1}: "),
        (r#"{"event_rate": {"per_second": 1, "per_second": 1}}"#, "invalid rate {"),
        (r#"{"event_rate": {"per_second": 1, "brst": 1}}"#, "invalid rate {"),
        (r#"{"byte_rate": "8GiB/s"}"#, r#"invalid rate "8GiB/s": "#),
        (r#"{"transports": ["pigeon"]}"#, r#"invalid transports ["pigeon"]: expected a list"#),
        (r#"{"path": null}"#, r#"setting "path": invalid text null: expected a string"#),
        (r#"{"ping_timeout": null}"#, r#"setting "ping_timeout": invalid duration null: "#),
        ("[]", "expected a table of settings"),
    ] {
        let text = error(file);
        assert!(text.contains(expected), "{file}: {text}");
    }
}

#[test]
fn a_check_names_the_setting_the_value_and_what_is_expected() {
    let mut config = read(json!({"max_inbox": 0}));
    let error = config.check().expect_err("nothing could wait");
    assert_eq!(
        (error.setting, error.value.as_str(), error.expected.as_str()),
        ("max_inbox", "0", "it must be at least 1")
    );
    config = read(json!({"event_rate": {"per_second": 1, "burst": 0}}));
    let error = config.check().expect_err("nothing could come through");
    assert_eq!((error.setting, error.value.as_str()), ("event_rate", "1/s with a burst of 0"));
    config = read(json!({"ping_interval": "20d", "ping_timeout": "5d"}));
    let error = config.check().expect_err("no timer of a client is as long");
    assert_eq!((error.setting, error.value.as_str()), ("ping_timeout", "432000 s"));
    assert!(error.expected.contains(r#"together with setting "ping_interval""#));
    config = read(json!({"publish_event": "unsubscribe"}));
    let error = config.check().expect_err("two events with one name");
    assert_eq!((error.setting, error.value.as_str()), ("publish_event", r#""unsubscribe""#));
    assert_eq!(error.expected, r#"it must differ from setting "unsubscribe_event""#);
}

#[test]
fn settings_have_docs_and_names_of_their_own() {
    for (at, setting) in Config::SETTINGS.iter().enumerate() {
        let docs = setting.docs();
        assert!(docs.ends_with('.') && !docs.starts_with(' '), "{}: {docs}", setting.name);
        assert!(!docs.contains("Default"), "{}: the macro adds it", setting.name);
        assert!(Config::SETTINGS[..at].iter().all(|other| other.name != setting.name));
    }
}

/// Values of every kind, right and wrong.
fn raw() -> impl Strategy<Value = Raw> {
    let leaf = prop_oneof![
        Just(Raw::Null),
        any::<bool>().prop_map(Raw::Bool),
        any::<i64>().prop_map(|number| Raw::Integer(number.into())),
        any::<u64>().prop_map(|number| Raw::Integer(number.into())),
        any::<f64>().prop_map(Raw::Float),
        "\\PC*".prop_map(Raw::Text),
        "[0-9]{0,30} ?(KiB|MB|s|ms|h)?(/s)?".prop_map(Raw::Text),
    ];
    leaf.prop_recursive(2, 8, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Raw::List),
            prop::collection::vec(("per_second|burst|\\PC{0,3}", inner), 0..4).prop_map(Raw::Table),
        ]
    })
}

proptest! {
    #[test]
    fn no_value_panics(raw in raw()) {
        let _ = raw.to_string();
        let _ = (Switch::read(&raw), Text::read(&raw), Transports::read(&raw), Time::read(&raw));
        let _ = (Size::read(&raw), Amount::read(&raw), Limit::read(&raw));
        let _ = (RateLimit::read(&raw), ByteRateLimit::read(&raw));
    }

    #[test]
    fn any_limit_and_rate_is_read_as_it_is_shown(number: usize, per_second: u32) {
        let raw = Raw::Integer(number as i128);
        prop_assert_eq!(Limit::read(&raw).map(|limit| Limit::show(&limit)), Some(raw.to_string()));
        for rate in [Some(Rate::per_second(per_second)), None] {
            prop_assert_eq!(RateLimit::read(&Raw::Text(RateLimit::show(&rate))), Some(rate));
            prop_assert_eq!(ByteRateLimit::read(&Raw::Text(RateLimit::show(&rate))), Some(rate));
        }
    }
}
