//! `[cluster]`: one of several servers over Redis.

use std::time::Duration;

use actix_socketio::adapter::NodeAddress;
use actix_socketio_redis::{Cluster, InvalidRedisUrl};

use super::{
    reader::Reader,
    secret::Secret,
    tree::{Node, Value},
    values::{self, Choice, choice},
};

choice! {
    /// Which of Node's adapters the cluster speaks like.
    ClusterKind {
        #[default]
        Streams = streams,
        Classic = classic,
        Sharded = sharded,
    }
}

/// The Redis of a cluster. Its URLs may have passwords.
#[derive(Debug, Clone)]
pub(crate) enum RedisAt {
    One(Secret),
    /// Servers of a Redis Cluster.
    Cluster(Vec<Secret>),
    /// The URL of the master, with its name as the host.
    Sentinels(Vec<Secret>, Secret),
}

#[derive(Debug, Clone)]
pub(crate) struct ClusterSettings {
    pub(crate) redis: RedisAt,
    pub(crate) kind: ClusterKind,
    pub(crate) prefix: Option<String>,
    pub(crate) stream_count: Option<u32>,
    pub(crate) max_len: Option<u64>,
    pub(crate) max_hold: Option<usize>,
    pub(crate) patience: Option<Duration>,
    pub(crate) heartbeat: Option<Duration>,
    pub(crate) request_timeout: Option<Duration>,
    pub(crate) max_requests: Option<usize>,
    pub(crate) max_answer_bytes: Option<usize>,
    pub(crate) max_received: Option<usize>,
    pub(crate) max_nodes: Option<usize>,
    pub(crate) max_held_sessions: Option<usize>,
    pub(crate) session_key_prefix: Option<String>,
    /// Where the other servers reach this one.
    pub(crate) node_address: Option<String>,
}

const EXPECTED: &str = "the URL of a Redis, such as \"redis://127.0.0.1\", or a list of them";

pub(super) fn read(section: &mut Reader<'_>) -> Option<ClusterSettings> {
    let urls = section.secret("redis", urls);
    let sentinels = section.secret("sentinels", values::texts);
    let kind = section.value("kind", ClusterKind::read);
    let settings = |redis, kind, section: &mut Reader<'_>| ClusterSettings {
        redis,
        kind,
        prefix: section.value("prefix", values::text),
        stream_count: section.value("stream_count", values::count),
        max_len: section.value("max_len", values::count),
        max_hold: section.value("max_hold", values::size),
        patience: section.value("patience", values::some_time),
        heartbeat: section.value("heartbeat", values::some_time),
        request_timeout: section.value("request_timeout", values::some_time),
        max_requests: section.value("max_requests", values::count),
        max_answer_bytes: section.value("max_answer_bytes", values::size),
        max_received: section.value("max_received", values::size),
        max_nodes: section.value("max_nodes", values::count),
        max_held_sessions: section.value("max_held_sessions", values::size),
        session_key_prefix: section.value("session_key_prefix", values::text),
        node_address: section.value("node_address", node_address),
    };
    if !section.has("redis") {
        section.missing("redis", EXPECTED);
    }
    let redis = urls.and_then(|urls| place(section, urls, sentinels));
    let is_redis_cluster = matches!(redis, Some(RedisAt::Cluster(_)));
    if is_redis_cluster && kind == Some(ClusterKind::Streams) {
        section.rule("kind", "it must be \"sharded\" or \"classic\" with a Redis Cluster");
    }
    let default = if is_redis_cluster { ClusterKind::Sharded } else { ClusterKind::default() };
    // The keys are read, and so known, whether or not there is a Redis.
    let nowhere = RedisAt::Cluster(Vec::new());
    let has_redis = redis.is_some();
    let settings = settings(redis.unwrap_or(nowhere), kind.unwrap_or(default), section);
    has_redis.then_some(settings)
}

/// The address of a server for the others, as the library reads it.
fn node_address(node: &Node) -> Result<String, String> {
    let text = values::text(node).unwrap_or_default();
    let is_address = text.parse::<NodeAddress>().is_ok();
    is_address.then_some(text).ok_or_else(|| {
        "the URL where other servers reach this one, such as \"http://10.0.0.3:9000\"".to_owned()
    })
}

/// One URL, or several. Their syntax is checked with the others.
fn urls(node: &Node) -> Result<Vec<String>, String> {
    match &node.value {
        Value::List(_) => values::texts(node).map_err(|_| EXPECTED.to_owned()),
        // A list in the environment.
        Value::Text(text) if text.starts_with('[') => Err(EXPECTED.to_owned()),
        Value::Text(text) if !text.is_empty() => Ok(vec![text.clone()]),
        _ => Err(EXPECTED.to_owned()),
    }
}

fn place(
    section: &Reader<'_>,
    urls: Vec<String>,
    sentinels: Option<Vec<String>>,
) -> Option<RedisAt> {
    let refuse = |rule: &str| {
        section.rule_of("redis", "\"…\"", rule);
        None
    };
    let mut urls: Vec<_> = urls.into_iter().map(Secret::new).collect();
    let redis = match (sentinels, urls.len()) {
        (Some(_), 2..) => return refuse("it must be the one URL of the master of the sentinels"),
        (Some(sentinels), _) => {
            let sentinels = sentinels.into_iter().map(Secret::new).collect();
            RedisAt::Sentinels(sentinels, urls.pop()?)
        }
        (None, 1) => RedisAt::One(urls.pop()?),
        (None, _) => RedisAt::Cluster(urls),
    };
    match redis.connect() {
        Ok(_) => Some(redis),
        Err(error) => refuse(&format!("it must be the URL of a Redis: {error}")),
    }
}

impl RedisAt {
    /// A cluster over this Redis. It connects when a server is built with it.
    pub(crate) fn connect(&self) -> Result<Cluster, InvalidRedisUrl> {
        match self {
            Self::One(url) => Cluster::redis(url.reveal()),
            Self::Cluster(urls) => {
                let urls: Vec<_> = urls.iter().map(Secret::reveal).collect();
                Cluster::redis_cluster(&urls)
            }
            Self::Sentinels(sentinels, master) => {
                let sentinels: Vec<_> = sentinels.iter().map(Secret::reveal).collect();
                Cluster::sentinel(&sentinels, master.reveal())
            }
        }
    }
}
