//! Who abuses the wire gets what the protocols say, on its deadline, and costs its neighbours nothing.

#[allow(dead_code)] // each binary uses some of what they share
#[path = "../server/app.rs"]
mod app;
#[allow(dead_code)]
#[path = "../server/raw.rs"]
mod raw;
#[allow(dead_code)]
#[path = "../server/world.rs"]
mod world;

mod neighbour;

mod corpus;
mod http_abuse;
mod stragglers;
mod websocket_abuse;
