//! `serve`: the broker of a configuration.

use std::process::ExitCode;

use super::run_until_a_signal;
use crate::{
    MISTAKE, certificate,
    cli::Serve,
    config::{
        self, ChannelRule, Loaded, NamespaceName, Publishers, Settings, Sources, Subscribers,
    },
    logging, memory,
    reload::Reloader,
    run::Plan,
    server::{self, BuiltServer},
};

pub(crate) fn serve(args: Serve) -> ExitCode {
    memory::give_back_after_a_peak();
    let sources = sources(args);
    let Loaded { settings, mistakes, warnings, tree } = config::load(&sources);
    for mistake in &mistakes {
        eprintln!("{mistake}");
    }
    let Some(settings) = settings else {
        eprintln!("actix-socketio: the configuration has mistakes");
        return ExitCode::from(MISTAKE);
    };
    logging::log_as(&settings.log);
    for warning in &warnings {
        log::warn!("{warning}");
    }
    run_until_a_signal(async || {
        let BuiltServer { io, rules, api, tokens } = server::server_of(&settings)?;
        let certificate = settings.tls.as_ref().map(certificate::at_start).transpose()?;
        tell_what_is_open(&settings);
        let namespaces = settings.namespaces;
        let reloader = Reloader {
            io: io.clone(),
            sources,
            tree,
            rules,
            namespaces,
            api: api.clone(),
            tokens,
            admin: settings.admin.is_some().then(|| io.clone()),
            certificate: certificate.clone(),
        };
        Ok(Plan {
            io,
            address: settings.address.resolved,
            certificate,
            internal_address: settings.internal_address.map(|address| address.resolved),
            api,
            admin: settings.admin,
            shutdown_delay: settings.shutdown_delay,
            reloader: Some(reloader),
        })
    })
}

fn sources(args: Serve) -> Sources {
    let Serve { config, address, internal_address, log_level, log_format } = args;
    let flags = [
        ("--address", "address", address),
        ("--internal-address", "internal_address", internal_address),
        ("--log-level", "log.level", log_level),
        ("--log-format", "log.format", log_format),
    ];
    let flag = |(flag, key, value): (_, _, Option<String>)| Some((flag, key, value?));
    let flags = flags.into_iter().filter_map(flag).collect();
    Sources { file: config, variables: Sources::environment(), flags }
}

/// One line for the pages that may connect, and one for each rule.
fn tell_what_is_open(settings: &Settings) {
    let pages = match &settings.cors {
        None => "pages of any origin may connect by WebSocket, because there is no [cors]",
        Some(cors) if cors.is_open => "pages of any origin may connect",
        Some(_) => "pages of the listed origins may connect",
    };
    log::info!("{}: {pages}, and programs without an origin", settings.address.text);
    if let Some(api) = &settings.api {
        log::info!("HTTP API: {} keys", api.keys.len());
    }
    if let Some(admin) = &settings.admin {
        log::info!("{}", admin.describe());
        if admin.shows_events() {
            log::warn!(
                "administrators see the addresses, headers and events of all clients, because \
                 admin.mode is \"development\""
            );
        }
    }
    match &settings.jwt {
        Some(_) if settings.config.allow_guests => {
            log::info!("clients without a token are guests, and a token that is wrong is refused");
        }
        Some(_) => log::info!("clients need a token"),
        None => {}
    }
    tell_rules("", &settings.channels);
    for namespace in &settings.namespaces {
        let (NamespaceName::Name(name) | NamespaceName::Pattern(name)) = &namespace.name;
        tell_rules(&format!("namespace {name}: "), &namespace.channels);
    }
    if settings.config.open_channels {
        log::info!("other channels: everyone subscribes, the server publishes (open_channels)");
    }
    if settings.channels.is_empty() && settings.namespaces.is_empty() {
        log::warn!("there are no [[channels]], so clients can't subscribe to anything");
    }
}

fn tell_rules(prefix: &str, rules: &[ChannelRule]) {
    for ChannelRule { pattern, subscribe, publish, .. } in rules {
        let subscribe = match subscribe {
            Subscribers::Anyone => "everyone subscribes",
            Subscribers::Nobody => "the server alone subscribes clients",
            Subscribers::User => "users subscribe",
            Subscribers::Token => "users with a token for the channel subscribe",
        };
        let publish = match publish {
            Publishers::Nobody => "the server alone publishes",
            Publishers::Subscriber => "subscribers publish",
            Publishers::User => "subscribers that are users publish",
            Publishers::Token => "subscribers publish whose token for the channel allows it",
        };
        log::info!("{prefix}channels {pattern:?}: {subscribe}, {publish}");
    }
}
