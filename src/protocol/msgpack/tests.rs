use bytes::Bytes;

use super::{decode, encode, encode::write_json, integral, reader::bad};
use crate::protocol::{AckId, Args, DecodeError, DecodeLimits, Packet, PacketKind, is_reserved};

mod properties;

fn packet(namespace: &str, kind: PacketKind) -> Packet {
    Packet { namespace: namespace.into(), kind }
}

fn args(json: &str, attachments: &[&[u8]]) -> Args {
    let attachments = attachments.iter().map(|data| Bytes::copy_from_slice(data)).collect();
    Args::parse(json.into(), 100).unwrap().attach(attachments).unwrap()
}

fn event(json: &str, attachments: &[&[u8]], id: Option<u64>) -> PacketKind {
    let args = args(json, attachments);
    PacketKind::Event {
        name: args.get::<String>(0).unwrap().into(),
        args: args.skip(1),
        id: id.map(AckId::from),
    }
}

fn ack(json: &str, attachments: &[&[u8]], id: u64) -> PacketKind {
    PacketKind::Ack { id: Some(AckId::from(id)), args: args(json, attachments) }
}

fn bytes(hex: &str) -> Bytes {
    let digit = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(digit).collect()
}

fn read(hex: &str) -> Result<Packet, DecodeError> {
    decode(&bytes(hex), &DecodeLimits::default())
}

/// Returns the JSON of an event's arguments, and the number of its attachments.
fn read_args(hex: &str) -> (String, usize) {
    match read(hex).unwrap().kind {
        PacketKind::Event { args, .. } => {
            (args.iter().collect::<Vec<_>>().join(","), args.attachments().len())
        }
        other => panic!("{other:?}"),
    }
}

const NUMBERS: &str = "[0,0,127,128,255,256,65535,65536,4294967295,4294967296,9007199254740991,-1,-32,-33,-128,-129,\
    -32768,-32769,-2147483648,-2147483649,-9007199254740991,1.5,-0.1,5e-324,0.30000000000000004,1000000000000000,\
    9223372036854775808]";

