//! `RSA`: keys, signatures and encryption.

use aws_lc_rs::digest;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{
    self, KeyPair, OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384, OAEP_SHA512_MGF1SHA512,
    OaepPrivateDecryptingKey, OaepPublicEncryptingKey, Pkcs1PrivateDecryptingKey, Pkcs1PublicEncryptingKey,
    PrivateDecryptingKey, PublicEncryptingKey,
};
use aws_lc_rs::signature;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use num_bigint::BigUint;

use super::{HashKind, cryptographic, der};
use crate::Thrown;

/// `RSASignaturePadding`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignaturePadding {
    /// `RSASignaturePadding.Pkcs1`
    Pkcs1,
    /// `RSASignaturePadding.Pss`
    Pss,
}

/// `RSAEncryptionPadding`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncryptionPadding {
    /// `RSAEncryptionPadding.Pkcs1`
    Pkcs1,
    /// `RSAEncryptionPadding.OaepSHA1` and its kin
    Oaep(HashKind),
}

/// An RSA key: public, or public and private.
#[derive(Clone)]
pub struct Rsa {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
    /// PKCS #1 `RSAPrivateKey`, DER.
    private: Option<Vec<u8>>,
}

impl std::fmt::Debug for Rsa {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Rsa({} bits, {})", self.key_size(), if self.has_private_key() { "private" } else { "public" })
    }
}

const BAD_DATA: &str = "ASN1 corrupted data.";
const NO_PRIVATE_KEY: &str = "Key does not have a private key.";

impl Rsa {
    /// `RSA.Create(keySize)`: a new key pair. Sizes are those that are safe and quick: 2048, 3072, 4096, 8192 bits.
    ///
    /// # Errors
    /// `CryptographicException` for another size.
    pub fn generate(bits: i32) -> Result<Self, Thrown> {
        let size = match bits {
            2048 => rsa::KeySize::Rsa2048,
            3072 => rsa::KeySize::Rsa3072,
            4096 => rsa::KeySize::Rsa4096,
            _ => return Err(cryptographic("Specified key is not a valid size for this algorithm.")),
        };
        let pair =
            PrivateDecryptingKey::generate(size).map_err(|_| cryptographic("The key could not be generated."))?;
        let der: Pkcs8V1Der<'static> = pair.as_der().map_err(|_| cryptographic(BAD_DATA))?;
        Self::from_pkcs8(der.as_ref())
    }

    /// A public key from `RSAPublicKey` DER.
    ///
    /// # Errors
    /// `CryptographicException` for other bytes.
    pub fn from_public_der(bytes: &[u8]) -> Result<Self, Thrown> {
        let integers = der::read_integers(bytes).ok_or_else(|| cryptographic(BAD_DATA))?;
        let [modulus, exponent] = <[Vec<u8>; 2]>::try_from(integers).map_err(|_| cryptographic(BAD_DATA))?;
        Self::from_public(modulus, exponent)
    }

    /// A public key from its two numbers, big-endian.
    ///
    /// # Errors
    /// `CryptographicException` for an empty modulus or exponent.
    pub fn from_public(modulus: Vec<u8>, exponent: Vec<u8>) -> Result<Self, Thrown> {
        if modulus.is_empty() || exponent.is_empty() || modulus.len() > 2048 {
            return Err(cryptographic("The specified RSA parameters are not valid."));
        }
        Ok(Self { modulus, exponent, private: None })
    }

    /// A key pair from PKCS #1 `RSAPrivateKey` DER.
    ///
    /// # Errors
    /// `CryptographicException` for other bytes.
    pub fn from_private_der(bytes: &[u8]) -> Result<Self, Thrown> {
        let integers = der::read_integers(bytes).ok_or_else(|| cryptographic(BAD_DATA))?;
        let [_, modulus, exponent, ..] = integers.as_slice() else { return Err(cryptographic(BAD_DATA)) };
        if integers.len() < 9 {
            return Err(cryptographic(BAD_DATA));
        }
        let mut key = Self::from_public(modulus.clone(), exponent.clone())?;
        key.private = Some(bytes.to_vec());
        Ok(key)
    }

