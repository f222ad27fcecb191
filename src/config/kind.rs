//! The kinds of values in the settings table.

use std::time::Duration;

use super::{parse, raw::Raw};
use crate::model::{Rate, Transport};

/// How the values of a setting are read from a file, and shown as in one.
pub(super) trait SettingKind {
    type Value;

    /// The name of the value in errors: `invalid duration …`.
    const NOUN: &'static str;

    /// The forms that a file may have: `… expected a number with a unit, …`.
    const EXPECTED: &'static str;

    fn read(raw: &Raw) -> Option<Self::Value>;

    fn show(value: &Self::Value) -> String;
}

pub(super) struct Switch;

impl SettingKind for Switch {
    type Value = bool;

    const NOUN: &'static str = "switch";
    const EXPECTED: &'static str = "true or false";

    fn read(raw: &Raw) -> Option<bool> {
        match raw {
            Raw::Bool(on) => Some(*on),
            _ => None,
        }
    }

    fn show(on: &bool) -> String {
        on.to_string()
    }
}

pub(super) struct Text;

impl SettingKind for Text {
    type Value = String;

    const NOUN: &'static str = "text";
    const EXPECTED: &'static str = "a string";

    fn read(raw: &Raw) -> Option<String> {
        raw.text().map(str::to_owned)
    }

    fn show(text: &String) -> String {
        format!("{text:?}")
    }
}

pub(super) struct Transports;

impl SettingKind for Transports {
    type Value = Vec<Transport>;

    const NOUN: &'static str = "transports";
    const EXPECTED: &'static str = r#"a list of transports, such as ["polling", "websocket"]"#;

    fn read(raw: &Raw) -> Option<Vec<Transport>> {
        let transport = |item: &Raw| {
            let mut all = [Transport::Polling, Transport::WebSocket].into_iter();
            all.find(|transport| item.text() == Some(transport.as_str()))
        };
        match raw {
            Raw::List(items) => items.iter().map(transport).collect(),
            _ => None,
        }
    }

    fn show(transports: &Vec<Transport>) -> String {
        let names: Vec<_> = transports.iter().map(|transport| transport.as_str()).collect();
        format!("{names:?}")
    }
}

pub(super) struct Time;

impl SettingKind for Time {
    type Value = Duration;

    const NOUN: &'static str = "duration";
    const EXPECTED: &'static str =
        r#"a number with a unit, such as "30s", "250ms", "2m" or "1h", or a number of seconds"#;

    fn read(raw: &Raw) -> Option<Duration> {
        match raw {
            Raw::Text(text) => parse::duration(text),
            Raw::Float(seconds) => Duration::try_from_secs_f64(*seconds).ok(),
            _ => raw.integer().map(Duration::from_secs),
        }
    }

    fn show(time: &Duration) -> String {
        parse::show_duration(*time)
    }
}

pub(super) struct Size;

impl SettingKind for Size {
    type Value = usize;

    const NOUN: &'static str = "size";
    const EXPECTED: &'static str =
        r#"a number of bytes, or a number with a unit, such as "4MiB", "64KiB" or "1MB""#;

    fn read(raw: &Raw) -> Option<usize> {
        match raw {
            Raw::Text(text) => parse::size(text),
            _ => raw.integer(),
        }
    }

    fn show(size: &usize) -> String {
        parse::show_size(*size)
    }
}

pub(super) struct Amount;

impl SettingKind for Amount {
    type Value = usize;

    const NOUN: &'static str = "number";
    const EXPECTED: &'static str = "a whole number, zero or more";

    fn read(raw: &Raw) -> Option<usize> {
        raw.integer()
    }

    fn show(count: &usize) -> String {
        count.to_string()
    }
}

/// A number whose default is `unlimited`.
pub(super) struct Limit;

impl SettingKind for Limit {
    type Value = usize;

    const NOUN: &'static str = "limit";
    const EXPECTED: &'static str = r#"a whole number or "unlimited""#;

    fn read(raw: &Raw) -> Option<usize> {
        if raw.is_unlimited() { Some(usize::MAX) } else { raw.integer() }
    }

    fn show(limit: &usize) -> String {
        if *limit == usize::MAX { "unlimited".to_owned() } else { limit.to_string() }
    }
}

/// A size whose default is `unlimited`.
pub(super) struct SizeLimit;

impl SettingKind for SizeLimit {
    type Value = usize;

    const NOUN: &'static str = "size";
    const EXPECTED: &'static str =
        r#"a number of bytes, a number with a unit, such as "4MiB", or "unlimited""#;

    fn read(raw: &Raw) -> Option<usize> {
        if raw.is_unlimited() { Some(usize::MAX) } else { Size::read(raw) }
    }

    fn show(size: &usize) -> String {
        if *size == usize::MAX { "unlimited".to_owned() } else { Size::show(size) }
    }
}

pub(super) struct RateLimit;

impl SettingKind for RateLimit {
    type Value = Option<Rate>;

    const NOUN: &'static str = "rate";
    const EXPECTED: &'static str =
        r#"a rate such as "20/s" or {"per_second": 20, "burst": 50}, or "unlimited""#;

    fn read(raw: &Raw) -> Option<Option<Rate>> {
        rate(raw, |amount| {
            amount.bytes().all(|b| b.is_ascii_digit()).then_some(amount)?.parse().ok()
        })
    }

    fn show(rate: &Option<Rate>) -> String {
        rate.map_or_else(|| "unlimited".to_owned(), |rate| rate.to_string())
    }
}

/// A rate of bytes: its amounts may have the units of sizes.
pub(super) struct ByteRateLimit;

impl SettingKind for ByteRateLimit {
    type Value = Option<Rate>;

    const NOUN: &'static str = "rate";
    const EXPECTED: &'static str =
        r#"a rate such as "64KiB/s" or {"per_second": 65536, "burst": "1MiB"}, or "unlimited""#;

    fn read(raw: &Raw) -> Option<Option<Rate>> {
        rate(raw, |amount| u32::try_from(parse::size(amount)?).ok())
    }

    fn show(rate: &Option<Rate>) -> String {
        RateLimit::show(rate)
    }
}

/// Reads `"20/s"`, `{"per_second": 20, "burst": 50}` and `"unlimited"`, with `text` for amounts
/// that are text.
fn rate(raw: &Raw, text: fn(&str) -> Option<u32>) -> Option<Option<Rate>> {
    let amount = |raw: &Raw| match raw {
        Raw::Text(amount) => text(amount),
        _ => raw.integer(),
    };
    match raw {
        _ if raw.is_unlimited() => Some(None),
        Raw::Text(rate) => {
            let per_second = text(rate.strip_suffix("/s")?)?;
            Some(Some(Rate::per_second(per_second)))
        }
        Raw::Table(entries) => {
            let (mut per_second, mut burst) = (None, None);
            for (name, value) in entries {
                let part = match name.as_str() {
                    "per_second" => &mut per_second,
                    "burst" => &mut burst,
                    _ => return None,
                };
                if part.replace(amount(value)?).is_some() {
                    return None;
                }
            }
            let rate = Rate::per_second(per_second?);
            Some(Some(burst.map_or(rate, |burst| rate.burst(burst))))
        }
        _ => None,
    }
}
