//! The promises of the store, held against kills, power cuts, damage, full disks and clocks. Each
//! test plays the server's part with [`server::FakeServer`].

mod clean_stops;
mod commit_first;
mod damage;
mod files;
mod kills;
mod media;
mod power_cuts;
mod server;
mod slow_disks;
mod troubles;
