//! The example `auth` as one runs it, and above all what it keeps out: by bytes here, where no
//! client stands between, and by the official client in tests/clients/auth.

#[path = "common/needs.rs"]
mod needs;
#[path = "common/programs.rs"]
mod programs;
#[allow(dead_code, reason = "the tests of the server need the rest of it")]
#[path = "server/raw.rs"]
mod raw;

/// What `raw` takes from its surroundings.
mod app {
    use std::time::Duration;

    /// What takes longer has failed.
    pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
}

use std::{
    env,
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{OnceLock, mpsc},
    thread,
    time::Duration,
};

use app::PATIENCE;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, get_current_timestamp};
use needs::{Need, all_there, clients};
use programs::{node_tests, run};
use raw::{Answer, Heard, Http, Polling, UPGRADE, Ws, ask, frame, request, wait_until};
use serde_json::{Value, json};

const SECRET: &str = "the secret of these tests, 32 bytes or more";
/// What everybody is told whose token is none, and nothing else.
const NO_TOKEN: &str = "a valid token is needed";
const NOT_ALLOWED: &str = "this is not allowed to you";

const POLLING: &str = "EIO=4&transport=polling";
const WEBSOCKET: &str = "EIO=4&transport=websocket";

/// An origin of the example's list, and one that is not in it.
const FRIEND: &str = "https://app.example.com";
const STRANGER: &str = "https://app.example.com.evil.example";

// ── the program ──────────────────────────────────────────────────────────────────────────────────────────────────────

/// The example's program, as new as the sources.
///
/// Cargo builds no examples for the sake of a test, so this asks it to; mostly there is nothing
/// left to do.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let this = env::current_exe().expect("this program has a path");
        // <target>/<profile>/deps/<this>
        let profile = this.ancestors().nth(2).expect("it is in the folder that cargo builds in");
        let target = profile.parent().expect("a profile is a folder in it");
        let name =
            profile.file_name().expect("a profile has a name").to_str().expect("which is text");
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build.current_dir(env!("CARGO_MANIFEST_DIR")).args([
            "build",
            "--example",
            "auth",
            "--profile",
        ]);
        build.arg(if name == "debug" { "dev" } else { name }).arg("--target-dir").arg(target);
        let output = run(build);
        let program = profile.join("examples").join(format!("auth{}", env::consts::EXE_SUFFIX));
        assert!(program.is_file(), "{} was not built:\n{output}", program.display());
        program
    })
}

/// The example, serving. It is killed when this is dropped.
struct Running {
    child: Child,
    addr: SocketAddr,
}

