use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, MapAccess, Visitor},
};

use super::{Config, kind::SettingKind, raw::Raw};

impl<'de> Deserialize<'de> for Config {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_struct("Config", Self::NAMES, ConfigVisitor)
    }
}

struct ConfigVisitor;

impl<'de> Visitor<'de> for ConfigVisitor {
    type Value = Config;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of settings")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Config, A::Error> {
        let mut config = Config::default();
        let mut seen = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            if seen.contains(&name) {
                return Err(Error::custom(format_args!("setting {name:?} is there twice")));
            }
            config.read(&name, &mut map)?;
            seen.push(name);
        }
        Ok(config)
    }
}

/// The value of the setting with this name, of this kind.
pub(super) struct ValueOf<K> {
    setting: &'static str,
    kind: PhantomData<K>,
}

impl<K> ValueOf<K> {
    pub(super) fn new(setting: &'static str) -> Self {
        Self { setting, kind: PhantomData }
    }
}

impl<'de, K: SettingKind> DeserializeSeed<'de> for ValueOf<K> {
    type Value = K::Value;

    // An error from here has the line of the value, in formats that know lines.
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<K::Value, D::Error> {
        let raw = Raw::deserialize(deserializer)?;
        K::read(&raw).ok_or_else(|| {
            let (setting, noun, expected) = (self.setting, K::NOUN, K::EXPECTED);
            let error =
                format_args!("setting {setting:?}: invalid {noun} {raw}: expected {expected}");
            D::Error::custom(error)
        })
    }
}
