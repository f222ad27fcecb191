//! `[store]`: histories in a file.

use std::{path::PathBuf, time::Duration};

use super::{reader::Reader, values};

#[derive(Debug, Clone)]
pub(crate) struct StoreSettings {
    #[cfg_attr(not(feature = "disk"), expect(dead_code, reason = "no store is built in"))]
    pub(crate) path: PathBuf,
    #[cfg_attr(not(feature = "disk"), expect(dead_code, reason = "no store is built in"))]
    pub(crate) group_interval: Option<Duration>,
    #[cfg_attr(not(feature = "disk"), expect(dead_code, reason = "no store is built in"))]
    pub(crate) cache_bytes: Option<usize>,
}

pub(super) fn read(section: &mut Reader<'_>) -> Option<StoreSettings> {
    let path = section.required("path", "the path of a file", values::text);
    let group_interval = section.value("group_interval", values::some_time);
    let cache_bytes = section.value("cache_bytes", values::size);
    if cfg!(not(feature = "disk")) && section.has("path") {
        section.rule("path", "it must not be there: this program was built without a store");
    }
    Some(StoreSettings { path: path?.into(), group_interval, cache_bytes })
}
