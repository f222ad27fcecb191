//! The command line.

use std::{fmt, path::PathBuf};

use clap::{Args, Parser, Subcommand};

/// The text behind the list of options.
const AFTER: &str = "\
Without a command, clients subscribe to channels of any name, and publish to the channels that they
have subscribed to. `genconfig` writes a configuration for `serve`.

$RUST_LOG sets the level of the log: info (default), debug, or trace (with the data of clients).";

/// A Socket.IO broker, without an application around it.
#[derive(Debug, Parser)]
#[command(
    name = "actix-socketio",
    version,
    after_help = AFTER,
    override_usage = "actix-socketio [ADDRESS]\n       actix-socketio <COMMAND>",
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// Where to listen, HOST:PORT or PORT (default: $SOCKETIO_HOST and $SOCKETIO_PORT, or else
    /// 127.0.0.1:9000)
    #[arg(value_name = "ADDRESS")]
    pub(crate) address: Option<String>,

    /// More than an address, for an error that says so
    #[arg(hide = true)]
    pub(crate) extra: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run with a configuration: a file, and the environment ($SOCKETIO_CORS__ORIGINS is
    /// cors.origins)
    Serve(Serve),
    /// Write a small configuration with comments, never over an existing file
    Genconfig(GenConfig),
    /// Report every mistake in a configuration
    Checkconfig(CheckConfig),
    /// Print a token for trying things out, signed with the secret of [jwt]
    Gentoken(GenToken),
    /// Say what is in a token, whether it is believed, and if not why: exit code 0 or 1
    Checktoken(CheckToken),
    /// Print the description of the HTTP API, in OpenAPI 3.1
    Openapi,
    /// Print the hash of a password for the Admin UI: from a terminal, or from the input
    HashPassword,
    /// Ask a running broker whether it is ready: exit code 0 or 1
    Health(HealthQuestion),
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The file with the configuration, in TOML
    #[arg(short, long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Where clients reach the broker, HOST:PORT or PORT
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) address: Option<String>,
    /// Where the operator reaches it: health, metrics, the HTTP API, the Admin UI
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) internal_address: Option<String>,
    /// The level of the log: error, warn, info, debug, trace
    #[arg(long, value_name = "LEVEL")]
    pub(crate) log_level: Option<String>,
    /// How a line of the log looks: text or json
    #[arg(long, value_name = "FORMAT")]
    pub(crate) log_format: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct GenConfig {
    /// The file to write
    #[arg(short, long, value_name = "FILE", default_value = "broker.toml")]
    pub(crate) config: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct CheckConfig {
    /// The file with the configuration. Without it, the environment alone is checked
    #[arg(short, long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Unknown keys and variables are mistakes
    #[arg(long)]
    pub(crate) strict: bool,
}

#[derive(Debug, Args)]
pub(crate) struct GenToken {
    /// The file with the configuration. Without it, the environment alone has the secret
    #[arg(short, long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The name of the user
    #[arg(long, value_name = "NAME")]
    pub(crate) user: String,
    /// How long the token is valid: seconds, or a time such as 15m
    #[arg(long, value_name = "TIME", default_value = "1h")]
    pub(crate) ttl: String,
    /// Make it a token for this channel, which the client shows when it subscribes
    #[arg(long, value_name = "CHANNEL", conflicts_with = "channels")]
    pub(crate) channel: Option<String>,
    /// Let the client publish to the channel
    #[arg(long, requires = "channel")]
    pub(crate) publish: bool,
    /// The channels that the server subscribes the client to: a,b
    #[arg(long, value_name = "CHANNELS", value_delimiter = ',')]
    pub(crate) channels: Vec<String>,
    /// The id of the token, by which it can be revoked
    #[arg(long, value_name = "ID")]
    pub(crate) id: Option<String>,
}

#[derive(Args)]
pub(crate) struct CheckToken {
    /// The file with the configuration. Without it, the environment alone has the keys
    #[arg(short, long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The token, or - to read it from the standard input
    #[arg(value_name = "TOKEN")]
    pub(crate) token: String,
}

/// Shows no token.
impl fmt::Debug for CheckToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CheckToken").field("config", &self.config).finish_non_exhaustive()
    }
}

#[derive(Debug, Args)]
pub(crate) struct HealthQuestion {
    /// The URL to ask (default: /healthz at the configured address)
    #[arg(value_name = "URL", conflicts_with = "config")]
    pub(crate) url: Option<String>,
    /// The file with the configuration of the broker
    #[arg(short, long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}
