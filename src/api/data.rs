//! The data of a request as the arguments of an event, which go out as they came.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::value::RawValue;

use super::problem::{Problem, ProblemCode};
use crate::{
    config::Config,
    protocol::{Args, DecodeError},
};

/// Reads the one argument of a publication.
pub(super) fn one_argument(
    data: Option<&RawValue>,
    b64data: Option<&str>,
    config: &Config,
) -> Result<Args, Problem> {
    match (data, b64data) {
        (Some(data), None) => arguments([data], "data", config),
        (None, Some(text)) => {
            check_size(text.len() / 4 * 3, "b64data", config)?;
            let bytes = STANDARD
                .decode(text)
                .map_err(|_| Problem::bad_request("expected base64 with padding"))
                .map_err(|problem| problem.in_field("b64data"))?;
            let args = Args::parse(r#"[{"_placeholder":true,"num":0}]"#.into(), 2);
            let args = args.and_then(|args| args.attach(vec![bytes.into()]));
            args.map_err(|_| Problem::new(ProblemCode::Internal, "internal error"))
        }
        _ => Err(Problem::bad_request("expected exactly one of `data` and `b64data`")),
    }
}

/// Reads arguments.
pub(super) fn arguments<'a>(
    values: impl IntoIterator<Item = &'a RawValue>,
    field: &str,
    config: &Config,
) -> Result<Args, Problem> {
    let mut json = String::from("[");
    for (at, value) in values.into_iter().enumerate() {
        if at > 0 {
            json.push(',');
        }
        json.push_str(value.get());
    }
    json.push(']');
    check_size(json.len(), field, config)?;
    // One level more for the list of arguments.
    let depth = config.max_json_depth;
    Args::parse(json.into(), depth.saturating_add(1)).map_err(|error| {
        let problem = match error {
            DecodeError::TooDeep { .. } => {
                Problem::bad_request(format!("nested more than {depth} levels deep"))
            }
            _ => Problem::bad_request("invalid JSON"),
        };
        problem.in_field(field)
    })
}

fn check_size(bytes: usize, field: &str, config: &Config) -> Result<(), Problem> {
    let limit = config.max_payload;
    if bytes <= limit {
        return Ok(());
    }
    let reason = format!("an event has at most {limit} bytes, \"max_payload\"");
    Err(Problem::new(ProblemCode::TooLarge, reason).in_field(field))
}
