//! Questions over real sockets: by hand-made messages always, by `dig` and `nslookup` where they are installed.
#![allow(clippy::unwrap_used, reason = "a test may")]
#![allow(clippy::print_stderr, reason = "what is skipped is said")]

use std::net::{IpAddr, SocketAddr};
use std::process::Command;
use std::sync::Arc;

use apimite_dns::{Bound, Server};
use apimite_network::Zone;
use apimite_network::horizon::{Forward, Horizon, Missing, ServiceNames, View};
use apimite_network::zone::{Data, RecordSet};
use arc_swap::ArcSwap;
use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, RecordType};
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

/// 127.0.0.0/29 is the public, 127.0.5.0/24 a network that is linked to the private zone.
fn horizon() -> Horizon {
    let record = |name: &str, data: Vec<Data>| RecordSet { name: name.into(), ttl: 10, data, owner: None };
    let many: Vec<Data> = (0..200).map(|n| Data::A([10, 0, 1, n].into())).collect();
    let zone = Zone {
        name: "privatelink.azure-api.net".into(),
        records: vec![
            record("contoso", vec![Data::A([10, 5, 0, 4].into())]),
            record("many", many),
            record("text", vec![Data::Txt(vec!["one".into(), "two".into()])]),
            record("out", vec![Data::Cname("other.example".into())]),
        ],
        ..Zone::default()
    };
    Horizon {
        services: vec![ServiceNames {
            name: "contoso".into(),
            location: "West Europe".into(),
            addresses: vec!["203.0.113.1".parse().unwrap()],
            has_connection: true,
            ..ServiceNames::default()
        }],
        networks: vec![View {
            name: "inside".into(),
            ranges: vec!["127.0.5.0/24".parse().unwrap()],
            zones: vec![(zone, Missing::DoesNotExist)],
            forward: Vec::new(),
        }],
        forward: Vec::new(),
    }
}

struct Lab {
    address: SocketAddr,
    horizon: Arc<ArcSwap<Horizon>>,
    server: Arc<Server>,
    task: tokio::task::JoinHandle<()>,
}

impl Lab {
    async fn new(horizon: Horizon) -> Self {
        let horizon = Arc::new(ArcSwap::from_pointee(horizon));
        let bound = Bound::bind("0.0.0.0:0".parse().unwrap()).await.unwrap();
        let address = SocketAddr::new(IpAddr::from([127, 0, 0, 1]), bound.address().unwrap().port());
        let server = Server::new(horizon.clone(), None);
        let task = tokio::spawn(server.clone().serve(bound));
        Self { address, horizon, server, task }
    }

    async fn udp(&self, from: &str, bytes: &[u8]) -> Message {
        let socket = UdpSocket::bind(format!("{from}:0")).await.unwrap();
        socket.send_to(bytes, self.address).await.unwrap();
        let mut buffer = [0; 4096];
        let (length, _) = socket.recv_from(&mut buffer).await.unwrap();
        Message::from_vec(&buffer[..length]).unwrap()
    }

