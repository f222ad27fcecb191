//! Input that no client should send. Each test checks three things: the documented answer, that
//! only the sender is affected, and that nothing of it is kept.

mod bodies;
mod connects;
mod endings;
mod frames;
mod idle_sessions;
mod names;
mod odd_packets;
mod packets;
mod probes;
mod requests;

/// An event `echo` of this many bytes, and its answer `437["x…x"]`.
fn echo_of(length: usize) -> (String, String) {
    let text = "x".repeat(length - r#"427["echo",""]"#.len());
    (format!(r#"427["echo","{text}"]"#), format!(r#"437["{text}"]"#))
}
