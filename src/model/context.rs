use std::fmt;

use parking_lot::Mutex;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

/// What an application remembers of one client: JSON values by name, for as long as its socket
/// lives; each namespace that it is in has a map of its own.
///
/// JSON, because it can be logged, compared in a test, and moved to another server. For a Rust
/// value that should stay one, see [`Extensions`](super::Extensions).
///
/// ```
/// # use actix_socketio::ContextMap;
/// let context = ContextMap::default();
/// context.insert("name", "Ada")?;
/// context.update("visits", |count: Option<u32>| count.unwrap_or(0) + 1)?;
/// assert_eq!(context.get::<String>("name")?.as_deref(), Some("Ada"));
/// assert_eq!(context.get::<u32>("visits")?, Some(1));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Default)]
pub struct ContextMap {
    entries: Mutex<Map<String, Value>>,
}

impl ContextMap {
    /// The value under `key`, if there is one.
    ///
    /// # Errors
    /// If the value is not what `T` expects.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> serde_json::Result<Option<T>> {
        let value = self.entries.lock().get(key).cloned();
        value.map(serde_json::from_value).transpose()
    }

    /// Puts a value under `key`, in the place of one that was there.
    ///
    /// # Errors
    /// If the value's `Serialize` fails.
    pub fn insert<T: Serialize>(&self, key: impl Into<String>, value: T) -> serde_json::Result<()> {
        let value = serde_json::to_value(value)?;
        self.entries.lock().insert(key.into(), value);
        Ok(())
    }

    /// Replaces the value under `key` by what `change` makes of it, as one step that no other
    /// handler comes between.
    ///
    /// `change` runs while the map is locked: it must not use the map itself, which would wait for
    /// ever.
    ///
    /// # Errors
    /// If the old value is not what `T` expects, or the new one's `Serialize` fails; the map is
    /// then unchanged.
    pub fn update<T: Serialize + DeserializeOwned>(
        &self,
        key: &str,
        change: impl FnOnce(Option<T>) -> T,
    ) -> serde_json::Result<()> {
        let mut entries = self.entries.lock();
        let old = entries.get(key).cloned().map(serde_json::from_value).transpose()?;
        let new = serde_json::to_value(change(old))?;
        entries.insert(key.to_owned(), new);
        Ok(())
    }

    /// Takes the value under `key` out.
    pub fn remove(&self, key: &str) -> Option<Value> {
        self.entries.lock().remove(key)
    }

    /// Whether there is a value under `key`.
    pub fn contains_key(&self, key: &str) -> bool {
        self.entries.lock().contains_key(key)
    }

    /// A copy of everything.
    pub fn entries(&self) -> Map<String, Value> {
        self.entries.lock().clone()
    }
}

impl fmt::Debug for ContextMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ContextMap").field(&*self.entries.lock()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_update_changes_nothing() {
        let context = ContextMap::default();
        context.insert("name", "Ada").unwrap();
        assert!(context.update("name", |n: Option<u32>| n.unwrap_or(0) + 1).is_err());
        assert!(context.get::<u32>("name").is_err());
        assert_eq!(context.get::<String>("name").unwrap().as_deref(), Some("Ada"));
        assert_eq!(context.remove("name"), Some("Ada".into()));
        assert!(!context.contains_key("name"));
        assert_eq!(context.get::<String>("name").unwrap(), None);
    }
}
