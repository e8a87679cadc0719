//! Hashes and HMACs: `HashAlgorithm` and its family.

use aws_lc_rs::digest;
use md5::Digest as _;

use super::cryptographic;
use crate::Thrown;

/// A hash function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HashKind {
    /// `MD5`
    Md5,
    /// `SHA1`
    Sha1,
    /// `SHA256`
    Sha256,
    /// `SHA384`
    Sha384,
    /// `SHA512`
    Sha512,
}

impl HashKind {
    /// Every hash function.
    pub const ALL: &'static [Self] = &[Self::Md5, Self::Sha1, Self::Sha256, Self::Sha384, Self::Sha512];

    /// Its name as in `HashAlgorithmName`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::Sha384 => "SHA384",
            Self::Sha512 => "SHA512",
        }
    }

    /// The function of a `HashAlgorithmName`.
    ///
    /// # Errors
    /// `CryptographicException` for an unknown name.
    pub fn from_algorithm_name(name: &str) -> Result<Self, Thrown> {
        Self::ALL
            .iter()
            .copied()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| cryptographic(format!("'{name}' is not a known hash algorithm.")))
    }

    /// The function that `HashAlgorithm.Create(name)` makes, with the name of its class; `None` for an unknown name.
    /// Letters match whatever their case, as in `CryptoConfig`.
    pub fn from_config_name(name: &str) -> Option<Self> {
        let short = name.strip_prefix("System.Security.Cryptography.").unwrap_or(name);
        let short = short.to_ascii_uppercase();
        Some(match short.as_str() {
            "MD5" | "MD5CRYPTOSERVICEPROVIDER" => Self::Md5,
            "SHA" | "SHA1" | "SHA1MANAGED" | "SHA1CRYPTOSERVICEPROVIDER" | "HASHALGORITHM" => Self::Sha1,
            "SHA256" | "SHA-256" | "SHA256MANAGED" | "SHA256CRYPTOSERVICEPROVIDER" => Self::Sha256,
            "SHA384" | "SHA-384" | "SHA384MANAGED" | "SHA384CRYPTOSERVICEPROVIDER" => Self::Sha384,
            "SHA512" | "SHA-512" | "SHA512MANAGED" | "SHA512CRYPTOSERVICEPROVIDER" => Self::Sha512,
            _ => return None,
        })
    }

    /// The function of the HMAC that `HMAC.Create(name)` or `KeyedHashAlgorithm.Create(name)` makes.
    pub fn from_hmac_name(name: &str) -> Option<Self> {
        let short = name.strip_prefix("System.Security.Cryptography.").unwrap_or(name);
        let short = short.to_ascii_uppercase();
        Some(match short.as_str() {
            "HMACMD5" => Self::Md5,
            "HMACSHA1" | "HMAC" | "KEYEDHASHALGORITHM" => Self::Sha1,
            "HMACSHA256" => Self::Sha256,
            "HMACSHA384" => Self::Sha384,
            "HMACSHA512" => Self::Sha512,
            _ => return None,
        })
    }

    /// Length of the hash, in bytes.
    pub const fn length(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// Length of a block, in bytes: what a default HMAC key has.
    pub const fn block_length(self) -> usize {
        match self {
            Self::Md5 | Self::Sha1 | Self::Sha256 => 64,
            Self::Sha384 | Self::Sha512 => 128,
        }
    }

    /// The hash of `data`.
    pub fn compute(self, data: &[u8]) -> Vec<u8> {
        let mut hasher = Hasher::new(self);
        hasher.update(data);
        hasher.finish()
    }
}

/// A hash in the making.
#[derive(Clone)]
pub struct Hasher {
    kind: HashKind,
    state: State,
}

#[derive(Clone)]
enum State {
    Md5(md5::Md5),
    Sha(digest::Context),
}

impl std::fmt::Debug for Hasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Hasher").field(&self.kind).finish()
    }
}

