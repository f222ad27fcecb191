//! The same conversations with this server and with the official one for Node, byte for byte: for
//! each kind of packet what is said, and what both servers say to that. Where they differ,
//! knowingly, is in a table of its own.
//!
//! # The script
//!
//! A line is an operation, after the words that restrict it: `polling` or `websocket`, `ours` or
//! `node`.
//!
//! | operation | is |
//! | --- | --- |
//! | `> packet` | the client says this; `␞` joins several, which then come in one body, or at once |
//! | `< packet` | the server says this, and nothing before |
//! | `> close` | the client sends a Close frame, which may have a status |
//! | `poll` | a poll begins, and waits at the server from now on |
//! | `>> packet`, `<< packet` | the same on a WebSocket which wants to take over, and is opened by the first of these |
//! | `ask method query` | an HTTP request of its own, a WebSocket handshake if its transport is; the answer is heard by `<` |
//! | `end` | the server ends the session: by closing the WebSocket without a status, or by forgetting it |
//! | `b64` | the session is that of a client which takes no binary |
//! | `beating` | it is on a server with a short heartbeat |
//! | `old`, `old 3` | it is on a server for clients of Socket.IO 2, too, and that of such a client |
//!
//! A poll after the `end` may still be told `1`, and by Node `6` before; where nothing but the one
//! may come, the script says so. A conversation which has not ended by then ends with one more
//! question, so that nothing is left unheard.
//!
//! Packets are Engine.IO's, as they stand in a polling body; `b` and base64 is a binary message on
//! a WebSocket, and `text b` a text message which begins so. `…` stands for an id of 20 characters,
//! `closed` with or without a status for a Close frame, and a status with a body for an HTTP answer
//! that is no 200.

#[path = "common/needs.rs"]
mod needs;

use std::{
    collections::{HashMap, VecDeque},
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
    sync::{LazyLock, mpsc},
    thread::{self, JoinHandle},
    time::Duration,
};

