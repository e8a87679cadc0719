//! What a counter is called: its kind, the scope that owns it, and the value of its key.

use std::fmt;

use aws_lc_rs::digest;

/// Bytes before the scope: kind, variant, period (4), length of the scope.
const HEADER: usize = 7;
/// Longest stored key; longer texts are replaced by their beginning and a digest, alike on every gateway.
const LONGEST: usize = 128;
const LONGEST_SCOPE: usize = 48;

/// Which family of policies owns the counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `rate-limit`: per subscription and scope.
    RateLimit,
    /// `rate-limit-by-key`: one counter per value for the whole service.
    RateLimitByKey,
    /// `quota`: per subscription and scope.
    Quota,
    /// `quota-by-key`: one counter per value for the whole service.
    QuotaByKey,
    /// `llm-token-limit`, tokens per minute.
    TokenRate,
    /// `llm-token-limit`, tokens per fixed period.
    TokenQuota,
    /// `limit-concurrency`.
    Concurrency,
}

impl Kind {
    /// Every kind, in the order of their codes.
    pub const ALL: [Self; 7] = [
        Self::RateLimit,
        Self::RateLimitByKey,
        Self::Quota,
        Self::QuotaByKey,
        Self::TokenRate,
        Self::TokenQuota,
        Self::Concurrency,
    ];

    /// The name as the command line and the metrics write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RateLimit => "rate-limit",
            Self::RateLimitByKey => "rate-limit-by-key",
            Self::Quota => "quota",
            Self::QuotaByKey => "quota-by-key",
            Self::TokenRate => "token-limit",
            Self::TokenQuota => "token-quota",
            Self::Concurrency => "limit-concurrency",
        }
    }

    /// The kind called `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    const fn code(self) -> u8 {
        match self {
            Self::RateLimit => b'r',
            Self::RateLimitByKey => b'R',
            Self::Quota => b'q',
            Self::QuotaByKey => b'Q',
            Self::TokenRate => b't',
            Self::TokenQuota => b'T',
            Self::Concurrency => b'c',
        }
    }

    fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// How the counter of a key counts; part of its identity, because a bucket and a window cannot share a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variant {
    Window,
    Bucket,
    Fixed,
    Held,
}

impl Variant {
    const fn code(self) -> u8 {
        match self {
            Self::Window => b'w',
            Self::Bucket => b'b',
            Self::Fixed => b'f',
            Self::Held => b'h',
        }
    }

    fn from_code(code: u8) -> Option<Self> {
        [Self::Window, Self::Bucket, Self::Fixed, Self::Held].into_iter().find(|variant| variant.code() == code)
    }
}

/// The name of one counter; lives on the stack, made anew for each request.
///
/// A scope is what the configuration says (`product/starter`, an API's id, a workspace), a value is what the call
/// says (a subscription, an address). Texts that are too long keep their beginning and get a digest for the rest, so
/// no caller can make a key large.
#[derive(Clone, Copy)]
pub struct CounterKey {
    bytes: [u8; LONGEST],
    length: u8,
}

impl CounterKey {
    /// The counter of `value` in `scope`; `scope` is empty for the by-key policies, whose counters span the service.
    pub fn new(kind: Kind, scope: &str, value: &str) -> Self {
        let mut key = Self { bytes: [0; LONGEST], length: HEADER as u8 };
        key.bytes[0] = kind.code();
        key.push(scope, LONGEST_SCOPE);
        key.bytes[HEADER - 1] = key.length - HEADER as u8;
        key.push(value, LONGEST - usize::from(key.length));
        key
    }

    fn push(&mut self, text: &str, room: usize) {
        if text.len() <= room {
            self.push_bytes(text.as_bytes());
            return;
        }
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let digest = digest::digest(&digest::SHA256, text.as_bytes());
        let mut hex = [0_u8; 32];
        for (pair, byte) in hex.chunks_exact_mut(2).zip(digest.as_ref()) {
            pair[0] = HEX[usize::from(byte >> 4)];
            pair[1] = HEX[usize::from(byte & 15)];
        }
        let mut cut = room - hex.len() - 1;
        while !text.is_char_boundary(cut) {
            cut -= 1;
        }
        self.push_bytes(&text.as_bytes()[..cut]);
        self.push_bytes(b"~");
        self.push_bytes(&hex);
    }

