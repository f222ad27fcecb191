//! Whatever clients say, it stands on one line of the log: escaped, and cut. Secrets are in none.

#[allow(dead_code)]
#[path = "server/app.rs"]
mod app;
#[allow(dead_code)]
#[path = "common/raw/mod.rs"]
mod raw;
#[allow(dead_code)]
#[path = "common/wait.rs"]
mod wait;

use std::{io, sync::OnceLock};

use actix_socketio::{
    HandlerError, HandlerResult, OnConnect, OnMessage, OnSubscribe, SocketIo, channel,
};
use app::TestServer;
use parking_lot::Mutex;
use raw::{PollingSession, WebSocket, ask};
use wait::wait_until;

/// What breaks a line, hides or turns text, moves a cursor, or ends a quotation.
const NASTY: &str =
    "\u{2028}[WARN  x] forged\u{2029}\u{202e}\u{2066}\u{200b}\u{feff}\u{61c}\u{e0001}\"'\\";
/// The same for a place where control characters are allowed.
const CONTROLS: &str = "\r\n[ERROR x] forged\u{1b}[2J\u{85}\u{7f}\0\t";
const TOKEN: &str = "a-secret-token";
/// A line has an error of 1,000 characters at most, and some values of 100.
const LONGEST_LINE: usize = 5_000;

struct Lines(Mutex<Vec<String>>);

impl log::Log for Lines {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.target().starts_with("actix_socketio")
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            self.0.lock().push(record.args().to_string());
        }
    }

    fn flush(&self) {}
}

fn lines() -> &'static Lines {
    static LINES: OnceLock<&'static Lines> = OnceLock::new();
    LINES.get_or_init(|| {
        let lines: &Lines = Box::leak(Box::new(Lines(Mutex::default())));
        log::set_logger(lines).expect("no other logger is set");
        log::set_max_level(log::LevelFilter::Trace);
        lines
    })
}

async fn handle(event: OnMessage) -> HandlerResult {
    let text = || event.json::<String>();
    match event.event() {
        "number" => drop(event.json::<u32>()?),
        "reject" => return Err(HandlerError::reject(text()?)),
        "fail" => return Err(io::Error::other(text()?).into()),
        "panic" => panic!("{:.500}", text()?),
        "echo" => event.ack(&1)?,
        _ => drop(event.json::<u32>()?),
    }
    Ok(())
}

fn server() -> TestServer {
    let reject = async |event: OnSubscribe| Err(HandlerError::reject(event.channel.as_str()));
    TestServer::start(
        SocketIo::builder()
            .on_message(handle)
            .on_error(async |event: actix_socketio::OnError| {
                Err(io::Error::other(event.error.to_string()).into())
            })
            .route(channel("^open"))
            .route(channel("^refused").on_subscribe(reject))
            .on_handshake(|request, _| match request.headers().get("x-why") {
                Some(why) => Err(io::Error::other(String::from_utf8_lossy(why.as_bytes())).into()),
                None => Ok(()),
            })
            .namespaces_matching("^/tenant-", |tenant| tenant.on_message(handle))
            .namespaces_matching("^/refusing-", |namespace| {
                namespace.on_connect(async |event: OnConnect| {
                    let auth: serde_json::Value = event.socket.handshake().auth()?;
                    Err(HandlerError::reject(auth["why"].to_string()))
                })
            }),
    )
}

