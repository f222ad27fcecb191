//! What TLS costs: the memory of an idle WebSocket and the CPU time of a delivery, without TLS, with
//! `SocketIo::serve_tls`, and with actix-web's `bind_rustls_0_23`. Each server is a process of its
//! own with one worker, and this one has all clients.
//!
//! `cargo bench --bench tls` measures. `cargo test --bench tls` has few clients, and checks that the
//! servers deliver.

#[path = "../../tests/common/raw/frame.rs"]
mod frame;

mod client;
mod process;
mod server;

use client::{Client, Trust};
use process::ServerProcess;
use server::Kind;

/// How much is measured.
struct Load {
    /// The clients before the first look at memory, for which the server makes what all share.
    first: usize,
    /// The clients whose memory is measured.
    more: usize,
    /// The events that all clients receive.
    events: usize,
}

impl Load {
    const fn clients(&self) -> usize {
        self.first + self.more
    }
}

/// With the descriptors that a process has by default, which are 1,024.
const BENCH: Load = Load { first: 100, more: 800, events: 500 };
const TEST: Load = Load { first: 2, more: 8, events: 3 };

/// Events before the measurement, for buffers that grow with the first ones.
const WARM_UP: usize = 2;

/// What one server has taken.
struct Cost {
    idle_bytes: f64,
    delivery_nanos: f64,
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [command, kind] = &args[..]
        && command == server::COMMAND
    {
        return server::run(Kind::named(kind));
    }
    let is_bench = args.iter().any(|arg| arg == "--bench");
    let load = if is_bench { BENCH } else { TEST };
    let [plain, ours, actix] = Kind::ALL.map(|kind| measure(kind, &load));
    if !is_bench {
        // The figures of so little say nothing.
        return println!(
            "each server has delivered {} events to {} clients",
            load.events,
            load.clients()
        );
    }
    println!("{} clients, {} events of {} bytes", load.clients(), load.events, server::DATA.len());
    println!("{:<26} {:>14} {:>18}", "", "idle WebSocket", "CPU of a delivery");
    for (kind, cost) in Kind::ALL.iter().zip([&plain, &ours, &actix]) {
        let (kib, micros) = (cost.idle_bytes / 1024.0, cost.delivery_nanos / 1000.0);
        println!("{:<26} {kib:>10.1} KiB {micros:>15.2} µs", kind.name());
    }
    print_ratio("serve_tls / plain", &ours, &plain);
    print_ratio("serve_tls / actix-web", &ours, &actix);
    print_ratio("actix-web / plain", &actix, &plain);
}

fn print_ratio(what: &str, this: &Cost, that: &Cost) {
    let memory = this.idle_bytes / that.idle_bytes;
    let cpu = this.delivery_nanos / that.delivery_nanos;
    println!("{what:<26} {memory:>14.2} {cpu:>18.2}");
}

fn measure(kind: Kind, load: &Load) -> Cost {
    let mut server = ServerProcess::start(kind);
    let trust = kind.has_tls().then(|| Trust::new(server.certificate()));
    let connect = || Client::join(server.addr(), trust.as_ref());
    let mut clients: Vec<_> = (0..load.first).map(|_| connect()).collect();
    let before = server.resident_bytes();
    clients.extend((0..load.more).map(|_| connect()));
    let idle_bytes = (server.resident_bytes() - before) / load.more as f64;

    // All clients receive an event before the next one, so that each delivery is a write.
    let mut deliver = |count: usize| {
        for _ in 0..count {
            server.emit();
            for client in &mut clients {
                assert_eq!(client.text(), server::expected_packet());
            }
        }
        server.cpu_nanos()
    };
    let before = deliver(WARM_UP);
    let nanos = deliver(load.events) - before;
    let deliveries = load.events * load.clients();
    Cost { idle_bytes, delivery_nanos: nanos / deliveries as f64 }
}
