use proptest::prelude::*;
use serde::Deserialize;

use super::*;
use crate::protocol::{Many, event};

fn args(json: &str) -> Result<Args, DecodeError> {
    Args::parse(json.to_owned().into(), 10)
}

#[test]
fn values_keep_their_text() {
    let args = args(r#" [ 1.0 , "a,b" , { "x" : [ 2 ] } ] "#).unwrap();
    assert_eq!(args.iter().collect::<Vec<_>>(), ["1.0", r#""a,b""#, r#"{ "x" : [ 2 ] }"#]);
    assert_eq!(args.skip(2).raw(0), Some(r#"{ "x" : [ 2 ] }"#));
}

#[test]
fn a_mismatch_names_the_argument_and_what_was_expected() {
    let args = args(r#"["x"]"#).unwrap();
    let wrong = args.get::<u32>(0).unwrap_err().to_string();
    assert!(wrong.starts_with("argument 0 is not a u32: invalid type: string"), "{wrong}");
    assert_eq!(
        args.get::<u32>(1).unwrap_err().to_string(),
        "argument 1 (u32) is missing: received 1"
    );
}

#[test]
fn only_arrays_are_arguments() {
    for json in ["", "{}", "1", "[1", "[1]]", "[01]"] {
        assert!(matches!(args(json), Err(DecodeError::Payload(_))), "{json}");
    }
    assert_eq!(args(&"[".repeat(11)), Err(DecodeError::TooDeep { limit: 10 }));
}

#[derive(Debug, PartialEq, Deserialize)]
enum Part {
    Text(String),
    Data(Bytes),
    Nothing,
}

#[derive(Debug, PartialEq, Deserialize)]
struct File {
    name: String,
    data: Bytes,
    thumbnail: Option<Bytes>,
    parts: Vec<Part>,
}

#[test]
fn placeholders_are_read_as_bytes_at_any_depth() {
    let json = r#"[{"_placeholder":true,"num":1},{"name":"a","data":{"_placeholder":true,"num":0},"thumbnail":null,
        "parts":[{"Text":"x"},{"Data":{"num":2,"_placeholder":true}},"Nothing"]},7]"#;
    let [a, b, c] = [&[1, 2][..], &[3], &[]].map(Bytes::from_static);
    let attachments = vec![a.clone(), b.clone(), c.clone()];
    let twice = args(r#"[[{"_placeholder":true,"num":2}],{"_placeholder":true,"num":2}]"#).unwrap();
    assert!(twice.attach(attachments.clone()).is_err());
    let args = args(json).unwrap().attach(attachments).unwrap();
    assert_eq!(args.binary(0), Some(b.clone()));
    assert_eq!(args.get::<Bytes>(0).unwrap(), b);
    let parts = vec![Part::Text("x".to_owned()), Part::Data(c), Part::Nothing];
    assert_eq!(
        args.get::<File>(1).unwrap(),
        File { name: "a".to_owned(), data: a, thumbnail: None, parts }
    );
    assert_eq!(args.get::<u8>(2).unwrap(), 7);
    assert_eq!((args.binary(1), args.binary(2), args.binary(3)), (None, None, None));
    assert!(args.get::<u32>(0).is_err());
}

#[test]
fn received_arguments_can_be_forwarded_unchanged() {
    let relay = |args: &Args| event("/", None, "e", &Many(args)).unwrap();
    let plain = args(r#"["a",1.0,{"b":[null, 2]}]"#).unwrap();
    assert_eq!(relay(&plain).text(), r#"42["e","a",1.0,{"b":[null, 2]}]"#);
    assert_eq!(relay(&Args::default()).text(), r#"42["e"]"#);
    let json = r#"[{"_placeholder":true,"num":1},{"x":[{"_placeholder":true,"num":0},1]}]"#;
    let binary = args(json)
        .unwrap()
        .attach(vec![Bytes::from_static(&[0]), Bytes::from_static(&[1])])
        .unwrap();
    let frame = relay(&binary);
    let [a, b] = [0, 1].map(|num| format!(r#"{{"_placeholder":true,"num":{num}}}"#));
    assert_eq!(frame.text(), format!(r#"452-["e",{a},{{"x":[{b},1]}}]"#));
    assert_eq!(frame.attachments(), [Bytes::from_static(&[1]), Bytes::from_static(&[0])]);
}

proptest! {
    #[test]
    fn strings_have_the_ranges_of_serde_json(
        json in r#"\[?( ?"[a-z\n\\"é]{0,20}" ?[,;]?){0,3}[1\]]?\]?"#,
        texts in proptest::collection::vec("[ -~é]{0,40}", 0..4),
    ) {
        for json in [json, serde_json::to_string(&texts).unwrap()] {
            match (strings(&json), ranges(&json)) {
                (Some(found), Ok(expected)) => prop_assert_eq!(found, expected),
                (Some(_), Err(error)) => prop_assert!(false, "{json} is not an array: {error}"),
                (None, _) => {}
            }
        }
    }
}

#[test]
fn only_arrays_of_plain_strings_skip_the_parser() {
    assert_eq!(strings(r#"["a","é!"]"#), ranges(r#"["a","é!"]"#).ok());
    assert!(strings(r#"["a"]"#).is_some());
    for other in [
        "",
        "[",
        "]",
        "[]",
        r#"["a""#,
        r#"["a",]"#,
        r#"["a"]]"#,
        r#"["a" ,"b"]"#,
        r#"["a\n"]"#,
        r#"["a",1]"#,
        r#"[,"a"]"#,
    ] {
        assert_eq!(strings(other), None, "{other}");
    }
}

#[test]
fn placeholders_are_checked() {
    let attached = |json: &str, count: usize| args(json).unwrap().attach(vec![Bytes::new(); count]);
    for num in ["1", "-1", "0.5", r#""0""#, "null"] {
        let json = format!(r#"[{{"x":[{{"_placeholder":true,"num":{num}}}]}}]"#);
        assert!(matches!(attached(&json, 1), Err(DecodeError::Payload(_))), "{json}");
    }
    assert!(attached(r#"[{"_placeholder":true}]"#, 1).is_err());
    // Without attachments, or with another value, the object is ordinary data.
    assert!(attached(r#"[{"_placeholder":true,"num":9}]"#, 0).is_ok());
    assert!(attached(r#"[{"_placeholder":false,"num":9}]"#, 1).is_ok());
}
