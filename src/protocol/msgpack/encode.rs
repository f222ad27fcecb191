use std::io;

use bytes::Bytes;
use rmp::encode as mp;
use serde::de::IgnoredAny;

use super::{
    super::{
        AckId, Args, Packet, PacketKind,
        socketio::{scan::value_end, unescape::unescape},
    },
    integral,
};

/// Encodes a packet as the official server does, with the members in the same order.
///
/// A `Connect` or `ConnectError` that is not JSON becomes nil. Half of a surrogate pair becomes
/// U+FFFD: JSON can escape it, but a MessagePack string cannot hold it.
pub(crate) fn encode(packet: &Packet) -> Bytes {
    let mut out = Vec::with_capacity(128);
    let _ = write_packet(&mut out, packet); // a `Vec` accepts every write, and nothing else fails
    out.into()
}

/// Adds a string at the end of the arguments of an event that [`encode`] has written, and that asks
/// for no acknowledgement. `None`: it is another packet.
pub(crate) fn with_argument(packet: &[u8], namespace: &str, argument: &str) -> Option<Vec<u8>> {
    let (mut head, mut tail) = (Vec::new(), Vec::new());
    write_start(&mut head, 3, 2).ok()?;
    mp::write_str(&mut head, "data").ok()?;
    mp::write_str(&mut tail, "nsp").ok()?;
    mp::write_str(&mut tail, namespace).ok()?;
    let mut array = packet.strip_prefix(&head[..])?.strip_suffix(&tail[..])?;
    let count = rmp::decode::read_array_len(&mut array).ok()?;
    let mut out = Vec::with_capacity(packet.len() + argument.len() + 8);
    out.extend_from_slice(&head);
    mp::write_array_len(&mut out, count.checked_add(1)?).ok()?;
    out.extend_from_slice(array);
    mp::write_str(&mut out, argument).ok()?;
    out.extend_from_slice(&tail);
    Some(out)
}

fn write_packet(out: &mut Vec<u8>, packet: &Packet) -> io::Result<()> {
    match &packet.kind {
        PacketKind::Connect(None) => write_start(out, 2, 0)?,
        PacketKind::Connect(Some(json)) => write_object(out, 0, json)?,
        PacketKind::Disconnect => write_start(out, 2, 1)?,
        PacketKind::Event { name, args, id } => {
            write_start(out, 3 + u32::from(id.is_some()), 2)?;
            write_args(out, Some(name), args)?;
            if let Some(id) = id {
                write_id(out, id)?;
            }
        }
        PacketKind::Ack { id: Some(id), args } => {
            mp::write_map_len(out, 4)?;
            write_id(out, id)?;
            write_type(out, 3)?;
            write_args(out, None, args)?;
        }
        PacketKind::Ack { id: None, args } => {
            write_start(out, 3, 3)?;
            write_args(out, None, args)?;
        }
        PacketKind::ConnectError(json) => write_object(out, 4, json)?,
    }
    mp::write_str(out, "nsp")?;
    Ok(mp::write_str(out, &packet.namespace)?)
}

fn write_start(out: &mut Vec<u8>, members: u32, kind: u8) -> io::Result<()> {
    mp::write_map_len(out, members)?;
    write_type(out, kind)
}

fn write_type(out: &mut Vec<u8>, kind: u8) -> io::Result<()> {
    mp::write_str(out, "type")?;
    mp::write_pfix(out, kind)
}

fn write_id(out: &mut Vec<u8>, id: &AckId) -> io::Result<()> {
    mp::write_str(out, "id")?;
    write_number(out, id.as_str())
}

fn write_object(out: &mut Vec<u8>, kind: u8, json: &str) -> io::Result<()> {
    write_start(out, 3, kind)?;
    mp::write_str(out, "data")?;
    let is_json = serde_json::from_str::<IgnoredAny>(json).is_ok();
    write_json(out, if is_json { json } else { "null" }, &[])
}

fn write_args(out: &mut Vec<u8>, name: Option<&str>, args: &Args) -> io::Result<()> {
    mp::write_str(out, "data")?;
    let count = args.len() + usize::from(name.is_some());
    mp::write_array_len(out, u32::try_from(count).unwrap_or(u32::MAX))?;
    if let Some(name) = name {
        mp::write_str(out, name)?;
    }
    args.iter().try_for_each(|json| write_json(out, json, args.attachments()))
}

