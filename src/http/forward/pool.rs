//! Connections to other servers that wait for their next request.
//!
//! Without them, each poll would open a connection, and leave a port behind that can't be used for
//! a minute.

use std::{
    cell::RefCell,
    collections::HashMap,
    time::{Duration, Instant},
};

use actix_web::rt;
use tokio::time::sleep;

use super::exchange::NodeConnection;
use crate::model::NodeAddress;

/// How long a connection waits. It is much shorter than the time after which actix-web closes it,
/// 5 s, so that a request does not meet the end of its connection.
const IDLE: Duration = Duration::from_millis(500);

/// The connections that wait for one server, on one thread.
const MAX_IDLE: usize = 64;

thread_local! {
    static POOL: RefCell<Pool> = RefCell::default();
}

#[derive(Default)]
struct Pool {
    /// The last one of each list has waited for the shortest time.
    idle: HashMap<NodeAddress, Vec<(NodeConnection, Instant)>>,
    /// A task closes those that have waited for too long.
    is_swept: bool,
}

/// Takes a connection that has waited, and is still open.
pub(super) fn take(address: &NodeAddress) -> Option<NodeConnection> {
    POOL.with_borrow_mut(|pool| {
        let idle = pool.idle.get_mut(address)?;
        let (connection, since) = idle.pop()?;
        if since.elapsed() < IDLE && connection.is_quiet() {
            return Some(connection);
        }
        // The others have waited for longer.
        idle.clear();
        None
    })
}

/// Lets a connection wait.
pub(super) fn put(address: NodeAddress, connection: NodeConnection) {
    POOL.with_borrow_mut(|pool| {
        let idle = pool.idle.entry(address).or_default();
        if idle.len() < MAX_IDLE {
            idle.push((connection, Instant::now()));
        }
        if !std::mem::replace(&mut pool.is_swept, true) {
            rt::spawn(sweep());
        }
    });
}

/// Closes connections that have waited for too long, until there are no more.
async fn sweep() {
    loop {
        sleep(IDLE).await;
        let is_empty = POOL.with_borrow_mut(|pool| {
            pool.idle.retain(|_, idle| {
                idle.retain(|(_, since)| since.elapsed() < IDLE);
                !idle.is_empty()
            });
            pool.is_swept = !pool.idle.is_empty();
            pool.idle.is_empty()
        });
        if is_empty {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::AsyncWriteExt,
        net::{TcpListener, TcpStream},
    };

    use super::*;

    async fn connection(listener: &TcpListener) -> (NodeConnection, TcpStream) {
        let address = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let second = Duration::from_secs(1);
        let opening = NodeConnection::open(&address, 10 * second, second);
        let (opened, accepted) = tokio::join!(opening, listener.accept());
        (opened.unwrap_or_else(|_| panic!("it listens")), accepted.unwrap().0)
    }

    fn port(connection: &NodeConnection) -> u16 {
        connection.stream.local_addr().unwrap().port()
    }

    #[actix_web::test]
    async fn the_newest_connection_is_taken_if_it_is_open_and_quiet() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: NodeAddress = "http://10.0.0.3:1".parse().unwrap();
        assert!(take(&address).is_none());
        let ((first, _keeps_open), (second, keeps_open)) =
            (connection(&listener).await, connection(&listener).await);
        let ports = [port(&first), port(&second)];
        put(address.clone(), first);
        put(address.clone(), second);
        assert!(take(&"http://10.0.0.3:2".parse().unwrap()).is_none());
        let taken = take(&address).unwrap();
        assert_eq!(port(&taken), ports[1]);
        drop(keeps_open);
        // The kernel knows of the end at once, and tokio with its next turn.
        taken.stream.readable().await.unwrap();
        put(address.clone(), taken);
        assert!(take(&address).is_none(), "it was closed by the other end");
        assert!(take(&address).is_none(), "so were those that have waited for longer");
        let (noisy, mut other) = connection(&listener).await;
        other.write_all(b"x").await.unwrap();
        noisy.stream.readable().await.unwrap();
        put(address.clone(), noisy);
        assert!(take(&address).is_none(), "an answer without a request");
    }

    #[actix_web::test]
    async fn connections_wait_for_a_while_and_not_too_many() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: NodeAddress = "http://10.0.0.4:1".parse().unwrap();
        let mut others = Vec::new();
        for _ in 0..MAX_IDLE + 1 {
            let (connection, other) = connection(&listener).await;
            put(address.clone(), connection);
            others.push(other);
        }
        assert_eq!(POOL.with_borrow(|pool| pool.idle[&address].len()), MAX_IDLE);
        while POOL.with_borrow(|pool| pool.is_swept) {
            sleep(Duration::from_millis(5)).await;
        }
        assert!(take(&address).is_none());
        for other in others {
            assert_eq!(
                other.readable().await.map(|()| other.try_read(&mut [0]).unwrap()).unwrap(),
                0
            );
        }
    }
}
