use std::{fmt::Debug, time::Duration};

use super::{Api, ApiError, ApiKey, keys::KeyRing};

/// The bounds of an API. docs/api.md lists them.
#[derive(Debug, Clone)]
pub(super) struct ApiSettings {
    pub(super) path: String,
    pub(super) declared_only: bool,
    pub(super) max_body: usize,
    pub(super) max_items: usize,
    pub(super) max_requests: usize,
    pub(super) wait_timeout: Duration,
    pub(super) idempotency_window: Duration,
    pub(super) max_idempotency_keys: usize,
    pub(super) max_idempotency_bytes: usize,
}

impl Default for ApiSettings {
    fn default() -> Self {
        Self {
            path: "/api".to_owned(),
            declared_only: false,
            max_body: 1 << 20,
            max_items: 1000,
            max_requests: 64,
            wait_timeout: Duration::from_secs(5),
            idempotency_window: Duration::from_secs(300),
            max_idempotency_keys: 100_000,
            max_idempotency_bytes: 16 << 20,
        }
    }
}

/// Collects the settings of an [`Api`]. [`Api::builder`] makes one.
///
/// ```
/// use actix_socketio::{Api, ApiKey};
///
/// let api = Api::builder([ApiKey::new("backend", "4f9b1c70a2d85e36")])
///     .path("/internal/api")
///     .max_body(64 << 10)
///     .build()?;
/// # Ok::<(), actix_socketio::ApiError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "call `build`"]
pub struct ApiBuilder {
    keys: Vec<ApiKey>,
    settings: ApiSettings,
}

impl ApiBuilder {
    pub(super) fn new(keys: impl IntoIterator<Item = ApiKey>) -> Self {
        Self { keys: keys.into_iter().collect(), settings: ApiSettings::default() }
    }

    /// Sets the path below which the methods are. Default: `/api`.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.settings.path = path.into();
        self
    }

    /// Refuses requests about channels that no route declares, with 404 and `no_such_channel`, so
    /// that a misspelled name is an error. Default: no, as code of the server may subscribe clients
    /// to any channel.
    ///
    /// With [`open_channels`](crate::Builder::open_channels), and in the namespaces of a function,
    /// each channel counts as declared.
    pub fn declared_only(mut self, declared_only: bool) -> Self {
        self.settings.declared_only = declared_only;
        self
    }

    /// Sets the maximum of a request's body, in bytes. Longer ones are refused with 413, before
    /// they are read if they tell their length. Default: 1 MiB.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.settings.max_body = bytes;
        self
    }

    /// Sets the maximum of each list: channels of a broadcast, commands of a batch, arguments,
    /// sockets that are left out, and what an answer lists. More are refused with 413. Default:
    /// 1,000.
    pub fn max_items(mut self, count: usize) -> Self {
        self.settings.max_items = count;
        self
    }

    /// Sets the maximum of requests that are done at once with one key. More are refused with 429.
    /// Default: 64.
    pub fn max_requests(mut self, count: usize) -> Self {
        self.settings.max_requests = count;
        self
    }

    /// Sets how long a publication with `wait` waits for capacity, when
    /// [`max_publications`](crate::Builder::max_publications) is reached. Then it is refused with
    /// 503, as one without `wait` at once. Default: 5 s.
    pub fn wait_timeout(mut self, timeout: Duration) -> Self {
        self.settings.wait_timeout = timeout;
        self
    }

    /// Sets how long the result of a request with an idempotency key is kept. Default: 300 s.
    pub fn idempotency_window(mut self, window: Duration) -> Self {
        self.settings.idempotency_window = window;
        self
    }

    /// Sets the maximum of idempotency keys that are kept, of all keys together. The oldest is
    /// forgotten. Default: 100,000.
    pub fn max_idempotency_keys(mut self, count: usize) -> Self {
        self.settings.max_idempotency_keys = count;
        self
    }

    /// Sets the maximum of the memory for idempotency keys and their results, in bytes. The oldest
    /// is forgotten. Default: 16 MiB.
    pub fn max_idempotency_bytes(mut self, bytes: usize) -> Self {
        self.settings.max_idempotency_bytes = bytes;
        self
    }

    /// Checks the keys and the settings.
    ///
    /// # Errors
    /// [`ApiError`] is the mistake.
    pub fn build(self) -> Result<Api, ApiError> {
        let Self { keys, settings } = self;
        settings.check()?;
        Ok(Api::with(KeyRing::new(keys)?, settings))
    }
}

