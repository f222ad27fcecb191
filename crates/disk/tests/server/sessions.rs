//! Sessions of clients over restarts of the server.
