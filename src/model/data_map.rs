use std::{
    any::{Any, TypeId},
    collections::HashMap,
    fmt,
    sync::Arc,
};

use actix_web::web;

/// The application's values by their types, from [`Builder::data`](crate::Builder::data). They do
/// not change once the server is built, so reading one takes no lock.
///
/// [`FromEvent::missing`](crate::FromEvent::missing) looks into it.
#[derive(Default)]
pub struct DataMap {
    values: HashMap<TypeId, Arc<dyn Any + Send + Sync>>,
}

impl DataMap {
    pub(crate) fn insert<T: Send + Sync + 'static>(&mut self, value: T) {
        self.values.insert(TypeId::of::<T>(), Arc::new(value));
    }

    /// The value of type `T`. It may have been given as `T`, as `Arc<T>` or as `web::Data<T>`.
    ///
    /// ```
    /// # use actix_socketio::DataMap;
    /// assert!(DataMap::default().get::<u32>().is_none());
    /// ```
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        let shared = || self.find::<Arc<T>>().map(|shared| Arc::clone(&*shared));
        let of_web = || self.find::<web::Data<T>>().map(|data| Arc::clone(&**data));
        self.find::<T>().or_else(shared).or_else(of_web)
    }

    fn find<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.values.get(&TypeId::of::<T>())?.clone().downcast().ok()
    }
}

impl fmt::Debug for DataMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataMap").field("count", &self.values.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_however_it_is_shared() {
        let mut data = DataMap::default();
        data.insert(1_u8);
        data.insert(Arc::new(2_u16));
        data.insert(web::Data::new(3_u32));
        assert_eq!(data.get::<u8>().as_deref(), Some(&1));
        assert_eq!(data.get::<u16>().as_deref(), Some(&2));
        assert_eq!(data.get::<Arc<u16>>().as_deref(), Some(&Arc::new(2)));
        assert_eq!(data.get::<u32>().as_deref(), Some(&3));
        assert_eq!(data.get::<u64>(), None);
        data.insert(4_u8);
        assert_eq!(data.get::<u8>().as_deref(), Some(&4), "the last one counts");
    }
}
