//! Packets: written, signed, read back with suspicion.
//!
//! | bytes | meaning |
//! |---|---|
//! | 4 | `ApC` and the version, 1 |
//! | 1 | what it is: changes, wish for state, state, end of state, heartbeat |
//! | 8 | id of the sender, big-endian |
//! | 8 | sequence number, rising with each packet of the sender |
//! | 8 | the sender's time, milliseconds since 1970 |
//! | … | entries |
//! | 16 | first half of the HMAC-SHA-256 of everything before |
//!
//! An entry: how many bytes its key shares with the one before, the rest of the key (length, bytes), in states the origin (8),
//! generation, limit, number of cells, and for each its slot (difference to the one before, zigzag), calls and, for quotas, bytes.
//! Numbers are LEB128.

use apimite_clock::Timestamp;
use aws_lc_rs::hmac;

use super::ledger::{Cell, Entry, NodeId};
use crate::key::{CounterKey, KeyView, Variant};
use crate::limit::Usage;

/// Largest packet, in bytes: fits the smallest path of IPv6 with room for tunnels.
pub const LARGEST: usize = 1_200;

const MAGIC: [u8; 4] = *b"ApC\x01";
const HEADER: usize = 29;
const TAG: usize = 16;
/// Bytes of every packet that are no entries.
pub(crate) const OVERHEAD: usize = HEADER + TAG;

/// What a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// What the sender counted lately.
    Changes,
    /// The sender would like to know everything.
    Want,
    /// A part of everything the sender knows.
    State,
    /// The last part of it.
    StateEnd,
    /// A message of the membership protocol, on its own port.
    Heartbeat,
}

impl Message {
    const fn code(self) -> u8 {
        match self {
            Self::Changes => 1,
            Self::Want => 2,
            Self::State => 3,
            Self::StateEnd => 4,
            Self::Heartbeat => 5,
        }
    }

    fn from_code(code: u8) -> Option<Self> {
        [Self::Changes, Self::Want, Self::State, Self::StateEnd, Self::Heartbeat]
            .into_iter()
            .find(|message| message.code() == code)
    }

    fn names_origins(self) -> bool {
        matches!(self, Self::State | Self::StateEnd)
    }
}

/// Why a packet was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Dropped {
    /// Too short, too long, or not what the format says.
    #[error("malformed packet")]
    Malformed,
    /// Of another version of this protocol.
    #[error("packet of another version")]
    Version,
    /// The signature is not made with our key.
    #[error("packet signed with another key")]
    Signature,
    /// Seen before, or from another time.
    #[error("repeated or outdated packet")]
    Replay,
    /// Sent by this very gateway.
    #[error("own packet")]
    Own,
}

/// Signs and checks packets.
pub enum Seal {
    /// With a shared key.
    Key(Box<hmac::Key>),
    /// Not at all: for simulations, where nobody forges and time counts.
    Trusting,
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal(***)")
    }
}

impl Seal {
    /// With the shared key `secret`.
    pub fn with_secret(secret: &[u8]) -> Self {
        Self::Key(Box::new(hmac::Key::new(hmac::HMAC_SHA256, secret)))
    }

    /// Signs bytes; the tag goes to the end.
    pub(crate) fn close(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Key(key) => {
                let tag = hmac::sign(key, bytes);
                bytes.extend_from_slice(&tag.as_ref()[..TAG]);
            }
            Self::Trusting => bytes.extend_from_slice(&[0; TAG]),
        }
    }

    /// The bytes before the tag, if the tag is right.
    pub(crate) fn open<'a>(&self, bytes: &'a [u8]) -> Result<&'a [u8], Dropped> {
        let at = bytes.len().checked_sub(TAG).ok_or(Dropped::Malformed)?;
        let (body, tag) = bytes.split_at(at);
        match self {
            Self::Key(key) => {
                let right = hmac::sign(key, body);
                aws_lc_rs::constant_time::verify_slices_are_equal(&right.as_ref()[..TAG], tag)
                    .map_err(|_| Dropped::Signature)?;
            }
            Self::Trusting => {}
        }
        Ok(body)
    }
}

/// The head of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// What it is.
    pub message: Message,
    /// Who sent it.
    pub sender: NodeId,
    /// Its number.
    pub sequence: u64,
    /// The sender's time.
    pub sent_at: Timestamp,
}

fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

/// A packet that is being filled.
pub(crate) struct Writer {
    bytes: Vec<u8>,
    message: Message,
    last: Vec<u8>,
    pub(crate) entries: usize,
}

impl Writer {
    pub(crate) fn new(head: Head) -> Self {
        let mut bytes = Vec::with_capacity(LARGEST);
        bytes.extend_from_slice(&MAGIC);
        bytes.push(head.message.code());
        bytes.extend_from_slice(&head.sender.0.to_be_bytes());
        bytes.extend_from_slice(&head.sequence.to_be_bytes());
        bytes.extend_from_slice(&(head.sent_at.0 / 1_000_000).to_be_bytes());
        Self { bytes, message: head.message, last: Vec::new(), entries: 0 }
    }

