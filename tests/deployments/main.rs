//! The server as it is deployed: with HTTP/1.1 and HTTP/2, with TLS and without, at a Unix socket,
//! and behind nginx, HAProxy and Caddy. Clients use it in all modes, and it stops and gives everything
//! back.
//!
//! The proxies are the real programs. Each runs in the foreground with a configuration and a folder
//! of its own, and ends with its test. Clients have loopback addresses of their own, so this needs
//! Linux.

#![cfg(target_os = "linux")]

#[path = "../common/needs.rs"]
mod needs;
#[path = "../common/programs.rs"]
mod programs;
#[allow(dead_code, reason = "each program uses some of what they share")]
#[path = "../common/raw/mod.rs"]
mod raw;
#[path = "../common/suites.rs"]
mod suites;
#[path = "../common/wait.rs"]
mod wait;

mod app;
mod certificate;
mod folder;
mod haproxy;
mod http2;
mod nginx;
mod node;
mod proxy;
mod server;

mod addresses;
mod documented;
mod keep_alive;
mod modes;
mod no_delay;
mod origins;
mod polls_over_http2;
mod stop;
mod subprotocols;
mod unread_answers;