#[test]
fn what_clients_say_is_escaped_and_cut_and_secrets_are_left_out() {
    let lines = lines();
    let server = server();
    let addr = server.addr();
    let json = |text: &str| serde_json::to_string(text).expect("a string");
    let long = "A".repeat(300_000);
    let texts = [NASTY.to_owned(), format!("{CONTROLS}{NASTY}"), format!("{NASTY}{long}")];

    let mut ws = WebSocket::open(addr);
    ws.send(&format!(r#"40{{"token":"{TOKEN}"}}"#));
    assert!(ws.text().starts_with("40{"));
    for text in &texts {
        for event in ["number", "reject", "fail", "panic"].map(json).iter().chain([&json(text)]) {
            ws.send(&format!("42[{event},{}]", json(text)));
        }
        for name in [text.clone(), format!("open{text}"), format!("refused{text}")] {
            ws.send(&format!(r#"421["subscribe",{}]"#, json(&name)));
            ws.text();
            ws.send(&format!(r#"421["unsubscribe",{}]"#, json(&name)));
            ws.text();
            ws.send(&format!(r#"421["publish",{0},{0},{0}]"#, json(&name)));
            ws.text();
        }
        // A namespace's name ends at a comma. Those with control characters are refused.
        ws.send(&format!("40/tenant-{text},"));
        ws.text();
        ws.send(&format!("40/refusing-{text},{{\"why\":{}}}", json(text)));
        ws.text();
    }
    ws.send(&format!("42/tenant-{NASTY},[\"number\",{}]", json(NASTY)));
    ws.send(&format!("41/tenant-{NASTY},"));
    ws.send("421[\"echo\"]");
    assert_eq!(ws.text(), "431[1]");

    // What ends a connection.
    for text in &texts {
        for packet in [
            text.clone(),
            format!("4{text}"),
            format!("42/unknown-{text},[\"x\"]"),
            format!("42[{text}"),
            format!("40{{{text}"),
            format!("451-[{{\"_placeholder\":true,\"num\":{}}}]", json(text)),
            format!("42[\"disconnect\",{}]", json(text)),
        ] {
            let mut ws = WebSocket::open(addr);
            ws.join();
            ws.send(&packet);
            while ws.frame().is_ok_and(|(first, _)| first & 0xf != 8) {}
        }
    }

    // What a request says.
    let escaped: String =
        NASTY.bytes().chain(CONTROLS.bytes()).map(|b| format!("%{b:02X}")).collect();
    for query in [
        format!("EIO=4&transport={escaped}"),
        format!("EIO={escaped}&transport=polling"),
        format!("EIO=4&transport=polling&sid={escaped}"),
        format!("EIO=4&transport=polling&{escaped}"),
    ] {
        ask(addr, "GET", &query, "", b"");
    }
    ask(
        addr,
        "GET",
        "EIO=4&transport=polling",
        &format!("x-why: {NASTY}{}\r\n", "A".repeat(4000)),
        b"",
    );
    ask(addr, "GET", "EIO=4&transport=websocket", &format!("Origin: {NASTY}\r\n"), b"");
    let session = PollingSession::open(addr);
    let sid = session.query().rsplit_once("sid=").expect("an id").1.to_owned();
    session.post("40").assert_ok();
    drop(session);
    drop(ws);
    wait_until("the end is in the log", || {
        lines.0.lock().iter().any(|line| line.contains("disconnect: transport"))
    });
    drop(server);
    assert_lines(&lines.0.lock(), &[&sid, TOKEN]);
}

fn assert_lines(lines: &[String], secrets: &[&str]) {
    for part in [
        // A namespace that a client names ends where its quotes end.
        "/\": connect from",
        "/\": disconnect: ",
        "subscribe \"open",
        "subscribe refused",
        "publish refused",
        "a handler failed: ",
        "a handler of OnError failed: ",
        "no route matches",
        "refuse ",
        " sent \"",
        "the handler panicked",
        "invalid payload",
        "is reserved",
        "refuse a request from",
    ] {
        assert!(lines.iter().any(|line| line.contains(part)), "no line has {part:?}: {lines:#?}");
    }
    for line in lines {
        let start: String = line.chars().take(200).collect();
        assert!(line.len() <= LONGEST_LINE, "{} bytes: {start}", line.len());
        let odd = line.chars().find(|c| !(' '..='~').contains(c) && !matches!(c, '…'));
        assert_eq!(odd, None, "{start:?}");
        for secret in secrets {
            assert!(!line.contains(secret), "{start}");
        }
    }
}

#[test]
fn errors_that_an_application_logs_are_escaped_and_cut() {
    let text = format!("{NASTY}{CONTROLS}{}", "A".repeat(900_000));
    let json = serde_json::to_string(&text).expect("a string");
    let args = actix_socketio::Args::parse(format!("[{json}]").into(), 10).expect("an array");
    let arg = args.get::<u32>(0).expect_err("a string is not a number");
    let shown = [
        arg.to_string(),
        format!("{arg:?}"),
        format!("{args:?}"),
        HandlerError::from(arg).to_string(),
        HandlerError::reject(text.clone()).to_string(),
        format!("{:?}", HandlerError::reject(text.clone())),
        HandlerError::from(io::Error::other(text.clone())).to_string(),
        text.parse::<actix_socketio::SocketId>().expect_err("no id").to_string(),
        actix_socketio::Channel::new(&text, 10).expect_err("too long").to_string(),
    ];
    for shown in shown {
        assert_lines_of_errors(&shown);
    }
}

fn assert_lines_of_errors(shown: &str) {
    let start: String = shown.chars().take(200).collect();
    assert!(shown.len() <= LONGEST_LINE, "{} bytes: {start}", shown.len());
    assert!(shown.chars().all(|c| (' '..='~').contains(&c) || c == '…'), "{start:?}");
}
