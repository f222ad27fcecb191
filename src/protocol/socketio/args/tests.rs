use proptest::prelude::*;
use serde::Deserialize;

use super::*;
use crate::protocol::{Many, event, forward};

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
            match (strings(&json, 0), ranges(&json, 0)) {
                (Some(found), Ok(expected)) => prop_assert_eq!(found, expected),
                (Some(_), Err(error)) => prop_assert!(false, "{json} is not an array: {error}"),
                (None, _) => {}
            }
        }
    }
}

#[test]
fn only_arrays_of_plain_strings_skip_the_parser() {
    assert_eq!(strings(r#"["a","é!"]"#, 0), ranges(r#"["a","é!"]"#, 0).ok());
    assert!(strings(r#"["a"]"#, 0).is_some());
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
        assert_eq!(strings(other, 0), None, "{other}");
    }
}

#[test]
fn what_is_beside_binary_is_read_as_without_it() {
    let values =
        r#"1180591620717411303425,-0,1e2,1e999,{"b":1,"a":2,"b":3},"\ud83d",{"\udc00":[1.0]}"#;
    let binary = r#"{"_placeholder":true,"num":0}"#;
    let nested = r#"{"\ud83d":1,"\udc00":[{"b":-0,"a":["x",PLACEHOLDER,1.10]}]}"#;
    let json = format!(
        "[{values},{binary},{}]",
        nested.replace("PLACEHOLDER", r#"{ "num":1 ,"_placeholder": true}"#)
    );
    let data = [Bytes::from_static(&[7]), Bytes::from_static(&[8])];
    let args = args(&json).unwrap().attach(data.to_vec()).unwrap();
    let second = binary.replace('0', "1");
    let expected =
        format!(r#"452-["e",{values},{binary},{}]"#, nested.replace("PLACEHOLDER", &second));
    // By a handler, by a client's request, and within data of the application.
    for frame in [
        event("/", None, "e", &Many(&args)).unwrap(),
        forward("/", "e", &args).unwrap(),
        event("/", None, "e", &Many(Args::parse("[]".into(), 1).map(|_| &args).unwrap())).unwrap(),
    ] {
        assert_eq!(frame.text(), expected);
        assert_eq!(frame.attachments(), data);
    }
    let frame = event("/", None, "e", &(&data[1], &args, 1)).unwrap();
    let renumbered = expected.replace(&second, "SECOND").replace(binary, &second);
    let renumbered = renumbered.replace("SECOND", &binary.replace('0', "2"));
    let list = renumbered.strip_prefix(r#"452-["e","#).unwrap();
    assert_eq!(frame.text(), format!(r#"453-["e",[{binary},[{list},1]]"#));
    assert_eq!(frame.attachments(), [&data[1], &data[0], &data[1]]);
    // Typed reading, with the digits and the keys of the text.
    assert_eq!(args.get::<u128>(0).unwrap(), 1_180_591_620_717_411_303_425);
    assert!(args.get::<String>(5).is_err());
    assert_eq!(args.get::<Bytes>(7).unwrap(), data[0]);
    assert_eq!(args.binary(8), None);
    // Outside a packet, placeholders are what they are in the text.
    assert!(serde_json::to_string(&args).unwrap().ends_with(&expected[expected.len() - 40..]));
}

#[derive(Debug, PartialEq, Deserialize)]
struct Branch {
    left: Option<Box<Branch>>,
    big: u128,
    data: Bytes,
}

#[test]
fn a_structure_around_binary_reads_its_other_values_as_without_it() {
    let json = r#"[{"left":{"data":{"_placeholder":true,"num":1},"big":1180591620717411303425,"more":"\ud83d"},
        "big":2,"x":[{"y":1e999}],"data":{"_placeholder":true,"num":0}}]"#;
    let data = vec![Bytes::from_static(&[1]), Bytes::from_static(&[2])];
    let args = args(json).unwrap().attach(data).unwrap();
    let left = Branch { left: None, big: 1_180_591_620_717_411_303_425, data: "\u{2}".into() };
    let tree = Branch { left: Some(Box::new(left)), big: 2, data: "\u{1}".into() };
    assert_eq!(args.get::<Branch>(0).unwrap(), tree);
    // Deep data does not overflow the stack.
    let deep = format!(
        "{}{{\"_placeholder\":true,\"num\":0}}{}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let deep = Args::parse(deep.into(), usize::MAX).unwrap().attach(vec![Bytes::new()]).unwrap();
    assert!(deep.get::<serde_json::Value>(0).unwrap_err().to_string().contains("recursion limit"));
}

#[test]
fn many_arguments_take_little_memory_beside_their_text() {
    for count in [0, 1, 7, 8, 9, 24, 25, 1_000] {
        let values: Vec<_> = (0..count).map(|value| value.to_string()).collect();
        let args = args(&format!("[{}]", values.join(" , "))).unwrap();
        assert_eq!(args.len(), count);
        assert_eq!(args.iter().len(), count);
        assert!(args.iter().eq(&values));
        for first in [1, 8, 9, 30, 2_000] {
            let rest = args.clone().skip(first);
            assert!(rest.iter().eq(values.iter().skip(first)), "{count} without {first}");
            assert_eq!(rest.len(), count.saturating_sub(first));
            assert_eq!(rest.raw(3), values.get(first + 3).map(String::as_str));
        }
        assert!(
            (0..count + 2)
                .map(|index| args.raw(index))
                .eq(values.iter().map(|value| Some(value.as_str())).chain([None, None]))
        );
    }
    for value in ["1", r#""""#] {
        let json = format!("[{}]", vec![value; 250_000].join(","));
        let length = json.len();
        let cost = args(&json).unwrap().cost();
        assert!(cost < length + length / 2, "{cost} bytes for {length} of text");
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
    assert!(attached(r#"[{"_placeholder":1,"num":9}]"#, 0).is_ok());
    assert!(attached(r#"[{"_placeholder":1,"num":0}]"#, 1).is_err());
}
