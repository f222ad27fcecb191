use bytes::Bytes;
use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Tree {
    Scalar(String),
    Binary(Vec<u8>),
    Array(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

impl Tree {
    fn write(&self, json: &mut String, attachments: &mut Vec<Bytes>) {
        let separate =
            |json: &mut String, index: usize| json.push_str(if index == 0 { "" } else { "," });
        match self {
            Self::Scalar(text) => json.push_str(text),
            Self::Binary(data) => {
                json.push_str(&format!(r#"{{"_placeholder":true,"num":{}}}"#, attachments.len()));
                attachments.push(data.clone().into());
            }
            Self::Array(values) => {
                json.push('[');
                for (index, value) in values.iter().enumerate() {
                    separate(json, index);
                    value.write(json, attachments);
                }
                json.push(']');
            }
            Self::Object(members) => {
                json.push('{');
                for (index, (key, value)) in members.iter().enumerate() {
                    separate(json, index);
                    json.push_str(&serde_json::to_string(key).unwrap());
                    json.push(':');
                    value.write(json, attachments);
                }
                json.push('}');
            }
        }
    }
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        prop_oneof!["null", "true", "false"].prop_map(Tree::Scalar),
        any::<u64>().prop_map(|number| Tree::Scalar(number.to_string())),
        any::<i64>().prop_map(|number| Tree::Scalar(number.to_string())),
        any::<i8>().prop_map(|number| Tree::Scalar(number.to_string())),
        any::<f64>()
            .prop_filter("written as a float", |number| integral(*number).is_err()
                && number.is_finite())
            .prop_map(|number| Tree::Scalar(format!("{number:?}"))),
        ".*".prop_map(|text| Tree::Scalar(serde_json::to_string(&text).unwrap())),
        proptest::collection::vec(any::<u8>(), 0..300).prop_map(Tree::Binary),
    ];
    leaf.prop_recursive(5, 64, 20, |tree| {
        prop_oneof![
            proptest::collection::vec(tree.clone(), 0..20).prop_map(Tree::Array),
            proptest::collection::vec((".*", tree), 0..20).prop_map(Tree::Object),
        ]
    })
}

proptest! {
    #[test]
    fn decode_reverses_encode(
        namespace in ".*",
        name in ".*",
        values in proptest::collection::vec(tree(), 0..4),
        id in any::<Option<u64>>(),
    ) {
        prop_assume!(!is_reserved(&name));
        let limits = DecodeLimits::new(100, usize::MAX, usize::MAX);
        let parse = |values: Vec<Tree>| {
            let (mut json, mut attachments) = (String::new(), Vec::new());
            Tree::Array(values).write(&mut json, &mut attachments);
            Args::parse(json.into(), 100).unwrap().attach(attachments).unwrap()
        };
        let quoted = serde_json::to_string(&name).unwrap();
        let named = std::iter::once(Tree::Scalar(quoted.clone())).chain(values.clone()).collect();
        let object = format!("{{{quoted}:[{quoted}]}}");
        for kind in [
            PacketKind::Event {
                name: name.into(),
                args: parse(named).skip(1),
                id: id.map(AckId::from),
            },
            PacketKind::Ack { id: id.map(AckId::from), args: parse(values) },
            PacketKind::Connect(Some(object.clone().into())),
            PacketKind::Connect(None),
            PacketKind::Disconnect,
            PacketKind::ConnectError(object.into()),
            PacketKind::ConnectError(quoted.into()),
        ] {
            let sent = packet(&namespace, kind);
            prop_assert_eq!(decode(&encode(&sent), &limits), Ok(sent));
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(data in proptest::collection::vec(any::<u8>(), 0..200)) {
        let limits = DecodeLimits::new(5, 2, usize::MAX);
        let _ = decode(&data.clone().into(), &limits);
        let mut packet = b"\x83\xa4type\x02\xa3nsp\xa1/\xa4data\x92\xa1e".to_vec();
        packet.extend(data);
        // An accepted packet can be encoded, and is decoded to the same packet.
        for end in 0..=packet.len() {
            if let Ok(read) = decode(&packet[..end].to_vec().into(), &limits) {
                prop_assert_eq!(decode(&encode(&read), &limits), Ok(read));
            }
        }
    }

    #[test]
    fn arbitrary_text_never_panics(json in ".*", braces in r#"[\[\]{}",:0-9a-z\\ ]*"#) {
        for json in [json, braces] {
            let _ = encode(&packet("/", PacketKind::ConnectError(json.clone().into())));
            let _ = write_json(&mut Vec::new(), &json, &[Bytes::new()]);
        }
    }
}
