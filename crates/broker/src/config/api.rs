//! `[api]`: the HTTP API for backends, at the internal address.

use std::time::Duration;

use actix_socketio::{Api, ApiError, ApiKey, ApiMethod};

use super::{
    reader::Reader,
    tree::{Node, Value},
    values,
};

/// The name of the key that a text alone is.
const ONE_KEY: &str = "backend";

/// The keys of the API and its bounds. No `Debug` shows the text of a key.
#[derive(Debug, Clone)]
pub(crate) struct ApiSettings {
    pub(crate) keys: Vec<ApiKey>,
    max_body: Option<usize>,
    max_items: Option<usize>,
    max_requests: Option<usize>,
    wait_timeout: Option<Duration>,
    idempotency_window: Option<Duration>,
    max_idempotency_keys: Option<usize>,
    max_idempotency_bytes: Option<usize>,
}

impl ApiSettings {
    /// The API that they describe.
    pub(crate) fn build(&self) -> Result<Api, ApiError> {
        // A channel that no rule has can't have subscribers, so its name is a mistake.
        let mut api = Api::builder(self.keys.iter().cloned()).declared_only(true);
        /// Calls the method with the name of each setting that is there.
        macro_rules! set {
            ($($name:ident),+) => { $(
                if let Some(value) = self.$name {
                    api = api.$name(value);
                }
            )+ };
        }
        set!(max_body, max_items, max_requests, wait_timeout, idempotency_window);
        set!(max_idempotency_keys, max_idempotency_bytes);
        api.build()
    }
}

pub(super) fn read(section: &mut Reader<'_>) -> Option<ApiSettings> {
    const EXPECTED: &str = "a list of keys, or one key as a text";
    if !section.has("keys") {
        section.missing("keys", EXPECTED);
    }
    let one = section.secret("keys", one_key).flatten();
    let keys = match one {
        Some(key) => Some(vec![ApiKey::new(ONE_KEY, &key)]),
        None => section.list("keys", listed_key),
    };
    let settings = ApiSettings {
        keys: keys.unwrap_or_default(),
        max_body: section.value("max_body", values::size),
        max_items: section.value("max_items", values::count),
        max_requests: section.value("max_requests", values::count),
        wait_timeout: section.value("wait_timeout", values::time),
        idempotency_window: section.value("idempotency_window", values::time),
        max_idempotency_keys: section.value("max_idempotency_keys", values::count),
        max_idempotency_bytes: section.value("max_idempotency_bytes", values::size),
    };
    if settings.keys.is_empty() {
        // Each reason has been told.
        return None;
    }
    match settings.build() {
        Ok(_) => Some(settings),
        Err(ApiError::Setting { setting, expected, .. }) => {
            section.rule(setting, expected);
            None
        }
        Err(error) => {
            section.rule_of("keys", "\"…\"", &error.to_string());
            None
        }
    }
}

/// A text is the one key. A list is left to its own reader, also one in the environment.
fn one_key(node: &Node) -> Result<Option<String>, String> {
    match &node.value {
        Value::Text(text) if text.starts_with('[') => Ok(None),
        Value::Text(_) => values::text(node).map(Some),
        _ => Ok(None),
    }
}

fn listed_key(item: &mut Reader<'_>) -> Option<ApiKey> {
    let name = item.required("name", "the name of a backend", values::text);
    if !item.has("key") {
        item.missing("key", "the text of the key");
    }
    let text = item.secret("key", values::text);
    let may = item.value("may", methods);
    let channels = item.value("channels", values::text);
    let mut key = ApiKey::new(name?, &text?);
    if let Some(may) = may {
        key = key.may(may);
    }
    if let Some(channels) = channels {
        key = key.channels(channels);
    }
    Some(key)
}

fn methods(node: &Node) -> Result<Vec<ApiMethod>, String> {
    let names = values::texts(node).unwrap_or_default();
    let methods: Option<Vec<_>> = names.iter().map(|name| ApiMethod::from_name(name)).collect();
    methods.filter(|methods| !methods.is_empty()).ok_or_else(|| {
        let all: Vec<_> = ApiMethod::ALL.iter().map(|method| method.as_str()).collect();
        format!("a list of some of {}", all.join(", "))
    })
}