/// Packets as socket.io's server makes them, with their bytes in hexadecimal as
/// socket.io-msgpack-parser 3.0.2 (with notepack.io 2.2.0) writes them.
fn packet_vectors() -> Vec<(Packet, &'static str)> {
    vec![
        // {type:0,data:{sid:"abc"},nsp:"/"}
        (
            packet("/", PacketKind::Connect(Some(r#"{"sid":"abc"}"#.into()))),
            "83a47479706500a46461746181a3736964a3616263a36e7370a12f",
        ),
        // {type:0,nsp:"/admin"}
        (packet("/admin", PacketKind::Connect(None)), "82a47479706500a36e7370a62f61646d696e"),
        // {type:1,nsp:"/admin"}
        (packet("/admin", PacketKind::Disconnect), "82a47479706501a36e7370a62f61646d696e"),
        // {type:2,data:["goal",{b:1,a:[true,false,null,"é"]}],nsp:"/"}
        (
            packet("/", event(r#"["goal",{"b":1,"a":[true,false,null,"é"]}]"#, &[], None)),
            "83a47479706502a46461746192a4676f616c82a16201a16194c3c2c0a2c3a9a36e7370a12f",
        ),
        // {type:2,data:["q"],id:300,nsp:"/x"}
        (
            packet("/x", event(r#"["q"]"#, &[], Some(300))),
            "84a47479706502a46461746191a171a26964cd012ca36e7370a22f78",
        ),
        // {type:2,data:["f",Buffer.from([1,2,3]),{x:Buffer.from([])}],nsp:"/"}
        (
            packet(
                "/",
                event(
                    r#"["f",{"_placeholder":true,"num":0},{"x":{"_placeholder":true,"num":1}}]"#,
                    &[&[1, 2, 3], &[]],
                    None,
                ),
            ),
            "83a47479706502a46461746193a166c40301020381a178c400a36e7370a12f",
        ),
        // {id:70000,type:3,data:[],nsp:"/"}
        (
            packet("/", ack("[]", &[], 70_000)),
            "84a26964ce00011170a47479706503a46461746190a36e7370a12f",
        ),
        // {id:7,type:3,data:[Buffer.from([255])],nsp:"/"}
        (
            packet("/", ack(r#"[{"_placeholder":true,"num":0}]"#, &[&[255]], 7)),
            "84a2696407a47479706503a46461746191c401ffa36e7370a12f",
        ),
        // {type:4,data:{message:"Invalid namespace"},nsp:"/no"}
        (
            packet("/no", PacketKind::ConnectError(r#"{"message":"Invalid namespace"}"#.into())),
            "83a47479706504a46461746181a76d657373616765b1496e76616c6964206e616d657370616365a36e7370a32f6e6f",
        ),
    ]
}

/// The same for acknowledgements whose arguments have headers of several sizes.
fn argument_vectors() -> Vec<(Packet, &'static str)> {
    let text = |x: usize| "x".repeat(x);
    let zeros = |count| format!("[{}]", vec!["0"; count].join(","));
    let lengths = format!(r#"["{}","{}",{},{}]"#, text(31), text(32), zeros(15), zeros(16));
    let members: Vec<_> = (0..16).map(|i| format!(r#""k{i}":{i}"#)).collect();
    let map = format!("[{{{}}}]", members.join(","));
    vec![
        // {id:1,type:3,data:[0,-0,127,…],nsp:"/"}
        (
            packet("/", ack(NUMBERS, &[], 1)),
            "84a2696401a47479706503a464617461dc001b00007fcc80ccffcd0100cdffffce00010000ceffffffffcf00000001000000\
             00cf001fffffffffffffffe0d0dfd080d1ff7fd18000d2ffff7fffd280000000d3ffffffff7fffffffd3ffe0000000000001\
             cb3ff8000000000000cbbfb999999999999acb0000000000000001cb3fd3333333333334cf00038d7ea4c68000cf80000000\
             00000000a36e7370a12f",
        ),
        // {id:1,type:3,nsp:"/",
        //  data:["x".repeat(31),"x".repeat(32),Array(15).fill(0),Array(16).fill(0)]}
        (
            packet("/", ack(&lengths, &[], 1)),
            "84a2696401a47479706503a46461746194bf78787878787878787878787878787878787878787878787878787878787878d9\
             2078787878787878787878787878787878787878787878787878787878787878789f000000000000000000000000000000dc\
             001000000000000000000000000000000000a36e7370a12f",
        ),
        // {id:1,type:3,data:[{k0:0,…,k15:15}],nsp:"/"}
        (
            packet("/", ack(&map, &[], 1)),
            "84a2696401a47479706503a46461746191de0010a26b3000a26b3101a26b3202a26b3303a26b3404a26b3505a26b3606a26b\
             3707a26b3808a26b3909a36b31300aa36b31310ba36b31320ca36b31330da36b31340ea36b31350fa36e7370a12f",
        ),
    ]
}

#[test]
fn packets_have_the_bytes_of_the_npm_package() {
    for (packet, hex) in packet_vectors().into_iter().chain(argument_vectors()) {
        assert_eq!(format!("{:02x}", encode(&packet)), hex, "{packet:?}");
        assert_eq!(read(hex).unwrap(), packet);
    }
}

#[test]
fn packets_of_the_npm_package_are_decoded() {
    // A client's: {type:0,data:undefined,nsp:"/"}
    assert_eq!(
        read("83a47479706500a464617461d40000a36e7370a12f").unwrap(),
        packet("/", PacketKind::Connect(None))
    );
    // {type:2,data:["e",1],options:{compress:true},id:0,nsp:"/"}
    let hex = "85a47479706502a46461746192a16501a76f7074696f6e7381a8636f6d7072657373c3a2696400a36e7370a12f";
    assert_eq!(read(hex).unwrap(), packet("/", event(r#"["e",1]"#, &[], Some(0))));
    // {type:3,id:5,data:["ok"],nsp:"/"}
    let hex = "84a47479706503a2696405a46461746191a26f6ba36e7370a12f";
    assert_eq!(read(hex).unwrap(), packet("/", ack(r#"["ok"]"#, &[], 5)));
    // Python's {type:1,data:null,nsp:"/"}
    assert_eq!(
        read("83a47479706501a464617461c0a36e7370a12f").unwrap(),
        packet("/", PacketKind::Disconnect)
    );
    // {type:4,data:"no",nsp:"/"}
    let hex = "83a47479706504a464617461a26e6fa36e7370a12f";
    assert_eq!(read(hex).unwrap(), packet("/", PacketKind::ConnectError(r#""no""#.into())));
    // ["e",new Date(1700000000123),new Date(-1),new Date(-62198755200000),new Date(8.64e15)],
    // notepack 2
    let hex = "83a47479706502a46461746195a165d7000000018bcfe5687bd700ffffffffffffffffd700ffffc76e394a7400d700001eb208c2dc\
         0000a36e7370a12f";
    let dates =
        r#""2023-11-14T22:13:20.123Z","1969-12-31T23:59:59.999Z","-000001-01-01T00:00:00.000Z","#
            .to_owned()
            + r#""+275760-09-13T00:00:00.000Z""#;
    assert_eq!(read_args(hex), (dates, 0));
    // ["e",new Date(1700000000000),new Date(1700000000123),new Date(-1)], notepack 3
    let hex = "83a47479706502a46461746194a165d6ff6553f100d7ff1d5353006553f100c70cff3b8b87c0ffffffffffffffffa36e7370a12f";
    let dates =
        r#""2023-11-14T22:13:20.000Z","2023-11-14T22:13:20.123Z","1969-12-31T23:59:59.999Z""#
            .to_owned();
    assert_eq!(read_args(hex), (dates, 0));
    // ["e",undefined,{a:undefined,b:1,c:undefined}]
    let hex = "83a47479706502a46461746193a165d4000083a161d40000a16201a163d40000a36e7370a12f";
    assert_eq!(read_args(hex), (r#"null,{"b":1}"#.to_owned(), 0));
    // ["e",new Uint8Array([1,2]).buffer,new Uint8Array([3])]
    let args =
        match read("83a47479706502a46461746193a165c702000102c7010003a36e7370a12f").unwrap().kind {
            PacketKind::Event { args, .. } => args,
            other => panic!("{other:?}"),
        };
    assert_eq!(
        (args.binary(0).unwrap(), args.binary(1).unwrap()),
        (vec![1, 2].into(), vec![3].into())
    );
    // [7,NaN,Infinity]
    let hex = "83a47479706502a4646174619307cb7ff8000000000000cb7ff0000000000000a36e7370a12f";
    assert_eq!(read_args(hex), ("null,null".to_owned(), 0));
}

#[test]
fn an_object_that_looks_like_a_placeholder_is_data() {
    // ["e",{_placeholder:true,num:9}]
    let hex = "83a47479706502a46461746192a16582ac5f706c616365686f6c646572c3a36e756d09a36e7370a12f";
    assert_eq!(read_args(hex), (r#"{"_placeholder":true,"num":9}"#.to_owned(), 0));
    assert_eq!(encode(&read(hex).unwrap()), bytes(hex));
    // ["e",{_placeholder:true,num:0},Buffer.from([1])]
    let hex =
        "83a47479706502a46461746193a16582ac5f706c616365686f6c646572c3a36e756d00c40101a36e7370a12f";
    assert!(matches!(read(hex), Err(DecodeError::Payload(_))));
    // ["e",Buffer.from([1]),{_placeholder:1,num:99}]
    let hex =
        "83a47479706502a46461746193a165c4010182ac5f706c616365686f6c64657201a36e756d63a36e7370a12f";
    assert!(matches!(read(hex), Err(DecodeError::Payload(_))));
}

#[test]
fn packets_that_the_npm_package_refuses_are_refused() {
    for hex in [
        "83a474797065cb4004000000000000a46461746190a36e7370a12f", // {type:2.5,data:[],nsp:"/"}
        "83a47479706500a464617461c0a36e7370a12f",                 // {type:0,data:null,nsp:"/"}
        "83a47479706501a46461746180a36e7370a12f",                 // {type:1,data:{},nsp:"/"}
        "82a47479706502a36e7370a12f",                             // {type:2,nsp:"/"}
        "84a47479706502a46461746191a165a36e7370a12fa26964c0", // {type:2,data:["e"],nsp:"/",id:null}
        "82a47479706502a46461746191a165",                     // {type:2,data:["e"]}
        "83a47479706504a46461746190a36e7370a12f",             // {type:4,data:[],nsp:"/"}
        "83a47479706501a46461746107a36e7370a12f",             // {type:1,data:7,nsp:"/"}
        "83a47479706502a46461746107a36e7370a12f",             // {type:2,data:7,nsp:"/"}
        "c0",
        "82a47479706501a36e7370a12fc0", // with a byte after the packet
        "82a47479706501a36e7370a22f",   // with a missing byte
    ] {
        assert!(matches!(read(hex), Err(DecodeError::Payload(_))), "{hex}");
    }
    // {type:5,data:[],nsp:"/"}
    assert_eq!(read("83a47479706505a46461746190a36e7370a12f"), Err(DecodeError::UnknownType('5')));
    assert_eq!(read(""), Err(DecodeError::Empty));
}

#[test]
fn packets_that_socket_io_refuses_later_are_refused() {
    let event = |data: &str| read(&format!("83a47479706502a464617461{data}a36e7370a12f"));
    // ["connect"]
    assert_eq!(event("91a7636f6e6e656374"), Err(DecodeError::Reserved("connect".to_owned())));
    assert_eq!(event("91a1ff"), Err(DecodeError::NotUtf8));
    for data in
        ["90", "91c0", "91c40101", "92a165d40100", "92a165c1", "92a16581c4010100", "92a165818001"]
    {
        assert!(matches!(event(data), Err(DecodeError::Payload(_))), "{data}");
    }
    assert_eq!(
        event("91fb").unwrap().kind,
        PacketKind::Event { name: "-5".into(), args: args("[-5]", &[]).skip(1), id: None }
    );
    // Binary in a payload that can only be JSON, and an id below 0:
    // {type:0,data:{a:Buffer.from([])},nsp:"/"}, {…,id:-1}
    assert!(read("83a47479706500a46461746181a161c400a36e7370a12f").is_err());
    assert!(read("84a47479706502a46461746191a165a26964ffa36e7370a12f").is_err());
}

#[test]
fn lengths_have_headers_of_every_size() {
    for (length, string, binary) in [
        (255, "d9ff", "c4ff"),
        (256, "da0100", "c50100"),
        (65_535, "daffff", "c5ffff"),
        (65_536, "db00010000", "c600010000"),
    ] {
        let (text, data) = ("x".repeat(length), vec![1; length]);
        let sent = packet(
            "/",
            ack(&format!(r#"["{text}",{{"_placeholder":true,"num":0}}]"#), &[&data], 0),
        );
        let encoded = encode(&sent);
        let (string, binary) = (bytes(string), bytes(binary));
        assert!(encoded[17..].starts_with(&string), "{length}");
        assert!(encoded[17 + string.len() + length..].starts_with(&binary), "{length}");
        assert_eq!(decode(&encoded, &DecodeLimits::default()), Ok(sent));
    }
}

#[test]
fn keys_are_strings() {
    // ["e",{-1:0,null:0,true:0,"\"":0}]
    let hex = "83a47479706502a46461746192a16584ff00c000c300a12200a36e7370a12f";
    assert_eq!(read_args(hex).0, r#"{"-1":0,"null":0,"true":0,"\"":0}"#);
}

#[test]
fn limits_hold() {
    let event = |value: &[u8], limits: &DecodeLimits| {
        let mut data = b"\x83\xa4type\x02\xa3nsp\xa1/\xa4data\x92\xa1e".to_vec();
        data.extend_from_slice(value);
        decode(&data.into(), limits)
    };
    let limits = DecodeLimits::new(3, 2, usize::MAX);
    assert!(event(&[0x91, 0x91, 0x01], &limits).is_ok());
    for nested in
        [&[0x91, 0x91, 0x91, 0x01][..], &[0x81, 0xa0, 0x91, 0x80], &[0x91; 1_000_000], &[0xdd; 100]]
    {
        assert_eq!(event(nested, &limits), Err(DecodeError::TooDeep { limit: 3 }));
    }
    assert!(event(&[0x92, 0xc4, 0x00, 0xc4, 0x00], &limits).is_ok());
    let attachments = [0x93, 0xc4, 0x00, 0xc4, 0x00, 0xc4, 0x00];
    assert_eq!(event(&attachments, &limits), Err(DecodeError::TooManyAttachments { limit: 2 }));
    // Headers that claim 2³² − 1 entries or bytes, without any.
    for marker in [0xdd, 0xdf, 0xdb, 0xc6, 0xc9] {
        assert_eq!(
            event(&[marker, 255, 255, 255, 255], &limits),
            Err(bad("unexpected end of the packet"))
        );
    }
    assert_eq!(decode(&bytes("dfffffffff"), &limits), Err(bad("unexpected end of the packet")));
    // Without a limit, deep data does not overflow the stack.
    let unlimited = DecodeLimits::new(usize::MAX, 2, usize::MAX);
    let mut deep = vec![0x91; 100_000];
    deep.push(0xc0);
    let deep = event(&deep, &unlimited).unwrap();
    assert_eq!(decode(&encode(&deep), &unlimited), Ok(deep));
}

#[test]
fn the_layout_of_json_does_not_matter() {
    let encoded = |json: &str| encode(&packet("/", ack(json, &[&[9]], 0)));
    let plain = encoded(
        r#"[{"_placeholder":true,"num":0},"a\"é",[1,-1,0,1152921504606846976,18446744073709551616,{}]]"#,
    );
    let odd = r#" [ { "num" : 0, "_placeholder" : true } , "\u0061\"\u00e9" ,
        [1.0, -1e0, -0.0, 1152921504606846976.0, 1.8446744073709551616e19, { } ] ] "#;
    assert_eq!(encoded(odd), plain);
    assert_eq!(
        &plain[16..],
        &bytes("93c40109a46122c3a99601ff00cf1000000000000000cb43f000000000000080a36e7370a12f")
    );
    // Not JSON, or a string that Rust cannot hold.
    let nil = bytes("83a47479706500a464617461c0a36e7370a12f");
    assert_eq!(encode(&packet("/", PacketKind::Connect(Some("{".into())))), nil);
    let half = encode(&packet("/", ack(r#"["\ud800x\n"]"#, &[], 0)));
    assert_eq!(half[16..], bytes("91a5efbfbd780aa36e7370a12f"));
}
