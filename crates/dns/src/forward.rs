//! Asking other servers.

use std::net::SocketAddr;
use std::time::Duration;

use hickory_proto::op::{Edns, Message, Query, ResponseCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use crate::respond::LARGEST_DATAGRAM;

/// How long one server may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks the servers one after the other; puts what the first that answers says behind what is known.
pub(crate) async fn forward(mut reply: Message, query: Query, to: &[SocketAddr]) -> Message {
    for server in to {
        let Ok(Some(said)) = tokio::time::timeout(PATIENCE, ask(&query, *server)).await else { continue };
        reply.metadata.response_code = said.metadata.response_code;
        reply.answers.extend(said.answers);
        reply.authorities.extend(said.authorities);
        return reply;
    }
    reply.metadata.response_code = ResponseCode::ServFail;
    reply
}

async fn ask(query: &Query, server: SocketAddr) -> Option<Message> {
    let mut message = Message::query();
    message.metadata.recursion_desired = true;
    message.add_query(query.clone());
    let mut edns = Edns::new();
    edns.set_max_payload(LARGEST_DATAGRAM);
    message.set_edns(edns);
    let bytes = message.to_vec().ok()?;
    let fits = |said: &Message| said.metadata.id == message.metadata.id && said.queries == message.queries;
    let any = if server.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(any).await.ok()?;
    // Only what this server sends is received.
    socket.connect(server).await.ok()?;
    socket.send(&bytes).await.ok()?;
    let mut buffer = [0; LARGEST_DATAGRAM as usize];
    loop {
        let length = socket.recv(&mut buffer).await.ok()?;
        let Some(said) = buffer.get(..length).and_then(|bytes| Message::from_vec(bytes).ok()) else { continue };
        if !fits(&said) {
            continue;
        }
        return if said.metadata.truncation { over_tcp(&bytes, server).await.filter(fits) } else { Some(said) };
    }
}

async fn over_tcp(bytes: &[u8], server: SocketAddr) -> Option<Message> {
    let mut stream = TcpStream::connect(server).await.ok()?;
    stream.write_all(&u16::try_from(bytes.len()).ok()?.to_be_bytes()).await.ok()?;
    stream.write_all(bytes).await.ok()?;
    let length = stream.read_u16().await.ok()?;
    let mut answer = vec![0; usize::from(length)];
    stream.read_exact(&mut answer).await.ok()?;
    Message::from_vec(&answer).ok()
}
