//! A peer whose cable is unplugged: no FIN, no reset, and no answer while the server continues to
//! write.

use std::{
    env,
    net::{IpAddr, SocketAddr},
    process::{self, Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use actix_socketio::OnConnect;

use crate::{
    fixture::{Journal, journaling},
    needs::{Need, is_there},
    raw::{AttendedWebSocket, WebSocket},
    serving::{Accepted, serve},
    wait::{PATIENCE, wait_until},
};

const PING_INTERVAL: Duration = Duration::from_millis(500);
const PING_TIMEOUT: Duration = Duration::from_secs(1);
const TCP_TIMEOUT: Duration = Duration::from_secs(3);
const ITSELF: &str = "half_open::a_peer_that_is_cut_off_is_gone_after_ping_timeout_and_its_neighbour_receives_everything";
/// The address to which the client in the namespace connects.
const SERVER: &str = "ACTIX_SOCKETIO_TEST_SERVER";

#[track_caller]
fn ip(args: &str) {
    let output = Command::new("ip").args(args.split(' ')).output().expect("it runs");
    assert!(output.status.success(), "ip {args}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A network of two hosts. One is in a network namespace of its own.
struct Cable {
    namespace: String,
    here: IpAddr,
}

impl Cable {
    fn lay() -> Self {
        let id = process::id();
        let cable = Self {
            namespace: format!("sio-{id}"),
            // From the addresses that are set aside for experiments (RFC 2544).
            here: IpAddr::from([198, 18, (id >> 6) as u8, ((id & 63) << 2) as u8 + 1]),
        };
        let Self { namespace, here } = &cable;
        let there = IpAddr::from([198, 18, (id >> 6) as u8, ((id & 63) << 2) as u8 + 2]);
        ip(&format!("netns add {namespace}"));
        ip(&format!("link add sio{id} type veth peer name there netns {namespace}"));
        ip(&format!("address add {here}/30 dev sio{id}"));
        ip(&format!("link set sio{id} up"));
        ip(&format!("-n {namespace} address add {there}/30 dev there"));
        ip(&format!("-n {namespace} link set there up"));
        cable
    }

    /// From now on, packets in both directions are lost.
    fn pull(&self) {
        ip(&format!("-n {} link set there down", self.namespace));
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        // The link may not exist. The namespace may outlive its name while it has packets to send.
        let _ =
            Command::new("ip").args(["link", "delete", &format!("sio{}", process::id())]).output();
        let _ = Command::new("ip").args(["netns", "delete", &self.namespace]).output();
    }
}

/// A client in the namespace, in a process of its own. It reads and answers pings until this is
/// dropped.
struct Client(Child);

impl Client {
    fn start(namespace: &str, server: SocketAddr) -> Self {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", namespace]).arg(env::current_exe().expect("a program"));
        command.args(["--exact", ITSELF]).env(SERVER, server.to_string());
        Self(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("it runs"))
    }

    fn be(server: SocketAddr) -> ! {
        let mut ws = WebSocket::open(server);
        ws.join();
        ws.send(r#"421["subscribe","numbers"]"#);
        loop {
            ws.text();
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_peer_that_is_cut_off_is_gone_after_ping_timeout_and_its_neighbour_receives_everything() {
    if let Ok(server) = env::var(SERVER) {
        Client::be(server.parse().expect("an address"));
    }
    if !is_there(ITSELF, Need::NetworkNamespaces) {
        return;
    }
    let cable = Cable::lay();
    let journal = Journal::default();
    let (connected, come) = mpsc::channel();
    let settings = journaling(&journal).ping_interval(PING_INTERVAL).ping_timeout(PING_TIMEOUT);
    let settings = settings.on_connect(async move |event: OnConnect| {
        connected.send((event.socket.id(), event.socket.handshake().peer_addr()))?;
        Ok(())
    });
    let (io, addrs) = serve(settings.tcp_timeout(TCP_TIMEOUT).open_channels(), Some(cable.here));

    let mut neighbour = WebSocket::open(addrs[0]);
    let own = neighbour.join();
    io.socket(&own)
        .expect("the socket is connected")
        .subscribe("numbers")
        .expect("the subscription is allowed");
    let neighbour = AttendedWebSocket::new(neighbour);
    let client = Client::start(&cable.namespace, addrs[1]);
    wait_until("it is subscribed", || io.stats().subscriptions == 2);
    let [_, (id, Some(peer))] = [(); 2].map(|()| come.recv().expect("both have come")) else {
        panic!("it has no address")
    };
    let mut published = 0;
    let mut publish = || {
        io.to("numbers").emit("number", &published).expect("the registry has capacity");
        assert_eq!(neighbour.text(), format!(r#"42["number",{published}]"#));
        published += 1;
        // Stay within the kernel's buffers, because this test is about silence.
        thread::sleep(Duration::from_millis(1));
    };
    let pinged = neighbour.pings();
    while neighbour.pings() < pinged + 4 {
        publish();
    }
    assert!(io.socket(&id).is_some_and(|socket| socket.is_connected()), "it answers pings");
    let accepted = Accepted::of(addrs[1], peer);

    cable.pull();
    let cut = Instant::now();
    let is_over = || journal.of(id).last().is_some_and(|what| what == "finish");
    while !is_over() {
        publish();
        assert!(cut.elapsed() < PATIENCE, "it is still there");
    }
    println!("it was gone {:?} after it was cut off", cut.elapsed());
    assert_eq!(journal.disconnect_reason(id), "ping timeout");
    while accepted.has_descriptor() {
        publish();
        // By itself, TCP gives up after a quarter of an hour.
        assert!(cut.elapsed() < 2 * PATIENCE, "its descriptor is still there");
    }
    println!(
        "its descriptor was free {:?} after it was cut off; {published} publications",
        cut.elapsed()
    );
    assert_eq!(io.connections(), 1, "the neighbour");
    drop((client, neighbour));
    wait_until("all gauges are zero", || io.stats().is_idle());
}
