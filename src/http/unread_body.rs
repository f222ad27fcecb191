//! The end of a response: what actix-http does with the connection behind it.
//!
//! actix-http closes a connection after an answer if the request's body is unread, within its
//! `client_disconnect_timeout`. It makes an exception for a chunked body that its service has
//! dropped: it reads on until the body ends, without a timer. A client that never ends the body
//! then keeps its descriptor for ever. So what is kept here is dropped after the answer.

use std::{
    cell::RefCell,
    error::Error as StdError,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use actix_web::{
    Error, HttpMessage as _, HttpRequest, HttpResponse,
    body::{BodySize, BoxBody, MessageBody},
    dev::{Payload, RequestHead, ResponseHead, ServiceRequest, ServiceResponse},
    error::PayloadError,
    http::{ConnectionType, StatusCode, header},
    middleware::Next,
    web::Bytes,
};
use futures_core::Stream;

/// Keeps the body of a request until the response is written, so that the connection of a client
/// that does not end its body is closed.
pub(crate) fn keep_unread(
    request: &HttpRequest,
    body: Payload,
    response: HttpResponse,
) -> HttpResponse {
    if matches!(body, Payload::H1 { .. }) && has_chunked_body(request.head()) {
        keep(body, response)
    } else {
        response
    }
}

/// Says `Connection: close` in the response to a request with `Connection: upgrade`, unless the
/// response upgrades.
///
/// actix-http would answer `connection: upgrade`, and close the connection without a word. Proxies
/// that set the header for every request would use the connection again. A response can't keep the
/// connection open: actix-http decides that by the request.
pub(crate) fn close_if_asked_to_upgrade(request: &HttpRequest, response: &mut ResponseHead) {
    if asks_for_upgrade(request.head()) && response.status != StatusCode::SWITCHING_PROTOCOLS {
        response.set_connection_type(ConnectionType::Close);
    }
}

/// Whether actix-http closes the connection of a request silently.
fn asks_for_upgrade(request: &RequestHead) -> bool {
    request.connection_type() == ConnectionType::Upgrade
}

/// Whether the response to a request needs [`close_unread_bodies`].
pub(super) fn needs_finish(request: &RequestHead) -> bool {
    has_chunked_body(request) || asks_for_upgrade(request)
}

/// A middleware for services beside a Socket.IO server: it makes sure that the connection of a
/// client that does not end the body of its request is closed.
///
/// actix-http reads on after an answer until a chunked body ends, for as long as that takes. A
/// client that never ends it keeps its connection. The endpoint of this crate does not need the
/// middleware, and neither does a service that reads the body with a limit and a timeout.
///
/// ```no_run
/// use actix_socketio::{SocketIo, close_unread_bodies};
/// use actix_web::{App, HttpResponse, middleware::from_fn, web};
///
/// # fn example(io: SocketIo) {
/// let not_found = web::route().to(HttpResponse::NotFound).wrap(from_fn(close_unread_bodies));
/// let app = App::new().configure(io.mount()).default_service(not_found);
/// # }
/// ```
///
/// # Errors
/// Those of the service.
pub async fn close_unread_bodies(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, Error> {
    let (request, mut response) = keep_unread_of(request, next).await?.into_parts();
    close_if_asked_to_upgrade(&request, response.head_mut());
    Ok(ServiceResponse::new(request, response))
}

async fn keep_unread_of(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, Error> {
    if !has_chunked_body(request.head()) {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    let body = Rc::new(RefCell::new(request.take_payload()));
    request.set_payload(Payload::Stream { payload: Box::pin(SharedBody(Rc::clone(&body))) });
    let (request, response) = next.call(request).await?.into_parts();
    Ok(ServiceResponse::new(request, keep(body, response.map_into_boxed_body())))
}

/// Whether the length of the body is not known before its end.
fn has_chunked_body(request: &RequestHead) -> bool {
    let encoding = request.headers().get(header::TRANSFER_ENCODING);
    encoding.is_some_and(|encoding| !encoding.is_empty())
}

fn keep(body: impl Unpin + 'static, response: HttpResponse) -> HttpResponse {
    response.map_body(|_, response| BoxBody::new(WithUnread { response, _body: body }))
}

/// The body of a response, and that of its request.
struct WithUnread<T> {
    response: BoxBody,
    _body: T,
}

impl<T: Unpin> MessageBody for WithUnread<T> {
    type Error = Box<dyn StdError>;

    fn size(&self) -> BodySize {
        self.response.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.get_mut().response).poll_next(cx)
    }
}

/// The body of a request that a service reads while the response keeps it.
struct SharedBody(Rc<RefCell<Payload>>);

impl Stream for SharedBody {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_next(cx)
    }
}
