use std::{collections::BTreeMap, mem};

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{
    ChannelRequest, RefusedRequest, refusal,
    subscribe::{authorize, charge, log_subscribed, wait_until_told},
    subscribe_options::{SubscribeOptions, WantedChannels},
};
use crate::{
    model::{Channel, Epoch, Namespace, Point, Position},
    protocol::{AckId, Args, Frame, Many, PacketCodec},
    registry::{CatchUpAnswer, CaughtUp, ChannelOutcome, PresenceView},
    routing::Router,
    socket::{PresenceAnswer, Socket, SubscribeError},
};

/// Whether a request wants more than a subscription to one channel.
pub(super) fn is_wanted(args: &Args, options: &SubscribeOptions) -> bool {
    options.is_any_set() || WantedChannels::is_list(args)
}

/// Subscribes a client to one or several channels. It gets an answer, then what it has missed, then
/// what is new.
///
/// Missed events of several channels come in one order, so one position is enough for all. A
/// channel that is refused is left out.
pub(super) async fn subscribe_and_catch_up(
    socket: &Socket,
    router: &Router,
    args: &Args,
    options: &SubscribeOptions,
    id: Option<AckId>,
) -> Result<(), RefusedRequest> {
    let refuse = |answer| ChannelRequest::Subscribe.refuse(answer);
    charge(socket)?;
    let wanted = WantedChannels::read(args, socket.config()).map_err(refuse)?;
    let (channels, is_list) = match wanted {
        WantedChannels::One(channel) => (vec![channel], false),
        WantedChannels::Many(channels) => (channels, true),
    };
    let (mut admitted, mut refused) = (Vec::new(), Map::new());
    for (at, channel) in channels.into_iter().enumerate() {
        if at > 0 {
            charge(socket)?;
        }
        match authorize(socket, router, &channel, options.token.as_deref()).await {
            Ok(matched) => admitted.push((channel, matched)),
            Err(answer) if !is_list => return Err(refuse(answer)),
            Err(answer) => drop(refused.insert(channel.to_string(), answer)),
        }
    }
    let answer = SubscribeAnswer {
        codec: socket.codec().clone(),
        namespace: socket.namespace().clone(),
        epoch: socket.epoch(),
        id,
        is_list,
        refused,
        max_bytes: socket.config().max_outbox / 2,
    };
    let names: Vec<_> = admitted
        .iter()
        .map(|(channel, matched)| (channel.clone(), matched.is_told_at_once()))
        .collect();
    let channels: Vec<_> = admitted.iter().map(|(channel, _)| channel.clone()).collect();
    // The answer has all that came before it. The server receives already what comes after it.
    let _kept = socket.prepare_channels(&channels).await;
    let catch_up = options.catch_up(socket.epoch());
    if let Ok(place) = catch_up.since {
        socket.reach(place).await;
    }
    let done = socket.subscribe_and_catch_up(admitted, catch_up, |refused| answer.with(refused));
    done.map_err(|error| refuse(refusal(error)))?;
    for (channel, is_told_at_once) in &names {
        log_subscribed(socket, channel);
        if *is_told_at_once {
            wait_until_told(socket, channel).await;
        }
    }
    Ok(())
}

/// The answer of a request, which the registry makes where it stands in the order.
struct SubscribeAnswer {
    codec: PacketCodec,
    namespace: Namespace,
    epoch: Epoch,
    id: Option<AckId>,
    is_list: bool,
    /// Refusals by channel.
    refused: Map<String, Value>,
    /// The bytes that the answer may have with the members of the channels.
    max_bytes: usize,
}

/// The part of an answer about one channel, or about all together.
#[derive(Serialize)]
struct SubscribeOutcome<'a> {
    #[serde(flatten)]
    values: Map<String, Value>,
    /// The inner `None`: the channel has no presence.
    #[serde(skip_serializing_if = "Option::is_none")]
    presence: Option<Option<PresenceAnswer<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channels: Option<BTreeMap<&'a str, SubscribeOutcome<'a>>>,
}

impl SubscribeAnswer {
    fn with(mut self, refused: Vec<(Channel, SubscribeError)>) -> CatchUpAnswer {
        for (channel, error) in refused {
            self.refused.insert(channel.to_string(), refusal(error));
        }
        Box::new(move |caught_up| self.encode(caught_up))
    }

    fn encode(mut self, caught_up: &CaughtUp) -> Option<Frame> {
        let id = self.id.take()?;
        // A single channel that is refused is answered as every other refusal.
        let error = match self.is_list {
            true => None,
            false => mem::take(&mut self.refused).into_iter().next().map(|(_, error)| error),
        };
        if let Some(error) = error {
            return self.packet(&id, &error);
        }
        // The rest of the outbox is for what waits in it.
        let packet = self.packet(&id, &Many(((), self.answer(caught_up, true))))?;
        if packet.cost() <= self.max_bytes {
            return Some(packet);
        }
        self.packet(&id, &Many(((), self.answer(caught_up, false))))
    }

    fn packet(&self, id: &AckId, data: &impl Serialize) -> Option<Frame> {
        // The data is made of JSON values, so this always succeeds.
        let packet = self.codec.ack(self.namespace.as_str(), id, data).ok()?;
        Some(packet.into_frame())
    }

    fn answer<'a>(&self, caught_up: &'a CaughtUp, with_members: bool) -> SubscribeOutcome<'a> {
        let position = Position::new(self.epoch, Point::of(caught_up.place));
        let mut values = Map::new();
        values.insert("position".to_owned(), json!(position));
        values.insert("missed".to_owned(), caught_up.missed.len().into());
        let gap = caught_up.channels.iter().find_map(|channel| channel.gap);
        let is_recovered = gap.is_none() && self.refused.is_empty();
        values.insert("recovered".to_owned(), is_recovered.into());
        if let Some(gap) = gap {
            values.insert("reason".to_owned(), gap.as_str().into());
        }
        let presence_of = |view: &'a Option<PresenceView>| {
            view.as_ref().map(|view| PresenceAnswer::of(view, with_members))
        };
        let mut presence = caught_up.presence.iter().map(presence_of);
        if !self.is_list {
            return SubscribeOutcome { values, presence: presence.next(), channels: None };
        }
        values.insert("refused".to_owned(), self.refused.clone().into());
        let channels = caught_up.channels.iter().map(|one| {
            let values = outcome(one);
            (&*one.channel, SubscribeOutcome { values, presence: presence.next(), channels: None })
        });
        let channels = Some(channels.collect());
        SubscribeOutcome { values, presence: None, channels }
    }
}

fn outcome(ChannelOutcome { missed, gap, .. }: &ChannelOutcome) -> Map<String, Value> {
    let mut outcome = Map::new();
    outcome.insert("missed".to_owned(), (*missed).into());
    outcome.insert("recovered".to_owned(), gap.is_none().into());
    if let Some(gap) = gap {
        outcome.insert("reason".to_owned(), gap.as_str().into());
    }
    outcome
}
