//! Request bodies that nothing reads to their end.
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
    dev::{Payload, RequestHead, ServiceRequest, ServiceResponse},
    error::PayloadError,
    http::header,
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

/// The same as a middleware, for services that are not ours.
pub(crate) async fn keep_unread_of(
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
pub(super) fn has_chunked_body(request: &RequestHead) -> bool {
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
