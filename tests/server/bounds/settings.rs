//! Settings that are refused, and the largest ones.

use std::time::Duration;

use actix_socketio::{
    BuildError, Builder, Config, Cookie, Cors, EngineHandler, EngineIo, EngineMessage,
    EngineSocket, Rate, SocketIo, channel, protocol::MsgpackParser,
};
use actix_web::dev::Extensions;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};

use crate::{
    fixture::Fixture,
    raw::{AttendedWebSocket, PollingSession, WebSocket},
};

#[cfg(target_os = "linux")]
#[actix_web::test]
async fn an_embedding_server_can_bound_what_tcp_leaves_unacknowledged() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port on loopback");
    let addr = listener.local_addr().expect("an address");
    let (client, served) = tokio::join!(TcpStream::connect(addr), listener.accept());
    let (_client, (served, _)) = (client.expect("a connection"), served.expect("a connection"));
    assert_eq!(SockRef::from(&served).tcp_user_timeout().expect("Linux has it"), None);
    let builder = SocketIo::builder().tcp_timeout(Duration::from_secs(7));
    let io = builder.build().expect("the settings are valid");
    io.prepare_connection(&served, &mut Extensions::new());
    assert_eq!(
        SockRef::from(&served).tcp_user_timeout().expect("Linux has it"),
        Some(Duration::from_secs(7))
    );
}

