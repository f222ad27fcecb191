use std::{fmt, rc::Rc};

use actix_http::Request;
use actix_service::{IntoServiceFactory, ServiceFactory};
use actix_web::{
    App, Error, HttpResponse,
    body::MessageBody,
    dev::{AppConfig, Service as _, ServiceResponse},
    test::{TestRequest, init_service},
};
use futures_core::future::LocalBoxFuture;

use super::Connecting;
use crate::server::SocketIo;

/// An app as a function from a request to its response.
pub(super) type CallApp = Rc<dyn Fn(Request) -> LocalBoxFuture<'static, HttpResponse>>;

/// A server within the test: its endpoint without a port.
///
/// Clients reach it by HTTP long-polling, as function calls. So everything on the way is tested
/// too: `on_handshake`, CORS, limits, middleware.
///
/// ```
/// use actix_socketio::{OnMessage, SocketIo, test};
///
/// # test::system(async {
/// let io = SocketIo::builder()
///     .on_message(async |event: OnMessage| Ok(event.ack(&event.json::<String>()?)?))
///     .build()
///     .unwrap();
/// let server = test::TestServer::new(&io).await;
/// let mut ada = server.client().connect().await.unwrap();
/// assert_eq!(ada.ask::<String>("echo", "hi").await.unwrap(), "hi");
/// # });
/// ```
#[derive(Clone)]
pub struct TestServer {
    pub(super) io: SocketIo,
    pub(super) call: CallApp,
    /// Where the endpoint is, with its trailing slash.
    pub(super) path: String,
}

impl TestServer {
    /// Mounts the endpoint in an app that has nothing else.
    pub async fn new(io: &SocketIo) -> Self {
        Self::with_app(io, App::new().configure(io.mount())).await
    }

    /// Uses an app of your own. It has to mount the endpoint of `io`.
    ///
    /// ```
    /// use actix_socketio::{SocketIo, test::{self, TestServer}};
    /// use actix_web::{App, HttpResponse, test::TestRequest, web};
    ///
    /// async fn goal(io: web::Data<SocketIo>) -> actix_web::Result<HttpResponse> {
    ///     io.emit("goal", "1:0")?;
    ///     Ok(HttpResponse::NoContent().finish())
    /// }
    ///
    /// # test::system(async {
    /// let io = SocketIo::builder().build().unwrap();
    /// let app = App::new().configure(io.mount()).route("/goal", web::post().to(goal));
    /// let server = TestServer::with_app(&io, app).await;
    /// let mut ada = server.client().connect().await.unwrap();
    /// let answer = server.call(TestRequest::post().uri("/goal")).await;
    /// assert_eq!(answer.status(), 204);
    /// assert_eq!(ada.expect::<String>("goal").await, "1:0");
    /// # });
    /// ```
    pub async fn with_app<R, S, B, E>(io: &SocketIo, app: R) -> Self
    where
        R: IntoServiceFactory<S, Request> + 'static,
        S: ServiceFactory<
                Request,
                Config = AppConfig,
                Response = ServiceResponse<B>,
                Error = E,
                InitError: fmt::Debug,
                Service: 'static,
            > + 'static,
        B: MessageBody + 'static,
        E: Into<Error> + 'static,
    {
        let app = Rc::new(init_service(app).await);
        let call: CallApp = Rc::new(move |request| {
            let response = app.call(request);
            Box::pin(async move {
                match response.await {
                    Ok(response) => response.map_into_boxed_body().into_parts().1,
                    // As an HTTP server does.
                    Err(error) => error.into().error_response(),
                }
            })
        });
        Self { io: io.clone(), call, path: format!("{}/", io.config().path.trim_end_matches('/')) }
    }

    /// Sets where the app mounts the endpoint, if it does so in a scope.
    ///
    /// ```
    /// use actix_socketio::{SocketIo, test::{self, TestServer}};
    /// use actix_web::{App, web};
    ///
    /// # test::system(async {
    /// let io = SocketIo::builder().build().unwrap();
    /// let app = App::new().service(web::scope("/live").configure(io.mount()));
    /// let server = TestServer::with_app(&io, app).await.at("/live/socket.io");
    /// assert!(server.client().connect().await.is_ok());
    /// # });
    /// ```
    #[must_use]
    pub fn at(mut self, path: &str) -> Self {
        self.path = format!("{}/", path.trim_end_matches('/'));
        self
    }

    /// Prepares a client: see [`Connecting`].
    pub fn client(&self) -> Connecting {
        Connecting::new(self.clone())
    }

    /// Sends another request to the app. `TestServer::with_app` has an example.
    pub async fn call(&self, request: TestRequest) -> HttpResponse {
        (self.call)(request.to_request()).await
    }
}

impl fmt::Debug for TestServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestServer").field("io", &self.io).finish_non_exhaustive()
    }
}
