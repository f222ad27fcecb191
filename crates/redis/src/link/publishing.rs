use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Instant,
};

use futures_util::{FutureExt, future, future::try_join_all, poll};
use redis::{Pipeline, RedisError, Value};

use super::{
    Listener,
    broken::Broken,
    entry::EntryId,
    hold::Sent,
    nodes::Nodes,
    shared::Shared,
    ticket::{TICKET_FIELD, Ticket},
    value,
};
use crate::wire::Outgoing;

/// The messages of one pipeline.
const MOST_AT_ONCE: usize = 100;

/// The pipelines on their way. Meanwhile, messages gather for the next one: under load, that is
/// twenty times cheaper for Redis than messages one by one.
const MOST_UNDER_WAY: usize = 4;

type Heap = Vec<(Ticket, Arc<Outgoing>)>;
type Answers = Pin<Box<dyn Future<Output = Result<Vec<Value>, RedisError>>>>;

/// A heap on its way: its tickets, and its answers.
type UnderWay = (Vec<Ticket>, Answers);

/// Sends what is in the hold, in order, until the connection is lost, or until the link is closed
/// and all is sent: `Ok`.
pub(super) async fn publish(
    shared: &Shared,
    listener: &dyn Listener,
    nodes: &Nodes,
) -> Result<(), Broken> {
    let mut under_way: VecDeque<UnderWay> = VecDeque::new();
    let mut has_moved = false;
    loop {
        if has_moved && under_way.is_empty() {
            // Nothing is sent meanwhile: a channel that has moved keeps its order.
            nodes.refresh().await?;
            has_moved = false;
        }
        while under_way.len() < MOST_UNDER_WAY && !has_moved {
            let heap = shared.hold.lock().take(MOST_AT_ONCE, Instant::now());
            if heap.is_empty() {
                break;
            }
            under_way.push_back(send(shared, nodes, heap).await);
        }
        shared.tell_given_up(listener);
        if under_way.is_empty() && shared.is_closed() {
            return Ok(());
        }
        let is_full = has_moved || under_way.len() == MOST_UNDER_WAY;
        let answered = match under_way.front_mut() {
            Some((_, answers)) => answers.left_future(),
            None => future::pending().right_future(),
        };
        tokio::select! {
            biased;
            answers = answered => {
                if let Some((tickets, _)) = under_way.pop_front() {
                    has_moved |= settle(shared, &tickets, answers?)?;
                }
            }
            () = shared.filled.notified(), if !is_full => {}
        }
    }
}

/// Hands a heap to the connections. It is behind all earlier ones when this returns: the first poll
/// of a command gives it its place.
async fn send(shared: &Shared, nodes: &Nodes, heap: Heap) -> UnderWay {
    let mut pipelines: Vec<(usize, Pipeline, Vec<usize>)> = Vec::with_capacity(1);
    for (place, (ticket, outgoing)) in heap.iter().enumerate() {
        let node = nodes.of_message(outgoing);
        let known = pipelines.iter().position(|(other, ..)| *other == node);
        let known = known.unwrap_or_else(|| {
            pipelines.push((node, Pipeline::with_capacity(heap.len()), Vec::new()));
            pipelines.len() - 1
        });
        let (_, pipeline, places) = &mut pipelines[known];
        write(shared, pipeline, *ticket, outgoing);
        places.push(place);
    }
    let tickets: Vec<_> = heap.iter().map(|(ticket, _)| *ticket).collect();
    let mut sending: Vec<_> = pipelines
        .into_iter()
        .map(|(node, pipeline, places)| {
            let mut connection = nodes.get(node).publishing;
            async move {
                let answers = connection.send_packed_commands(&pipeline, 0, places.len()).await?;
                Ok::<_, RedisError>((places, answers))
            }
        })
        .collect();
    let mut answers: Answers = if sending.len() == 1 {
        let sending = sending.remove(0);
        Box::pin(async move { Ok(sending.await?.1) })
    } else {
        let sending = try_join_all(sending);
        let count = tickets.len();
        Box::pin(async move {
            let mut answers = vec![Value::Nil; count];
            for (places, some) in sending.await? {
                places.into_iter().zip(some).for_each(|(place, answer)| answers[place] = answer);
            }
            Ok(answers)
        })
    };
    match poll!(&mut answers) {
        std::task::Poll::Ready(ready) => (tickets, Box::pin(future::ready(ready))),
        std::task::Poll::Pending => (tickets, answers),
    }
}

fn write(shared: &Shared, pipeline: &mut Pipeline, ticket: Ticket, outgoing: &Outgoing) {
    match outgoing {
        Outgoing::Publish { channel, payload } => {
            pipeline.cmd("PUBLISH").arg(&channel[..]).arg(&payload[..]);
        }
        Outgoing::ShardPublish { channel, payload } => {
            pipeline.cmd("SPUBLISH").arg(&channel[..]).arg(&payload[..]);
        }
        Outgoing::Append { stream, fields } => {
            let command = pipeline.cmd("XADD").arg(&stream[..]);
            command.arg("MAXLEN").arg("~").arg(shared.options.max_len).arg("*");
            for (name, content) in fields {
                command.arg(*name).arg(&content[..]);
            }
            command.arg(TICKET_FIELD).arg(shared.id.sign(ticket));
        }
    }
}

/// Takes what was answered out of the hold. Whether something is for another server of the cluster.
fn settle(shared: &Shared, tickets: &[Ticket], answers: Vec<Value>) -> Result<bool, Broken> {
    let is_stream = !shared.options.streams.is_empty();
    let (mut sent, mut has_moved, mut broken) = (0, false, None);
    let mut hold = shared.hold.lock();
    for (ticket, answer) in tickets.iter().zip(answers) {
        match answer {
            Value::ServerError(error) if error.code() == "MOVED" && !is_stream => {
                has_moved = true;
                hold.again(*ticket);
            }
            Value::ServerError(error) if ends_connection(error.code()) => {
                broken = Some(RedisError::from(error).into());
                if is_stream {
                    break;
                }
                hold.again(*ticket);
            }
            Value::ServerError(error) => {
                log::warn!("Redis has refused a message: {}", error.code());
                hold.answered(*ticket, None);
            }
            Value::Int(receivers) => {
                sent += 1;
                hold.answered(*ticket, Some(Sent::Receivers(receivers.try_into().unwrap_or(0))));
            }
            id => {
                let id = value::bytes(id).and_then(|id| EntryId::parse(&id)).map(Sent::Entry);
                sent += u64::from(id.is_some());
                hold.answered(*ticket, id);
            }
        }
    }
    drop(hold);
    shared.vitals.sent.fetch_add(sent, Relaxed);
    broken.map_or(Ok(has_moved), Err)
}

/// Whether Redis says that it takes no messages now, and not that it does not take this one.
pub(super) fn ends_connection(code: &str) -> bool {
    matches!(code, "READONLY" | "LOADING" | "MASTERDOWN" | "NOREPLICAS" | "MISCONF" | "CLUSTERDOWN")
}
