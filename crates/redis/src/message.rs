use actix_socketio::SocketId;
use bytes::Bytes;
use bytestring::ByteString;

/// The id of a server in the messages of a cluster. Each server has its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ServerId(pub(crate) ByteString);

/// The id that answers to a request bear. It is unique among the requests of its server.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct RequestId(pub(crate) ByteString);

/// JSON in which a placeholder stands for each binary value, as in
/// [`Args`](actix_socketio::Args).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Payload {
    /// An event is an array with its name and its arguments. An answer is one value.
    pub(crate) json: ByteString,
    pub(crate) attachments: Vec<Bytes>,
}

/// The clients that a message is for: Socket.IO's `opts`.
///
/// A room is a channel, or a single socket by its id. A number in the message of a Node server is
/// the name in digits here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Opts {
    /// Clients in any of these. Empty: all clients of the namespace.
    pub(crate) rooms: Vec<ByteString>,
    /// Less the clients in any of these.
    pub(crate) except: Vec<ByteString>,
    pub(crate) flags: Flags,
}

/// The options of a broadcast that cross the wire.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Flags {
    pub(crate) volatile: bool,
    /// `None`: as the receiver does it.
    pub(crate) compress: Option<bool>,
    /// How long the acknowledgements of clients are waited for, in milliseconds.
    pub(crate) timeout: Option<u64>,
    /// Only one client is meant.
    pub(crate) expect_single_response: bool,
    /// Our own: no history keeps the event. Node's servers ignore it.
    pub(crate) skip_history: bool,
}

/// A message between servers, as it is meant. How it is written is a matter of its adapter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Message {
    /// For all servers, without an answer.
    Notice(Notice),
    /// For all servers. Each of them answers.
    Request(RequestId, Request),
    /// For the server that asked.
    Answer(RequestId, Answer),
}

impl Message {
    /// The part of the application, if the message has one.
    pub(crate) fn payload(&self) -> Option<&Payload> {
        match self {
            Self::Notice(Notice::Broadcast { event, .. } | Notice::ServerEvent(event))
            | Self::Request(_, Request::Broadcast { event, .. } | Request::ServerEvent(event)) => {
                Some(event)
            }
            Self::Answer(_, Answer::Acknowledgement { argument, .. }) => argument.as_ref(),
            Self::Answer(_, Answer::ServerEvent(answer)) => answer.as_ref(),
            _ => None,
        }
    }

    /// The binary values of [`payload`](Self::payload).
    pub(crate) fn attachments(&self) -> &[Bytes] {
        self.payload().map_or(&[], |payload| &payload.attachments)
    }
}

/// See [`Message::Notice`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Notice {
    Broadcast {
        event: Payload,
        opts: Opts,
    },
    Join {
        opts: Opts,
        rooms: Vec<ByteString>,
    },
    Leave {
        opts: Opts,
        rooms: Vec<ByteString>,
    },
    Disconnect {
        opts: Opts,
        close: bool,
    },
    /// The name and the arguments of an event for the servers themselves.
    ServerEvent(Payload),
    /// Our own: what a server says of itself. Node's servers ignore it.
    Heartbeat(Heartbeat),
    /// Our own: the members of channels on a server. Node's servers ignore it.
    Presence(PresenceNotice),
}

/// The state of a server, which it tells every few seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Heartbeat {
    /// The clients that are connected to it.
    pub(crate) clients: u64,
    /// The version of this package.
    pub(crate) version: ByteString,
    /// How long it runs, in milliseconds.
    pub(crate) uptime: u64,
    /// The time between two of its heartbeats, in milliseconds.
    pub(crate) interval: u64,
    /// The address at which other servers reach it.
    pub(crate) address: Option<ByteString>,
    /// The version of its presence, if it has any.
    pub(crate) presence: Option<u64>,
    /// It stops, and is heard of no more.
    pub(crate) is_last: bool,
}

/// The members of channels on one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PresenceNotice {
    /// Servers that have missed something are asked to tell everything.
    Ask { servers: Vec<ServerId> },
    /// The server's message of this number.
    Told { version: u64, part: PresencePart, channels: Vec<ChannelPresence> },
}

/// The meaning of a message of members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PresencePart {
    Changes,
    /// The server tells everything from here on.
    Begins,
    /// It has told everything.
    Ends,
}

/// The changes in a channel, or all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChannelPresence {
    pub(crate) namespace: ByteString,
    pub(crate) channel: ByteString,
    pub(crate) max_members: u64,
    /// It is the last part of the whole channel.
    pub(crate) is_whole: bool,
    /// Sockets, and members.
    pub(crate) counts: Option<(u64, u64)>,
    /// Those of the members that are not listed.
    pub(crate) unlisted: u64,
    pub(crate) joins: Vec<MemberPresence>,
    pub(crate) leaves: Vec<ByteString>,
}

/// A member of a channel on one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MemberPresence {
    pub(crate) id: ByteString,
    /// JSON.
    pub(crate) info: ByteString,
    pub(crate) sockets: u64,
    pub(crate) revision: u64,
}

/// See [`Message::Request`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Request {
    /// A broadcast whose receivers acknowledge it.
    Broadcast { event: Payload, opts: Opts },
    /// The sockets in some rooms, with all that is known of them.
    Sockets { opts: Opts },
    /// An event for the servers themselves, with an answer.
    ServerEvent(Payload),
    /// The ids of the sockets in some rooms. Only older servers with the classic adapter ask it.
    SocketIds { rooms: Vec<ByteString> },
    /// The rooms that are not empty. Only the classic adapter has it.
    Rooms,
}

/// See [`Message::Answer`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answer {
    /// The number of clients that a broadcast has reached, before their acknowledgements.
    Receivers {
        count: u64,
        /// Our own: who they are. Node's servers leave it out and ignore it.
        ids: Option<Vec<SocketId>>,
    },
    /// The acknowledgement of one client: its first argument, if there is one.
    Acknowledgement {
        argument: Option<Payload>,
        /// Our own: who it is from.
        id: Option<SocketId>,
    },
    Sockets(Vec<DescribedSocket>),
    ServerEvent(Option<Payload>),
    SocketIds(Vec<ByteString>),
    Rooms(Vec<ByteString>),
}

/// A socket as servers describe it to each other.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DescribedSocket {
    pub(crate) id: ByteString,
    pub(crate) handshake: DescribedHandshake,
    /// With the id itself, which is a room of its own.
    pub(crate) rooms: Vec<ByteString>,
    /// `socket.data`, a JSON object. Empty if the application has put something else there.
    pub(crate) data: serde_json::Map<String, serde_json::Value>,
}

/// Socket.IO's `handshake`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct DescribedHandshake {
    /// With lower-case names. A header that came several times is several entries.
    pub(crate) headers: Vec<(ByteString, ByteString)>,
    /// The IP address of the client.
    pub(crate) address: ByteString,
    pub(crate) xdomain: bool,
    pub(crate) secure: bool,
    /// Milliseconds since 1970.
    pub(crate) issued: u64,
    pub(crate) url: ByteString,
    /// JSON: an object.
    pub(crate) auth: Option<ByteString>,
}

/// A message with where it is from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Envelope {
    /// Emitters of other languages leave it out, and so do answers of the classic adapter.
    pub(crate) sender: Option<ServerId>,
    pub(crate) namespace: ByteString,
    pub(crate) message: Message,
}
