//! Host names to addresses: the system's resolver, off the worker thread, with a short memory.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use apimite_clock::Timestamp;
use smallvec::SmallVec;

use crate::ticker::CoarseTime;

/// How long an answer is believed.
const MEMORY: Duration = Duration::from_secs(5);
/// Most names remembered.
const CAPACITY: usize = 1024;

type Addresses = SmallVec<[IpAddr; 4]>;

/// The names one worker has looked up.
#[derive(Debug)]
pub(crate) struct Resolver {
    known: RefCell<HashMap<Box<str>, (Addresses, Timestamp)>>,
    time: CoarseTime,
}

impl Resolver {
    pub(crate) fn new(time: CoarseTime) -> Self {
        Self { known: RefCell::default(), time }
    }

    /// The addresses of a host, in the system's order.
    ///
    /// # Errors
    /// What the system's resolver says; never an empty list.
    pub(crate) async fn resolve(&self, host: &str, port: u16) -> io::Result<SmallVec<[SocketAddr; 4]>> {
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Ok(SmallVec::from_iter([SocketAddr::new(address, port)]));
        }
        let with_port = |addresses: &Addresses| addresses.iter().map(|ip| SocketAddr::new(*ip, port)).collect();
        if let Some((addresses, until)) = self.known.borrow().get(bare)
            && self.time.now() < *until
        {
            return Ok(with_port(addresses));
        }
        let addresses: Addresses = tokio::net::lookup_host((bare, port)).await?.map(|address| address.ip()).collect();
        if addresses.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
        }
        let found = with_port(&addresses);
        let mut known = self.known.borrow_mut();
        if known.len() >= CAPACITY {
            known.clear();
        }
        known.insert(bare.into(), (addresses, self.time.now() + MEMORY));
        Ok(found)
    }
}
