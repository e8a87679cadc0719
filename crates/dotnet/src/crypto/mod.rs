//! `System.Security.Cryptography` on plain bytes. Randomness comes in from outside where .NET shows it.

mod chain;
mod der;
mod hash;
mod name;
mod rsa;
mod symmetric;
mod x509;

pub use self::chain::{has_issued, is_revoked, leads_to_trusted, verify_no_revocation};
pub use self::hash::{HashKind, Hasher, Hmac};
pub use self::name::distinguished_name;
pub use self::rsa::{EncryptionPadding, Rsa, SignaturePadding};
pub use self::symmetric::{CipherMode, Direction, PaddingMode, Symmetric, SymmetricKind, Transform};
pub use self::x509::{Certificate, CertificateExtension, NameType, friendly_name};

use crate::{Exception, ExceptionKind, Thrown};

/// `CryptographicException` with the given message.
pub(crate) fn cryptographic(message: impl Into<String>) -> Thrown {
    Exception::new(ExceptionKind::Cryptographic, message)
}

/// Bytes as hexadecimal digits in upper case, without separators.
pub fn hex_upper(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}
