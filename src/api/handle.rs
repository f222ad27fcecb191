use std::{fmt, sync::Arc};

use parking_lot::{Mutex, RwLock};

use super::{
    ApiBuilder, ApiError, ApiKey, idempotency::IdempotencyStore, keys::KeyRing, openapi,
    settings::ApiSettings,
};

/// An HTTP API, by which programs in any language publish to the clients of a server, look at them,
/// and act on them: the feature `api`.
///
/// Build it once, before [`HttpServer::new`](actix_web::HttpServer::new), and mount it with
/// [`SocketIo::api`](crate::SocketIo::api). Clones are the same API: all workers count the same
/// requests and know the same idempotency keys. An API belongs to one server.
///
/// ```no_run
/// use actix_socketio::{Api, ApiKey, SocketIo, SocketIoServerExt, channel};
/// use actix_web::{App, HttpServer};
///
/// #[actix_web::main]
/// async fn main() -> std::io::Result<()> {
///     let io = SocketIo::builder().route(channel("^match-")).build()?;
///     let api = Api::new([ApiKey::new("backend", &std::env::var("API_KEY").unwrap())])?;
///     let app = io.clone();
///     HttpServer::new(move || App::new().configure(app.mount()).configure(app.api(&api)))
///         .socketio(&io)
///         .bind(("127.0.0.1", 8080))?
///         .run()
///         .await
/// }
/// ```
///
/// ```sh
/// curl http://127.0.0.1:8080/api/publish -H "X-API-Key: $API_KEY" \
///     -H 'Content-Type: application/json' -d '{"channel": "match-42", "data": "1:0"}'
/// ```
///
/// The guide has the methods, their answers and their errors.
#[derive(Clone)]
pub struct Api {
    pub(super) inner: Arc<ApiInner>,
}

/// The state that clones of an API share.
pub(super) struct ApiInner {
    pub(super) settings: ApiSettings,
    pub(super) keys: RwLock<Arc<KeyRing>>,
    pub(super) idempotency: Mutex<IdempotencyStore>,
}

impl Api {
    /// An API with the default settings, for those who have one of these keys.
    ///
    /// # Errors
    /// [`ApiError`]: there are no keys, or one of them has a mistake.
    pub fn new(keys: impl IntoIterator<Item = ApiKey>) -> Result<Self, ApiError> {
        Self::builder(keys).build()
    }

    /// Starts to build an API: [`ApiBuilder`] has an example.
    pub fn builder(keys: impl IntoIterator<Item = ApiKey>) -> ApiBuilder {
        ApiBuilder::new(keys)
    }

    pub(super) fn with(keys: KeyRing, settings: ApiSettings) -> Self {
        let idempotency = Mutex::new(IdempotencyStore::new(
            settings.idempotency_window,
            settings.max_idempotency_keys,
            settings.max_idempotency_bytes,
        ));
        let keys = RwLock::new(Arc::new(keys));
        Self { inner: Arc::new(ApiInner { settings, keys, idempotency }) }
    }

    /// Replaces all keys, while the server runs. A request that has begun goes on with the rights
    /// that it had.
    ///
    /// ```
    /// use actix_socketio::{Api, ApiKey};
    ///
    /// let api = Api::new([ApiKey::new("backend", "the-key-of-yesterday")])?;
    /// api.set_keys([ApiKey::new("backend", "another-for-today")])?;
    /// # Ok::<(), actix_socketio::ApiError>(())
    /// ```
    ///
    /// # Errors
    /// [`ApiError`]: one of the keys has a mistake, or the list is empty. Then nothing changes.
    pub fn set_keys(&self, keys: impl IntoIterator<Item = ApiKey>) -> Result<(), ApiError> {
        let keys = Arc::new(KeyRing::new(keys)?);
        *self.inner.keys.write() = keys;
        Ok(())
    }

    /// The description of the API, in OpenAPI 3.1. `GET /api/openapi.json` gives the same.
    ///
    /// ```
    /// let description = actix_socketio::Api::openapi("/api");
    /// assert!(description["paths"].get("/api/publish").is_some());
    /// ```
    pub fn openapi(path: &str) -> serde_json::Value {
        openapi::describe(path)
    }
}

impl ApiInner {
    pub(super) fn keys(&self) -> Arc<KeyRing> {
        Arc::clone(&self.keys.read())
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api").field("settings", &self.inner.settings).finish_non_exhaustive()
    }
}
