//! The guides of this crate: how to use it, and what to know of it.
//!
//! They are the pages of the folder `docs`, for the version that you use.
//!
//! | | |
//! | --- | --- |
//! | [Quick starts](quickstart) | a page that updates, from `curl`, Flask or Node, without Rust |
//! | [Tutorial](tutorial) | a chat, from an empty folder to its deployment |
//! | [Handlers](handlers) | parameters, answers, state, and a chat beside Node's |
//! | [History](history) | clients that were away get what they missed, or are told |
//! | [The client](client) | the browser client that the server serves, and its channels |
//! | [Presence](presence) | the list of a channel's users, for clients in every language |
//! | [Tokens](tokens) | users by JSON Web Tokens, and channels for them: the feature `jwt` |
//! | [HTTP API](api) | publishing and more from any language, by HTTP: the feature `api` |
//! | [Admin UI](admin) | Socket.IO's page for administrators: the feature `admin` |
//! | [Testing](testing) | tests without a port, events by hand, a clock that the test moves |
//! | [Cookbook](cookbook) | log-ins, history, private messages, presence, rates, retries |
//! | [Deployment](deploy) | proxies, TLS, systemd, containers, development servers |
//! | [Broker](broker) | the program: rules for channels in a file, health, signals |
//! | [Cluster](cluster) | several servers over Redis, with Node's among them |
//! | [Security](security) | the rights of clients: connecting, subscribing, publishing |
//! | [Settings and limits](limits) | each setting, its default, and what happens at the limit |
//! | [Counters and logs](observability) | health, metrics and the log |
//! | [Reliability](reliability) | the promises, the bound of memory, the faults that were tried |
//! | [The wire protocol](protocol) | packets, Socket.IO's features and options, differences from Node |
//! | [From Node](from_node) | the same app, twice; the names; what differs |
//! | [From socketioxide](from_socketioxide) | extractors and calls |
//! | [From django-socketio](from_django_socketio) | the same room, twice |
//!
//! This module is there in documentation only.

// Pages link each other by files. A definition that stands before that of the page wins, so here
// they lead to modules.

#[doc = "[metrics]: crate::guide::observability#counters"]
#[doc = "[broker]: crate::guide::broker"]
#[doc = "[proxy]: crate::guide::security#behind-a-proxy"]
#[doc = "[origins]: crate::guide::security#which-pages-origins"]
#[doc = ""]
#[doc = include_str!("../docs/admin.md")]
pub mod admin {}

#[doc = "[history]: crate::guide::history"]
#[doc = "[tokens]: crate::guide::tokens"]
#[doc = ""]
#[doc = include_str!("../docs/api.md")]
pub mod api {}

#[doc = "[quickstart]: crate::guide::quickstart"]
#[doc = "[tokens]: crate::guide::tokens"]
#[doc = "[api]: crate::guide::api"]
#[doc = "[admin]: crate::guide::admin"]
#[doc = "[metrics]: crate::guide::observability#prometheus"]
#[doc = "[nodes]: crate::guide::cluster#polling-without-sticky-sessions"]
#[doc = "[limits]: crate::guide::limits"]
#[doc = "[history]: crate::guide::history"]
#[doc = "[presence]: crate::guide::presence"]
#[doc = "[deploy]: crate::guide::deploy"]
#[doc = ""]
#[doc = include_str!("../docs/broker.md")]
pub mod broker {}

#[doc = include_str!("../docs/client.md")]
pub mod client {}

#[doc = "[deploy]: crate::guide::deploy"]
#[doc = ""]
#[doc = include_str!("../docs/cluster.md")]
pub mod cluster {}

#[doc = "[origins]: crate::guide::security#which-pages-origins"]
#[doc = "[auth]: crate::guide::security#who-is-this-auth"]
#[doc = "[dev]: crate::guide::deploy#development-servers-and-cors"]
#[doc = ""]
#[doc = include_str!("../docs/cookbook.md")]
pub mod cookbook {}

#[doc = "[session-id]: crate::guide::security#the-sessions-id"]
#[doc = "[origins]: crate::guide::security#which-pages-origins"]
#[doc = "[limits]: crate::guide::limits#limits-of-the-server"]
#[doc = "[memory]: crate::guide::reliability#memory"]
#[doc = "[health]: crate::guide::observability"]
#[doc = "[cluster]: crate::guide::cluster"]
#[doc = "[broker]: crate::guide::broker"]
#[doc = ""]
#[doc = include_str!("../docs/deploy.md")]
pub mod deploy {}

#[doc = "[limits]: crate::guide::limits"]
#[doc = ""]
#[doc = include_str!("../docs/from-django-socketio.md")]
pub mod from_django_socketio {}

#[doc = include_str!("../docs/handlers.md")]
pub mod handlers {}

