//! Sockets that wait for clients.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use socket2::{Domain, Protocol, Socket, Type};

use crate::config::Listener;

const BACKLOG: i32 = 4096;

/// A listener with its sockets, one for each worker.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) listener: Arc<Listener>,
    pub(crate) address: SocketAddr,
    pub(crate) sockets: Vec<TcpListener>,
}

/// Binds a listener for so many workers.
///
/// # Errors
/// What the system says, an address in use above all.
pub(crate) fn bind(listener: &Listener, workers: usize) -> io::Result<Bound> {
    let shared = workers > 1 && cfg!(target_os = "linux");
    // Sockets that share a port do not notice a stranger on it who shares too: look first.
    let probe = if shared { Some(socket(listener.address, false)?) } else { None };
    let address = match &probe {
        Some(probe) => probe.local_addr()?,
        None => listener.address,
    };
    drop(probe);
    let first = socket(address, shared)?;
    let address = first.local_addr()?;
    let mut sockets = vec![first];
    while sockets.len() < workers {
        let next = match sockets.first() {
            Some(first) if !shared => first.try_clone()?,
            _ => socket(address, true)?,
        };
        sockets.push(next);
    }
    Ok(Bound { listener: Arc::new(listener.clone()), address, sockets })
}

fn socket(address: SocketAddr, shared: bool) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    #[cfg(target_os = "linux")]
    if shared {
        socket.set_reuse_port(true)?;
    }
    #[cfg(not(target_os = "linux"))]
    let _ = shared;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_an_error_also_for_many_workers() {
        let listener = Listener::plain("http", SocketAddr::from(([127, 0, 0, 1], 0)));
        let first = bind(&listener, 2).unwrap();
        assert_eq!(first.sockets.len(), 2);
        let again = Listener { address: first.address, ..listener };
        assert_eq!(bind(&again, 2).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        assert_eq!(bind(&again, 1).unwrap_err().kind(), io::ErrorKind::AddrInUse);
    }
}
