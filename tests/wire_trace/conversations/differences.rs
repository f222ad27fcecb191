//! The known differences. docs/protocol.md lists them.

use super::Conversation;

pub(super) const CONVERSATIONS: &[Conversation] = &[
    (
        "`1` closes an open WebSocket; Node does not react",
        r#"
        websocket < OPEN
        websocket > 40
        websocket < 40{"sid":"…"}
        websocket > 1
        websocket ours < closed
        websocket node > 427["echo","still here"]
        websocket node < 437["still here"]
        "#,
    ),
    (
        "a WebSocket handshake with a bad `EIO` is answered before the 101",
        r#"
        websocket ask GET EIO=5&transport=websocket
        ours websocket < 400 text/html Unsupported protocol version
        node websocket < 101
        "#,
    ),
    (
        "a Close frame has a status after an invalid packet; Node's has none",
        r#"
        websocket < OPEN
        websocket > 9
        websocket ours < closed 1008
        websocket node < closed
        "#,
    ),
    (
        "a poll after the end receives a close packet; Node sends `6` first",
        r#"
        polling < OPEN
        polling > 40
        polling < 40{"sid":"…"}
        polling > 42["close"]
        polling < 41
        polling node < 6
        polling < 1
        polling < 400 application/json {"code":1,"message":"Session ID unknown"}
        "#,
    ),
    (
        "a WebSocket for a session that began on one is closed; Node would move the session to it",
        r#"
        websocket < OPEN
        websocket > 40
        websocket < 40{"sid":"…"}
        websocket >> 2probe
        websocket ours << closed
        websocket node << 3probe
        "#,
    ),
    (
        "an old client receives `Invalid namespace` as from Socket.IO 2; Node sends an object",
        r#"
        old 3
        < OPEN
        < 40
        > 40/nowhere,
        ours < 44/nowhere,"Invalid namespace"
        node < 44/nowhere,{"message":"Invalid namespace"}
        > 420["echo","hello"]
        < 430["hello"]
        "#,
    ),
    (
        "an EVENT in the same flight as its CONNECT waits; Node closes the connection",
        r#"
        < OPEN
        > 40␞427["echo","early"]
        ours < 40{"sid":"…"}
        ours < 437["early"]
        node end
        "#,
    ),
    (
        "JSON nested more than 100 levels deep is a parse error",
        r#"
        < OPEN
        > 40
        < 40{"sid":"…"}
        > 427["echo",{100[}{100]}]
        ours end
        node < 437[{100[}{100]}]
        "#,
    ),
    (
        "an id of any number of digits is echoed; Node's numbers have 53 bits",
        r#"
        < OPEN
        > 40
        < 40{"sid":"…"}
        > 4212345678901234567890["echo"]
        ours < 4312345678901234567890[]
        node < 4312345678901234567000[]
        "#,
    ),
    (
        "a BINARY_EVENT without attachments is an event; Node waits for one",
        r#"
        < OPEN
        > 40
        < 40{"sid":"…"}
        > 450-7["echo",1]
        ours < 437[1]
        ours > 428["echo",2]
        ours < 438[2]
        node > 428["echo",2]
        node end
        "#,
    ),
    (
        "an ACK without a payload is a parse error; Node ignores it",
        r#"
        < OPEN
        > 40
        < 40{"sid":"…"}
        > 439
        ours end
        "#,
    ),
    (
        "a character that is not base64 is a parse error; Node skips it",
        r#"
        < OPEN
        > 40
        < 40{"sid":"…"}
        > 451-["say binary",{"_placeholder":true,"num":0},{"name":"a","data":{"_placeholder":true,"num":0}}]␞text bAQI%
        ours polling end
        ours websocket < closed 1008
        node < 452-["binary",{"_placeholder":true,"num":0},{"name":"a","data":{"_placeholder":true,"num":1}}]
        node < bAQI=
        node < bAQI=
        "#,
    ),
];
