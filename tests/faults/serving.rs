//! A server by `SocketIo::serve`, with the TCP options that it sets, and what the kernel reports
//! about its connections.

use std::{
    fs,
    net::{IpAddr, SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process,
    sync::{
        atomic::{AtomicU8, Ordering::SeqCst},
        mpsc,
    },
    thread,
};

use actix_socketio::{Builder, SocketIo};
use actix_web::rt::System;

use crate::wait::wait_until;

/// Serves at a loopback address of its own, and at one more. Only a signal ends `SocketIo::serve`,
/// so this server runs until the process ends.
pub(crate) fn serve(builder: Builder, also: Option<IpAddr>) -> (SocketIo, Vec<SocketAddr>) {
    static SERVERS: AtomicU8 = AtomicU8::new(1);
    let [.., high, low] = process::id().to_be_bytes();
    let own = IpAddr::from([127, high.max(1), low, SERVERS.fetch_add(1, SeqCst)]);
    // No other test uses this address, so the port is still free after the listener is dropped.
    let port = TcpListener::bind((own, 0))
        .and_then(|listener| listener.local_addr())
        .expect("an address")
        .port();
    let addrs: Vec<_> = [own].into_iter().chain(also).map(|ip| SocketAddr::new(ip, port)).collect();
    let (started, running) = mpsc::channel();
    let bound = addrs.clone();
    thread::spawn(move || {
        System::new().block_on(async move {
            let io = builder.build().expect("the settings are valid");
            started.send(io.clone()).expect("the test waits for this");
            io.serve(&*bound).await.expect("the addresses are free");
        });
    });
    let io = running.recv().expect("the server starts; its thread says why not");
    wait_until("it listens", || addrs.iter().all(|addr| TcpStream::connect(addr).is_ok()));
    (io, addrs)
}

/// The server's end of a client's TCP connection, in this process.
pub(crate) struct Accepted {
    /// The target of each of its descriptors.
    link: PathBuf,
}

impl Accepted {
    pub(crate) fn of(server: SocketAddr, client: SocketAddr) -> Self {
        let hex = |addr: SocketAddr| {
            let IpAddr::V4(ip) = addr.ip() else { panic!("IPv4 alone is looked up") };
            format!("{:08X}:{:04X}", u32::from_ne_bytes(ip.octets()), addr.port())
        };
        let ends = (hex(server), hex(client));
        // The file lists all connections of the machine, so it may take long to read.
        let table = fs::read_to_string("/proc/self/net/tcp").expect("Linux has it");
        let inode = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).find_map(
            |fields| {
                let [_, local, remote, _, _, _, _, _, _, inode, ..] = fields[..] else {
                    return None;
                };
                ((local, remote) == (&*ends.0, &*ends.1)).then(|| inode.to_owned())
            },
        );
        let accepted =
            Self { link: format!("socket:[{}]", inode.expect("it is connected")).into() };
        assert!(accepted.has_descriptor());
        accepted
    }

    /// Whether the server has no descriptor for it any more. The kernel may still try to deliver
    /// the last bytes.
    pub(crate) fn has_descriptor(&self) -> bool {
        self.descriptors() > 0
    }

    /// The number of its descriptors.
    pub(crate) fn descriptors(&self) -> usize {
        let descriptors = fs::read_dir("/proc/self/fd").expect("Linux has it").flatten();
        // A descriptor may be closed during the iteration.
        descriptors
            .filter(|descriptor| {
                fs::read_link(descriptor.path()).is_ok_and(|link| link == self.link)
            })
            .count()
    }
}
