use proptest::prelude::*;

use super::*;
use crate::protocol::{ack, connect, connect_error, disconnect, forward};

fn decode(text: &str) -> Result<Packet, DecodeError> {
    Packet::decode(text.to_owned().into(), &DecodeLimits::default()).map(|(packet, _)| packet)
}

#[test]
fn a_namespace_may_lack_its_comma() {
    let namespaces = ["0", "0/", "0/custom", "0/custom,", "0/custom,{}", "0/c?a=b,"].map(|text| {
        let packet = decode(text).unwrap();
        assert!(matches!(packet.kind, PacketKind::Connect(_)));
        packet.namespace.to_string()
    });
    assert_eq!(namespaces, ["/", "/", "/custom", "/custom", "/custom", "/c?a=b"]);
    assert_eq!(decode("0 {}").unwrap().kind, PacketKind::Connect(Some(" {}".into())));
}

#[test]
fn ack_ids_are_numbers_of_any_size() {
    let id = |text| match decode(text).unwrap().kind {
        PacketKind::Event { id, .. } | PacketKind::Ack { id, .. } => {
            id.map(|id| id.as_str().to_owned())
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(id(r#"2["e"]"#), None);
    assert_eq!(id(r#"2007["e"]"#), Some("7".to_owned()));
    assert_eq!(id(r#"3000[]"#), Some("0".to_owned()));
    assert_eq!(id(r#"312345678901234567890123[1]"#), Some("12345678901234567890123".to_owned()));
}

#[test]
fn names_are_strings_or_numbers() {
    let name = |text| match decode(text).unwrap().kind {
        PacketKind::Event { name, .. } => name.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(name(r#"2["goal"]"#), "goal");
    assert_eq!(name(r#"2["a\n\u00e9"]"#), "a\né");
    assert_eq!(name("2[-1.5,2]"), "-1.5");
    assert_eq!(name("2"), "");
    assert_eq!(name(r#"2["\ud83d",1]"#), "\u{fffd}");
    assert_eq!(name(r#"2["a\udc00\ud83d\ude00"]"#), "a\u{fffd}😀");
}

#[test]
fn errors_name_the_fault_of_an_invalid_packet() {
    let payload = |text: &str| match decode(text) {
        Err(DecodeError::Payload(why)) => why,
        other => panic!("{text}: {other:?}"),
    };
    assert_eq!(payload("1{}"), "DISCONNECT has no payload");
    assert_eq!(payload("0[]"), "expected an object as payload of CONNECT");
    payload("0{]");
    payload("2{}");
    payload("2[]");
    payload("2[{}]");
    payload("2[null]");
    payload("3");
    payload("31{}");
    payload("4{");
    payload(r#"0{"a":NaN}"#);
    for json in [
        "NaN",
        "Infinity",
        "-Infinity",
        "+1",
        "01",
        "1.",
        ".5",
        "'a'",
        "\"\t\"",
        "\"\0\"",
        r#""\x41""#,
        "1e",
    ] {
        payload(&format!("2[\"e\",{json}]"));
        payload(&format!("51-[\"e\",{json},{{\"_placeholder\":true,\"num\":0}}]"));
        payload(&format!("0{{\"a\":{json}}}"));
    }
    assert_eq!(
        decode(&format!("0{{\"a\":{}", "[".repeat(100))),
        Err(DecodeError::TooDeep { limit: 100 })
    );
    assert_eq!(decode(&format!("4{}", "[".repeat(101))), Err(DecodeError::TooDeep { limit: 100 }));
    assert_eq!(decode(""), Err(DecodeError::Empty));
    assert_eq!(decode("9"), Err(DecodeError::UnknownType('9')));
    assert_eq!(decode("€"), Err(DecodeError::UnknownType('€')));
    assert_eq!(decode(r#"2["connect"]"#), Err(DecodeError::Reserved("connect".to_owned())));
    assert_eq!(decode(r#"2["\u0063onnect"]"#), Err(DecodeError::Reserved("connect".to_owned())));
    let deep = format!(r#"2["e",{}"#, "[".repeat(100_000));
    assert_eq!(decode(&deep), Err(DecodeError::TooDeep { limit: 100 }));
}

/// Returns the Engine.IO message of an encoded frame, as a client receives it.
fn message(frame: &crate::protocol::Frame) -> ByteString {
    frame.text().strip_prefix('4').unwrap().into()
}

proptest! {
    #[test]
    fn decode_reverses_encode(
        namespace in "(/[^,]*)?",
        name in ".*",
        texts in proptest::collection::vec(".*", 0..4),
        id in any::<u64>(),
    ) {
        let namespace = if namespace.is_empty() { "/" } else { &namespace };
        let limits = DecodeLimits::default();
        let read = |frame| Packet::decode(message(&frame), &limits).map(|(packet, _)| packet);
        let json = serde_json::to_string(&texts).unwrap();
        let sent = Args::parse(json.into(), 10).unwrap();

        let event = read(forward(namespace, &name, &sent).unwrap());
        if is_reserved(&name) {
            prop_assert_eq!(event, Err(DecodeError::Reserved(name)));
        } else {
            let event = event.unwrap();
            prop_assert_eq!(&*event.namespace, namespace);
            let PacketKind::Event { name: read_name, args, id: None } = event.kind else {
                panic!()
            };
            prop_assert_eq!(&*read_name, &name);
            prop_assert!(args.iter().eq(sent.iter()));
        }

        let answer = read(ack(namespace, &AckId::from(id), &texts).unwrap()).unwrap();
        let PacketKind::Ack { id: read_id, args } = answer.kind else { panic!() };
        prop_assert_eq!(read_id.unwrap().to_u64(), Some(id));
        prop_assert_eq!(args.get::<Vec<String>>(0).unwrap(), texts);

        prop_assert_eq!(read(disconnect(namespace)).unwrap().kind, PacketKind::Disconnect);
        let refusal = read(connect_error(namespace, "{}")).unwrap().kind;
        prop_assert_eq!(refusal, PacketKind::ConnectError("{}".into()));
        let admission = read(connect(namespace, "id")).unwrap().kind;
        prop_assert_eq!(admission, PacketKind::Connect(Some(r#"{"sid":"id"}"#.into())));
    }

    #[test]
    fn arbitrary_text_never_panics(text in r#"[0-9b]?(/[a-z]{0,3},?)?[0-9]{0,3}[\[{"]?.*"#) {
        let _ = decode(&text);
    }
}
