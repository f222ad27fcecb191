use std::{any, error, fmt, ops::Deref, sync::Arc};

use super::{Call, FromEvent};
use crate::{event::HandlerError, model::DataMap, routing::AnyEvent};

/// A value of the application, from [`Builder::data`](crate::Builder::data): a parameter of
/// handlers. It derefs to the value, which all handlers share.
///
/// [`Builder::build`](crate::Builder::build) returns an error if the value was not given.
///
/// It is not actix-web's `web::Data`. That one can be deserialized, so as a parameter of a handler
/// it is an argument of the client.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// use actix_socketio::{Data, SocketIo};
///
/// #[derive(Default)]
/// struct Visits(AtomicU64);
///
/// let builder = SocketIo::builder()
///     .data(Visits::default())
///     .on("visit", async |visits: Data<Visits>| Ok(visits.0.fetch_add(1, Ordering::Relaxed) + 1));
/// ```
pub struct Data<T>(Arc<T>);

impl<T> Data<T> {
    /// Makes the parameter, for a test that calls a handler itself.
    ///
    /// ```
    /// # use actix_socketio::{Data, HandlerResult};
    /// async fn save(names: Data<Vec<String>>, name: String) -> HandlerResult {
    ///     Ok(())
    /// }
    ///
    /// # actix::System::new().block_on(async {
    /// let names = Data::new(vec!["Ada".to_owned()]);
    /// assert!(save(names, "Bob".to_owned()).await.is_ok());
    /// # });
    /// ```
    pub fn new(value: T) -> Self {
        Self(Arc::new(value))
    }

    /// The value, shared.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use actix_socketio::{Data, HandlerResult};
    /// async fn save(names: Data<Vec<String>>) -> HandlerResult {
    ///     let names: Arc<Vec<String>> = names.into_inner();
    ///     Ok(())
    /// }
    /// ```
    pub fn into_inner(self) -> Arc<T> {
        self.0
    }
}

impl<T> Deref for Data<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Clone for Data<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: fmt::Debug> fmt::Debug for Data<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<E: AnyEvent, T: Send + Sync + 'static> FromEvent<E> for Data<T> {
    fn from_event(call: &mut Call<'_, E>) -> Result<Self, HandlerError> {
        let value = call.event().data().get().map(Self);
        // Only a parameter of the application's own that does not report it can want it in vain.
        value.ok_or_else(|| MissingData(any::type_name::<T>()).into())
    }

    fn missing(data: &DataMap) -> Option<&'static str> {
        data.get::<T>().is_none().then(any::type_name::<T>)
    }
}

/// A value that a handler wants was not given to the builder.
#[derive(Debug)]
struct MissingData(&'static str);

impl fmt::Display for MissingData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a handler wants {}, which Builder::data was not given", self.0)
    }
}

impl error::Error for MissingData {}
