use redis::{AsyncConnectionConfig, Client, ConnectionInfo, Value};

use super::{
    broken::Broken,
    slots::Slots,
    target::{Target, at, host},
    value,
};

/// The servers of Redis to connect to.
pub(super) enum Found {
    /// One for everything.
    Single(ConnectionInfo),
    /// The masters of a cluster. Their settings are those of the server that was asked.
    Cluster(Slots, ConnectionInfo),
}

/// Finds out where to connect to now.
///
/// `known`: the masters of the cluster, as they were seen last. All servers of the settings may
/// have gone since.
pub(super) async fn find(
    target: &Target,
    known: &[ConnectionInfo],
    config: &AsyncConnectionConfig,
) -> Result<Found, Broken> {
    #[cfg(feature = "tls")]
    choose_cryptography();
    match target {
        Target::Single(info) => Ok(Found::Single(info.clone())),
        Target::Sentinel { sentinels, master, settings } => {
            let mut command = redis::cmd("SENTINEL");
            command.arg("GET-MASTER-ADDR-BY-NAME").arg(master);
            let mut last = Broken::new("no sentinel knows the master");
            for sentinel in sentinels {
                match ask(sentinel, &command, config).await.map(read_address) {
                    Ok(Some((host, port))) => return Ok(Found::Single(at(settings, &host, port))),
                    Ok(None) => {}
                    Err(broken) => last = broken,
                }
            }
            Err(last)
        }
        Target::Cluster(servers) => {
            let (slots, server) = ask_for_slots(servers.iter().chain(known), config).await?;
            Ok(Found::Cluster(slots, server))
        }
    }
}

/// Where the application uses several providers of rustls and names none of them, rustls does not
/// know which one to take, and panics.
#[cfg(feature = "tls")]
fn choose_cryptography() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Another thread may have chosen in between, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}

/// Asks one server of a cluster after the other which master has which slots.
pub(super) async fn ask_for_slots(
    servers: impl Iterator<Item = &ConnectionInfo>,
    config: &AsyncConnectionConfig,
) -> Result<(Slots, ConnectionInfo), Broken> {
    let mut last = Broken::new("no server of the cluster knows all masters");
    for server in servers {
        match find_slots(server, config).await {
            Ok(slots) => return Ok((slots, server.clone())),
            Err(broken) => last = broken,
        }
    }
    Err(last)
}

async fn find_slots(
    server: &ConnectionInfo,
    config: &AsyncConnectionConfig,
) -> Result<Slots, Broken> {
    let mut command = redis::cmd("CLUSTER");
    command.arg("SLOTS");
    let slots = Slots::read(ask(server, &command, config).await?);
    let slots = slots.ok_or(Broken::new("Redis describes no slots"))?;
    match slots.is_complete() {
        true => Ok(slots),
        false => Err(Broken::new("slots of the cluster have no master")),
    }
}

/// The address of a master of the cluster, for the settings of the server that told it.
pub(super) fn settings_of(server: &ConnectionInfo, master: &(String, u16)) -> ConnectionInfo {
    let name = if master.0.is_empty() { host(server) } else { &master.0 };
    at(server, name, master.1)
}

/// Asks one question by a connection for it alone.
async fn ask(
    server: &ConnectionInfo,
    command: &redis::Cmd,
    config: &AsyncConnectionConfig,
) -> Result<Value, Broken> {
    let client = Client::open(server.clone())?;
    let mut connection = client.get_multiplexed_async_connection_with_config(config).await?;
    let answer = connection.send_packed_command(command).await?;
    Ok(answer.extract_error()?)
}

/// Reads `[host, port]`, both of them text.
fn read_address(answer: Value) -> Option<(String, u16)> {
    let mut parts = value::array(answer)?.into_iter().map_while(value::bytes);
    let mut text = || String::from_utf8(parts.next()?.into()).ok();
    Some((text()?, text()?.parse().ok()?))
}
