use std::{
    any::{Any, TypeId},
    collections::HashMap,
    fmt,
    sync::Arc,
};

use parking_lot::RwLock;

type ExtensionMap = HashMap<TypeId, Arc<dyn Any + Send + Sync>>;

/// Rust values of one connection, one for each type: what the handshake's request knew, and a
/// handler will want.
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
    /// Keeps a value, in the place of one of the same type.
    pub fn insert<T: Send + Sync + 'static>(&self, value: T) {
        self.values.write().insert(TypeId::of::<T>(), Arc::new(value));
    }

    /// The value of this type, if there is one.
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
