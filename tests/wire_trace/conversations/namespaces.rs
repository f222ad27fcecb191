//! Packets that connect and disconnect.

use super::Conversation;

pub(super) const CONVERSATIONS: &[Conversation] = &[
    (
        "OPEN, CONNECT, and an EVENT that is acknowledged",
        r#"
        polling   < 0{"sid":"…","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}
        websocket < 0{"sid":"…","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}
        > 40
        < 40{"sid":"…"}
        > 420["echo","hello"]
        < 430["hello"]
        "#,
    ),
    (
        "CONNECT with a payload",
        r#"
        < OPEN
        > 40{"token":"sesame"}
        < 40{"sid":"…"}
        > 421["auth"]
        < 431[{"token":"sesame"}]
        > 40/admin,{"token":"open"}
        < 40/admin,{"sid":"…"}
        > 42/admin,1["auth"]
        < 43/admin,1[{"token":"open"}]
        "#,
    ),
    (
        "CONNECT without a payload, and a namespace without a comma",
        r#"
        < OPEN
        > 40/admin
        < 40/admin,{"sid":"…"}
        > 42/admin,1["auth"]
        < 43/admin,1[{}]
        > 40
        < 40{"sid":"…"}
        "#,
    ),
    (
        "CONNECT_ERROR for an unknown namespace",
        r#"
        < OPEN
        > 40/nowhere,
        < 44/nowhere,{"message":"Invalid namespace"}
        > 40/nowhere?a=b,{"token":"x"}
        < 44/nowhere?a=b,{"message":"Invalid namespace"}
        > 40
        < 40{"sid":"…"}
        "#,
    ),
    (
        "CONNECT_ERROR by the application, and another try",
        r#"
        < OPEN
        > 40{"refuse":"plainly"}
        < 44{"message":"not today"}
        > 40{"refuse":"with data"}
        < 44{"message":"not today","data":{"from":18}}
        > 40/admin,{"refuse":"with data"}
        < 44/admin,{"message":"not today","data":{"from":18}}
        > 40
        < 40{"sid":"…"}
        "#,
    ),
    (
        "two namespaces on one connection, and DISCONNECT by the client",
        r#"
        < OPEN
        > 40
        < 40{"sid":"…"}
        > 40/admin,
        < 40/admin,{"sid":"…"}
        > 42/admin,["say","to the admin"]
        < 42/admin,["to the admin"]
        > 41/admin,
        > 42["say","to the other"]
        < 42["to the other"]
        > 40/admin
        < 40/admin,{"sid":"…"}
        > 42/admin,["say","back again"]
        < 42/admin,["back again"]
        > 41
        > 42/admin,["say","still here"]
        < 42/admin,["still here"]
        > 40
        < 40{"sid":"…"}
        "#,
    ),
    (
        "DISCONNECT by the server, and another CONNECT",
        r#"
        < OPEN
        > 40/admin,
        < 40/admin,{"sid":"…"}
        > 40
        < 40{"sid":"…"}
        > 42["disconnect me"]
        < 41
        > 42/admin,["disconnect me"]
        < 41/admin,
        > 40
        < 40{"sid":"…"}
        "#,
    ),
    (
        "close by the server: a DISCONNECT for each namespace, and the end",
        r#"
        < OPEN
        > 40
        < 40{"sid":"…"}
        > 40/admin,
        < 40/admin,{"sid":"…"}
        > 42["close"]
        < 41
        < 41/admin,
        end
        "#,
    ),
    (
        "DISCONNECT without a comma",
        r#"
        < OPEN
        > 40
        < 40{"sid":"…"}
        > 40/admin,
        < 40/admin,{"sid":"…"}
        > 41/admin
        > 427["echo"]
        < 437[]
        > 40/admin,
        < 40/admin,{"sid":"…"}
        "#,
    ),
];