impl Hasher {
    /// An empty hash.
    pub fn new(kind: HashKind) -> Self {
        let state = match kind {
            HashKind::Md5 => State::Md5(md5::Md5::new()),
            HashKind::Sha1 => State::Sha(digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY)),
            HashKind::Sha256 => State::Sha(digest::Context::new(&digest::SHA256)),
            HashKind::Sha384 => State::Sha(digest::Context::new(&digest::SHA384)),
            HashKind::Sha512 => State::Sha(digest::Context::new(&digest::SHA512)),
        };
        Self { kind, state }
    }

    /// Adds data.
    pub fn update(&mut self, data: &[u8]) {
        match &mut self.state {
            State::Md5(state) => state.update(data),
            State::Sha(state) => state.update(data),
        }
    }

    /// The hash of all data added.
    pub fn finish(self) -> Vec<u8> {
        match self.state {
            State::Md5(state) => state.finalize().to_vec(),
            State::Sha(state) => state.finish().as_ref().to_vec(),
        }
    }
}

/// An HMAC with its key.
#[derive(Clone)]
pub struct Hmac {
    kind: HashKind,
    key: Vec<u8>,
}

impl std::fmt::Debug for Hmac {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Hmac({:?}, ***)", self.kind)
    }
}

impl Hmac {
    /// An HMAC; a key longer than a block is replaced by its hash, as the `Key` property shows.
    pub fn new(kind: HashKind, key: &[u8]) -> Self {
        let key = if key.len() > kind.block_length() { kind.compute(key) } else { key.to_vec() };
        Self { kind, key }
    }

    /// The hash function.
    pub fn kind(&self) -> HashKind {
        self.kind
    }

    /// `Key`.
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// A hasher that has seen the inner pad; finish it with [`Hmac::finish`].
    pub fn begin(&self) -> Hasher {
        let mut inner = Hasher::new(self.kind);
        inner.update(&self.pad(0x36));
        inner
    }

    /// The HMAC of what `inner` has seen.
    pub fn finish(&self, inner: Hasher) -> Vec<u8> {
        let mut outer = Hasher::new(self.kind);
        outer.update(&self.pad(0x5C));
        outer.update(&inner.finish());
        outer.finish()
    }

    /// The HMAC of `data`.
    pub fn compute(&self, data: &[u8]) -> Vec<u8> {
        let mut inner = self.begin();
        inner.update(data);
        self.finish(inner)
    }

    fn pad(&self, with: u8) -> Vec<u8> {
        let mut block = self.key.clone();
        block.resize(self.kind.block_length(), 0);
        block.iter_mut().for_each(|byte| *byte ^= with);
        block
    }
}

#[cfg(test)]
mod tests {
    use super::super::hex_upper;
    use super::*;

    #[test]
    fn hashes_are_those_of_their_standards() {
        let hash = |kind: HashKind| hex_upper(&kind.compute(b"hello"));
        assert_eq!(hash(HashKind::Md5), "5D41402ABC4B2A76B9719D911017C592");
        assert_eq!(hash(HashKind::Sha1), "AAF4C61DDCC5E8A2DABEDE0F3B482CD9AEA9434D");
        assert!(hash(HashKind::Sha256).starts_with("2CF24DBA5FB0A30E26E83B2AC5B9E29E"));
        for kind in HashKind::ALL {
            assert_eq!(kind.compute(b"").len(), kind.length());
            assert_eq!(HashKind::from_config_name(&kind.name().to_lowercase()), Some(*kind));
        }
        assert_eq!(HashKind::from_config_name("CRC"), None);
        assert!(HashKind::from_algorithm_name("sha256").is_err());
    }

    #[test]
    fn an_hmac_hashes_long_keys_first() {
        let mac = Hmac::new(HashKind::Sha1, b"key").compute(b"message");
        assert_eq!(hex_upper(&mac), "2088DF74D5F2146B48146CAF4965377E9D0BE3A4");
        let long = Hmac::new(HashKind::Sha256, &[7; 200]);
        assert_eq!(long.key().len(), 32);
        let md5 = Hmac::new(HashKind::Md5, b"Jefe").compute(b"what do ya want for nothing?");
        assert_eq!(hex_upper(&md5), "750C783E6AB0B503EAA86E310A5DB738");
    }
}
