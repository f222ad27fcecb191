//! After SIGTERM, each client learns of the end, wherever it is connected, and the server ends soon.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use actix_web::rt::System;

use crate::{
    app, certificate,
    folder::Folder,
    haproxy,
    needs::{Need, all_there},
    nginx::{DOCUMENTED, Nginx},
    node,
    server::{Listeners, listen},
    suites::turn,
};

const ITSELF: &str = "stop::clients_learn_of_the_end_and_the_server_ends";
/// Set for the process that is the server, to the path of its Unix socket.
const SERVER: &str = "DEPLOYMENTS_SERVER";
/// The certificate of the server, in the folder of its Unix socket.
const AUTHORITY: &str = "authority.pem";
/// A stop takes less than half of it. By itself, actix-web needs 30 s.
const LIMIT: Duration = Duration::from_secs(20);
const NEEDS: [Need; 4] = [Need::Node, Need::NodePackages, Need::Nginx, Need::Haproxy];

/// Serves until SIGTERM, and says where.
fn serve(unix: PathBuf) {
    System::new().block_on(async {
        // This process has a certificate of its own.
        let authority = unix.with_file_name(AUTHORITY);
        fs::write(authority, certificate::authority()).expect("a temporary file");
        let io = app::builder().build().expect("the settings are valid");
        let (server, at) = listen(&io, unix, true);
        println!("\nserving {} {} {}", at.plain, at.h2c, at.tls);
        server.await.expect("it serves until the signal");
    });
}

/// Starts the server in a process of its own: the test program with one test, which serves.
fn start(folder: &Folder) -> (Child, Listeners) {
    let unix = folder.path().join("socket");
    let mut child = Command::new(env::current_exe().expect("the test program"))
        .args(["--exact", "--nocapture", ITSELF])
        .env(SERVER, &unix)
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let addrs: Vec<_> = lines
        .find_map(|line| Some(line.expect("text").strip_prefix("serving ")?.to_owned()))
        .expect("it serves")
        .split(' ')
        .map(|addr| addr.parse().expect("an address"))
        .collect();
    // What the test program prints at its end goes somewhere.
    thread::spawn(move || lines.for_each(drop));
    let [plain, h2c, tls] = addrs[..] else { panic!("three addresses: {addrs:?}") };
    (child, Listeners { plain, h2c, tls, unix })
}

fn kill(signal: &str, id: u32) {
    let killed = Command::new("kill").args([signal, &id.to_string()]).status().expect("it runs");
    assert!(killed.success());
}

#[test]
fn clients_learn_of_the_end_and_the_server_ends() {
    if let Some(unix) = env::var_os(SERVER) {
        return serve(unix.into());
    }
    if !all_there("a stop behind proxies", &NEEDS) {
        return;
    }
    let _turn = turn();
    let folder = Folder::new("stop");
    let (mut server, at) = start(&folder);
    let id = server.id();
    let nginx = Nginx { location: DOCUMENTED, keepalive: Some(16), ..Nginx::default() };
    let proxies = [
        nginx.before(at.plain),
        nginx.before_unix(&at.unix),
        haproxy::before(at.plain),
        haproxy::before_h2c(at.h2c),
        haproxy::before_tls(at.tls),
    ];
    let mut urls: Vec<_> = proxies.iter().map(crate::proxy::Proxy::url).collect();
    urls.extend([at.plain, at.h2c].map(|addr| format!("http://{addr}")));
    urls.push(format!("https://{}", at.tls));

    let mut clients = node::command("stop.mjs", &[("SERVER_URL", &urls.join(" "))])
        .env("NODE_EXTRA_CA_CERTS", folder.path().join(AUTHORITY))
        .stdout(Stdio::piped())
        .spawn()
        .expect("Node.js runs");
    let mut lines = BufReader::new(clients.stdout.take().expect("a pipe")).lines();
    let connected = lines.next().expect("the clients connect").expect("text");
    kill("-TERM", id);
    let (sender, ended) = mpsc::channel();
    thread::spawn(move || sender.send(server.wait()));
    let outcome = ended.recv_timeout(LIMIT);
    if outcome.is_err() {
        // It would go on after the test.
        kill("-KILL", id);
    }
    let rest: Vec<_> = lines.map(|line| line.expect("text")).collect();
    assert!(clients.wait().expect("Node.js ran").success(), "{rest:#?}");
    let status = outcome.expect("the server ends in time").expect("it was started");
    assert!(status.success(), "{status}");
    assert_eq!(connected, "connected");
    assert_eq!(rest.len(), urls.len() * 3, "{rest:#?}");
    assert!(rest.iter().all(|line| line.ends_with(" learned of the end")), "{rest:#?}");
}
