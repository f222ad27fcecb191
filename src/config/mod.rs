//! The settings of a server: one table, and what the macros make of it.
//!
//! `table` has a row for each setting. From it come [`Config`] here, the methods of
//! [`Builder`](crate::Builder) in `server::settings`, and those of
//! [`NamespaceBuilder`](crate::NamespaceBuilder) in `server::namespace_overrides`.

mod check;
mod defaults;
mod deserialize;
mod kind;
mod parse;
mod raw;
mod setting;
mod table;
#[cfg(test)]
mod tests;

use std::time::Duration;

use serde::de::{Error, MapAccess};

pub(crate) use check::InvalidSetting;
pub(crate) use defaults::default_text;
use defaults::default_value;
use deserialize::ValueOf;
use kind::SettingKind;
pub use setting::Setting;
pub(crate) use table::settings_table;

use crate::model::{Rate, Transport};

macro_rules! define_config {
    ($($group:literal { $(
        $(#[doc = $line:literal])+ $(#[doc(alias = $alias:literal)])?
        $name:ident: $type:ty = $kind:ident($($default:tt)+), set $how:ident $(($item:ty))?
            $(, namespace $own:ident)? $(, check $check:ident $(($($other:ident),+))?)*;
    )+ })+) => {
        /// The settings of a server, as [`SocketIo::config`](crate::SocketIo::config) shows them.
        ///
        /// Each is set by the method of [`Builder`](crate::Builder) with its name. The defaults
        /// are meant for production. Settings that Socket.IO has too have Socket.IO's defaults.
        ///
        /// ```
        /// # actix::System::new().block_on(async {
        /// use actix_socketio::SocketIo;
        ///
        /// let io = SocketIo::builder().max_outbox(1 << 20).build().unwrap();
        /// assert_eq!(io.config().max_outbox, 1 << 20);
        /// assert_eq!(io.config().max_inbox, 64); // the default
        /// # });
        /// ```
        ///
        /// # As a file
        ///
        /// `Config` is read with serde from any format that describes itself, such as TOML or
        /// JSON. All settings are optional. Names that are not settings are refused.
        ///
        /// | values | are written as |
        /// | --- | --- |
        /// | durations | `"30s"`, `"250ms"`, `"2m"`, `"1h"`, or a number of seconds |
        /// | sizes | `"4MiB"`, `"64 KiB"`, `"1MB"`, or a number of bytes |
        /// | rates | `"20/s"`, or a table: `{"per_second": 20, "burst": 50}` |
        /// | transports | `["polling", "websocket"]` |
        /// | no limit | `"unlimited"`, for settings with this default |
        ///
        /// ```
        /// # actix::System::new().block_on(async {
        /// use actix_socketio::{Config, SocketIo};
        ///
        /// let file = r#"{
        ///     "ping_interval": "10s",
        ///     "max_outbox": "1MiB",
        ///     "event_rate": {"per_second": 20, "burst": 50}
        /// }"#;
        /// let config: Config = serde_json::from_str(file).unwrap();
        /// let io = SocketIo::builder().config(config).build().unwrap();
        /// # });
        /// ```
        #[derive(Debug, Clone)]
        #[non_exhaustive]
        pub struct Config { $($(
            $(#[doc = $line])+
            #[doc = ""]
            #[doc = concat!("Default: `", default_text!($kind $($default)+), "`.")]
            $(
                #[doc = ""]
                #[doc = concat!("A namespace may have its ", stringify!($own), " value.")]
            )?
            $(#[doc(alias = $alias)])?
            pub $name: $type,
        )+)+ }

        impl Default for Config {
            fn default() -> Self {
                Self { $($($name: default_value!($kind $($default)+),)+)+ }
            }
        }

        impl Config {
            /// All settings, by group.
            pub const SETTINGS: &[Setting] = &[$($(Setting {
                name: stringify!($name),
                group: $group,
                default: default_text!($kind $($default)+),
                per_namespace: {
                    let scopes: &[&str] = &[$(stringify!($own))?];
                    !scopes.is_empty()
                },
                lines: &[$($line),+],
            },)+)+];

            const NAMES: &[&str] = &[$($(stringify!($name),)+)+];

            /// Reads the next value of `map` into the setting with this name.
            fn read<'de, A: MapAccess<'de>>(
                &mut self,
                name: &str,
                map: &mut A,
            ) -> Result<(), A::Error> {
                match name {
                    $($(stringify!($name) => {
                        let value = ValueOf::<kind::$kind>::new(stringify!($name));
                        self.$name = map.next_value_seed(value)?;
                    })+)+
                    _ => return Err(Error::unknown_field(name, Self::NAMES)),
                }
                Ok(())
            }

            /// The settings that no server can work with, each with the first check that fails.
            pub(crate) fn invalid_settings(&self) -> Vec<InvalidSetting> {
                let mut invalid = Vec::new();
                $($({
                    let checked = || -> Result<(), String> {
                        $(check::$check(
                            &self.$name
                            $(, &[$((stringify!($other), &self.$other)),+])?
                        )?;)*
                        Ok(())
                    };
                    if let Err(expected) = checked() {
                        invalid.push(InvalidSetting {
                            setting: stringify!($name),
                            value: kind::$kind::show(&self.$name),
                            expected,
                        });
                    }
                })+)+
                invalid
            }

            /// The first setting that no server can work with.
            pub(crate) fn check(&self) -> Result<(), InvalidSetting> {
                self.invalid_settings().into_iter().next().map_or(Ok(()), Err)
            }
        }
    };
}

settings_table!(define_config);
