//! Namespaces.

use actix_socketio::{
    HandlerError, HandlerResult, Many, NamespaceBuilder, OnConnect, OnMessage, Socket,
};
use serde_json::Value;

use super::{common, io};

pub(super) async fn enter_orders(event: OnConnect) -> HandlerResult {
    enter(&event.socket, "hello").await
}

pub(super) async fn enter_users(event: OnConnect) -> HandlerResult {
    enter(&event.socket, "holà").await
}

/// Admits clients to `room1` of the namespace, unless it is closed for them.
async fn enter(socket: &Socket, greeting: &str) -> HandlerResult {
    if socket.handshake().auth::<Value>()?["closed"] == socket.namespace().as_str() {
        return Err(HandlerError::reject("no access"));
    }
    socket.subscribe("room1")?;
    io(socket).to("room1").emit(greeting, &Many(()))?;
    Ok(())
}

pub(super) async fn orders_events(event: OnMessage) -> HandlerResult {
    match event.event() {
        "order:list" => event.ack(&["an order"])?,
        "order:create" => event.ack("created")?,
        _ => {}
    }
    Ok(())
}

pub(super) async fn users_events(event: OnMessage) -> HandlerResult {
    if event.event() == "user:list" {
        event.ack(&["a user"])?;
    }
    Ok(())
}

pub(super) async fn enter_admin(OnConnect { socket, .. }: OnConnect) -> HandlerResult {
    if socket.handshake().auth::<Value>()?["role"] == "admin" {
        return Ok(());
    }
    Err(HandlerError::reject("not authorized"))
}

pub(super) async fn admin_events(event: OnMessage) -> HandlerResult {
    if event.event() == "delete user" {
        event.ack("deleted")?;
    }
    Ok(())
}

pub(super) async fn greet(OnConnect { socket, .. }: OnConnect) -> HandlerResult {
    io(&socket).emit("hi", "everyone!")?;
    Ok(())
}

pub(super) fn dynamic(parent: NamespaceBuilder) -> NamespaceBuilder {
    parent
        .on_connect(async |OnConnect { socket, .. }: OnConnect| {
            if socket.handshake().auth::<Value>()?["refuse"] == true {
                return Err(HandlerError::reject("not in any of them"));
            }
            io(&socket).emit("hello", socket.namespace().as_str())?;
            Ok(())
        })
        .on_message(common)
        .on_message(async |event: OnMessage| {
            // `parentNamespace.emit`.
            if event.event() == "to the family" {
                let family =
                    io(&event.socket).of_each(|name| name.as_str().starts_with("/dynamic-"));
                family.emit("to all", &event.json::<Value>()?)?;
            }
            Ok(())
        })
}
