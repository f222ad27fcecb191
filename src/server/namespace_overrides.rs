//! The settings that a namespace may have values of its own for, from the settings table.

use std::time::Duration;

use super::NamespaceBuilder;
use crate::config::{Config, settings_table};

/// Writes the method of [`NamespaceBuilder`] that sets a setting, as the table describes it. Writes
/// nothing for a setting without `namespace own`.
macro_rules! own_setter {
    ([] $($row:tt)*) => {};
    ([own] plain $(#[$doc:meta])+ $name:ident: $type:ty) => {
        $(#[$doc])+
        pub fn $name(mut self, $name: $type) -> Self {
            self.overrides.$name = Some($name);
            self
        }
    };
    ([own] flag $(#[$doc:meta])+ $name:ident: $type:ty) => {
        $(#[$doc])+
        pub fn $name(mut self) -> Self {
            self.overrides.$name = Some(true);
            self
        }
    };
}

macro_rules! define_overrides {
    ($($group:literal { $(
        $(#[doc = $line:literal])+ $(#[doc(alias = $alias:literal)])?
        $name:ident: $type:ty = $kind:ident($($default:tt)+), set $how:ident $(($item:ty))?
            $(, namespace $own:ident)? $(, check $check:ident $(($($other:ident),+))?)*;
    )+ })+) => {
        #[derive(Debug, Default)]
        pub(super) struct NamespaceOverrides { $($($(
            #[doc = concat!("The namespace's ", stringify!($own), " value.")]
            pub(super) $name: Option<$type>,
        )?)+)+ }

        impl NamespaceOverrides {
            /// The server's settings, with the namespace's own values in their place.
            pub(super) fn over(&self, server: &Config) -> Config {
                let mut config = server.clone();
                $($($(
                    if let Some($own) = self.$name {
                        config.$name = $own;
                    }
                )?)+)+
                config
            }
        }

        /// # Settings
        ///
        /// The values of this namespace, or of each namespace of a family, in place of the
        /// server's.
        impl NamespaceBuilder { $($(
            own_setter! {
                [$($own)?] $how $(($item))?
                $(#[doc = $line])+
                #[doc = ""]
                #[doc = "Default: the server's value."]
                $name: $type
            }
        )+)+ }
    };
}

settings_table!(define_overrides);
