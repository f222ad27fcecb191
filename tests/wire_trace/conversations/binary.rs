//! Binary events and acknowledgements.

use super::Conversation;

pub(super) const CONVERSATIONS: &[Conversation] = &[
    (
        "BINARY_EVENT and BINARY_ACK",
        r#"
        < OPEN
        > 40
        < 40{"sid":"…"}
        > 452-["say binary",{"_placeholder":true,"num":0},{"name":"a","data":{"_placeholder":true,"num":1}}]
        > bAQID
        > bBA==
        < 452-["binary",{"_placeholder":true,"num":0},{"name":"a","data":{"_placeholder":true,"num":1}}]
        < bAQID
        < bBA==
        > 452-7["echo binary",{"_placeholder":true,"num":1},{"name":"b","data":{"_placeholder":true,"num":0}}]␞b␞bBQYHCA==
        < 462-7[{"_placeholder":true,"num":0},{"name":"b","data":{"_placeholder":true,"num":1}}]
        < bBQYHCA==
        < b
        "#,
    ),
    (
        "BINARY_EVENT with an id of the server's, and the client's BINARY_ACK",
        r#"
        < OPEN
        > 40
        < 40{"sid":"…"}
        > 451-["ask binary",{"_placeholder":true,"num":0}]␞bAQID
        < 451-0["question",{"_placeholder":true,"num":0}]
        < bAQID
        > 461-0[{"_placeholder":true,"num":0}]␞bBA==
        < 451-["answered",{"_placeholder":true,"num":0}]
        < bBA==
        "#,
    ),
    (
        "binary as text",
        r#"
        < OPEN
        > 40
        < 40{"sid":"…"}
        > 452-7["echo binary",{"_placeholder":true,"num":0},{"name":"b","data":{"_placeholder":true,"num":1}}]␞text bAQID␞text bBA==
        < 462-7[{"_placeholder":true,"num":0},{"name":"b","data":{"_placeholder":true,"num":1}}]
        < bAQID
        < bBA==
        "#,
    ),
    (
        "binary as text in both directions, for a client without binary support",
        r#"
        b64
        < OPEN
        > 40
        < 40{"sid":"…"}
        > 452-["say binary",{"_placeholder":true,"num":0},{"name":"a","data":{"_placeholder":true,"num":1}}]␞text bAQID␞text bBA==
        < 452-["binary",{"_placeholder":true,"num":0},{"name":"a","data":{"_placeholder":true,"num":1}}]
        polling   < bAQID
        polling   < bBA==
        websocket < text bAQID
        websocket < text bBA==
        "#,
    ),
    (
        "a placeholder without an attachment is ordinary data",
        r#"
        < OPEN
        > 40
        < 40{"sid":"…"}
        > 427["echo",{"_placeholder":true,"num":0}]
        < 437[{"_placeholder":true,"num":0}]
        "#,
    ),
];
