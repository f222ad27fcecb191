//! The cost of decoding and encoding Engine.IO packets, Socket.IO packets, MessagePack, polling
//! bodies, and the WebSocket frame that all receivers share.

use std::{hint::black_box, time::Duration};

use actix_socketio::{
    Many,
    internals::{EnginePacket, Frame, Msgpack, ack, event, payload},
    protocol::{AckId, Args, DecodeLimits, Decoder, MsgpackParser, Packet, PacketKind, Parser},
};
use bytes::Bytes;
use bytestring::ByteString;
use criterion::{BatchSize, Criterion, Throughput};
use serde::{Deserialize, Serialize};

/// The data of an application.
#[derive(Debug, Serialize, Deserialize)]
struct Match {
    home: String,
    away: String,
    goals: Vec<Goal>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Goal {
    minute: u32,
    scorer: String,
    own: bool,
    position: [f64; 2],
}

impl Match {
    /// About 1 KB of JSON.
    fn new() -> Self {
        let goal = |minute| Goal {
            minute,
            scorer: format!("player {minute}"),
            own: false,
            position: [10.25, f64::from(minute)],
        };
        Self {
            home: "Rovers".to_owned(),
            away: "Wanderers".to_owned(),
            goals: (10..24).map(goal).collect(),
        }
    }
}

const KILOBYTE: [u8; 1024] = [7; 1024];

fn attachment() -> Bytes {
    Bytes::from_static(&KILOBYTE)
}

/// The packet of a client with the data of the frame, without the Engine.IO type.
fn text(frame: &Frame) -> ByteString {
    frame.text()[1..].into()
}

fn frame<T: Serialize + ?Sized>(data: &T) -> Frame {
    event("/", None, "message", data).expect("it is JSON")
}

fn engine_io(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("engine.io");
    for (size, data) in [("small", frame("hello")), ("1 KB", frame(&Match::new()))] {
        let packet = EnginePacket::Message(text(&data));
        let written = packet.encode();
        group.bench_function(format!("decode/{size}"), |bench| {
            bench.iter(|| EnginePacket::decode(written.clone()));
        });
        group.bench_function(format!("encode/{size}"), |bench| bench.iter(|| packet.encode()));
    }
    let packet = EnginePacket::Binary(attachment());
    let written = packet.encode();
    group.bench_function("decode/base64, 1 KB", |bench| {
        bench.iter(|| EnginePacket::decode(written.clone()));
    });
    group.bench_function("encode/base64, 1 KB", |bench| bench.iter(|| packet.encode()));
    group.finish();
}

fn socket_io(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("socket.io");
    let large = Match::new();
    let (id, bytes) = (AckId::from(7), attachment());

    group.bench_function("encode/small", |bench| {
        bench.iter(|| event("/", None, "message", black_box("hello")));
    });
    group.bench_function("encode/1 KB", |bench| {
        bench.iter(|| event("/", None, "message", black_box(&large)));
    });
    group.bench_function("encode/ack", |bench| bench.iter(|| ack("/", &id, black_box("hello"))));
    group.bench_function("encode/an attachment", |bench| {
        bench.iter(|| event("/", None, "image", black_box(&bytes)));
    });
    let three = Many([&bytes, &bytes, &bytes]);
    group.bench_function("encode/3 attachments", |bench| {
        bench.iter(|| event("/", None, "image", black_box(&three)));
    });

    let mut decoder = Decoder::new(DecodeLimits::default());
    let small = text(&frame("hello"));
    group.bench_function("decode/small", |bench| bench.iter(|| decoder.text(small.clone())));
    let asking = text(&event("/", Some(7), "message", "hello").expect("it is JSON"));
    group.bench_function("decode/to be acknowledged", |bench| {
        bench.iter(|| decoder.text(asking.clone()));
    });
    let text_of_large = text(&frame(&large));
    group.bench_function("decode/1 KB", |bench| bench.iter(|| decoder.text(text_of_large.clone())));
    for (name, frame) in [("an attachment", frame(&bytes)), ("3 attachments", frame(&three))] {
        let text = text(&frame);
        group.bench_function(format!("decode/{name}"), |bench| {
            bench.iter(|| {
                let mut packet = decoder.text(text.clone());
                for attachment in frame.attachments() {
                    packet = decoder.binary(attachment.clone());
                }
                packet
            });
        });
    }

    // The cost for a handler that reads its argument.
    let json = |frame: &Frame| frame.text()[2..].to_owned();
    let args = Args::parse(json(&frame("hello")).into(), 100).expect("an array");
    group.bench_function("read/small", |bench| bench.iter(|| args.get::<String>(1)));
    let args = Args::parse(json(&frame(&large)).into(), 100).expect("an array");
    group.bench_function("read/1 KB", |bench| bench.iter(|| args.get::<Match>(1)));
    group.finish();
}

fn msgpack(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("msgpack");
    let (writer, mut decoder) =
        (Msgpack::default(), MsgpackParser.decoder(DecodeLimits::default()));
    let large = Match::new();
    let bytes = attachment();

    group.bench_function("encode/small", |bench| {
        bench.iter(|| writer.event("message", black_box("hello")));
    });
    group.bench_function("encode/1 KB", |bench| {
        bench.iter(|| writer.event("message", black_box(&large)));
    });
    group.bench_function("encode/an attachment", |bench| {
        bench.iter(|| writer.event("image", black_box(&bytes)));
    });

    let message = |frame: Result<Frame, serde_json::Error>| {
        frame.expect("it is JSON").attachments()[0].clone()
    };
    for (name, message) in [
        ("small", message(writer.event("message", "hello"))),
        ("1 KB", message(writer.event("message", &large))),
        ("an attachment", message(writer.event("image", &bytes))),
    ] {
        group.bench_function(format!("decode/{name}"), |bench| {
            bench.iter(|| decoder.binary(message.clone()));
        });
    }

    let args = Args::parse(text(&frame(&large))[1..].into(), 100).expect("an array");
    let kind = PacketKind::Event { name: "message".into(), args, id: None };
    let packet = Packet::new("/", kind);
    group.bench_function("encode/1 KB, from a packet", |bench| {
        bench.iter(|| MsgpackParser.encode(&packet));
    });
    group.finish();
}

fn polling(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("polling body");
    for count in [1, 10, 100] {
        let frames = vec![frame("hello"); count];
        let body = ByteString::try_from(payload::encode(frames.clone())).expect("text");
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(format!("encode/{count}"), |bench| {
            bench.iter_batched(|| frames.clone(), payload::encode, BatchSize::SmallInput);
        });
        group.bench_function(format!("decode/{count}"), |bench| {
            bench.iter(|| payload::decode(body.clone()).count());
        });
    }
    group.finish();
}

fn websocket(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("websocket frame");
    for (size, length) in [("10 B", 10), ("1 KB", 1024), ("100 KB", 100 * 1024)] {
        // Header and payload: the form of the header depends on the length.
        let packet = EnginePacket::Message("x".repeat(length).into());
        group.bench_function(format!("encode/{size}"), |bench| {
            bench.iter(|| Frame::engine(&packet));
        });
        // The cost of one more receiver.
        let frame = Frame::engine(&packet);
        group.bench_function(format!("share/{size}"), |bench| bench.iter(|| frame.clone()));
    }
    let frame = frame(&attachment());
    group.bench_function("share/an attachment", |bench| bench.iter(|| frame.clone()));
    group
        .bench_function("to base64/an attachment", |bench| bench.iter(|| frame.websocket_base64()));
    group.finish();
}

fn main() {
    let criterion = Criterion::default();
    let criterion =
        criterion.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    let mut criterion = criterion.configure_from_args();
    engine_io(&mut criterion);
    socket_io(&mut criterion);
    msgpack(&mut criterion);
    polling(&mut criterion);
    websocket(&mut criterion);
    criterion.final_summary();
}
