//! Where a server has the scores from: its own matches, or those of another server.

use std::{
    io,
    sync::{Arc, OnceLock},
};

use actix::prelude::*;
use actix_socketio::{OnServerEvent, prelude::*};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    listing,
    player::{GetSnapshot, Goal, Player, Start},
};

/// The first message to a new subscriber.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Snapshot {
    pub(crate) event: String,
    pub(crate) data: Value,
}

/// The answer to a report, for HTTP.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ReportAnswer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

#[derive(Clone)]
pub(crate) struct Source {
    /// `None`: another server plays.
    player: Option<Addr<Player>>,
    io: Arc<OnceLock<SocketIo>>,
}

impl Source {
    /// This server plays.
    ///
    /// # Errors
    /// The matches of the demo can't be read.
    pub(crate) fn here() -> io::Result<Self> {
        let matches = listing::embedded()
            .map_err(|error| io::Error::other(format!("matches.txt: {error}")))?;
        Ok(Self { player: Some(Player::new(matches).start()), ..Self::elsewhere() })
    }

    /// Another server of the cluster plays.
    pub(crate) fn elsewhere() -> Self {
        Self { player: None, io: Arc::default() }
    }

    pub(crate) fn start(&self, io: &SocketIo) {
        // It is called once.
        let _ = self.io.set(io.clone());
        if let Some(player) = &self.player {
            player.do_send(Start(io.clone()));
        }
    }

    /// Sends a new subscriber the scores as they are.
    pub(crate) async fn enter(&self, event: OnSubscribe) -> HandlerResult {
        let OnSubscribe { socket, channel, recovered, .. } = event;
        if recovered {
            // The client has its state still, and receives all that it missed.
            return Ok(());
        }
        // The subscription comes first, so that no goal is lost between it and the snapshot. The
        // page knows by their versions which of two messages is newer.
        socket.subscribe(&channel)?;
        let snapshot = match &self.player {
            Some(player) => player.send(GetSnapshot(channel.to_string())).await.ok().flatten(),
            None => self.ask("snapshot", channel.as_str()).await,
        };
        let Some(snapshot) = snapshot else {
            return Err(HandlerError::reject("unknown match"));
        };
        socket.emit(&snapshot.event, &snapshot.data)?;
        Ok(())
    }

    /// Counts a reported goal on the server that plays. `None`: it can't be reached.
    pub(crate) async fn report(&self, id: String, body: String) -> Option<ReportAnswer> {
        match &self.player {
            Some(player) => player.send(Goal { id, body }).await.ok(),
            None => self.ask("report", &Many((id, body))).await,
        }
    }

    /// Asks all servers. The one that plays answers, and the others answer with null.
    async fn ask<T: DeserializeOwned>(
        &self,
        event: &str,
        data: &(impl Serialize + ?Sized),
    ) -> Option<T> {
        let io = self.io.get()?;
        let acks = io.server_side_emit_with_ack::<_, Option<T>>(event, data).await.ok()?;
        acks.answers.into_iter().flatten().flatten().next()
    }

    pub(crate) async fn answer_snapshot(&self, event: OnServerEvent) -> HandlerResult {
        let channel: String = event.arg(0)?;
        let answer = match &self.player {
            Some(player) => player.send(GetSnapshot(channel)).await.ok().flatten(),
            None => None,
        };
        Ok(event.ack(&answer)?)
    }

    pub(crate) async fn answer_report(&self, event: OnServerEvent) -> HandlerResult {
        let (id, body) = (event.arg(0)?, event.arg(1)?);
        let answer = match &self.player {
            Some(player) => player.send(Goal { id, body }).await.ok(),
            None => None,
        };
        Ok(event.ack(&answer)?)
    }
}
