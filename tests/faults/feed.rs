//! The changes from `SocketIo::changes`, as a table.

use std::collections::{BTreeMap, BTreeSet};

use actix_socketio::{Change, Changes, SocketId};
use tokio::time::timeout;

use crate::wait::PATIENCE;

/// A client that joins this channel ends the feed.
pub(crate) const LAST: &str = "room-last";

/// The sockets of each channel.
pub(crate) type Table = BTreeMap<SocketId, BTreeSet<String>>;

/// Applies each change, which must be possible at its place. Returns the table, the open channels,
/// and the number of changes.
pub(crate) async fn replay(mut changes: Changes) -> (Table, BTreeSet<String>, usize) {
    let (mut table, mut open, mut count) = (Table::new(), BTreeSet::new(), 0);
    let mut connected = BTreeSet::new();
    loop {
        let change = timeout(PATIENCE, changes.next())
            .await
            .expect("the last change comes")
            .expect("a server");
        count += 1;
        let reported = format!("{change:?}");
        let is_possible = match change {
            Change::ChannelOpened { channel, .. } => open.insert(channel.to_string()),
            Change::ChannelClosed { channel, .. } => {
                open.remove(channel.as_str())
                    && !table.values().any(|rooms| rooms.contains(channel.as_str()))
            }
            Change::Joined { channel, .. } if channel.as_str() == LAST => {
                return (table, open, count);
            }
            Change::Joined { channel, socket, .. } => {
                open.contains(channel.as_str())
                    && table.entry(socket).or_default().insert(channel.to_string())
            }
            Change::Left { channel, socket, .. } => {
                let left =
                    table.get_mut(&socket).is_some_and(|rooms| rooms.remove(channel.as_str()));
                table.retain(|_, rooms| !rooms.is_empty());
                left
            }
            Change::SocketConnected { socket, .. } => connected.insert(socket),
            Change::SocketDisconnected { socket, .. } => connected.remove(&socket),
            _ => false,
        };
        assert!(is_possible, "{reported} is not possible here, as number {count}");
    }
}