impl Running {
    fn start() -> Self {
        let mut child = Command::new(program())
            .arg("127.0.0.1:0")
            .env("JWT_SECRET", SECRET)
            .env("RUST_LOG", "error")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the example starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let (say, said) = mpsc::channel();
        thread::spawn(move || {
            let mut line = String::new();
            say.send(stdout.read_line(&mut line).map(|_| line))
        });
        let line = said.recv_timeout(PATIENCE).expect("it says where it is").expect("text");
        let addr = line.trim_end().strip_prefix("open http://").and_then(|addr| addr.parse().ok());
        Self { child, addr: addr.unwrap_or_else(|| panic!("no address: {line:?}")) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself, and a test has failed for that.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

// ── tokens, good and bad ─────────────────────────────────────────────────────────────────────────────────────────────

/// Claims that are believed.
fn claims(user: &str) -> Value {
    json!({
        "iss": "actix-socketio-example",
        "aud": "actix-socketio-example-sockets",
        "sub": user,
        "exp": get_current_timestamp() + 600,
        "editor": user == "ada",
        "teams": ["red"],
    })
}

/// A token with any header, and any claims, by HS256 with any secret.
fn signed(header: &Value, claims: &Value, secret: &[u8]) -> String {
    signed_by(Algorithm::HS256, header, claims, secret)
}

fn signed_by(algorithm: Algorithm, header: &Value, claims: &Value, secret: &[u8]) -> String {
    let part = |json: &Value| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
    let text = format!("{}.{}", part(header), part(claims));
    let key = EncodingKey::from_secret(secret);
    let signature =
        jsonwebtoken::crypto::sign(text.as_bytes(), &key, algorithm).expect("a signature");
    format!("{text}.{signature}")
}

fn token_of(claims: &Value) -> String {
    signed(&json!({"alg": "HS256", "typ": "JWT"}), claims, SECRET.as_bytes())
}

fn token(user: &str) -> String {
    token_of(&claims(user))
}

/// Ada's claims with one of them changed; `null` takes it out.
fn ada_but(name: &str, value: Value) -> String {
    let mut claims = claims("ada");
    match value {
        Value::Null => claims.as_object_mut().expect("an object").remove(name),
        value => claims.as_object_mut().expect("an object").insert(name.to_owned(), value),
    };
    token_of(&claims)
}

/// All tokens that are none, with what is wrong with each. They have the characters which a header
/// or a cookie may have.
fn bad_tokens() -> Vec<(&'static str, String)> {
    let now = get_current_timestamp();
    let ada = claims("ada");
    let good = token("ada");
    let [header, payload, signature] = good.split('.').collect::<Vec<_>>()[..] else {
        panic!("a token has three parts")
    };
    let part = |json: &Value| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
    let none = part(&json!({"alg": "none", "typ": "JWT"}));
    let bobs = part(&claims("bob"));
    let with_alg = |alg: &str| signed(&json!({"alg": alg, "typ": "JWT"}), &ada, SECRET.as_bytes());
    let mut last = signature.as_bytes().to_vec();
    last[0] = if last[0] == b'A' { b'B' } else { b'A' };
    let altered = String::from_utf8(last).expect("ASCII");
    vec![
        ("nothing", String::new()),
        ("garbage", "garbage".to_owned()),
        ("dots", "..".to_owned()),
        ("no base64", "!.!.!".to_owned()),
        ("two parts", format!("{header}.{payload}")),
        ("four parts", format!("{good}.{signature}")),
        ("no signature", format!("{header}.{payload}.")),
        ("another signature", format!("{header}.{payload}.{altered}")),
        ("the signature of another's", format!("{header}.{bobs}.{signature}")),
        (
            "another secret",
            signed(&json!({"alg": "HS256"}), &ada, b"another secret, which is long enough, too"),
        ),
        ("an empty secret", signed(&json!({"alg": "HS256"}), &ada, b"")),
        ("alg none, unsigned", format!("{none}.{payload}.")),
        ("alg none, signed", format!("{none}.{payload}.{signature}")),
        ("alg None", format!("{}.{payload}.", part(&json!({"alg": "None"})))),
        ("RS256 by the secret", with_alg("RS256")),
        ("ES256 by the secret", with_alg("ES256")),
        ("HS512 in the header", with_alg("HS512")),
        (
            "HS512 indeed",
            signed_by(Algorithm::HS512, &json!({"alg": "HS512"}), &ada, SECRET.as_bytes()),
        ),
        ("no alg", signed(&json!({"typ": "JWT"}), &ada, SECRET.as_bytes())),
        ("expired", ada_but("exp", json!(now - 1))),
        ("expiring now", ada_but("exp", json!(now))),
        ("an end that is text", ada_but("exp", json!("2100-01-01"))),
        ("a negative end", ada_but("exp", json!(-1))),
        ("no end", ada_but("exp", Value::Null)),
        ("not yet valid", ada_but("nbf", json!(now + 600))),
        ("for others", ada_but("aud", json!("another-service"))),
        ("for nobody", ada_but("aud", Value::Null)),
        ("by others", ada_but("iss", json!("another-issuer"))),
        ("by nobody", ada_but("iss", Value::Null)),
        ("nobody's", ada_but("sub", Value::Null)),
        ("claims of other types", ada_but("teams", json!("red"))),
        ("no claims", signed(&json!({"alg": "HS256"}), &json!([]), SECRET.as_bytes())),
    ]
}

// ── steps ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/// A handshake with these headers.
fn handshake(addr: SocketAddr, headers: &str) -> Answer {
    ask(addr, "GET", POLLING, headers, b"")
}

/// A WebSocket handshake that is to be refused.
fn refused_websocket(addr: SocketAddr, query: &str, headers: &str) -> Answer {
    let mut http = Http::open(addr);
    http.write(request("GET", query, &format!("{UPGRADE}{headers}")));
    http.answer()
}

/// A session whose handshake had these headers.
#[track_caller]
fn session(addr: SocketAddr, headers: &str) -> Polling {
    let answer = handshake(addr, headers);
    assert_eq!(answer.status, 200, "{answer:?}");
    let open: Value = serde_json::from_str(&answer.body[1..]).expect("an open packet");
    Polling { addr, sid: open["sid"].as_str().expect("a sid").to_owned() }
}

/// CONNECT with this `auth`, and the answer.
fn connect(session: &Polling, auth: &Value) -> String {
    session.post(format!("40{auth}")).is_ok();
    session.get().body
}

#[track_caller]
fn is_admitted(answer: &str) {
    assert!(answer.starts_with(r#"40{"sid":""#), "{answer}");
}

/// A refused CONNECT: these bytes, and not one more that tells why.
fn connect_error(message: &str) -> String {
    format!("44{}", json!({"message": message}))
}

fn post(addr: SocketAddr, path: &str, headers: &str, body: &str) -> Answer {
    let mut http = Http::open(addr);
    let length = body.len();
    http.write(format!(
        "POST {path} HTTP/1.1\r\nHost: test\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    ));
    http.answer()
}

const JSON: &str = "Content-Type: application/json\r\n";

// ── what it starts with ──────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn without_a_secret_it_does_not_start() {
    for secret in [None, Some(""), Some("secret"), Some("one byte less than it should be")] {
        let mut command = Command::new(program());
        command.arg("127.0.0.1:0").env_remove("JWT_SECRET").stdin(Stdio::null());
        command.envs(secret.map(|secret| ("JWT_SECRET", secret)));
        let output = command.output().expect("it starts");
        let said = String::from_utf8(output.stderr).expect("text");
        assert_eq!(
            (output.status.code(), output.stdout.as_slice()),
            (Some(2), &b""[..]),
            "{secret:?}: {said}"
        );
        assert!(said.starts_with("auth: JWT_SECRET ") && said.lines().count() == 1, "{said}");
        assert!(said.contains("32 bytes") && said.contains("openssl rand -hex 32"), "{said}");
        assert!(
            secret.is_none_or(|secret| secret.is_empty() || !said.contains(&format!("{secret:?}"))),
            "{said}"
        );
    }
}

// ── the login ────────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_login_gives_a_token_that_lets_in() {
    let server = Running::start();
    let answer =
        post(server.addr, "/login", JSON, r#"{"user": "bob", "password": "correct horse"}"#);
    assert_eq!(
        (answer.status, answer.header("cache-control")),
        (200, Some("no-store")),
        "{answer:?}"
    );
    let told: Value = serde_json::from_str(&answer.body).expect("JSON");
    assert_eq!(told["expires_in"], 900);
    is_admitted(&connect(&session(server.addr, ""), &json!({"token": told["token"]})));
}

#[test]
fn a_login_that_fails_tells_not_why() {
    let server = Running::start();
    for (user, password) in
        [("ada", "correct horse"), ("ada", ""), ("nobody", "correct horse"), ("", "")]
    {
        let body = json!({"user": user, "password": password}).to_string();
        let answer = post(server.addr, "/login", JSON, &body);
        assert_eq!(
            (answer.status, &*answer.body),
            (401, r#"{"message":"wrong user or password"}"#),
            "{body}"
        );
    }
    let good = r#"{"user": "bob", "password": "correct horse"}"#;
    let long = format!(r#"{{"user": "{}"}}"#, "x".repeat(5000));
    for (headers, body) in [
        (JSON, "{"),
        (JSON, r#"{"user": "bob"}"#),
        (JSON, &long),
        ("Content-Type: text/plain\r\n", good),
    ] {
        let answer = post(server.addr, "/login", headers, body);
        assert_eq!((answer.status, &*answer.body), (400, "bad JSON\n"), "{headers}{body}");
    }
}

// ── at the handshake ─────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_bad_token_at_the_handshake_is_refused_and_told_nothing() {
    let server = Running::start();
    // No token at all is no bad one: whoever comes without may still show one at CONNECT.
    for (what, token) in bad_tokens().into_iter().filter(|(_, token)| !token.is_empty()) {
        for headers in [
            format!("Authorization: Bearer {token}\r\n"),
            format!("Authorization: bearer {token}\r\n"),
            format!("Cookie: other=1; token={token}\r\n"),
        ] {
            let answer = handshake(server.addr, &headers);
            let expected = json!({"code": 4, "message": NO_TOKEN}).to_string();
            assert_eq!((answer.status, answer.body), (403, expected), "{what}");
            let answer = refused_websocket(server.addr, WEBSOCKET, &headers);
            assert_eq!((answer.status, &*answer.body), (400, NO_TOKEN), "{what}");
        }
    }
}

#[test]
fn a_good_token_at_the_handshake_is_whose_the_connection_is() {
    let server = Running::start();
    let token = token("ada");
    for headers in
        [format!("Authorization: Bearer {token}\r\n"), format!("Cookie: token={token}\r\n")]
    {
        let session = session(server.addr, &headers);
        is_admitted(&connect(&session, &json!({})));
        session.post(r#"421["subscribe","user-ada"]"#).is_ok();
        assert_eq!(session.get().body, "431[null]");
        session.post(r#"422["subscribe","user-bob"]"#).is_ok();
        assert_eq!(session.get().body, format!("432{}", json!([{"message": NOT_ALLOWED}])));
    }
}

#[test]
fn a_token_that_expires_between_handshake_and_connect_is_none() {
    let server = Running::start();
    let exp = get_current_timestamp() + 3;
    let session =
        session(server.addr, &format!("Authorization: Bearer {}\r\n", ada_but("exp", json!(exp))));
    wait_until("the token has expired", || get_current_timestamp() >= exp);
    assert_eq!(connect(&session, &json!({})), connect_error(NO_TOKEN));
}

// ── at CONNECT ───────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_bad_token_at_connect_is_refused_and_told_nothing() {
    let server = Running::start();
    let polling = Polling::open(server.addr);
    let mut websocket = Ws::open(server.addr);
    let mut shown: Vec<_> =
        bad_tokens().into_iter().map(|(what, token)| (what, json!({"token": token}))).collect();
    shown.extend([
        ("no token", json!({})),
        ("null", json!({"token": null})),
        ("a number", json!({"token": 5})),
        ("an object", json!({"token": {"sub": "ada"}})),
        ("an array", json!({"token": [token("ada")]})),
        ("another name", json!({"jwt": token("ada")})),
        ("claims themselves", claims("ada")),
    ]);
    for (what, auth) in shown {
        for namespace in ["", "/editors,"] {
            let refusal = format!("44{namespace}{}", json!({"message": NO_TOKEN}));
            polling.post(format!("40{namespace}{auth}")).is_ok();
            assert_eq!(polling.get().body, refusal, "{what}");
            websocket.send(&format!("40{namespace}{auth}"));
            assert_eq!(websocket.text(), refusal, "{what}");
        }
    }
    // It is not that nobody comes in.
    is_admitted(&connect(&polling, &json!({"token": token("bob")})));
}

#[test]
fn an_auth_that_is_no_object_ends_the_connection() {
    let server = Running::start();
    let token = token("ada");
    for auth in [
        json!([token]),
        json!([{"token": token}]),
        json!(token),
        json!(-1),
        json!(true),
        json!(null),
    ] {
        let polling = Polling::open(server.addr);
        // Whether its POST is answered or not, nobody is let in.
        let _ = polling.post(format!("40{auth}"));
        polling.is_forgotten();

        let mut websocket = Ws::open(server.addr);
        websocket.send(&format!("40{auth}"));
        match websocket.hear() {
            Heard::Close(_) | Heard::End => {}
            other => panic!("{auth}: {other:?}"),
        }
    }
}

#[test]
fn nothing_is_done_for_who_is_not_let_in() {
    let server = Running::start();
    for events in [r#"42["subscribe","news"]"#, r#"421["publish","news",1]"#] {
        let mut websocket = Ws::open(server.addr);
        websocket.send(r#"40{"token":"garbage"}"#);
        assert_eq!(websocket.text(), connect_error(NO_TOKEN));
        websocket.send(events);
        match websocket.hear() {
            Heard::Close(_) | Heard::End => {}
            other => panic!("{events}: {other:?}"),
        }
    }
}

#[test]
fn who_is_refused_again_and_again_does_not_stay() {
    let server = Running::start();
    let mut websocket = Ws::open(server.addr);
    wait_until("the server has enough of it", || {
        websocket.try_send_raw(frame(0x81, br#"40{"token":"garbage"}"#));
        match websocket.hear() {
            Heard::Text(text) => {
                assert_eq!(text, connect_error(NO_TOKEN));
                // It tries as often as it may, and a small machine has other tests to do.
                thread::sleep(Duration::from_millis(20));
                false
            }
            Heard::Close(_) | Heard::End => true,
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn a_connection_has_one_token() {
    let server = Running::start();
    let ada = token("ada");
    for (first, headers) in [
        ("at the handshake", format!("Authorization: Bearer {ada}\r\n")),
        ("at CONNECT", String::new()),
    ] {
        let session = session(server.addr, &headers);
        is_admitted(&connect(&session, &json!({"token": ada})));
        // As bob, as somebody with more rights, as ada with another token: from another namespace,
        // and from the same one after leaving it.
        for other in [
            token("bob"),
            ada_but("teams", json!(["red", "blue"])),
            ada_but("exp", json!(4_000_000_000_u64)),
        ] {
            session.post(format!("40/editors,{}", json!({"token": other}))).is_ok();
            let refusal = format!("44/editors,{}", json!({"message": NO_TOKEN}));
            assert_eq!(session.get().body, refusal, "{first}");
        }
        session.post("41").is_ok();
        assert_eq!(
            connect(&session, &json!({"token": token("bob")})),
            connect_error(NO_TOKEN),
            "{first}"
        );
        // Ada is who she was.
        is_admitted(&connect(&session, &json!({"token": ada})));
        session.post(r#"421["subscribe","team-blue"]"#).is_ok();
        assert_eq!(
            session.get().body,
            format!("431{}", json!([{"message": NOT_ALLOWED}])),
            "{first}"
        );
        session.post(r#"422["subscribe","user-ada"]"#).is_ok();
        assert_eq!(session.get().body, "432[null]", "{first}");
    }
}

#[test]
fn a_namespace_asks_by_itself() {
    let server = Running::start();
    let bob = session(server.addr, "");
    is_admitted(&connect(&bob, &json!({"token": token("bob")})));
    for (namespace, auth, message) in [
        ("/editors", json!({}), NOT_ALLOWED),
        ("/editors", json!({"token": token("bob")}), NOT_ALLOWED),
        ("/editors", json!({"token": token("ada")}), NO_TOKEN),
        ("/elsewhere", json!({}), "Invalid namespace"),
    ] {
        bob.post(format!("40{namespace},{auth}")).is_ok();
        let answer = bob.get().body;
        let json =
            answer.strip_prefix(&format!("44{namespace},")).unwrap_or_else(|| panic!("{answer}"));
        assert_eq!(serde_json::from_str::<Value>(json).expect("JSON"), json!({"message": message}));
    }
}

// ── when it has expired ──────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn who_has_expired_is_put_out_of_every_namespace() {
    let server = Running::start();
    let token = ada_but("exp", json!(get_current_timestamp() + 5));
    let mut ada = Ws::open(server.addr);
    ada.send(&format!("40{}", json!({"token": token})));
    is_admitted(&ada.text());
    ada.send("40/editors,");
    assert!(ada.text().starts_with("40/editors,{"));
    let mut ends = [ada.text(), ada.text()];
    ends.sort();
    assert_eq!(ends, ["41", "41/editors,"]);
    // The connection is there; the token is not good for another socket.
    ada.send("40{}");
    assert_eq!(ada.text(), connect_error(NO_TOKEN));
    ada.send(&format!("40{}", json!({"token": token})));
    assert_eq!(ada.text(), connect_error(NO_TOKEN));
}

// ── origins ──────────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn pages_of_other_origins_get_nothing_whatever_their_visitors_have() {
    let server = Running::start();
    let cookie = format!("Cookie: token={}\r\n", token("ada"));
    for origin in [STRANGER, "http://app.example.com", "https://app.example.com:8443", "null", ""] {
        for headers in [String::new(), cookie.clone()] {
            let headers = format!("Origin: {origin}\r\n{headers}");
            let answer = refused_websocket(server.addr, WEBSOCKET, &headers);
            assert!(answer.status == 400 && !answer.body.contains("sid"), "{origin}: {answer:?}");
            // An upgrade is asked as well.
            let upgrade = format!("{WEBSOCKET}&sid={}", session(server.addr, "").sid);
            let answer = refused_websocket(server.addr, &upgrade, &headers);
            assert_eq!(answer.status, 400, "{origin}: {answer:?}");
            // The browser keeps an answer by HTTP from a page that is not named in it.
            let answer = handshake(server.addr, &headers);
            assert_eq!(answer.header("access-control-allow-origin"), None, "{origin}");
            let preflight = format!("{headers}Access-Control-Request-Method: POST\r\n");
            let answer = ask(server.addr, "OPTIONS", POLLING, &preflight, b"");
            assert!((400..500).contains(&answer.status), "{origin}: {answer:?}");
            assert_eq!(answer.header("access-control-allow-origin"), None, "{origin}");
        }
    }
}

#[test]
fn pages_of_an_origin_in_the_list_may_connect() {
    let server = Running::start();
    let origin = format!("Origin: {FRIEND}\r\n");
    let answer = handshake(server.addr, &origin);
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, Some(FRIEND)));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    let mut http = Http::open(server.addr);
    http.write(request("GET", WEBSOCKET, &format!("{UPGRADE}{origin}")));
    let mut status = [0; 12];
    http.stream().read_exact(&mut status).expect("an answer");
    assert_eq!(&status, b"HTTP/1.1 101");
}

// ── the application's own requests ───────────────────────────────────────────────────────────────────────────────────

#[test]
fn one_user_is_told_something_by_an_editor() {
    let server = Running::start();
    let mut heard = ["bob", "eve"].map(|user| {
        let mut websocket = Ws::open(server.addr);
        websocket.send(&format!("40{}", json!({"token": token(user)})));
        is_admitted(&websocket.text());
        websocket.send(&format!(r#"421["subscribe","user-{user}"]"#));
        assert_eq!(websocket.text(), "431[null]");
        websocket
    });
    let tell = |user: &str, authorization: &str| {
        let headers = format!("{JSON}{authorization}");
        let answer = post(
            server.addr,
            &format!("/users/{user}/messages"),
            &headers,
            &format!("\"for {user}\""),
        );
        (answer.status, answer.body)
    };
    let bearer = |token: &str| format!("Authorization: Bearer {token}\r\n");
    for authorization in
        [String::new(), bearer("garbage"), format!("Cookie: token={}\r\n", token("ada"))]
    {
        assert_eq!(tell("bob", &authorization), (401, NO_TOKEN.to_owned()));
    }
    assert_eq!(
        tell("eve", &bearer(&token("bob"))),
        (403, json!({"message": NOT_ALLOWED}).to_string())
    );
    for user in ["bob", "eve"] {
        assert_eq!(tell(user, &bearer(&token("ada"))), (202, String::new()));
    }
    // Each the first and only thing that comes.
    for (websocket, user) in heard.iter_mut().zip(["bob", "eve"]) {
        assert_eq!(websocket.text(), format!(r#"42["message","for {user}"]"#));
    }
}

// ── the official client ──────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn the_official_client() {
    if !all_there("the example auth with the official client", &[Need::Node, Need::NodePackages]) {
        return;
    }
    let server = Running::start();
    let url = format!("http://{}", server.addr);
    node_tests(&clients().join("auth"), |node| {
        node.env("SERVER_URL", url).env("JWT_SECRET", SECRET)
    });
}