/// An array or object that is being written.
struct ContainerWriter<'a> {
    /// The position in the output at which it starts, with one byte as space for the shortest
    /// header.
    start: usize,
    is_map: bool,
    /// The number of keys and values written so far.
    items: u32,
    /// The last key, with its quotes.
    key: &'a str,
    /// Whether it has the member `"_placeholder": true`.
    is_placeholder: bool,
    /// The value of its member `"num"`, which is the index of an attachment in a placeholder.
    num: Option<usize>,
}

impl<'a> ContainerWriter<'a> {
    /// Counts a key or value, and notes the members of a placeholder.
    fn add(&mut self, token: &'a str) {
        self.items += 1;
        if self.is_map && self.items % 2 == 1 {
            self.key = token;
        } else if self.key == r#""_placeholder""# {
            self.is_placeholder = token == "true";
        } else if self.key == r#""num""# {
            self.num = token.parse().ok();
        }
    }

    /// Writes the header, or replaces a placeholder by its attachment.
    fn finish(self, out: &mut Vec<u8>, attachments: &[Bytes]) -> io::Result<()> {
        if let Some(data) =
            self.num.filter(|_| self.is_placeholder).and_then(|num| attachments.get(num))
        {
            out.truncate(self.start);
            return Ok(mp::write_bin(out, data)?);
        }
        let mut header = [0; 5];
        let mut space = &mut header[..];
        if self.is_map {
            mp::write_map_len(&mut space, self.items / 2)?;
        } else {
            mp::write_array_len(&mut space, self.items)?;
        }
        let unused = space.len();
        out.splice(self.start..=self.start, header[..header.len() - unused].iter().copied());
        Ok(())
    }
}

/// Writes valid JSON of any depth as MessagePack, with attachments in place of their placeholders.
pub(super) fn write_json(out: &mut Vec<u8>, json: &str, attachments: &[Bytes]) -> io::Result<()> {
    let mut open: Vec<ContainerWriter<'_>> = Vec::new();
    let mut rest = json;
    while let Some(first) = rest.bytes().next() {
        let length = match first {
            b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => value_end(rest.as_bytes(), 0),
            _ => 1,
        };
        let (token, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        rest = after;
        match first {
            b'[' | b'{' => {
                let (start, is_map) = (out.len(), first == b'{');
                open.push(ContainerWriter {
                    start,
                    is_map,
                    items: 0,
                    key: "",
                    is_placeholder: false,
                    num: None,
                });
                out.push(0);
                continue;
            }
            b']' | b'}' => {
                if let Some(done) = open.pop() {
                    done.finish(out, attachments)?;
                }
            }
            b'"' if token.contains('\\') => {
                mp::write_str(out, &unescape(token))?;
            }
            // A string without escapes has no quotes within.
            b'"' => mp::write_str(out, token.trim_matches('"'))?,
            b'n' => mp::write_nil(out)?,
            b't' | b'f' => mp::write_bool(out, first == b't')?,
            b'-' | b'0'..=b'9' => write_number(out, token)?,
            _ => continue, // space, comma or colon
        }
        if let Some(parent) = open.last_mut() {
            parent.add(token);
        }
    }
    Ok(())
}

/// Writes a number as notepack does. An integer takes its shortest form, also if the text has a
/// fraction or an exponent. Any other number is a double. Integers beyond 64 bits, which notepack
/// writes wrongly, are doubles too.
fn write_number(out: &mut Vec<u8>, text: &str) -> io::Result<()> {
    match integer(text) {
        Ok(integer) if integer >= 0 => mp::write_uint(out, integer as u64)?,
        Ok(integer) => mp::write_sint(out, integer as i64)?,
        Err(float) => return Ok(mp::write_f64(out, float)?),
    };
    Ok(())
}

/// Parses a number as an integer that fits into an `i64` or a `u64`, and else as a float.
fn integer(text: &str) -> Result<i128, f64> {
    match text.parse::<i128>() {
        Ok(integer) => Ok(integer),
        // Rust parses each JSON number as a float.
        Err(_) => integral(text.parse().unwrap_or(f64::NAN)),
    }
    .and_then(|integer| {
        let fits = (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&integer);
        if fits { Ok(integer) } else { Err(integer as f64) }
    })
}
