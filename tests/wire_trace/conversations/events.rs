//! Events and acknowledgements.

use super::Conversation;

pub(super) const CONVERSATIONS: &[Conversation] = &[
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
        "ACK that was not requested, twice, or without an id",
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
        "an id on a packet that has none",
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
];