    /// A key pair from PKCS #8 DER.
    ///
    /// # Errors
    /// `CryptographicException` for other bytes or another algorithm.
    pub fn from_pkcs8(bytes: &[u8]) -> Result<Self, Thrown> {
        let inner = || -> Option<&[u8]> {
            let (0x30, content, _) = der::read(bytes)? else { return None };
            let (2, _, rest) = der::read(content)? else { return None };
            let (0x30, _, rest) = der::read(rest)? else { return None };
            let (4, key, _) = der::read(rest)? else { return None };
            Some(key)
        };
        Self::from_private_der(inner().ok_or_else(|| cryptographic(BAD_DATA))?)
    }

    /// `ImportFromPem(text)`: a public or private key in PEM.
    ///
    /// # Errors
    /// `ArgumentException` for text without a key.
    pub fn from_pem(text: &str) -> Result<Self, Thrown> {
        let none = || {
            crate::messages::argument(
                "No supported key formats were found. Check that the input represents the contents of a PEM-encoded key \
                 file, not the path to such a file.",
                "input",
            )
        };
        let body = |label: &str| -> Option<Vec<u8>> {
            let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
            let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
            STANDARD.decode(body.split_whitespace().collect::<String>()).ok()
        };
        if let Some(bytes) = body("PRIVATE KEY") {
            return Self::from_pkcs8(&bytes);
        }
        if let Some(bytes) = body("RSA PRIVATE KEY") {
            return Self::from_private_der(&bytes);
        }
        if let Some(bytes) = body("RSA PUBLIC KEY") {
            return Self::from_public_der(&bytes);
        }
        let info = body("PUBLIC KEY").ok_or_else(none)?;
        let bits = || -> Option<Vec<u8>> {
            let (0x30, content, _) = der::read(&info)? else { return None };
            let (0x30, _, rest) = der::read(content)? else { return None };
            let (3, bits, _) = der::read(rest)? else { return None };
            bits.get(1..).map(<[u8]>::to_vec)
        };
        Self::from_public_der(&bits().ok_or_else(none)?)
    }

    /// `KeySize`, in bits.
    pub fn key_size(&self) -> i32 {
        let leading = self.modulus.first().map_or(0, |byte| byte.leading_zeros());
        (self.modulus.len() as u32 * 8 - leading) as i32
    }

    /// Is the private key here?
    pub fn has_private_key(&self) -> bool {
        self.private.is_some()
    }

    /// The public key alone.
    #[must_use]
    pub fn public(&self) -> Self {
        Self { private: None, ..self.clone() }
    }

    /// The modulus, big-endian.
    pub fn modulus(&self) -> &[u8] {
        &self.modulus
    }

    /// The public exponent, big-endian.
    pub fn exponent(&self) -> &[u8] {
        &self.exponent
    }

    /// `ExportRSAPublicKey()`.
    pub fn public_der(&self) -> Vec<u8> {
        der::sequence(&[der::unsigned(&self.modulus), der::unsigned(&self.exponent)])
    }

    /// `ExportSubjectPublicKeyInfo()`.
    pub fn subject_public_key_info(&self) -> Vec<u8> {
        let mut bits = vec![0];
        bits.extend(self.public_der());
        der::sequence(&[der::rsa_encryption(), der::element(3, &bits)])
    }

    fn private_der(&self) -> Result<&[u8], Thrown> {
        self.private.as_deref().ok_or_else(|| cryptographic(NO_PRIVATE_KEY))
    }

    fn pkcs8(&self) -> Result<Vec<u8>, Thrown> {
        let key = der::element(4, self.private_der()?);
        Ok(der::sequence(&[der::unsigned(&[0]), der::rsa_encryption(), key]))
    }

    /// `ExportPkcs8PrivateKey()`.
    ///
    /// # Errors
    /// `CryptographicException` without a private key.
    pub fn export_pkcs8(&self) -> Result<Vec<u8>, Thrown> {
        self.pkcs8()
    }

    /// `SignData(data, hash, padding)`.
    ///
    /// # Errors
    /// As [`Rsa::sign_hash`].
    pub fn sign_data(&self, data: &[u8], hash: HashKind, padding: SignaturePadding) -> Result<Vec<u8>, Thrown> {
        self.sign_hash(&hash.compute(data), hash, padding)
    }