    async fn tcp(&self, bytes: &[u8]) -> Message {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let mut framed = u16::try_from(bytes.len()).unwrap().to_be_bytes().to_vec();
        framed.extend_from_slice(bytes);
        stream.write_all(&framed).await.unwrap();
        let mut answer = vec![0; usize::from(stream.read_u16().await.unwrap())];
        stream.read_exact(&mut answer).await.unwrap();
        Message::from_vec(&answer).unwrap()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn question(name: &str, kind: RecordType) -> Vec<u8> {
    let mut message = Message::new(7, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
    message.to_vec().unwrap()
}

fn shown(message: &Message) -> Vec<String> {
    let data = |data: &RData| match data {
        RData::A(address) => address.0.to_string(),
        RData::CNAME(target) => target.0.to_ascii(),
        other => other.to_string(),
    };
    message.answers.iter().map(|record| data(&record.data)).collect()
}

const NAME: &str = "Contoso.azure-api.net.";

#[tokio::test]
async fn the_answer_depends_on_the_asking_network_over_udp_and_tcp() {
    let lab = Lab::new(horizon()).await;
    let asked = question(NAME, RecordType::A);
    let inside = lab.udp("127.0.5.9", &asked).await;
    assert_eq!(shown(&inside), ["contoso.privatelink.azure-api.net.", "10.5.0.4"]);
    assert!(inside.metadata.authoritative && inside.metadata.id == 7);
    assert_eq!(inside.answers[0].name.to_ascii(), NAME, "the asker's case is kept");
    let public = ["contoso.privatelink.azure-api.net.", "203.0.113.1"];
    assert_eq!(shown(&lab.udp("127.0.0.1", &asked).await), public);
    assert_eq!(shown(&lab.tcp(&asked).await), public);
    assert_eq!(lab.server.counts(), (3, 0));
}

#[tokio::test]
async fn what_does_not_exist_is_said_with_its_authority() {
    let lab = Lab::new(horizon()).await;
    let none = lab.udp("127.0.0.1", &question("nobody.azure-api.net.", RecordType::A)).await;
    assert_eq!((none.metadata.response_code, none.authorities.len()), (ResponseCode::NXDomain, 1));
    let empty =
        lab.udp("127.0.0.1", &question("contoso-westeurope-01.regional.azure-api.net.", RecordType::AAAA)).await;
    assert_eq!(
        (empty.metadata.response_code, empty.answers.len(), empty.authorities.len()),
        (ResponseCode::NoError, 0, 1)
    );
    let other = lab.udp("127.0.0.1", &question("example.org.", RecordType::A)).await;
    assert_eq!((other.metadata.response_code, other.metadata.authoritative), (ResponseCode::Refused, false));
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_cut_over_udp_and_whole_over_tcp() {
    let mut open = horizon();
    open.networks[0].ranges.push("127.0.0.0/29".parse().unwrap());
    let lab = Lab::new(open).await;
    let asked = question("many.privatelink.azure-api.net.", RecordType::A);
    let cut = lab.udp("127.0.0.1", &asked).await;
    assert!(cut.metadata.truncation && cut.answers.is_empty());
    let whole = lab.tcp(&asked).await;
    assert!(!whole.metadata.truncation && whole.answers.len() == 200);
}

#[tokio::test]
async fn names_of_others_are_forwarded_and_put_behind_what_is_known() {
    let mut upstream = horizon();
    upstream.services.clear();
    upstream.networks = vec![View {
        name: "all".into(),
        ranges: vec!["127.0.0.0/8".parse().unwrap()],
        zones: vec![(
            Zone {
                name: "example".into(),
                records: vec![RecordSet {
                    name: "other".into(),
                    ttl: 5,
                    data: vec![Data::A([192, 0, 2, 77].into())],
                    owner: None,
                }],
                ..Zone::default()
            },
            Missing::DoesNotExist,
        )],
        forward: Vec::new(),
    }];
    let upstream = Lab::new(upstream).await;
    let mut first = horizon();
    // Nobody listens at the first server.
    let gone = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    first.forward = vec![Forward { domain: String::new(), to: vec![gone, upstream.address] }];
    let lab = Lab::new(first).await;
    let direct = lab.udp("127.0.0.1", &question("other.example.", RecordType::A)).await;
    assert_eq!(shown(&direct), ["192.0.2.77"]);
    let chained = lab.udp("127.0.5.9", &question("out.privatelink.azure-api.net.", RecordType::A)).await;
    assert_eq!(shown(&chained), ["other.example.", "192.0.2.77"]);
    let missing = lab.tcp(&question("none.example.", RecordType::A)).await;
    assert_eq!(missing.metadata.response_code, ResponseCode::NXDomain);
}

#[tokio::test]
async fn zones_are_exchanged_while_serving() {
    let lab = Lab::new(horizon()).await;
    let asked = question(NAME, RecordType::A);
    assert_eq!(shown(&lab.udp("127.0.5.9", &asked).await)[1], "10.5.0.4");
    let mut changed = horizon();
    changed.networks[0].zones[0].0.records[0].data = vec![Data::A([10, 5, 0, 5].into())];
    lab.horizon.store(Arc::new(changed));
    assert_eq!(shown(&lab.udp("127.0.5.9", &asked).await)[1], "10.5.0.5");
}

#[tokio::test]
async fn garbage_is_refused_or_dropped_and_the_next_question_answered() {
    let lab = Lab::new(horizon()).await;
    let mut answer = question(NAME, RecordType::A);
    answer[2] |= 0x80;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for bytes in [&b""[..], b"x", &[0xFF; 700], &answer] {
        socket.send_to(bytes, lab.address).await.unwrap();
    }
    let mut cut = question(NAME, RecordType::A);
    cut.truncate(20);
    assert_eq!(lab.udp("127.0.0.1", &cut).await.metadata.response_code, ResponseCode::FormErr);
    let mut update = question(NAME, RecordType::A);
    update[2] = 0x28;
    assert_eq!(lab.udp("127.0.0.1", &update).await.metadata.response_code, ResponseCode::NotImp);
    let mut two = Message::from_vec(&question(NAME, RecordType::A)).unwrap();
    two.add_query(two.queries[0].clone());
    assert_eq!(lab.udp("127.0.0.1", &two.to_vec().unwrap()).await.metadata.response_code, ResponseCode::FormErr);
    // A length that lies, and a connection that sends nothing more.
    let mut liar = TcpStream::connect(lab.address).await.unwrap();
    liar.write_all(&[0xFF, 0xFF, 1, 2, 3]).await.unwrap();
    assert_eq!(liar.read(&mut [0; 8]).await.unwrap_or(0), 0);
    assert_eq!(shown(&lab.udp("127.0.0.1", &question(NAME, RecordType::A)).await).len(), 2);
}

fn run(program: &str, arguments: &[&str]) -> Option<String> {
    match Command::new(program).args(arguments).output() {
        Ok(output) => Some(String::from_utf8_lossy(&output.stdout).into_owned()),
        Err(_) => {
            eprintln!("SKIPPED: `{program}` is not installed; what it sees is not tested here");
            None
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dig_and_nslookup_see_the_split() {
    let lab = Lab::new(horizon()).await;
    let (port, name) = (lab.address.port().to_string(), "contoso.azure-api.net");
    let dig = |from: &str, more: &[&str]| {
        let mut arguments = vec!["@127.0.0.1", "-p", &port, "-b", from, "+short", name];
        arguments.extend_from_slice(more);
        run("dig", &arguments)
    };
    if let Some(inside) = dig("127.0.5.9", &[]) {
        assert_eq!(inside, "contoso.privatelink.azure-api.net.\n10.5.0.4\n");
        assert_eq!(dig("127.0.0.1", &["+tcp"]).unwrap(), "contoso.privatelink.azure-api.net.\n203.0.113.1\n");
    }
    if let Some(text) = run("nslookup", &[&format!("-port={port}"), "-type=A", name, "127.0.0.1"]) {
        assert!(text.contains("canonical name = contoso.privatelink.azure-api.net."), "{text}");
        assert!(text.contains("Address: 203.0.113.1"), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    /// The bounded part of what `fuzz/fuzz_targets/dns.rs` does without end.
    #[test]
    fn no_message_breaks_the_answer(mut bytes in prop::collection::vec(any::<u8>(), 0..200), like in any::<bool>(), cut in 0..40_usize) {
        if like {
            let mut valid = question(NAME, RecordType::A);
            for (at, byte) in bytes.iter().enumerate().take(cut) {
                let index = usize::from(*byte) % valid.len();
                if at % 3 == 0 { valid[index] ^= 1 << (at % 8); }
            }
            bytes = valid;
        }
        let horizon = horizon();
        let view = horizon.named("inside");
        match apimite_dns::respond(&horizon, view, &bytes) {
            apimite_dns::Outcome::Reply(reply) | apimite_dns::Outcome::Forward(reply, ..) => {
                let sent = apimite_dns::encode(&reply, Some(apimite_dns::largest(&bytes))).unwrap();
                prop_assert!(sent.len() <= 1232);
                prop_assert_eq!(&sent[..2], &bytes[..2]);
            }
            apimite_dns::Outcome::Drop => {}
        }
    }
}

/// Two servers that answered each other's refusals would talk for ever.
#[test]
fn what_calls_itself_an_answer_is_never_answered_even_when_it_cannot_be_read() {
    let dropped = |bytes: &[u8]| matches!(apimite_dns::respond(&horizon(), None, bytes), apimite_dns::Outcome::Drop);
    let mut readable = question("contoso.azure-api.net", RecordType::A);
    assert!(!dropped(&readable));
    readable[2] |= 0x80;
    assert!(dropped(&readable));
    let mut noise = [0xFF; 40];
    noise[2] = 0x00;
    assert!(!dropped(&noise), "what looks like a question is told that it cannot be read");
    noise[2] = 0x80;
    assert!(dropped(&noise));
    assert!(dropped(&noise[..11]), "too short for anything");
}
