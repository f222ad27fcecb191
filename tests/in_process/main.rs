//! The helpers for tests of applications: the client within the test, events made by hand, and the
//! clock that a test moves.

mod by_hand;
mod client;
mod clock;
mod ends;
mod mistakes;
#[path = "../common/needs.rs"]
mod needs;
mod page;
#[path = "../common/programs.rs"]
mod programs;
mod typed;
