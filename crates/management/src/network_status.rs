//! The network status: which dependencies of an injected instance can be reached, found by trying.
//!
//! Source: network status report (`networkstatus`): each dependency as required or optional, with its connectivity.

use std::time::Duration;

use apimite_network::ports::{DEPENDENCIES, Dependency, Needed};
use serde_json::{Value, json};
use tokio::net::{TcpStream, UdpSocket};

/// A question for the root, which every DNS server answers somehow.
const DNS_QUESTION: [u8; 17] = [0x41, 0x50, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1];

/// A dependency and what became of the attempt.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The dependency.
    pub dependency: Dependency,
    /// Its stand-in, `HOST:PORT`.
    pub place: Option<Box<str>>,
    /// What became of the attempt.
    pub reached: Reached,
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reached {
    /// It was reached.
    Yes,
    /// It was not, and why.
    No(String),
    /// There is no stand-in to try.
    NotConfigured,
}

impl Checked {
    /// Is it required and out of reach?
    pub fn is_failing(&self) -> bool {
        self.dependency.needed == Needed::Required && matches!(self.reached, Reached::No(_))
    }

    /// As the management API shows it.
    pub fn to_json(&self) -> Value {
        let (status, error) = match &self.reached {
            Reached::Yes => ("success", String::new()),
            Reached::No(why) => ("failure", why.clone()),
            Reached::NotConfigured => ("initializing", "no stand-in is configured".to_owned()),
        };
        json!({
            "name": self.place.as_deref().unwrap_or(self.dependency.key),
            "status": status,
            "error": error,
            "resourceType": self.dependency.purpose,
            "isOptional": self.dependency.needed == Needed::Optional,
        })
    }
}

/// Tries every dependency, all at a time; `places` are the stand-ins by key.
pub async fn check(places: &[(Box<str>, Box<str>)], patience: Duration) -> Vec<Checked> {
    let tries: Vec<_> = DEPENDENCIES
        .iter()
        .map(|dependency| {
            let place = places.iter().find(|(key, _)| **key == *dependency.key).map(|(_, place)| place.clone());
            let (wanted, key) = (place.clone(), dependency.key);
            let task = tokio::spawn(async move {
                let Some(place) = wanted else { return Reached::NotConfigured };
                match tokio::time::timeout(patience, attempt(key, &place)).await {
                    Ok(Ok(())) => Reached::Yes,
                    Ok(Err(error)) => Reached::No(error.to_string()),
                    Err(_) => Reached::No(format!("no answer within {} ms", patience.as_millis())),
                }
            });
            (*dependency, place, task)
        })
        .collect();
    let mut checked = Vec::with_capacity(tries.len());
    for (dependency, place, task) in tries {
        let reached = task.await.unwrap_or_else(|error| Reached::No(error.to_string()));
        checked.push(Checked { dependency, place, reached });
    }
    checked
}

async fn attempt(key: &str, place: &str) -> std::io::Result<()> {
    if key != "dns" {
        return TcpStream::connect(place).await.map(drop);
    }
    let mut addresses = tokio::net::lookup_host(place).await?;
    let address = addresses.next().ok_or(std::io::ErrorKind::NotFound)?;
    let socket = UdpSocket::bind(if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" }).await?;
    socket.connect(address).await?;
    socket.send(&DNS_QUESTION).await?;
    let mut answer = [0; 512];
    let length = socket.recv(&mut answer).await?;
    let same = answer.get(..2) == DNS_QUESTION.get(..2) && length >= 12 && answer[2] & 0x80 != 0;
    if same { Ok(()) } else { Err(std::io::Error::other("what answered is no DNS server")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_dependency_is_tried() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let name = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let places = [
            ("storage".into(), listener.local_addr().unwrap().to_string().into()),
            ("sql".into(), gone.to_string().into()),
            ("mail".into(), gone.to_string().into()),
            ("dns".into(), name.local_addr().unwrap().to_string().into()),
        ];
        let answering = tokio::spawn(async move {
            let mut bytes = [0; 64];
            let (length, asker) = name.recv_from(&mut bytes).await.unwrap();
            bytes[2] |= 0x80;
            name.send_to(&bytes[..length], asker).await.unwrap();
        });
        let checked = check(&places, Duration::from_secs(5)).await;
        answering.await.unwrap();
        let of = |key: &str| checked.iter().find(|one| one.dependency.key == key).unwrap();
        assert_eq!(checked.len(), DEPENDENCIES.len());
        assert_eq!((&of("storage").reached, &of("dns").reached), (&Reached::Yes, &Reached::Yes));
        assert_eq!(of("key-vault").reached, Reached::NotConfigured);
        assert!(of("sql").is_failing() && !of("mail").is_failing() && !of("key-vault").is_failing());
        assert_eq!(of("sql").to_json()["status"], "failure");
        assert_eq!(of("mail").to_json()["isOptional"], true);
    }
}
