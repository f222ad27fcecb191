//! Sessions of Engine.IO: heartbeats, upgrades, ends, and requests.

use super::Conversation;

pub(super) const CONVERSATIONS: &[Conversation] = &[
    (
        "close by the client, while a poll waits",
        r#"
        polling   < OPEN
        polling   > 40
        polling   < 40{"sid":"…"}
        polling   poll
        polling   > 1
        polling   < 6
        polling   < 400 application/json {"code":1,"message":"Session ID unknown"}
        "#,
    ),
    (
        "close of a WebSocket by the client",
        r#"
        websocket < OPEN
        websocket > 40
        websocket < 40{"sid":"…"}
        websocket > close
        websocket < closed
        "#,
    ),
    (
        "ping and pong",
        r#"
        beating
        polling   < 0{"sid":"…","upgrades":["websocket"],"pingInterval":200,"pingTimeout":2000,"maxPayload":1000000}
        websocket < 0{"sid":"…","upgrades":[],"pingInterval":200,"pingTimeout":2000,"maxPayload":1000000}
        < 2
        > 3
        < 2
        > 3
        < 2
        end
        "#,
    ),
    (
        "a pong without a ping",
        r#"
        < OPEN
        > 40
        < 40{"sid":"…"}
        > 3
        > 3probe
        "#,
    ),
    (
        "probe and upgrade; noop",
        r#"
        polling < OPEN
        polling > 40
        polling < 40{"sid":"…"}
        polling poll
        polling >> 2probe
        polling << 3probe
        polling < 6
        polling > 427["echo","by polling"]
        polling < 437["by polling"]
        polling poll
        polling < 6
        polling >> 5
        polling > 428["echo","by WebSocket"]
        polling < 438["by WebSocket"]
        polling ask GET EIO=4&transport=polling&sid=…
        polling < 400 application/json {"code":3,"message":"Bad request"}
        "#,
    ),
    (
        "packets that were not polled move to the WebSocket",
        r#"
        polling < OPEN
        polling > 40
        polling < 40{"sid":"…"}
        polling >> 2probe
        polling << 3probe
        polling > 427["echo","by polling"]
        polling >> 5
        polling < 437["by polling"]
        "#,
    ),
    (
        "a probe whose first packet is not a probe",
        r#"
        polling < OPEN
        polling > 40
        polling < 40{"sid":"…"}
        polling >> 2probe
        polling << 3probe
        polling >> 40
        polling << closed
        "#,
    ),
    (
        "a WebSocket for a session that has moved to one",
        r#"
        polling < OPEN
        polling > 40
        polling < 40{"sid":"…"}
        polling >> 5
        polling > 427["echo","moved"]
        polling < 437["moved"]
        polling >> 2probe
        polling << closed
        "#,
    ),
    (
        "packets that an open session ignores",
        r#"
        < OPEN
        > 40
        < 40{"sid":"…"}
        > 6
        > 5
        > 42
        "#,
    ),
    (
        "a message of maxPayload bytes, and one of a byte more",
        r#"
        < OPEN
        > 40
        < 40{"sid":"…"}
        > 42["unused","{999985}"]
        > 427["echo","just fits"]
        < 437["just fits"]
        > 42["unused","{999986}"]
        websocket < closed 1009
        polling < 413
        polling > 427["echo","goes on"]
        polling < 437["goes on"]
        "#,
    ),
    (
        "requests that belong to no session",
        r#"
        polling   ask GET EIO=4
        polling   < 400 application/json {"code":0,"message":"Transport unknown"}
        polling   ask GET EIO=4&transport=pigeon
        polling   < 400 application/json {"code":0,"message":"Transport unknown"}
        polling   ask GET EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAAAAAA
        polling   < 400 application/json {"code":1,"message":"Session ID unknown"}
        polling   ask POST EIO=4&transport=polling
        polling   < 400 application/json {"code":2,"message":"Bad handshake method"}
        polling   ask GET EIO=3&transport=polling
        polling   < 400 application/json {"code":5,"message":"Unsupported protocol version"}
        websocket ask GET EIO=4&transport=websocket&sid=AAAAAAAAAAAAAAAAAAAA
        websocket < 400 text/html Session ID unknown
        "#,
    ),
    (
        "two polls together",
        r#"
        polling < OPEN
        polling > 40
        polling < 40{"sid":"…"}
        polling poll
        polling ask GET EIO=4&transport=polling&sid=…
        polling < 400
        polling < 1
        polling < 400 application/json {"code":1,"message":"Session ID unknown"}
        "#,
    ),
    (
        "a method that a session does not accept",
        r#"
        < OPEN
        > 40
        < 40{"sid":"…"}
        polling ask PUT EIO=4&transport=polling&sid=…
        polling < 500
        "#,
    ),
    (
        "close of a WebSocket by the client, with a status",
        r#"
        < OPEN
        websocket > close 1001
        websocket < closed 1001
        "#,
    ),
    (
        "close of a WebSocket by the client, with a status of its own",
        r#"
        < OPEN
        websocket > close 4000
        websocket < closed 4000
        "#,
    ),
];
