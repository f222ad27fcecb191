use std::mem;

use serde_json::{Map, Value, json};

use super::{
    ChannelRequest, RefusedRequest, refusal,
    subscribe::{authorize, charge, log_subscribed},
    subscribe_options::{SubscribeOptions, WantedChannels},
};
use crate::{
    model::{Channel, Epoch, Namespace, Point, Position},
    protocol::{AckId, Args, Frame, Many, PacketCodec},
    registry::{CatchUpAnswer, CaughtUp, ChannelOutcome},
    routing::Router,
    socket::{Socket, SubscribeError},
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
        match authorize(socket, router, &channel).await {
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
    };
    let names: Vec<_> = admitted.iter().map(|(channel, _)| channel.clone()).collect();
    let catch_up = options.catch_up(socket.epoch());
    let done = socket.subscribe_and_catch_up(admitted, catch_up, |refused| answer.with(refused));
    done.map_err(|error| refuse(refusal(error)))?;
    names.iter().for_each(|channel| log_subscribed(socket, channel));
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
        let answer = match error {
            Some(error) => json!([error]),
            None => json!([null, self.answer(caught_up)]),
        };
        // JSON values are written without a failure.
        let packet = self.codec.ack(self.namespace.as_str(), &id, &Many(answer)).ok()?;
        Some(packet.into_frame())
    }

    fn answer(&mut self, caught_up: &CaughtUp) -> Value {
        let position = Position::new(self.epoch, Point::of(caught_up.place));
        let mut answer = json!({"position": position, "missed": caught_up.missed.len()});
        let gap = caught_up.channels.iter().find_map(|channel| channel.gap);
        answer["recovered"] = (gap.is_none() && self.refused.is_empty()).into();
        if let Some(gap) = gap {
            answer["reason"] = gap.as_str().into();
        }
        if self.is_list {
            let channels = caught_up.channels.iter();
            answer["channels"] = channels
                .map(|one| (one.channel.to_string(), outcome(one)))
                .collect::<Map<_, _>>()
                .into();
            answer["refused"] = mem::take(&mut self.refused).into();
        }
        answer
    }
}

fn outcome(ChannelOutcome { missed, gap, .. }: &ChannelOutcome) -> Value {
    let mut outcome = json!({"missed": missed, "recovered": gap.is_none()});
    if let Some(gap) = gap {
        outcome["reason"] = gap.as_str().into();
    }
    outcome
}