    fn push_bytes(&mut self, bytes: &[u8]) {
        let from = usize::from(self.length);
        self.bytes[from..from + bytes.len()].copy_from_slice(bytes);
        self.length += bytes.len() as u8;
    }

    /// The same key with the part that only the limit knows. The unit of `period` is the variant's own.
    pub(crate) fn sealed(&self, variant: Variant, period: u32) -> Self {
        let mut key = *self;
        key.bytes[1] = variant.code();
        key.bytes[2..6].copy_from_slice(&period.to_le_bytes());
        key
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    /// Reads a key that came from a file or from another gateway.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let view = KeyView::read(bytes)?;
        (bytes.len() <= LONGEST && view.variant.is_some()).then(|| {
            let mut key = Self { bytes: [0; LONGEST], length: 0 };
            key.push_bytes(bytes);
            key
        })
    }

    /// Which family of policies the key belongs to.
    pub fn kind(&self) -> Kind {
        self.view().kind
    }

    /// The scope, as kept (see the type's text on length).
    pub fn scope(&self) -> &str {
        self.view().scope
    }

    /// The value, as kept (see the type's text on length).
    pub fn value(&self) -> &str {
        self.view().value
    }

    pub(crate) fn view(&self) -> KeyView<'_> {
        let fallback = KeyView { kind: Kind::RateLimit, variant: None, period: 0, scope: "", value: "" };
        KeyView::read(self.as_bytes()).unwrap_or(fallback)
    }
}

impl PartialEq for CounterKey {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for CounterKey {}

impl fmt::Debug for CounterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let view = self.view();
        write!(f, "{} `{}` `{}`", view.kind.name(), view.scope, view.value)
    }
}

/// The parts of a stored key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyView<'a> {
    pub(crate) kind: Kind,
    pub(crate) variant: Option<Variant>,
    /// Milliseconds for windows and buckets, see [`crate::limit`] for quotas.
    pub(crate) period: u32,
    pub(crate) scope: &'a str,
    pub(crate) value: &'a str,
}

impl<'a> KeyView<'a> {
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        let (header, text) = bytes.split_at_checked(HEADER)?;
        let &[kind, variant, p0, p1, p2, p3, scope_length] = header else { return None };
        let (scope, value) = text.split_at_checked(usize::from(scope_length))?;
        Some(Self {
            kind: Kind::from_code(kind)?,
            variant: Variant::from_code(variant),
            period: u32::from_le_bytes([p0, p1, p2, p3]),
            scope: std::str::from_utf8(scope).ok()?,
            value: std::str::from_utf8(value).ok()?,
        })
    }

    /// Length of a window's or bucket's period, in nanoseconds.
    pub(crate) fn period_nanos(&self) -> i64 {
        i64::from(self.period).saturating_mul(1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_as_it_was_written() {
        let key = CounterKey::new(Kind::QuotaByKey, "product/ä", "10.0.0.7");
        assert_eq!((key.kind(), key.scope(), key.value()), (Kind::QuotaByKey, "product/ä", "10.0.0.7"));
    }

    #[test]
    fn scope_and_value_cannot_be_shifted_into_each_other() {
        assert_ne!(CounterKey::new(Kind::Quota, "ab", "c"), CounterKey::new(Kind::Quota, "a", "bc"));
    }

    #[test]
    fn long_texts_stay_small_and_distinct() {
        let long = "ä".repeat(5_000);
        let first = CounterKey::new(Kind::RateLimitByKey, &long, &format!("{long}1"));
        let second = CounterKey::new(Kind::RateLimitByKey, &long, &format!("{long}2"));
        assert!(first.as_bytes().len() <= LONGEST);
        assert_ne!(first, second);
        assert!(first.value().starts_with("ää"));
    }

    #[test]
    fn a_key_read_from_bytes_needs_a_variant_and_text() {
        let key = CounterKey::new(Kind::Quota, "s", "v").sealed(Variant::Fixed, 60);
        assert_eq!(CounterKey::from_bytes(key.as_bytes()), Some(key));
        assert_eq!(CounterKey::from_bytes(CounterKey::new(Kind::Quota, "s", "v").as_bytes()), None);
        assert_eq!(CounterKey::from_bytes(&[b'q', b'f', 0, 0, 0, 0, 9, 1]), None);
        assert_eq!(CounterKey::from_bytes(&[b'q', b'f', 0, 0, 0, 0, 0, 0xff]), None);
        assert_eq!(CounterKey::from_bytes(&[]), None);
    }
}