use actix::System;
use actix_socketio::{
    Builder, HandlerError, HandlerResult, Many, NamespaceBuilder, OnConnect, OnMessage, SocketIo,
};
use actix_web::{
    App, HttpServer,
    dev::{Server, ServerHandle},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use needs::{Need, all_there, clients};
use regex::{Captures, Regex};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How long anything may take that is waited for. It is there to end a test that has failed, and
/// measures nothing.
const PATIENCE: Duration = Duration::from_secs(20);

// ── what is said ─────────────────────────────────────────────────────────────────────────────────────────────────────

/// What both servers say alike.
const ALIKE: &[(&str, &str)] = &[
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
        "CONNECT_ERROR for a namespace that there is not",
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
        "EVENT with any number of arguments",
        r#"
        < OPEN
        > 40
        < 40{"sid":"…"}
        > 42["say","nothing"]
        < 42["nothing"]
        > 42["say","goal",1]
        < 42["goal",1]
        > 42["say","all sorts",1,-2.5,"three",true,null,[],{"six":{"seven":[8]}},"\"\\\n\u0001\u00e9𝄞/"]
        < 42["all sorts",1,-2.5,"three",true,null,[],{"six":{"seven":[8]}},"\"\\\n\u0001é𝄞/"]
        "#,
    ),
    (
        "EVENT of more than 125 bytes, and of more than 65,535",
        r#"
        < OPEN
        > 40
        < 40{"sid":"…"}
        > 42["say","long","{100}{100}"]
        < 42["long","{100}{100}"]
        > 42["say","longer","{100000}"]
        < 42["longer","{100000}"]
        "#,
    ),
    (
        "EVENT nested 100 levels deep",
        r#"
        < OPEN
        > 40
        < 40{"sid":"…"}
        > 427["echo",{99[}{99]}]
        < 437[{99[}{99]}]
        "#,
    ),
    (
        "ACK with ids of any size",
        r#"
        < OPEN
        > 40
        < 40{"sid":"…"}
        > 420["echo"]
        < 430[]
        > 427["echo",7]
        < 437[7]
        > 42007["echo","agent"]
        < 437["agent"]
        > 4210000000000000000000["echo",1,[2],{"three":3}]
        < 4310000000000000000000[1,[2],{"three":3}]
        "#,
    ),
    (
        "EVENT with an id of the server's, counted from 0 for all of a connection's questions",
        r#"
        < OPEN
        > 40/admin,
        < 40/admin,{"sid":"…"}
        > 42/admin,["ask","who?"]
        < 42/admin,0["question","who?"]
        > 43/admin,0["me"]
        < 42/admin,["answered","me"]
        > 42/admin,["ask","why?"]
        < 42/admin,1["question","why?"]
        > 43/admin,1[{"because":true}]
        < 42/admin,["answered",{"because":true}]
        "#,
    ),
    (
        "ACK that nobody waits for, twice, or without an id",
        r#"
        < OPEN
        > 40
        < 40{"sid":"…"}
        > 43999["me"]
        > 43["me"]
        > 4310000000000000000000["me"]
        "#,
    ),
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
        "binary as text in both directions, for a client that takes no other",
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
        > 42/admin,["say","here again"]
        < 42/admin,["here again"]
        > 41
        > 42/admin,["say","and still"]
        < 42/admin,["and still"]
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
        > 42["put me out"]
        < 41
        > 42/admin,["put me out"]
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
        "a pong that nobody asked for",
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
        polling > 427["echo","on the old way"]
        polling < 437["on the old way"]
        polling poll
        polling < 6
        polling >> 5
        polling > 428["echo","on the new way"]
        polling < 438["on the new way"]
        polling ask GET EIO=4&transport=polling&sid=…
        polling < 400 application/json {"code":3,"message":"Bad request"}
        "#,
    ),
    (
        "what is not fetched moves to the WebSocket",
        r#"
        polling < OPEN
        polling > 40
        polling < 40{"sid":"…"}
        polling >> 2probe
        polling << 3probe
        polling > 427["echo","on the old way"]
        polling >> 5
        polling < 437["on the old way"]
        "#,
    ),
    (
        "a probe that turns out to be none",
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
    ("a second CONNECT", "> 40\n < OPEN\n < 40{\"sid\":\"…\"}\n > 40\n end"),
    ("an EVENT before CONNECT", "< OPEN\n > 42[\"echo\"]\n end"),
    (
        "an EVENT for a namespace that the client is not in",
        "> 40\n < OPEN\n < 40{\"sid\":\"…\"}\n > 42/admin,[\"echo\"]\n end",
    ),
    (
        "CONNECT_ERROR by a client",
        "> 40\n < OPEN\n < 40{\"sid\":\"…\"}\n > 44{\"message\":\"no\"}\n end",
    ),
    ("a type that there is not", "> 40\n < OPEN\n < 40{\"sid\":\"…\"}\n > 47[\"echo\"]\n end"),
    ("a reserved event", "> 40\n < OPEN\n < 40{\"sid\":\"…\"}\n > 42[\"disconnecting\"]\n end"),
    ("an EVENT that is no array", "> 40\n < OPEN\n < 40{\"sid\":\"…\"}\n > 42{\"a\":1}\n end"),
    ("an EVENT that is no JSON", "> 40\n < OPEN\n < 40{\"sid\":\"…\"}\n > 42[\"echo\"\n end"),
    ("an ACK that is no array", "> 40\n < OPEN\n < 40{\"sid\":\"…\"}\n > 431{}\n end"),
    ("DISCONNECT with a payload", "> 40\n < OPEN\n < 40{\"sid\":\"…\"}\n > 41{}\n end"),
    ("CONNECT with a list", "< OPEN\n > 40[]\n end"),
    ("binary that was not announced", "> 40\n < OPEN\n < 40{\"sid\":\"…\"}\n > bAQID\n end"),
    (
        "text where an attachment is due",
        "> 40\n < OPEN\n < 40{\"sid\":\"…\"}\n > 451-[\"echo\",{\"_placeholder\":true,\"num\":0}]\n > 42[\"echo\"]\n end",
    ),
    (
        "a placeholder for an attachment that there is not",
        "> 40\n < OPEN\n < 40{\"sid\":\"…\"}\n > 451-[\"echo\",{\"_placeholder\":true,\"num\":1}]␞bAQID\n end",
    ),
    ("more than ten attachments", "> 40\n < OPEN\n < 40{\"sid\":\"…\"}\n > 4511-[\"echo\"]\n end"),
    ("a ping by the client", "> 40\n < OPEN\n < 40{\"sid\":\"…\"}\n > 2\n end"),
    ("a packet of no type", "polling < OPEN\n polling > 9\n polling end"),
    ("an empty packet", "polling < OPEN\n polling >\n polling end"),
    (
        "a message of maxPayload bytes, and one of a byte more",
        r#"
        < OPEN
        > 40
        < 40{"sid":"…"}
        > 42["nobody","{999985}"]
        > 427["echo","just fits"]
        < 437["just fits"]
        > 42["nobody","{999986}"]
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
        "two polls at once",
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
        > 42/admin,["put me out"]
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
        "Engine.IO 3: binary as text, for a client that takes no other",
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
        "a new client of a server that takes old ones, too",
        r#"
        old
        < OPEN
        > 40
        < 40{"sid":"…"}
        > 420["echo","hello"]
        < 430["hello"]
        "#,
    ),
    (
        "white space around JSON",
        r#"
        < OPEN
        > 40
        < 40{"sid":"…"}
        > 40/admin, {"a":1}
        < 40/admin,{"sid":"…"}
        > 427 ["echo", 1 ]
        < 437[1]
        "#,
    ),
    (
        "an id where none belongs",
        r#"
        < OPEN
        > 40
        < 40{"sid":"…"}
        > 40/admin,7{}
        < 40/admin,{"sid":"…"}
        > 427
        > 42[5,1]
        > 428["echo"]
        < 438[]
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
    (
        "CONNECT with null",
        r#"
        < OPEN
        > 40null
        end
        "#,
    ),
    (
        "an empty message",
        r#"
        < OPEN
        > 4
        end
        "#,
    ),
    (
        "an EVENT whose name is none",
        r#"
        < OPEN
        > 40
        < 40{"sid":"…"}
        > 42[null]
        end
        "#,
    ),
    (
        "an EVENT without a name",
        r#"
        < OPEN
        > 40
        < 40{"sid":"…"}
        > 42[]
        end
        "#,
    ),
    (
        "a method that a session does not know",
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

/// What they say differently, knowingly: docs/protocol.md says so, too.
const DIFFERENT: &[(&str, &str)] = &[
    (
        "`1` closes an open WebSocket at once; Node does not react",
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
        "a Close frame says what was wrong with what is no packet; Node's says nothing",
        r#"
        websocket < OPEN
        websocket > 9
        websocket ours < closed 1008
        websocket node < closed
        "#,
    ),
    (
        "a poll that comes after the end is told so; Node says `6` before",
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
        "an old client reads `Invalid namespace` as from Socket.IO 2; Node sends an object",
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
        "base64 that lacks its end is a parse error; Node reads what there is",
        r#"
        < OPEN
        > 40
        < 40{"sid":"…"}
        > 451-["say binary",{"_placeholder":true,"num":0},{"name":"a","data":{"_placeholder":true,"num":0}}]␞text bAQI
        ours polling end
        ours websocket < closed 1008
        node < 452-["binary",{"_placeholder":true,"num":0},{"name":"a","data":{"_placeholder":true,"num":1}}]
        node < bAQI=
        node < bAQI=
        "#,
    ),
];

// ── the test ─────────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn both_servers_say_the_same_but_for_what_is_documented() {
    if !all_there("the wire trace", &[Need::Node, Need::NodePackages]) {
        return;
    }
    let node = Node::start();
    let ours = Ours::start();
    let servers = [("node", &node.ports), ("ours", &ours.ports)];
    let failures: Vec<String> = thread::scope(|scope| {
        let running: Vec<_> = servers
            .iter()
            .flat_map(|(server, ports)| {
                TRANSPORTS.map(|transport| (*server, ports[transport], transport))
            })
            .map(|(server, ports, transport)| {
                scope.spawn(move || play_all(server, ports, transport))
            })
            .collect();
        running
            .into_iter()
            .flat_map(|thread| thread.join().expect("it counts failures, and has none"))
            .collect()
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// What went otherwise than in the script.
fn play_all(server: &str, ports: Ports, transport: &str) -> Vec<String> {
    let mut failures = Vec::new();
    let alike = ALIKE.iter().map(|(name, script)| (name, script, false));
    let different = DIFFERENT.iter().map(|(name, script)| (name, script, true));
    for (name, script, is_different) in alike.chain(different) {
        let words = [server, transport];
        let names_a_server = script.split_whitespace().any(|word| word == "ours" || word == "node");
        assert_eq!(names_a_server, is_different, "{name} is in the wrong table");
        let played =
            std::panic::catch_unwind(|| Player::new(ports, transport).play(script, &words));
        if let Err(why) = played {
            let text = why.downcast_ref::<String>().map(String::as_str);
            let why = text.or_else(|| why.downcast_ref().copied()).unwrap_or("a panic");
            failures.push(format!("── {name} ({server}, {transport})\n{why}"));
        }
    }
    failures
}

/// Where the servers of a kind listen, by the transport they are talked to: they count their
/// questions.
type AllPorts = HashMap<String, Ports>;

#[derive(Debug, Clone, Copy, Deserialize)]
struct Ports {
    /// With the default settings.
    plain: u16,
    /// With a short heartbeat.
    beating: u16,
    /// For clients of Socket.IO 2, too.
    old: u16,
}

// ── the servers ──────────────────────────────────────────────────────────────────────────────────────────────────────

/// The official server. It is killed when this is dropped, and ends by itself should this process
/// be.
struct Node {
    child: Child,
    ports: AllPorts,
}

impl Node {
    fn start() -> Self {
        let mut child = Command::new("node")
            .arg(clients().join("wire/server.mjs"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Node starts");
        let stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let (say, said) = mpsc::channel();
        thread::spawn(move || {
            stdout.lines().map_while(Result::ok).try_for_each(|line| say.send(line))
        });
        let mut node = Self { child, ports: AllPorts::new() };
        let line =
            said.recv_timeout(PATIENCE).expect("it says where it listens; its stderr why not");
        node.ports = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        node
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended by itself, and the test has failed for that.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// This server. It stops when this is dropped.
struct Ours {
    ports: AllPorts,
    handles: Vec<ServerHandle>,
    thread: Option<JoinHandle<()>>,
}

impl Ours {
    fn start() -> Self {
        let (started, running) = mpsc::channel();
        let thread = thread::spawn(move || {
            System::new().block_on(async move {
                let mut servers = Vec::new();
                let mut serve = |builder: Builder| {
                    let io = builder.build().expect("the settings make sense");
                    let server = HttpServer::new(move || App::new().configure(io.mount()))
                        .workers(1)
                        .h1_allow_half_closed(false)
                        .disable_signals()
                        .bind(("127.0.0.1", 0))
                        .expect("a port on loopback");
                    let port = server.addrs()[0].port();
                    servers.push(server.run());
                    port
                };
                let (interval, timeout) = (Duration::from_millis(200), Duration::from_secs(2));
                let ports = TRANSPORTS.map(|transport| {
                    let ports = Ports {
                        plain: serve(application()),
                        beating: serve(application().ping_interval(interval).ping_timeout(timeout)),
                        old: serve(application().allow_eio3(true)),
                    };
                    (transport.to_owned(), ports)
                });
                let handles: Vec<_> = servers.iter().map(Server::handle).collect();
                started.send((ports.into(), handles)).expect("the test waits for this");
                for server in servers.into_iter().map(actix_web::rt::spawn).collect::<Vec<_>>() {
                    server.await.expect("it does not panic").expect("it runs until it is stopped");
                }
            });
        });
        let (ports, handles) =
            running.recv().expect("the servers start; their thread says why not");
        Self { ports, handles, thread: Some(thread) }
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        for handle in &self.handles {
            // The command is sent when this is called; the future would only wait for its end, as
            // the thread does.
            drop(handle.stop(false));
        }
        let ended = self.thread.take().is_none_or(|thread| thread.join().is_ok());
        assert!(ended || thread::panicking(), "the servers' thread panicked");
    }
}

/// What tests/clients/wire/server.mjs does. The namespaces `/` and `/admin` do the same.
///
/// Whoever shows `{"refuse":…}` is not let in, and told `not today`, with data if it is `with
/// data`.
///
/// | event | arguments | what comes of it |
/// | --- | --- | --- |
/// | `echo`, `echo binary` | … | acknowledged with all of them |
/// | `auth` | | acknowledged with what CONNECT brought |
/// | `say`, `say binary` | event, … | the client is sent this event |
/// | `ask`, `ask binary` | x | the client is sent `question x`, and then `answered`, with what it acknowledges |
/// | `put me out` | | the server ends the namespace |
/// | `close` | | the server ends the connection |
fn application() -> Builder {
    fn both(namespace: NamespaceBuilder) -> NamespaceBuilder {
        namespace.on_connect(admit).on_message(handle)
    }
    SocketIo::builder().on_connect(admit).on_message(handle).namespace("/admin", both)
}

async fn admit(event: OnConnect) -> HandlerResult {
    let auth: Option<Value> = event.socket.handshake().auth()?;
    let refused = || HandlerError::reject("not today");
    match auth.as_ref().and_then(|auth| auth.get("refuse")) {
        None => Ok(()),
        Some(how) if how == "with data" => {
            Err(refused().with_data(&serde_json::json!({"from": 18})))
        }
        Some(_) => Err(refused()),
    }
}

/// Two arguments with something binary, beside and within.
type Binary = Many<(Bytes, File)>;

#[derive(Debug, Serialize, Deserialize)]
struct File {
    name: String,
    data: Bytes,
}

async fn handle(event: OnMessage) -> HandlerResult {
    let socket = &event.socket;
    let values = |from: usize| {
        (from..event.args().len()).map(|at| event.arg::<Value>(at)).collect::<Result<Vec<_>, _>>()
    };
    match event.event() {
        "echo" => event.ack(&Many(values(0)?))?,
        "echo binary" => event.ack(&binary(&event)?)?,
        "auth" => event.ack(&socket.handshake().auth::<Value>()?)?,
        "say" => socket.emit(&event.arg::<String>(0)?, &Many(values(1)?))?,
        "say binary" => socket.emit("binary", &binary(&event)?)?,
        "ask" => {
            let answer: Value = socket.emit_with_ack("question", &event.json::<Value>()?).await?;
            socket.emit("answered", &answer)?;
        }
        "ask binary" => {
            let answer: Bytes = socket.emit_with_ack("question", &event.json::<Bytes>()?).await?;
            socket.emit("answered", &answer)?;
        }
        "put me out" => socket.disconnect(),
        "close" => socket.close(),
        other => return Err(HandlerError::reject(format!("there is no event {other}"))),
    }
    Ok(())
}

fn binary(event: &OnMessage) -> Result<Binary, HandlerError> {
    Ok(Many((event.arg(0)?, event.arg(1)?)))
}

// ── the client ───────────────────────────────────────────────────────────────────────────────────────────────────────

const TRANSPORTS: [&str; 2] = ["polling", "websocket"];

/// A client that follows a script.
struct Player {
    ports: Ports,
    addr: SocketAddr,
    eio: &'static str,
    /// What is added to each query.
    query: &'static str,
    transport: &'static str,
    /// Of a session on polling.
    sid: String,
    /// A poll that waits.
    poll: Option<Http>,
    /// What has come, and was not looked at.
    heard: VecDeque<String>,
    websocket: Option<Ws>,
    probe: Option<Ws>,
}

impl Player {
    fn new(ports: Ports, transport: &str) -> Self {
        let transport =
            TRANSPORTS.into_iter().find(|known| *known == transport).expect("a transport");
        Self {
            ports,
            addr: ([127, 0, 0, 1], ports.plain).into(),
            eio: "4",
            query: "",
            transport,
            sid: String::new(),
            poll: None,
            heard: VecDeque::new(),
            websocket: None,
            probe: None,
        }
    }

    fn play(mut self, script: &str, words: &[&str]) {
        let (mut is_open, mut joined, mut over) = (false, false, false);
        for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let mut rest = line;
            let mut is_meant = true;
            let (operation, text) = loop {
                let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
                if !["node", "ours", "polling", "websocket"].contains(&word) {
                    break (word, after.trim_start());
                }
                is_meant &= words.contains(&word);
                rest = after.trim_start();
            };
            if !is_meant {
                continue;
            }
            if operation == "b64" {
                self.query = "&b64=1";
                continue;
            }
            if operation == "beating" || operation == "old" {
                self.addr.set_port(if operation == "old" {
                    self.ports.old
                } else {
                    self.ports.beating
                });
                self.eio = if text.is_empty() { "4" } else { "3" };
                continue;
            }
            if !is_open && operation != "ask" && self.heard.is_empty() {
                self.open();
                is_open = true;
            }
            let text = &repeated(text);
            match operation {
                ">" if text.starts_with("close") => {
                    self.websocket.as_mut().expect("a WebSocket").close(text)
                }
                ">" => self.say(text),
                "<" => {
                    let heard = self.hear();
                    joined |= heard.starts_with("40{");
                    over = heard.starts_with("closed") || heard == UNKNOWN;
                    let is_open =
                        text == "OPEN" && heard.starts_with(r#"0{"sid":"…","upgrades":["#);
                    assert!(heard == *text || is_open, "{line}\n< {heard} was said");
                }
                "poll" => self.begin_poll(),
                ">>" => {
                    let path = self.path("websocket");
                    let addr = self.addr;
                    self.probe
                        .get_or_insert_with(|| Ws::open(addr, &path).expect("a WebSocket"))
                        .say(text);
                    if text == "5" {
                        self.websocket = self.probe.take();
                    }
                }
                "<<" => {
                    let heard = self.probe.as_mut().expect("there is a second WebSocket").hear();
                    assert!(heard == *text, "{line}\n<< {heard} was said");
                }
                "ask" => self.ask(text),
                "end" => {
                    self.ends(line, words);
                    over = true;
                }
                _ => panic!("{line}: no such operation"),
            }
        }
        if joined && !over {
            self.say(r#"4299["echo","that was all"]"#);
            let heard = self.hear();
            assert!(heard == r#"4399["that was all"]"#, "at the end\n< {heard} was said");
        }
    }

    fn path(&self, transport: &str) -> String {
        let sid = if self.sid.is_empty() { String::new() } else { format!("&sid={}", self.sid) };
        format!("/socket.io/?EIO={}&transport={transport}{}{sid}", self.eio, self.query)
    }

    fn open(&mut self) {
        let path = self.path(self.transport);
        if self.transport == "websocket" {
            self.websocket = Some(Ws::open(self.addr, &path).expect("a WebSocket"));
            return;
        }
        let mut http = Http::open(self.addr);
        http.request("GET", &path, "", b"");
        let answer = http.answer();
        self.polled(&answer);
        self.sid = sid_in(self.heard.front().expect("an open packet"));
    }

    fn say(&mut self, packets: &str) {
        if let Some(websocket) = &mut self.websocket {
            return websocket.say(packets);
        }
        let packets: Vec<&str> =
            packets.split('␞').map(|packet| packet.trim_start_matches("text ")).collect();
        let body = match self.eio {
            "3" => packets
                .iter()
                .map(|packet| format!("{}:{packet}", packet.encode_utf16().count()))
                .collect(),
            _ => packets.join("\x1e"),
        };
        let mut http = Http::open(self.addr);
        http.request("POST", &self.path("polling"), "", body.as_bytes());
        let answer = http.answer();
        if answer.status == 200 {
            assert_eq!((answer.header("content-type"), &*answer.body), (Some("text/html"), "ok"));
            assert_eq!(answer.header("cache-control"), Some("no-store"));
        } else {
            self.heard.push_back(answer.told());
        }
    }

    fn hear(&mut self) -> String {
        if let Some(heard) = self.heard.pop_front() {
            return masked(&heard);
        }
        if let Some(websocket) = &mut self.websocket {
            let heard = websocket.hear();
            if heard.starts_with('0') {
                self.sid = sid_in(&heard);
            }
            return masked(&heard);
        }
        let mut http = self.poll.take().unwrap_or_else(|| {
            let mut http = Http::open(self.addr);
            http.request("GET", &self.path("polling"), "", b"");
            http
        });
        let answer = http.answer();
        self.polled(&answer);
        masked(&self.heard.pop_front().expect("an answer has at least one packet"))
    }

    /// Takes the packets of the answer to a poll.
    fn polled(&mut self, answer: &Answer) {
        if answer.status != 200 {
            return self.heard.push_back(answer.told());
        }
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=UTF-8"), "{answer:?}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
        if self.eio == "4" {
            return self.heard.extend(answer.body.split('\x1e').map(str::to_owned));
        }
        let mut rest = &*answer.body;
        while let Some((length, after)) = rest.split_once(':') {
            let units: Vec<u16> =
                after.encode_utf16().take(length.parse().expect("a number")).collect();
            let packet = String::from_utf16(&units).expect("whole characters");
            rest = &after[packet.len()..];
            self.heard.push_back(packet);
        }
        assert_eq!(rest, "", "no length");
    }

    /// Two requests at once: when the first, a pong that nobody asked for, is answered, the second
    /// is under way.
    fn begin_poll(&mut self) {
        let mut http = Http::open(self.addr);
        let path = self.path("polling");
        let post = head("POST", &path, "Content-Length: 1\r\n") + "3" + &head("GET", &path, "");
        http.write(post.as_bytes());
        assert_eq!(http.answer().body, "ok");
        self.poll = Some(http);
    }

    fn ask(&mut self, text: &str) {
        let (method, query) = text.split_once(' ').expect("a method and a query");
        let path = format!("/socket.io/?{}", query.replace('…', &self.sid));
        let is_upgrade = query.contains("transport=websocket");
        let mut http = Http::open(self.addr);
        http.request(method, &path, if is_upgrade { UPGRADE } else { "" }, b"");
        let head = http.head();
        let told = if head.status == 101 { "101".to_owned() } else { http.body_of(head).told() };
        self.heard.push_back(told);
    }

    fn ends(&mut self, line: &str, words: &[&str]) {
        if self.transport == "websocket" {
            let heard = self.hear();
            assert!(heard == "closed", "{line}\n< {heard} was said");
            return;
        }
        let mut heard = self.hear();
        if heard == "6" && words.contains(&"node") {
            heard = self.hear();
            assert!(heard == "1", "{line}\n< {heard} was said");
        }
        while heard == "1" {
            heard = self.hear();
        }
        assert!(heard == UNKNOWN, "{line}\n< {heard} was said");
    }
}

const UNKNOWN: &str = r#"400 application/json {"code":1,"message":"Session ID unknown"}"#;

/// The id of the session, in an open packet.
fn sid_in(packet: &str) -> String {
    let open = packet.strip_prefix('0').and_then(|json| serde_json::from_str::<Value>(json).ok());
    let open = open.unwrap_or_else(|| panic!("no open packet: {packet}"));
    open["sid"].as_str().expect("a sid").to_owned()
}

/// Text in which `{number}` stands for so many letters, and with a bracket, for so many of these.
fn repeated(text: &str) -> String {
    static NUMBER: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\{([0-9]+)([\[\]])?\}").expect("a pattern"));
    let letters = |found: &Captures<'_>| {
        let letter = found.get(2).map_or("x", |letter| letter.as_str());
        letter.repeat(found[1].parse().expect("a number"))
    };
    NUMBER.replace_all(text, letters).into_owned()
}

/// Text with its ids of 20 characters masked.
fn masked(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(r#""sid":""#) {
        let (before, after) = rest.split_at(at + r#""sid":""#.len());
        let (id, after) =
            after.split_at_checked(20).unwrap_or_else(|| panic!("a short id: {text}"));
        assert!(
            id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)),
            "{text}"
        );
        out += before;
        out += "…";
        rest = after;
    }
    out + rest
}

const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

fn head(method: &str, path: &str, headers: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: test\r\n{headers}\r\n")
}

#[derive(Debug)]
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// On one line.
    fn told(&self) -> String {
        let kind = self.header("content-type").unwrap_or_default();
        format!("{} {kind} {}", self.status, self.body)
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// A TCP connection on which HTTP is written by hand.
struct Http(BufReader<TcpStream>);

impl Http {
    fn open(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).expect("the server listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_nodelay(true).expect("no delay");
        Self(BufReader::new(stream))
    }

    fn write(&mut self, bytes: &[u8]) {
        // The server may not care to read on, and says so.
        let _ = self.0.get_mut().write_all(bytes);
    }

    fn request(&mut self, method: &str, path: &str, headers: &str, body: &[u8]) {
        let length = if body.is_empty() {
            String::new()
        } else {
            format!("Content-Length: {}\r\n", body.len())
        };
        self.write(&[head(method, path, &format!("{headers}{length}")).as_bytes(), body].concat());
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).expect("the server answers");
        assert!(line.ends_with("\r\n"), "the connection ended within a head: {line:?}");
        line.truncate(line.len() - 2);
        line
    }

    fn head(&mut self) -> Answer {
        let status = self.line();
        let status = status.strip_prefix("HTTP/1.1 ").expect("an HTTP answer")[..3]
            .parse()
            .expect("a status");
        let mut headers = Vec::new();
        loop {
            let line = self.line();
            if line.is_empty() {
                return Answer { status, headers, body: String::new() };
            }
            let (name, value) = line.split_once(':').expect("a header");
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    fn body_of(&mut self, mut answer: Answer) -> Answer {
        let mut body = Vec::new();
        if let Some(length) = answer.header("content-length") {
            self.read(&mut body, length.parse().expect("a number"));
        } else {
            assert_eq!(answer.header("transfer-encoding"), Some("chunked"), "{answer:?}");
            loop {
                let length = u64::from_str_radix(&self.line(), 16).expect("a number");
                self.read(&mut body, length);
                assert_eq!(self.line(), "");
                if length == 0 {
                    break;
                }
            }
        }
        answer.body = String::from_utf8(body).expect("UTF-8");
        answer
    }

    fn read(&mut self, body: &mut Vec<u8>, length: u64) {
        let read = self.0.by_ref().take(length).read_to_end(body).expect("a body");
        assert_eq!(read as u64, length, "the connection ended within a body");
    }

    fn answer(&mut self) -> Answer {
        let head = self.head();
        self.body_of(head)
    }
}

/// A WebSocket whose frames are written byte by byte.
struct Ws(Http);

impl Ws {
    fn open(addr: SocketAddr, path: &str) -> Result<Self, Answer> {
        let mut http = Http::open(addr);
        http.request("GET", path, UPGRADE, b"");
        let answer = http.head();
        if answer.status != 101 {
            return Err(answer);
        }
        assert_eq!(
            answer.header("sec-websocket-accept"),
            Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
            "RFC 6455 §1.3"
        );
        assert_eq!(answer.header("sec-websocket-extensions"), None);
        Ok(Self(http))
    }

    /// Says goodbye, with a status or without.
    fn close(&mut self, text: &str) {
        let status = text
            .strip_prefix("close ")
            .map(|status| status.parse::<u16>().expect("a status").to_be_bytes());
        let bytes = frame(0x88, status.as_ref().map_or(&[], |status| &status[..]));
        self.0.write(&bytes);
    }

    fn say(&mut self, packets: &str) {
        let frames = packets.split('␞').map(|packet| {
            match (packet.strip_prefix("text "), packet.strip_prefix('b')) {
                (Some(text), _) => frame(0x81, text.as_bytes()),
                (None, Some(base64)) => {
                    frame(0x82, &BASE64_STANDARD.decode(base64).expect("base64"))
                }
                (None, None) => frame(0x81, packet.as_bytes()),
            }
        });
        let frames: Vec<u8> = frames.flatten().collect();
        self.0.write(&frames);
    }

    fn hear(&mut self) -> String {
        let stream = &mut self.0.0;
        let mut head = [0; 2];
        match stream.read_exact(&mut head) {
            Ok(()) => {}
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset
                ) =>
            {
                return "the end of the connection".to_owned();
            }
            Err(error) => return format!("nothing: {error}"),
        }
        // Neither masked, nor longer than need be.
        let length = match head[1] {
            126 => {
                let mut length = [0; 2];
                stream.read_exact(&mut length).expect("a length");
                let length = u16::from_be_bytes(length);
                assert!(length > 125, "a length of {length} in two bytes");
                u64::from(length)
            }
            127 => {
                let mut length = [0; 8];
                stream.read_exact(&mut length).expect("a length");
                let length = u64::from_be_bytes(length);
                assert!(length > 0xffff, "a length of {length} in eight bytes");
                length
            }
            short => u64::from(short),
        };
        let mut data = vec![0; usize::try_from(length).expect("a length")];
        stream.read_exact(&mut data).expect("the whole frame");
        match head[0] {
            0x81 => {
                let text = String::from_utf8(data).expect("UTF-8");
                if text.starts_with('b') { format!("text {text}") } else { text }
            }
            0x82 => format!("b{}", BASE64_STANDARD.encode(data)),
            0x88 => match data.first_chunk() {
                Some(code) => format!("closed {}", u16::from_be_bytes(*code)),
                None => "closed".to_owned(),
            },
            other => panic!("a frame that starts with {other:#x}"),
        }
    }
}

/// A masked frame.
fn frame(first: u8, data: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    let mut frame = vec![first];
    match data.len() {
        short @ 0..=125 => frame.push(0x80 | short as u8),
        medium @ 126..=0xffff => {
            frame.push(0x80 | 126);
            frame.extend((medium as u16).to_be_bytes());
        }
        long => {
            frame.push(0x80 | 127);
            frame.extend((long as u64).to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(data.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}