    /// Adds an entry; false when it does not fit and nothing was added.
    pub(crate) fn add(&mut self, entry: &Entry) -> bool {
        let before = self.bytes.len();
        let key = entry.key.as_bytes();
        let shared = self.last.iter().zip(key).take_while(|(a, b)| a == b).count();
        put(&mut self.bytes, shared as u64);
        put(&mut self.bytes, (key.len() - shared) as u64);
        self.bytes.extend_from_slice(&key[shared..]);
        if self.message.names_origins() {
            self.bytes.extend_from_slice(&entry.origin.0.to_be_bytes());
        }
        put(&mut self.bytes, entry.generation);
        put(&mut self.bytes, entry.limit.into());
        put(&mut self.bytes, entry.cells.len() as u64);
        let with_bytes = entry.key.view().variant == Some(Variant::Fixed);
        let mut slot = 0;
        for cell in &entry.cells {
            put(&mut self.bytes, zigzag(cell.slot.wrapping_sub(slot)));
            slot = cell.slot;
            put(&mut self.bytes, cell.usage.calls);
            if with_bytes {
                put(&mut self.bytes, cell.usage.bytes);
            }
        }
        if self.bytes.len() + TAG > LARGEST {
            self.bytes.truncate(before);
            return false;
        }
        self.last.clear();
        self.last.extend_from_slice(key);
        self.entries += 1;
        true
    }

    /// Adds bytes of another protocol.
    #[cfg(feature = "sync")]
    pub(crate) fn add_raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The length once signed.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() + TAG
    }

    pub(crate) fn finish(mut self, seal: &Seal) -> Vec<u8> {
        seal.close(&mut self.bytes);
        self.bytes
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Dropped> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Dropped::Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Dropped> {
        self.take(N)?.try_into().map_err(|_| Dropped::Malformed)
    }

    fn number(&mut self) -> Result<u64, Dropped> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)?[0];
            let part = u64::from(byte & 0x7f);
            if shift == 63 && part > 1 {
                return Err(Dropped::Malformed);
            }
            number |= part << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Dropped::Malformed)
    }
}

/// Reads the head of a packet and checks version and signature.
pub fn open<'a>(bytes: &'a [u8], seal: &Seal) -> Result<(Head, Body<'a>), Dropped> {
    if bytes.len() < HEADER + TAG || bytes.len() > LARGEST || bytes[..3] != MAGIC[..3] {
        return Err(Dropped::Malformed);
    }
    if bytes[3] != MAGIC[3] {
        return Err(Dropped::Version);
    }
    let mut reader = Reader(seal.open(bytes)?);
    reader.take(MAGIC.len())?;
    let message = Message::from_code(reader.array::<1>()?[0]).ok_or(Dropped::Malformed)?;
    let sender = NodeId(u64::from_be_bytes(reader.array()?));
    let sequence = u64::from_be_bytes(reader.array()?);
    let millis = i64::from_be_bytes(reader.array()?);
    let head = Head { message, sender, sequence, sent_at: Timestamp::from_unix_millis(millis) };
    Ok((head, Body { head, reader }))
}

/// The entries of a packet.
pub struct Body<'a> {
    head: Head,
    reader: Reader<'a>,
}

impl<'a> Body<'a> {
    /// The bytes as they are.
    #[cfg(feature = "sync")]
    pub(crate) fn raw(self) -> &'a [u8] {
        self.reader.0
    }

    /// All entries, or the reason to drop the packet: it is taken whole or not at all.
    ///
    /// # Errors
    /// When the bytes are not what the format says.
    pub fn entries(mut self) -> Result<Vec<Entry>, Dropped> {
        if self.head.message == Message::Heartbeat {
            return Err(Dropped::Malformed);
        }
        let mut entries = Vec::new();
        let mut last: Vec<u8> = Vec::new();
        while !self.reader.0.is_empty() {
            let shared = usize::try_from(self.reader.number()?).map_err(|_| Dropped::Malformed)?;
            let rest = usize::try_from(self.reader.number()?).map_err(|_| Dropped::Malformed)?;
            if shared > last.len() {
                return Err(Dropped::Malformed);
            }
            last.truncate(shared);
            last.extend_from_slice(self.reader.take(rest)?);
            let key = CounterKey::from_bytes(&last).ok_or(Dropped::Malformed)?;
            let origin = if self.head.message.names_origins() {
                NodeId(u64::from_be_bytes(self.reader.array()?))
            } else {
                self.head.sender
            };
            let generation = self.reader.number()?;
            let limit = u32::try_from(self.reader.number()?).map_err(|_| Dropped::Malformed)?;
            let count = self.reader.number()?;
            if count > LARGEST as u64 {
                return Err(Dropped::Malformed);
            }
            let with_bytes = KeyView::read(&last).and_then(|view| view.variant) == Some(Variant::Fixed);
            let mut slot = 0_i64;
            let mut cells = Vec::new();
            for _ in 0..count {
                slot = slot.wrapping_add(unzigzag(self.reader.number()?));
                let calls = self.reader.number()?;
                let bytes = if with_bytes { self.reader.number()? } else { 0 };
                // Slots near the ends of the numbers' range are nonsense and would overflow later.
                if slot.unsigned_abs() > i64::MAX as u64 / 2 && slot != i64::MAX {
                    return Err(Dropped::Malformed);
                }
                cells.push(Cell { slot, usage: Usage { calls, bytes } });
            }
            entries.push(Entry { key, origin, generation, limit, cells });
        }
        Ok(entries)
    }
}
