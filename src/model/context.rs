use std::fmt;

use parking_lot::Mutex;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

/// Data that your application keeps for one socket: JSON values by name.
///
/// [`Socket::context`](crate::Socket::context) returns it. The map lives as long as its socket, so
/// a client has one map in each namespace. Values are JSON because JSON can be logged, compared in
/// a test, and moved to another server. [`Extensions`](super::Extensions) keeps values of Rust
/// types.
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
    #[cfg(feature = "admin")]
    tap: super::context_tap::ContextTapSlot,
}

impl ContextMap {
    /// Returns the value of `key`, or `None` if the map does not have the key.
    ///
    /// ```
    /// # let context = actix_socketio::ContextMap::default();
    /// assert_eq!(context.get::<u32>("score")?, None);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    ///
    /// # Errors
    /// The error of serde_json, if the value does not match `T`.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> serde_json::Result<Option<T>> {
        let value = self.entries.lock().get(key).cloned();
        value.map(serde_json::from_value).transpose()
    }

    /// Sets the value of `key`, and replaces an earlier value.
    ///
    /// ```
    /// # let context = actix_socketio::ContextMap::default();
    /// context.insert("score", 3)?;
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    ///
    /// # Errors
    /// The error of `T`'s `Serialize`. The map is then unchanged.
    pub fn insert<T: Serialize>(&self, key: impl Into<String>, value: T) -> serde_json::Result<()> {
        let value = serde_json::to_value(value)?;
        self.entries.lock().insert(key.into(), value);
        #[cfg(feature = "admin")]
        self.tap.notify();
        Ok(())
    }

    /// Replaces the value of `key` by the result of `change`, in one atomic step.
    ///
    /// `change` receives the old value, if there is one. It runs while the map is locked: if it
    /// used the map, it would wait forever.
    ///
    /// ```
    /// # let context = actix_socketio::ContextMap::default();
    /// context.update("score", |score: Option<u32>| score.unwrap_or(0) + 1)?;
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    ///
    /// # Errors
    /// The error of serde_json, if the old value does not match `T` or the new value does not
    /// serialize. The map is then unchanged.
    pub fn update<T: Serialize + DeserializeOwned>(
        &self,
        key: &str,
        change: impl FnOnce(Option<T>) -> T,
    ) -> serde_json::Result<()> {
        let mut entries = self.entries.lock();
        let old = entries.get(key).cloned().map(serde_json::from_value).transpose()?;
        let new = serde_json::to_value(change(old))?;
        entries.insert(key.to_owned(), new);
        drop(entries);
        #[cfg(feature = "admin")]
        self.tap.notify();
        Ok(())
    }

    /// Removes `key`, and returns its value.
    ///
    /// ```
    /// # let context = actix_socketio::ContextMap::default();
    /// context.insert("score", 3)?;
    /// assert_eq!(context.remove("score"), Some(3.into()));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn remove(&self, key: &str) -> Option<Value> {
        let value = self.entries.lock().remove(key);
        if value.is_some() {
            #[cfg(feature = "admin")]
            self.tap.notify();
        }
        value
    }

    /// Returns whether the map has a value for `key`.
    ///
    /// ```
    /// # let context = actix_socketio::ContextMap::default();
    /// assert!(!context.contains_key("score"));
    /// ```
    pub fn contains_key(&self, key: &str) -> bool {
        self.entries.lock().contains_key(key)
    }

    /// Returns a copy of all entries.
    ///
    /// ```
    /// # let context = actix_socketio::ContextMap::default();
    /// context.insert("score", 3)?;
    /// assert_eq!(serde_json::to_string(&context.entries())?, r#"{"score":3}"#);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn entries(&self) -> Map<String, Value> {
        self.entries.lock().clone()
    }

    /// Where a tap is set and removed.
    #[cfg(feature = "admin")]
    pub(crate) fn tap(&self) -> &super::context_tap::ContextTapSlot {
        &self.tap
    }
}

impl From<Map<String, Value>> for ContextMap {
    fn from(entries: Map<String, Value>) -> Self {
        Self {
            entries: Mutex::new(entries),
            #[cfg(feature = "admin")]
            tap: super::context_tap::ContextTapSlot::default(),
        }
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
