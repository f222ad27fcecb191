//! Events of one megabyte that are made to be expensive cost about what their text costs.

use actix_socketio::{HandlerResult, OnMessage};

use crate::{
    fixture::Fixture,
    memory::{is_alone, memory},
    raw::{WebSocket, frame},
};

/// The most memory of a process beside the message: read buffers, and a copy while attachments are
/// due.
const BOUND: usize = 6 << 20;

async fn answer(event: OnMessage) -> HandlerResult {
    let args = event.args();
    let last = args.raw(args.len() - 1);
    event.ack(&(args.len(), args.iter().count(), args.attachments().len(), last))?;
    Ok(())
}

/// Sends an event, and checks its answer and the peak of memory.
fn check(what: &str, text: &str, attachments: usize, expected: &str) {
    let fixture = Fixture::with(|builder| builder.on_message(answer));
    let mut ws = WebSocket::open(fixture.addr);
    ws.join();
    let before = memory("VmHWM");
    ws.send(text);
    for _ in 0..attachments {
        ws.send_raw(frame(0x82, b"x"));
    }
    assert_eq!(ws.text(), format!("431[{expected}]"), "{what}");
    let grown = memory("VmHWM").saturating_sub(before);
    println!("{what}: {} bytes of text take {grown} bytes", text.len());
    assert!(grown < BOUND, "{what}: {grown} bytes more");
    drop(ws);
    fixture.assert_all_freed();
}

/// A tree of these values takes more than 80 MiB.
#[test]
fn a_binary_event_takes_the_memory_of_its_text() {
    if !is_alone("odd_events::a_binary_event_takes_the_memory_of_its_text") {
        return;
    }
    let placeholder = r#"{"_placeholder":true,"num":0}"#;
    let objects = vec![r#"{"a":1}"#; 120_000].join(",");
    let text = format!(r#"451-1["e",[{objects}],{placeholder}]"#);
    let expected = format!(r#"[2,2,1,{}]"#, serde_json::to_string(placeholder).expect("JSON"));
    check("objects beside binary", &text, 1, &expected);
}

/// With 16 bytes for each argument, these take ten times their text.
#[test]
fn an_event_of_many_arguments_takes_the_memory_of_its_text() {
    if !is_alone("odd_events::an_event_of_many_arguments_takes_the_memory_of_its_text") {
        return;
    }
    let text = format!(r#"421["e",{}]"#, vec!["1"; 490_000].join(","));
    check("many arguments", &text, 0, r#"[490000,490000,0,"1"]"#);
}
