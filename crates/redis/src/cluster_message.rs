//! The messages of Node's `ClusterAdapter`, which the sharded and the streams adapter share:
//! `{type, data, uid, nsp}`.

mod read;
mod write;

pub(crate) use self::{
    read::{read_data, read_envelope},
    write::{Undefined, envelope, kind_of, write_data},
};

/// The `type` of each message.
mod kind {
    /// Node's servers know this type from other adapters, and do nothing here.
    pub(super) const HEARTBEAT: u64 = 2;
    pub(super) const BROADCAST: u64 = 3;
    pub(super) const JOIN: u64 = 4;
    pub(super) const LEAVE: u64 = 5;
    pub(super) const DISCONNECT: u64 = 6;
    pub(super) const FETCH: u64 = 7;
    pub(super) const SOCKETS: u64 = 8;
    pub(super) const SERVER_EVENT: u64 = 9;
    pub(super) const SERVER_EVENT_ANSWER: u64 = 10;
    pub(super) const CLIENT_COUNT: u64 = 11;
    pub(super) const ACKNOWLEDGEMENT: u64 = 12;
    // Our own, for what only the classic adapter has. Node's servers ignore them.
    pub(super) const ROOMS: u64 = 21;
    pub(super) const ROOMS_ANSWER: u64 = 22;
    pub(super) const SOCKET_IDS: u64 = 23;
    pub(super) const SOCKET_IDS_ANSWER: u64 = 24;
}
