use serde::Deserialize;
use serde_json::value::RawValue;

use super::{truthy, write_strings};
use crate::{
    message::{Flags, Opts},
    message_text::{MessageText, parse},
    wire::Unreadable,
};

#[derive(Deserialize)]
struct RawOpts<'a> {
    #[serde(borrow)]
    rooms: Option<&'a RawValue>,
    #[serde(borrow)]
    except: Option<&'a RawValue>,
    #[serde(borrow)]
    flags: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawFlags<'a> {
    #[serde(borrow)]
    volatile: Option<&'a RawValue>,
    #[serde(borrow)]
    compress: Option<&'a RawValue>,
    #[serde(borrow)]
    timeout: Option<&'a RawValue>,
    #[serde(borrow)]
    expect_single_response: Option<&'a RawValue>,
    #[serde(borrow)]
    skip_history: Option<&'a RawValue>,
}

/// Reads Socket.IO's `opts`. Emitters leave out what is empty.
pub(crate) fn read_opts(text: &MessageText, opts: &RawValue) -> Result<Opts, Unreadable> {
    let opts: RawOpts<'_> = parse(opts.get())?;
    let rooms = |rooms: Option<&RawValue>| {
        rooms.map_or(Ok(Vec::new()), |rooms| text.rooms(rooms, text.limits().rooms))
    };
    Ok(Opts {
        rooms: rooms(opts.rooms)?,
        except: rooms(opts.except)?,
        flags: opts.flags.map_or(Ok(Flags::default()), read_flags)?,
    })
}

fn read_flags(flags: &RawValue) -> Result<Flags, Unreadable> {
    // PHP's emitter has no other empty map than an empty list.
    if flags.get() == "[]" {
        return Ok(Flags::default());
    }
    let flags: RawFlags<'_> = parse(flags.get())?;
    let is_set = |flag: Option<&RawValue>| flag.and_then(truthy).unwrap_or(false);
    let timeout = flags.timeout.map(|timeout| parse::<f64>(timeout.get())).transpose()?;
    Ok(Flags {
        volatile: is_set(flags.volatile),
        compress: flags.compress.and_then(truthy),
        timeout: timeout.map(|timeout| timeout.ceil() as u64),
        expect_single_response: is_set(flags.expect_single_response),
        skip_history: is_set(flags.skip_history),
    })
}

/// Writes Socket.IO's `opts`, with all members that Node's servers rely on. Requests of the classic
/// adapter have no flags.
pub(crate) fn write_opts(out: &mut Vec<u8>, opts: &Opts, with_flags: bool) {
    out.extend_from_slice(br#"{"rooms":"#);
    write_strings(out, opts.rooms.iter().map(|room| &**room));
    out.extend_from_slice(br#","except":"#);
    write_strings(out, opts.except.iter().map(|room| &**room));
    if with_flags {
        out.extend_from_slice(br#","flags":"#);
        write_flags(out, &opts.flags);
    }
    out.push(b'}');
}

fn write_flags(out: &mut Vec<u8>, flags: &Flags) {
    let Flags { volatile, compress, timeout, expect_single_response, skip_history } = flags;
    let members = [
        volatile.then(|| r#""volatile":true"#.to_owned()),
        compress.map(|compress| format!(r#""compress":{compress}"#)),
        timeout.map(|timeout| format!(r#""timeout":{timeout}"#)),
        expect_single_response.then(|| r#""expectSingleResponse":true"#.to_owned()),
        skip_history.then(|| r#""skipHistory":true"#.to_owned()),
    ];
    out.push(b'{');
    for (index, member) in members.into_iter().flatten().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(member.as_bytes());
    }
    out.push(b'}');
}
