use bytestring::ByteString;
use redis::{Pipeline, Value, aio::MultiplexedConnection};

use super::{broken::Broken, shared::Shared, value};

/// The life of the streams, which is a key beside them. The first server gives it a random value.
///
/// A Redis that has lost its data has lost this as well. So another value says that the past is
/// another one, also where ids go on growing.
pub(super) async fn look_up(
    shared: &Shared,
    connection: &mut MultiplexedConnection,
) -> Result<ByteString, Broken> {
    let key = format!("{}:epoch", shared.options.prefix);
    let mut pipeline = Pipeline::new();
    let random = format!("{:016x}", rand::random::<u64>());
    pipeline.cmd("SET").arg(&key).arg(random).arg("NX");
    pipeline.cmd("GET").arg(&key);
    let epoch = match connection.send_packed_commands(&pipeline, 0, 2).await?.pop() {
        Some(Value::ServerError(error)) => return Err(redis::RedisError::from(error).into()),
        other => other.and_then(value::bytes),
    };
    let epoch = epoch.and_then(|epoch| ByteString::try_from(epoch).ok());
    epoch.ok_or(Broken::new("the key of the epoch is not text"))
}
