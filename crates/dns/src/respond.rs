//! From a message to its answer; no I/O.

use std::net::SocketAddr;

use apimite_network::horizon::{Answer, Code, Horizon, Record as Known, View};
use apimite_network::zone::{Data, Kind};
use hickory_proto::op::{Edns, Message, MessageType, Metadata, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, MX, PTR, SOA, SRV, TXT};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};

/// Largest answer over UDP, in bytes, whatever the asker offers.
pub(crate) const LARGEST_DATAGRAM: u16 = 1232;
/// Time to live of what does not exist, seconds.
const NEGATIVE_TTL: u32 = 10;

/// What becomes of a message.
#[derive(Debug)]
pub enum Outcome {
    /// It is answered.
    Reply(Box<Message>),
    /// A name is to be asked of other servers, and what they say put behind what is known.
    Forward(Box<Message>, Box<Query>, Vec<SocketAddr>),
    /// It is no question, or nothing that can be answered.
    Drop,
}

/// Decides about a message; `view` is the asking network.
pub fn respond(horizon: &Horizon, view: Option<&View>, bytes: &[u8]) -> Outcome {
    let message = match Message::from_vec(bytes) {
        Ok(message) => message,
        Err(_) => return garbage(bytes),
    };
    if message.metadata.message_type != MessageType::Query {
        // An answer is never answered: two servers would talk for ever.
        return Outcome::Drop;
    }
    let mut reply = Message::response(message.metadata.id, message.metadata.op_code);
    reply.metadata = Metadata::response_from_request(&message.metadata);
    if let Some(asked) = &message.edns {
        let mut edns = Edns::new();
        edns.set_max_payload(LARGEST_DATAGRAM).set_dnssec_ok(asked.flags().dnssec_ok);
        reply.edns = Some(edns);
    }
    let said = |mut reply: Message, code: ResponseCode| {
        reply.metadata.response_code = code;
        Outcome::Reply(Box::new(reply))
    };
    if message.metadata.op_code != OpCode::Query {
        return said(reply, ResponseCode::NotImp);
    }
    let [question] = message.queries.as_slice() else { return said(reply, ResponseCode::FormErr) };
    reply.queries = vec![question.clone()];
    if !matches!(question.query_class, DNSClass::IN | DNSClass::ANY) {
        return said(reply, ResponseCode::Refused);
    }
    let name = question.name.to_ascii();
    let answer = horizon.answer(view, &name, kind(question.query_type));
    reply.answers = answer.records.iter().filter_map(|record| to_record(record, question)).collect();
    reply.metadata.recursion_available = true;
    finish(reply, question, answer)
}

fn finish(mut reply: Message, question: &Query, answer: Answer) -> Outcome {
    reply.metadata.authoritative = !matches!(answer.code, Code::Refused | Code::Forward(..));
    match answer.code {
        Code::Exists => {}
        Code::DoesNotExist => reply.metadata.response_code = ResponseCode::NXDomain,
        Code::Refused => reply.metadata.response_code = ResponseCode::Refused,
        Code::Forward(name, to) => {
            let Ok(name) = Name::from_ascii(format!("{name}.")) else { return Outcome::Drop };
            let mut query = Query::query(name, question.query_type);
            query.query_class = DNSClass::IN;
            return Outcome::Forward(Box::new(reply), Box::new(query), to);
        }
    }
    if let Some(zone) = answer.authority.and_then(|zone| authority(&zone)) {
        reply.authorities.push(zone);
    }
    Outcome::Reply(Box::new(reply))
}

/// What cannot be read is told so, if it at least looks like a question.
fn garbage(bytes: &[u8]) -> Outcome {
    let [high, low, flags, _, ..] = bytes else { return Outcome::Drop };
    if bytes.len() < 12 || flags & 0x80 != 0 {
        return Outcome::Drop;
    }
    let mut reply = Message::response(u16::from_be_bytes([*high, *low]), OpCode::Query);
    reply.metadata.response_code = ResponseCode::FormErr;
    Outcome::Reply(Box::new(reply))
}

/// The bytes of an answer; over UDP one that is too long is cut, and says so.
pub fn encode(reply: &Message, largest: Option<u16>) -> Option<Vec<u8>> {
    let bytes = reply.to_vec().ok()?;
    match largest {
        Some(largest) if bytes.len() > usize::from(largest) => reply.truncate().to_vec().ok(),
        _ => Some(bytes),
    }
}

/// The largest answer that the sender of these bytes takes over UDP.
pub fn largest(bytes: &[u8]) -> u16 {
    let offered = Message::from_vec(bytes).ok().and_then(|message| message.edns).map(|edns| edns.max_payload());
    offered.unwrap_or(512).clamp(512, LARGEST_DATAGRAM)
}

fn kind(asked: RecordType) -> Kind {
    match asked {
        RecordType::A => Kind::A,
        RecordType::AAAA => Kind::Aaaa,
        RecordType::CNAME => Kind::Cname,
        RecordType::TXT => Kind::Txt,
        RecordType::MX => Kind::Mx,
        RecordType::PTR => Kind::Ptr,
        RecordType::SRV => Kind::Srv,
        RecordType::SOA => Kind::Soa,
        _ => Kind::Other,
    }
}

fn name(text: &str) -> Option<Name> {
    Name::from_ascii(format!("{}.", text.trim_end_matches('.'))).ok()
}

fn to_record(known: &Known, question: &Query) -> Option<Record> {
    let asked = question.name.to_ascii();
    // The first name keeps the asker's case, as servers do.
    let same = asked.trim_end_matches('.').eq_ignore_ascii_case(&known.name);
    let owner = if same { question.name.clone() } else { name(&known.name)? };
    let data = match &known.data {
        Data::A(address) => RData::A(A(*address)),
        Data::Aaaa(address) => RData::AAAA(AAAA(*address)),
        Data::Cname(target) => RData::CNAME(CNAME(name(target)?)),
        Data::Txt(parts) => RData::TXT(TXT::new(parts.clone())),
        Data::Mx(preference, exchange) => RData::MX(MX::new(*preference, name(exchange)?)),
        Data::Ptr(target) => RData::PTR(PTR(name(target)?)),
        Data::Srv(priority, weight, port, target) => RData::SRV(SRV::new(*priority, *weight, *port, name(target)?)),
    };
    Some(Record::from_rdata(owner, known.ttl, data))
}

fn authority(zone: &str) -> Option<Record> {
    let (main, contact) = (name(&format!("ns.{zone}"))?, name(&format!("hostmaster.{zone}"))?);
    let soa = SOA::new(main, contact, 1, 3600, 300, 86_400, NEGATIVE_TTL);
    Some(Record::from_rdata(name(zone)?, NEGATIVE_TTL, RData::SOA(soa)))
}