#[test]
fn invalid_settings_are_named() {
    const NO_TIME: Duration = Duration::ZERO;
    const FOR_EVER: Duration = Duration::MAX;
    type Set = fn(Builder) -> Builder;
    let refused: &[(&str, Set)] = &[
        ("path", |b| b.path("")),
        ("path", |b| b.path("socket.io")),
        ("path", |b| b.path("/{name}")),
        ("path", |b| b.path("/a?b")),
        ("path", |b| b.path("/a#b")),
        ("path", |b| b.path("/a%20b")),
        ("path", |b| b.path("/%C3%A4")),
        ("path", |b| b.path("/a/../b")),
        ("path", |b| b.path("/./a")),
        ("path", |b| b.path("/..")),
        ("path", |b| b.path("/a\\b")),
        ("path", |b| b.path("/socket.io\n")),
        ("path", |b| b.path("/a\0")),
        ("transports", |b| b.transports([])),
        ("ping_interval", |b| b.ping_interval(NO_TIME)),
        ("ping_interval", |b| b.ping_interval(FOR_EVER)),
        ("ping_interval", |b| b.ping_interval(Duration::from_micros(999))),
        ("ping_interval", |b| b.ping_interval(Duration::from_millis(1 << 31))),
        ("ping_timeout", |b| b.ping_timeout(NO_TIME)),
        ("ping_timeout", |b| b.ping_timeout(FOR_EVER)),
        ("ping_timeout", |b| b.ping_timeout(Duration::from_micros(999))),
        ("ping_timeout", |b| b.ping_interval(Duration::from_millis(i32::MAX as u64))),
        ("connect_timeout", |b| b.connect_timeout(NO_TIME)),
        ("connect_timeout", |b| b.connect_timeout(FOR_EVER)),
        ("upgrade_timeout", |b| b.upgrade_timeout(NO_TIME)),
        ("upgrade_timeout", |b| b.upgrade_timeout(FOR_EVER)),
        ("body_timeout", |b| b.body_timeout(NO_TIME)),
        ("body_timeout", |b| b.body_timeout(FOR_EVER)),
        ("handler_timeout", |b| b.handler_timeout(NO_TIME)),
        ("handler_timeout", |b| b.handler_timeout(FOR_EVER)),
        ("ack_timeout", |b| b.ack_timeout(NO_TIME)),
        ("ack_timeout", |b| b.ack_timeout(FOR_EVER)),
        ("close_timeout", |b| b.close_timeout(FOR_EVER)),
        ("linger_timeout", |b| b.linger_timeout(FOR_EVER)),
        ("tcp_timeout", |b| b.tcp_timeout(FOR_EVER)),
        ("tcp_timeout", |b| b.tcp_timeout(Duration::from_millis(1 << 31))),
        ("tcp_timeout", |b| b.tcp_timeout(Duration::from_nanos(1))),
        ("shutdown_timeout", |b| b.shutdown_timeout(FOR_EVER)),
        ("shutdown_window", |b| b.shutdown_window(FOR_EVER)),
        ("max_payload", |b| b.max_payload(0)),
        ("max_payload", |b| b.max_payload(5)),
        ("max_outbox", |b| b.max_outbox(0)),
        ("max_outbox", |b| b.max_outbox(1999)),
        ("max_handshake", |b| b.max_handshake(0)),
        ("max_handshake", |b| b.max_handshake(32)),
        ("max_handshake", |b| b.path("/a/longer/path").max_handshake(36)),
        ("max_inbox_bytes", |b| b.max_inbox_bytes(0)),
        ("max_poll_packets", |b| b.max_poll_packets(0)),
        ("max_connections", |b| b.max_connections(0)),
        ("max_connections_per_address", |b| b.max_connections_per_address(0)),
        ("max_sockets", |b| b.max_sockets(0)),
        ("max_changes", |b| b.max_changes(0)),
        ("max_changes", |b| b.max_changes((1 << 20) + 1)),
        ("max_changes", |b| b.max_changes(usize::MAX)),
        ("event_rate", |b| b.event_rate(Rate::per_second(0))),
        ("byte_rate", |b| b.byte_rate(Rate::per_second(1).burst(0))),
        ("subscribe_rate", |b| b.subscribe_rate(Rate::per_second(0).burst(1))),
        ("max_inbox", |b| b.max_inbox(0)),
        ("max_publications", |b| b.max_publications(0)),
        ("max_server_events", |b| b.max_server_events(0)),
        ("path_interval", |b| b.path_interval(Duration::ZERO)),
        ("path_timeout", |b| b.path_timeout(Duration::ZERO)),
        ("cluster_path_timeout", |b| b.cluster_path_timeout(Duration::ZERO)),
        ("max_channel_length", |b| b.max_channel_length(0)),
        ("max_namespaces", |b| b.max_namespaces(0)),
        ("max_json_depth", |b| b.max_json_depth(0)),
        ("subscribe_event", |b| b.subscribe_event("")),
        ("unsubscribe_event", |b| b.unsubscribe_event("disconnect")),
        ("publish_event", |b| b.publish_event("subscribe")),
        ("unsubscribe_event", |b| b.unsubscribe_event("subscribe")),
        ("publish_event", |b| b.publish_event("connect")),
        ("allow_eio3", |b| b.allow_eio3(true).parser(MsgpackParser)),
        ("cors", |b| b.cors(Cors::origins(["https://*.example"]))),
        ("cors", |b| b.cors(Cors::origins([""]))),
        ("cors", |b| b.cors(Cors::origins(["not a uri"]))),
        ("cors", |b| b.cors(Cors::origins(["https://a.example/"]))),
        ("cors", |b| b.cors(Cors::origins(["https://a.example", "a.example"]).credentials())),
        ("route", |b| b.route(channel("^news")).route(channel("^$"))),
        ("route", |b| b.route(channel("news^"))),
        ("route", |b| b.route(channel("two\\nlines"))),
        ("route", |b| b.route(channel("x{256}"))),
        ("route", |b| b.namespace("/admin", |n| n.route(channel("room-")).max_channel_length(4))),
        ("route", |b| b.namespaces_matching("^/t-", |n| n.route(channel("[a&&b]")))),
        ("max_channels", |b| b.route(channel("^news")).max_channels(0)),
        ("max_channels", |b| b.namespace("/a", |n| n.route(channel("^news")).max_channels(0))),
        ("max_channel_length", |b| b.namespace("/admin", |n| n.max_channel_length(0))),
        ("handler_timeout", |b| b.namespaces_matching("^/t-", |n| n.handler_timeout(NO_TIME))),
        ("ack_timeout", |b| b.namespaces_if(|_, _| true, |n| n.ack_timeout(FOR_EVER))),
        ("namespace", |b| b.namespace("/a,b", |n| n)),
        ("namespaces_matching", |b| b.namespaces_matching("tenant-[0-9]+", |n| n)),
        ("namespaces_matching", |b| b.namespaces_matching("^/$", |n| n)),
        ("namespaces_matching", |b| {
            b.namespaces_matching("^/t-", |n| n).namespaces_matching("^/t-", |n| n)
        }),
        ("cookie", |b| b.cookie(Cookie::new(""))),
        ("cookie", |b| b.cookie(Cookie::default().max_age(NO_TIME))),
        ("cookie", |b| b.cookie(Cookie::default().path("socket.io"))),
        ("cookie", |b| b.cookie(Cookie::default().domain("https://a.example"))),
        ("cookie", |b| b.cookie(Cookie::new("__Host-io"))),
    ];
    for (name, set) in refused {
        match set(SocketIo::builder()).build() {
            Err(error) => {
                assert!(matches!(error, BuildError::Setting { setting, .. } if setting == *name));
                let text = error.to_string();
                assert!(text.starts_with(&format!("setting {name:?} is ")), "{text}");
                assert!(text.contains(": it must "), "{text}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

struct Silent;

impl EngineHandler for Silent {
    fn message(&self, _: &EngineSocket, _: EngineMessage) {}
}

#[test]
fn engine_io_by_itself_names_invalid_settings_too() {
    let mut config = Config::default();
    config.max_outbox = 0;
    for (name, builder) in [
        ("path", EngineIo::builder(Silent).path("engine.io")),
        ("max_outbox", EngineIo::builder(Silent).config(config)),
        ("cors", EngineIo::builder(Silent).cors(Cors::origins(["https://a.example/"]))),
    ] {
        let error = builder.build().expect_err(name);
        assert!(matches!(error, BuildError::Setting { setting, .. } if setting == name), "{error}");
    }
}

#[test]
fn an_origin_that_browsers_never_send_is_shown() {
    let cors = Cors::origins(["https://a.example", "https://b.example/"]);
    let error = SocketIo::builder().cors(cors).build().expect_err("it has a slash at its end");
    assert_eq!(
        error.to_string(),
        "setting \"cors\" is \"https://b.example/\": it must end behind the host: browsers send no \
         slash, path or query"
    );
}

#[actix_web::test]
async fn settings_of_zero_that_work_are_taken() {
    let builder = SocketIo::builder().max_channels(0).max_pending_acks(0).max_attachments(0);
    let builder = builder.tcp_timeout(Duration::ZERO).close_timeout(Duration::ZERO);
    let builder = builder.linger_timeout(Duration::ZERO).shutdown_timeout(Duration::ZERO);
    // A parser of another format may have commas in names.
    let builder = builder.parser(MsgpackParser).namespace("/a,b", |namespace| namespace);
    builder.cors(Cors::origins([""; 0])).build().expect("each of them means something");
}

#[test]
fn a_pattern_without_a_match_is_shown() {
    let error = SocketIo::builder().route(channel("^$")).build().expect_err("no name is empty");
    let text = error.to_string();
    assert!(
        text.starts_with(r#"setting "route" is "^$": it must match some channel name"#),
        "{text}"
    );
}

#[test]
fn an_invalid_pattern_is_named() {
    let main = SocketIo::builder().route(channel("room-")).route(channel("room-(")).build();
    let other =
        SocketIo::builder().namespace("/admin", |admin| admin.route(channel("room-("))).build();
    for built in [main, other] {
        match built {
            Err(BuildError::Pattern(error)) => assert_eq!(error.pattern, "room-("),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_namespace_that_is_added_twice_is_named() {
    for [first, second] in
        [["/admin", "/admin"], ["/admin", "admin"], ["/", "/other"], ["/other", ""]]
    {
        let builder = SocketIo::builder().namespace(first, |namespace| namespace);
        match builder.namespace(second, |namespace| namespace).build() {
            Err(BuildError::NamespaceTwice(name)) => {
                assert!(["/admin", "/"].contains(&name.as_str()), "{name}");
            }
            other => panic!("{first}, {second}: {other:?}"),
        }
    }
}

#[test]
fn bounds_may_have_the_largest_value() {
    let fixture = Fixture::with(|builder| {
        builder
            .max_payload(usize::MAX)
            .max_outbox(usize::MAX)
            .max_inbox(usize::MAX)
            .max_publications(usize::MAX)
            .max_server_events(usize::MAX)
            .max_channels(usize::MAX)
            .max_channel_length(usize::MAX)
            .max_namespaces(usize::MAX)
            .max_pending_acks(usize::MAX)
            .max_json_depth(usize::MAX)
            .open_channels()
    });
    let (polling, _) = PollingSession::join(fixture.addr);
    let websocket = AttendedWebSocket::new({
        let mut websocket = WebSocket::open(fixture.addr);
        websocket.join();
        websocket
    });
    let name = "x".repeat(100_000);
    polling.post(format!(r#"421["subscribe","{name}"]"#)).assert_ok();
    polling.get().assert_poll(&["431[null]"]);
    websocket.send(&format!(r#"421["subscribe","{name}"]"#));
    assert_eq!(websocket.text(), "431[null]");
    for n in 0..3 {
        fixture.io.to(&name).emit("e", &n).expect("there is capacity");
    }
    for n in 0..3 {
        assert_eq!(websocket.text(), format!(r#"42["e",{n}]"#));
    }
    polling.get().assert_poll(&[r#"42["e",0]"#, r#"42["e",1]"#, r#"42["e",2]"#]);
    polling.close();
    drop(websocket);
    fixture.assert_all_freed();
}