    /// `SignHash(hash, name, padding)`.
    ///
    /// # Errors
    /// `CryptographicException` without a private key or for a hash of another length.
    pub fn sign_hash(&self, hash: &[u8], kind: HashKind, padding: SignaturePadding) -> Result<Vec<u8>, Thrown> {
        self.private_der()?;
        check_length(hash, kind)?;
        let encoding: &'static dyn signature::RsaEncoding = match (padding, kind) {
            (SignaturePadding::Pkcs1, HashKind::Sha256) => &signature::RSA_PKCS1_SHA256,
            (SignaturePadding::Pkcs1, HashKind::Sha384) => &signature::RSA_PKCS1_SHA384,
            (SignaturePadding::Pkcs1, HashKind::Sha512) => &signature::RSA_PKCS1_SHA512,
            (SignaturePadding::Pss, HashKind::Sha256) => &signature::RSA_PSS_SHA256,
            (SignaturePadding::Pss, HashKind::Sha384) => &signature::RSA_PSS_SHA384,
            (SignaturePadding::Pss, HashKind::Sha512) => &signature::RSA_PSS_SHA512,
            (SignaturePadding::Pkcs1, HashKind::Md5 | HashKind::Sha1) => return self.sign_legacy(hash, kind),
            (SignaturePadding::Pss, HashKind::Md5 | HashKind::Sha1) => {
                return Err(cryptographic(format!("PSS with {} is not supported.", kind.name())));
            }
        };
        let failed = || cryptographic("The signature could not be made.");
        let pair = KeyPair::from_der(self.private_der()?).map_err(|_| cryptographic(BAD_DATA))?;
        let hash = digest::Digest::import_less_safe(hash, algorithm(kind)).map_err(|_| failed())?;
        let mut signed = vec![0; pair.public_modulus_len()];
        pair.sign_digest(encoding, &hash, &mut signed).map_err(|_| failed())?;
        Ok(signed)
    }

    /// `VerifyData(data, signature, hash, padding)`.
    pub fn verify_data(&self, data: &[u8], signed: &[u8], hash: HashKind, padding: SignaturePadding) -> bool {
        self.verify_hash(&hash.compute(data), signed, hash, padding)
    }

    /// `VerifyHash(hash, signature, name, padding)`.
    pub fn verify_hash(&self, hash: &[u8], signed: &[u8], kind: HashKind, padding: SignaturePadding) -> bool {
        if hash.len() != kind.length() || signed.len() != self.modulus.len() {
            return false;
        }
        let parameters: &'static dyn signature::VerificationAlgorithm = match (padding, kind) {
            // Every length of key that .NET takes is taken here, also the short ones.
            (SignaturePadding::Pkcs1, _) => return self.verify_legacy(hash, signed, kind),
            (SignaturePadding::Pss, HashKind::Sha256) => &signature::RSA_PSS_2048_8192_SHA256,
            (SignaturePadding::Pss, HashKind::Sha384) => &signature::RSA_PSS_2048_8192_SHA384,
            (SignaturePadding::Pss, HashKind::Sha512) => &signature::RSA_PSS_2048_8192_SHA512,
            (SignaturePadding::Pss, HashKind::Md5 | HashKind::Sha1) => return false,
        };
        let Ok(hash) = digest::Digest::import_less_safe(hash, algorithm(kind)) else { return false };
        signature::UnparsedPublicKey::new(parameters, self.public_der()).verify_digest(&hash, signed).is_ok()
    }

    /// `Encrypt(data, padding)`.
    ///
    /// # Errors
    /// `CryptographicException` for data that is too long for the key.
    pub fn encrypt(&self, data: &[u8], padding: EncryptionPadding) -> Result<Vec<u8>, Thrown> {
        let failed = || cryptographic("The message exceeds the maximum allowable length for the chosen options.");
        let key =
            PublicEncryptingKey::from_der(&self.subject_public_key_info()).map_err(|_| cryptographic(BAD_DATA))?;
        let mut secret = vec![0; self.modulus.len()];
        let length = match padding {
            EncryptionPadding::Pkcs1 => Pkcs1PublicEncryptingKey::new(key)
                .and_then(|key| key.encrypt(data, &mut secret).map(|secret| secret.len()))
                .map_err(|_| failed())?,
            EncryptionPadding::Oaep(hash) => {
                let algorithm = oaep(hash)?;
                OaepPublicEncryptingKey::new(key)
                    .and_then(|key| key.encrypt(algorithm, data, &mut secret, None).map(|secret| secret.len()))
                    .map_err(|_| failed())?
            }
        };
        secret.truncate(length);
        Ok(secret)
    }

    /// `Decrypt(data, padding)`.
    ///
    /// # Errors
    /// `CryptographicException` without a private key, or for data that this key has not encrypted.
    pub fn decrypt(&self, data: &[u8], padding: EncryptionPadding) -> Result<Vec<u8>, Thrown> {
        if data.len() != self.modulus.len() {
            self.private_der()?;
            return Err(cryptographic("The length of the data to decrypt is not valid for the size of this key."));
        }
        let failed = || cryptographic("The parameter is incorrect.");
        let key = PrivateDecryptingKey::from_pkcs8(&self.pkcs8()?).map_err(|_| cryptographic(BAD_DATA))?;
        let mut plain = vec![0; self.modulus.len()];
        let length = match padding {
            EncryptionPadding::Pkcs1 => Pkcs1PrivateDecryptingKey::new(key)
                .and_then(|key| key.decrypt(data, &mut plain).map(|plain| plain.len()))
                .map_err(|_| failed())?,
            EncryptionPadding::Oaep(hash) => {
                let algorithm = oaep(hash)?;
                OaepPrivateDecryptingKey::new(key)
                    .and_then(|key| key.decrypt(algorithm, data, &mut plain, None).map(|plain| plain.len()))
                    .map_err(|_| failed())?
            }
        };
        plain.truncate(length);
        Ok(plain)
    }

    /// `ToXmlString(includePrivateParameters)`.
    ///
    /// # Errors
    /// `CryptographicException` if the private key is wanted and not here.
    pub fn to_xml_string(&self, private: bool) -> Result<String, Thrown> {
        let mut xml = String::from("<RSAKeyValue>");
        let mut add = |name: &str, bytes: &[u8]| {
            xml.push_str(&format!("<{name}>{}</{name}>", STANDARD.encode(bytes)));
        };
        add("Modulus", &self.modulus);
        add("Exponent", &self.exponent);
        if private {
            let integers = der::read_integers(self.private_der()?).ok_or_else(|| cryptographic(BAD_DATA))?;
            let half = self.modulus.len().div_ceil(2);
            let part = |index: usize, length: usize| {
                let bytes = integers.get(index).map_or(&[][..], Vec::as_slice);
                let mut padded = vec![0; length.saturating_sub(bytes.len())];
                padded.extend_from_slice(bytes);
                padded
            };
            for (name, index) in [("P", 4), ("Q", 5), ("DP", 6), ("DQ", 7), ("InverseQ", 8)] {
                add(name, &part(index, half));
            }
            add("D", &part(3, self.modulus.len()));
        }
        xml.push_str("</RSAKeyValue>");
        Ok(xml)
    }

    /// `FromXmlString(xml)`.
    ///
    /// # Errors
    /// `CryptographicException` for text that is no such key.
    pub fn from_xml_string(xml: &str) -> Result<Self, Thrown> {
        let bad = || cryptographic("Input string does not contain a valid encoding of the 'RSA' parameter.");
        let part = |name: &str| -> Option<Vec<u8>> {
            let (_, rest) = xml.split_once(&format!("<{name}>"))?;
            let (text, _) = rest.split_once(&format!("</{name}>"))?;
            let text: String = text.split_whitespace().collect();
            let bytes = STANDARD.decode(text).ok()?;
            let first = bytes.iter().position(|byte| *byte != 0)?;
            Some(bytes[first..].to_vec())
        };
        if !xml.contains("<RSAKeyValue>") {
            return Err(bad());
        }
        let modulus = part("Modulus").ok_or_else(bad)?;
        let exponent = part("Exponent").ok_or_else(bad)?;
        let names = ["D", "P", "Q", "DP", "DQ", "InverseQ"];
        let parts: Vec<_> = names.iter().filter_map(|name| part(name)).collect();
        if parts.len() != names.len() {
            return Self::from_public(modulus, exponent);
        }
        let mut integers = vec![der::unsigned(&[0]), der::unsigned(&modulus), der::unsigned(&exponent)];
        integers.extend(parts.iter().map(|part| der::unsigned(part)));
        Self::from_private_der(&der::sequence(&integers))
    }

    /// The block that is signed: EMSA-PKCS1-v1_5.
    fn padded(&self, hash: &[u8], kind: HashKind) -> Option<Vec<u8>> {
        let oid: &[u8] = match kind {
            HashKind::Md5 => &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 2, 5],
            HashKind::Sha1 => &[0x2B, 0x0E, 3, 2, 0x1A],
            HashKind::Sha256 => &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1],
            HashKind::Sha384 => &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2],
            HashKind::Sha512 => &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3],
        };
        let algorithm = der::sequence(&[der::element(6, oid), der::element(5, &[])]);
        let info = der::sequence(&[algorithm, der::element(4, hash)]);
        let fill = self.modulus.len().checked_sub(info.len() + 3).filter(|fill| *fill >= 8)?;
        let mut block = vec![0, 1];
        block.extend(std::iter::repeat_n(0xFF, fill));
        block.push(0);
        block.extend(info);
        Some(block)
    }

    fn raw(&self, base: &[u8], exponent: &[u8]) -> Vec<u8> {
        let modulus = BigUint::from_bytes_be(&self.modulus);
        let bytes = BigUint::from_bytes_be(base).modpow(&BigUint::from_bytes_be(exponent), &modulus).to_bytes_be();
        let mut padded = vec![0; self.modulus.len().saturating_sub(bytes.len())];
        padded.extend(bytes);
        padded
    }

    /// MD5 and SHA-1, which the crypto library no longer signs with.
    fn sign_legacy(&self, hash: &[u8], kind: HashKind) -> Result<Vec<u8>, Thrown> {
        let integers = der::read_integers(self.private_der()?).ok_or_else(|| cryptographic(BAD_DATA))?;
        let exponent = integers.get(3).ok_or_else(|| cryptographic(BAD_DATA))?;
        let block = self.padded(hash, kind).ok_or_else(|| cryptographic("The key is too short for this hash."))?;
        Ok(self.raw(&block, exponent))
    }

    fn verify_legacy(&self, hash: &[u8], signed: &[u8], kind: HashKind) -> bool {
        if BigUint::from_bytes_be(signed) >= BigUint::from_bytes_be(&self.modulus) {
            return false;
        }
        self.padded(hash, kind).is_some_and(|block| self.raw(signed, &self.exponent) == block)
    }

    /// The random source of the crypto library, which RSA padding uses.
    pub fn system_random(bytes: &mut [u8]) -> Result<(), Thrown> {
        use aws_lc_rs::rand::SecureRandom;
        SystemRandom::new().fill(bytes).map_err(|_| cryptographic("No random bytes could be had."))
    }
}

fn check_length(hash: &[u8], kind: HashKind) -> Result<(), Thrown> {
    if hash.len() == kind.length() {
        Ok(())
    } else {
        Err(cryptographic(format!("The provided hash value is not of the length that {} has.", kind.name())))
    }
}

fn algorithm(kind: HashKind) -> &'static digest::Algorithm {
    match kind {
        HashKind::Md5 | HashKind::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        HashKind::Sha256 => &digest::SHA256,
        HashKind::Sha384 => &digest::SHA384,
        HashKind::Sha512 => &digest::SHA512,
    }
}

fn oaep(hash: HashKind) -> Result<&'static rsa::OaepAlgorithm, Thrown> {
    Ok(match hash {
        HashKind::Sha1 => &OAEP_SHA1_MGF1SHA1,
        HashKind::Sha256 => &OAEP_SHA256_MGF1SHA256,
        HashKind::Sha384 => &OAEP_SHA384_MGF1SHA384,
        HashKind::Sha512 => &OAEP_SHA512_MGF1SHA512,
        HashKind::Md5 => return Err(cryptographic("OAEP with MD5 is not supported.")),
    })
}

#[cfg(test)]
mod tests;
