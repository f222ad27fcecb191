//! Packets that end the session.

use super::Conversation;

pub(super) const CONVERSATIONS: &[Conversation] = &[
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
    ("an unknown packet type", "> 40\n < OPEN\n < 40{\"sid\":\"…\"}\n > 47[\"echo\"]\n end"),
    ("a reserved event", "> 40\n < OPEN\n < 40{\"sid\":\"…\"}\n > 42[\"disconnecting\"]\n end"),
    ("an EVENT that is not an array", "> 40\n < OPEN\n < 40{\"sid\":\"…\"}\n > 42{\"a\":1}\n end"),
    ("an EVENT that is not JSON", "> 40\n < OPEN\n < 40{\"sid\":\"…\"}\n > 42[\"echo\"\n end"),
    ("an ACK that is not an array", "> 40\n < OPEN\n < 40{\"sid\":\"…\"}\n > 431{}\n end"),
    ("DISCONNECT with a payload", "> 40\n < OPEN\n < 40{\"sid\":\"…\"}\n > 41{}\n end"),
    ("CONNECT with a list", "< OPEN\n > 40[]\n end"),
    ("binary that was not announced", "> 40\n < OPEN\n < 40{\"sid\":\"…\"}\n > bAQID\n end"),
    (
        "text in place of an attachment",
        "> 40\n < OPEN\n < 40{\"sid\":\"…\"}\n > 451-[\"echo\",{\"_placeholder\":true,\"num\":0}]\n > 42[\"echo\"]\n end",
    ),
    (
        "a placeholder without its attachment",
        "> 40\n < OPEN\n < 40{\"sid\":\"…\"}\n > 451-[\"echo\",{\"_placeholder\":true,\"num\":1}]␞bAQID\n end",
    ),
    ("more than ten attachments", "> 40\n < OPEN\n < 40{\"sid\":\"…\"}\n > 4511-[\"echo\"]\n end"),
    ("a ping by the client", "> 40\n < OPEN\n < 40{\"sid\":\"…\"}\n > 2\n end"),
    ("an unknown Engine.IO packet type", "polling < OPEN\n polling > 9\n polling end"),
    ("an empty packet", "polling < OPEN\n polling >\n polling end"),
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
        "an EVENT whose name is not a string",
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
];
