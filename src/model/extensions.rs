use std::{
    any::{Any, TypeId},
    collections::HashMap,
    fmt,
    sync::Arc,
};

use parking_lot::RwLock;

type ExtensionMap = HashMap<TypeId, Arc<dyn Any + Send + Sync>>;

/// Rust values that belong to one connection, at most one of each type.
///
/// [`Builder::on_handshake`](crate::Builder::on_handshake) fills it from the HTTP request, for
/// example with the user of a session. Handlers read it by
/// [`Socket::extensions`](crate::Socket::extensions). [`ContextMap`](super::ContextMap) keeps JSON
/// values by name.
///
/// ```
/// # use actix_socketio::Extensions;
/// #[derive(Debug, PartialEq)]
/// struct User(String);
///
/// let extensions = Extensions::default();
/// extensions.insert(User("ada".to_owned()));
/// assert_eq!(*extensions.get::<User>().unwrap(), User("ada".to_owned()));
/// ```
#[derive(Default)]
pub struct Extensions {
    values: RwLock<ExtensionMap>,
}

impl Extensions {
    /// Stores a value, and replaces an earlier value of the same type.
    ///
    /// ```
    /// # let extensions = actix_socketio::Extensions::default();
    /// extensions.insert(7_u32);
    /// ```
    pub fn insert<T: Send + Sync + 'static>(&self, value: T) {
        self.values.write().insert(TypeId::of::<T>(), Arc::new(value));
    }

    /// Returns the value of type `T`, or `None` if none was stored.
    ///
    /// ```
    /// # let extensions = actix_socketio::Extensions::default();
    /// assert!(extensions.get::<u32>().is_none());
    /// ```
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        let value = self.values.read().get(&TypeId::of::<T>()).cloned()?;
        value.downcast().ok()
    }
}

impl fmt::Debug for Extensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Extensions").field("count", &self.values.read().len()).finish()
    }
}