#[doc = "[Handlers]: crate::guide::handlers"]
#[doc = "[history]: crate::guide::cookbook#history-on-join-without-doubles"]
#[doc = "[retry]: crate::guide::cookbook#delivery-with-an-acknowledgement-tried-again"]
#[doc = "[observability]: crate::guide::observability"]
#[doc = "[options]: crate::guide::protocol#its-options"]
#[doc = "[features]: crate::guide::protocol#socketios-features-and-their-names-here"]
#[doc = "[limits]: crate::guide::limits"]
#[doc = "[origins]: crate::guide::security#which-pages-origins"]
#[doc = "[differences]: crate::guide::protocol#deliberate-differences-from-nodes-server"]
#[doc = ""]
#[doc = include_str!("../docs/from-node.md")]
pub mod from_node {}

#[doc = "[channels]: crate::guide::from_node#rooms-and-channels-that-clients-ask-for"]
#[doc = ""]
#[doc = include_str!("../docs/from-socketioxide.md")]
pub mod from_socketioxide {}

#[doc = "[Metrics]: crate::guide::observability"]
#[doc = "[before]: https://raw.githubusercontent.com/actix-socketio/actix-socketio/main/docs/images/away-before.png"]
#[doc = "[during]: https://raw.githubusercontent.com/actix-socketio/actix-socketio/main/docs/images/away-during.png"]
#[doc = "[after]: https://raw.githubusercontent.com/actix-socketio/actix-socketio/main/docs/images/away-after.png"]
#[doc = ""]
#[doc = include_str!("../docs/history.md")]
pub mod history {}

#[doc = "[api]: crate::guide::api#settings"]
#[doc = "[stats]: crate::guide::observability"]
#[doc = "[tokens]: crate::guide::tokens#ends-and-refreshing"]
#[doc = "[presence]: crate::guide::presence"]
#[doc = "[bounds of its own]: crate::guide::presence#bounds"]
#[doc = "[reliability.md]: crate::guide::reliability#memory"]
#[doc = "[how addresses are found behind proxies]: crate::guide::security#behind-a-proxy"]
#[doc = ""]
#[doc = include_str!("../docs/limits.md")]
pub mod limits {}

#[doc = "[admin]: crate::guide::admin"]
#[doc = "[api]: crate::guide::api"]
#[doc = "[tokens]: crate::guide::tokens"]
#[doc = "[publications of clients wait for]: crate::guide::limits#publications-of-clients-and-slow-subscribers"]
#[doc = "[security.md]: crate::guide::security#logs"]
#[doc = ""]
#[doc = include_str!("../docs/observability.md")]
pub mod observability {}

#[doc = "[limits.md]: crate::guide::limits#publications-of-clients-and-slow-subscribers"]
#[doc = "[limits]: crate::guide::limits"]
#[doc = "[our client]: crate::guide::client"]
#[doc = "[presence.md]: crate::guide::presence"]
#[doc = "[conformance.md]: https://github.com/actix-socketio/actix-socketio/blob/main/docs/conformance.md"]
#[doc = ""]
#[doc = include_str!("../docs/protocol.md")]
#[doc(alias = "connectionStateRecovery")]
pub mod protocol {}

#[doc = "[`max_presence_bytes`]: crate::guide::limits#limits-of-the-server"]
#[doc = ""]
#[doc = include_str!("../docs/presence.md")]
pub mod presence {}

#[doc = "[broker]: crate::guide::broker"]
#[doc = "[api]: crate::guide::api"]
#[doc = "[deploy]: crate::guide::deploy"]
#[doc = ""]
#[doc = include_str!("../docs/quickstart.md")]
pub mod quickstart {}

#[doc = include_str!("../docs/reliability.md")]
pub mod reliability {}

#[doc = "[admin]: crate::guide::admin"]
#[doc = "[api]: crate::guide::api"]
#[doc = "[deploy]: crate::guide::deploy"]
#[doc = "[passed on]: crate::guide::protocol#what-is-passed-on"]
#[doc = "[limits.md]: crate::guide::limits#publications-of-clients-and-slow-subscribers"]
#[doc = "[limits]: crate::guide::limits"]
#[doc = "[protocol.md]: crate::guide::protocol"]
#[doc = "[tokens.md]: crate::guide::tokens"]
#[doc = ""]
#[doc = include_str!("../docs/security.md")]
pub mod security {}

#[doc = include_str!("../docs/testing.md")]
pub mod testing {}

#[doc = "[presence]: crate::guide::presence"]
#[doc = "[recovery]: crate::guide::history#sockets-that-come-back"]
#[doc = "[api]: crate::guide::api"]
#[doc = ""]
#[doc = include_str!("../docs/tokens.md")]
pub mod tokens {}

#[doc = "[cookbook]: crate::guide::cookbook"]
#[doc = "[handlers]: crate::guide::handlers"]
#[doc = "[testing]: crate::guide::testing"]
#[doc = "[deploy]: crate::guide::deploy"]
#[doc = "[security]: crate::guide::security"]
#[doc = "[from-node]: crate::guide::from_node"]
#[doc = ""]
#[doc = include_str!("../docs/tutorial.md")]
pub mod tutorial {}