impl ApiSettings {
    fn check(&self) -> Result<(), ApiError> {
        let wrong = |setting, value: &dyn Debug, expected| {
            Err(ApiError::Setting { setting, value: format!("{value:?}"), expected })
        };
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "/-_.~".contains(c);
        let is_path = self.path.starts_with('/') && self.path.chars().all(is_plain);
        if !is_path || self.path.ends_with('/') || self.path.contains("//") {
            let expected =
                "it must start with a slash, not end with one, and have letters, digits and -_.~";
            return wrong("path", &self.path, expected);
        }
        // The shortest request that says something.
        if self.max_body < 2 {
            return wrong("max_body", &self.max_body, "it must be at least 2");
        }
        for (setting, value) in [
            ("max_items", self.max_items),
            ("max_requests", self.max_requests),
            ("max_idempotency_keys", self.max_idempotency_keys),
        ] {
            if value == 0 {
                return wrong(setting, &value, "it must be at least 1");
            }
        }
        if self.max_idempotency_bytes < 4096 {
            let expected = "it must be at least 4096";
            return wrong("max_idempotency_bytes", &self.max_idempotency_bytes, expected);
        }
        // No clock reaches such an age.
        if self.idempotency_window > Duration::from_secs(366 * 86_400) {
            let expected = "it must be a year at most";
            return wrong("idempotency_window", &self.idempotency_window, expected);
        }
        if self.wait_timeout > Duration::from_secs(3600) {
            return wrong("wait_timeout", &self.wait_timeout, "it must be an hour at most");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn builder() -> ApiBuilder {
        ApiBuilder::new([ApiKey::new("a", "a-key-that-is-long-enough")])
    }

    #[test]
    fn settings_without_sense_are_refused_by_their_name() {
        let second = Duration::from_secs(1);
        for (builder, setting) in [
            (builder().path(""), "path"),
            (builder().path("api"), "path"),
            (builder().path("/"), "path"),
            (builder().path("/api/"), "path"),
            (builder().path("/a?b"), "path"),
            (builder().path("/{tail:.*}"), "path"),
            (builder().max_body(1), "max_body"),
            (builder().max_items(0), "max_items"),
            (builder().max_requests(0), "max_requests"),
            (builder().max_idempotency_keys(0), "max_idempotency_keys"),
            (builder().max_idempotency_bytes(0), "max_idempotency_bytes"),
            (builder().idempotency_window(Duration::MAX), "idempotency_window"),
            (builder().wait_timeout(3601 * second), "wait_timeout"),
        ] {
            let error = builder.build().unwrap_err();
            assert!(matches!(error, ApiError::Setting { setting: of, .. } if of == setting));
        }
        assert!(builder().path("/internal/api-1").build().is_ok());
    }

    #[test]
    fn the_page_has_each_setting_with_its_default() {
        let page = include_str!("../../docs/api.md");
        let rows = page.lines().filter_map(|line| {
            let cells: Vec<_> = line.split('|').map(str::trim).collect();
            match cells[..] {
                ["", name, default, _, ""] => Some((name, default)),
                _ => None,
            }
        });
        let rows: Vec<_> = rows.collect();
        let ApiSettings {
            path,
            declared_only,
            max_body,
            max_items,
            max_requests,
            wait_timeout,
            idempotency_window,
            max_idempotency_keys,
            max_idempotency_bytes,
        } = ApiSettings::default();
        for (name, default) in [
            ("`path`", format!("`{path}`")),
            ("`declared_only`", declared_only.to_string()),
            ("`max_body`", format!("{} MiB", max_body >> 20)),
            ("`max_items`", max_items.to_string()),
            ("`max_requests`", max_requests.to_string()),
            ("`wait_timeout`", format!("{} s", wait_timeout.as_secs())),
            ("`idempotency_window`", format!("{} s", idempotency_window.as_secs())),
            ("`max_idempotency_keys`", max_idempotency_keys.to_string()),
            ("`max_idempotency_bytes`", format!("{} MiB", max_idempotency_bytes >> 20)),
        ] {
            let found = rows.iter().find(|(row, _)| *row == name);
            let shown = found.map(|(_, shown)| shown.replace(',', ""));
            assert_eq!(shown.as_deref(), Some(&*default), "{name}");
        }
    }
}
