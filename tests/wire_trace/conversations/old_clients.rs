//! Clients of Socket.IO 2 and Engine.IO 3.

use super::Conversation;

pub(super) const CONVERSATIONS: &[Conversation] = &[
    (
        "Engine.IO 3 and Socket.IO 2: the server connects by itself, and the client pings",
        r#"
        old 3
        polling   < 0{"sid":"…","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}
        websocket < 0{"sid":"…","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}
        < 40
        > 420["echo","é𝄞"]
        < 430["é𝄞"]
        > 2
        < 3
        > 40/admin,
        < 40/admin,
        > 42/admin,["ask","who?"]
        < 42/admin,0["question","who?"]
        > 43/admin,0["me"]
        < 42/admin,["answered","me"]
        > 42/admin,["disconnect me"]
        < 41/admin,
        > 42["close"]
        < 41
        end
        "#,
    ),
    (
        "Engine.IO 3: binary",
        r#"
        websocket old 3
        websocket < OPEN
        websocket < 40
        websocket > 451-["ask binary",{"_placeholder":true,"num":0}]␞bBAECAw==
        websocket < 451-0["question",{"_placeholder":true,"num":0}]
        websocket < bBAECAw==
        websocket > 461-0[{"_placeholder":true,"num":0}]␞bBAQ=
        websocket < 451-["answered",{"_placeholder":true,"num":0}]
        websocket < bBAQ=
        "#,
    ),
    (
        "Engine.IO 3: binary as text, for a client without binary support",
        r#"
        old 3
        b64
        < OPEN
        < 40
        > 40/admin,
        < 40/admin,
        > 452-/admin,["say binary",{"_placeholder":true,"num":0},{"name":"a","data":{"_placeholder":true,"num":1}}]␞text b4AQID␞text b4BA==
        < 452-/admin,["binary",{"_placeholder":true,"num":0},{"name":"a","data":{"_placeholder":true,"num":1}}]
        polling   < b4AQID
        polling   < b4BA==
        websocket < text b4AQID
        websocket < text b4BA==
        "#,
    ),
    (
        "a new client of a server that accepts old ones, too",
        r#"
        old
        < OPEN
        > 40
        < 40{"sid":"…"}
        > 420["echo","hello"]
        < 430["hello"]
        "#,
    ),
];
