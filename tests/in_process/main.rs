//! The helpers for tests of applications: the client within the test, events made by hand, and the
//! clock that a test moves.

mod by_hand;
mod client;
mod clock;
mod ends;
mod mistakes;
