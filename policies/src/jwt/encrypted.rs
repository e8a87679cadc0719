//! Encrypted tokens (JWE, five parts): what is inside is a signed token, which is then validated like any other.
//!
//! Compressed tokens are refused: nobody needs them, and they are how a small token becomes a large one. So is RSA with the
//! padding of PKCS#1 version 1.5, whose answers give keys away.
//!
//! Source: validate-jwt policy reference, `decryption-keys`; RFC 7516 and 7518.

use std::sync::Arc;

use apimite_document::Element;
use apimite_policy::arg::TextArg;
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Child, Content, Expressions, Kind, Refused};
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use aws_lc_rs::cipher::{self, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::key_wrap::{self, AesKek, KeyWrap};
use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use aws_lc_rs::{aead, hmac};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::Failure;

/// `decryption-keys` of `validate-jwt`.
pub(crate) const CHILD: Child = Child::optional(
    "decryption-keys",
    &[],
    Content::Elements {
        children: &[Child::at_least_one(
            "key",
            &[Attr::new("id", Kind::Text), Attr::new("certificate-id", Kind::Text)],
            Content::Text(Kind::Text, Expressions::Allowed),
        )],
        ordered: false,
    },
);

/// `decryption-keys` of `validate-azure-ad-token`, which takes certificates only.
pub(crate) const CERTIFICATES: Child = Child::optional(
    "decryption-keys",
    &[],
    Content::Elements {
        children: &[Child::at_least_one(
            "key",
            &[Attr::new("id", Kind::Text), Attr::new("certificate-id", Kind::Text).required()],
            Content::Text(Kind::Text, Expressions::Allowed),
        )],
        ordered: false,
    },
);

/// A key as it is written.
pub(crate) enum KeyArg {
    Certificate(TextArg),
    Secret(TextArg),
}

/// A key that may open a token.
#[derive(Clone)]
pub(crate) enum DecryptionKey {
    /// An RSA key, PKCS#8 DER.
    Rsa(Arc<[u8]>),
    /// A shared secret.
    Secret(Vec<u8>),
}

impl std::fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DecryptionKey(***)")
    }
}

/// Compiles `decryption-keys`.
pub(crate) fn read(element: &Element, cx: &mut Compile<'_>) -> Result<Vec<KeyArg>, Refused> {
    let Some(list) = Compile::child(element, "decryption-keys") else { return Ok(Vec::new()) };
    Compile::children(list, "key")
        .map(|child| {
            Ok(match cx.optional_text(child, "certificate-id")? {
                Some(id) => KeyArg::Certificate(id),
                None => KeyArg::Secret(cx.content(child)?),
            })
        })
        .collect()
}

/// The keys for this exchange.
pub(crate) fn keys(list: &[KeyArg], exchange: &Exchange) -> Result<Vec<DecryptionKey>, Fault> {
    let mut all = Vec::with_capacity(list.len());
    for arg in list {
        match arg {
            KeyArg::Certificate(id) => {
                let wanted = id.get(exchange)?;
                let found =
                    exchange.service.certificates.values().find(|one| one.id.eq_ignore_ascii_case(wanted.trim()));
                let Some(key) = found.and_then(|one| one.key.clone()) else {
                    let text =
                        format!("The certificate `{wanted}` is not found in the service, or has no private key.");
                    return Err(Fault::internal("CertificateNotFound", text));
                };
                all.push(DecryptionKey::Rsa(key));
            }
            KeyArg::Secret(text) => {
                let text: String = text.get(exchange)?.chars().filter(|c| !c.is_whitespace()).collect();
                if let Ok(bytes) = STANDARD.decode(text) {
                    all.push(DecryptionKey::Secret(bytes));
                }
            }
        }
    }
    Ok(all)
}

/// Is it an encrypted token?
pub(crate) fn is_encrypted(token: &str) -> bool {
    token.bytes().filter(|byte| *byte == b'.').count() == 4
}

/// The signed token inside an encrypted one.
///
/// # Errors
/// When no key opens it. The text never says which step failed.
pub(crate) fn decrypt(token: &str, keys: &[DecryptionKey]) -> Result<String, Failure> {
    let malformed = || Failure::invalid("IDX12741: JWT must have three segments (JWS) or five segments (JWE).");
    let parts: Vec<&str> = token.split('.').collect();
    let [head, key, iv, text, tag] = parts.as_slice() else { return Err(malformed()) };
    let header = URL_SAFE_NO_PAD.decode(head).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let header: serde_json::Value = header.ok_or_else(malformed)?;
    let member = |name: &str| header.get(name).and_then(serde_json::Value::as_str).unwrap_or("");
    if header.get("zip").is_some() {
        return Err(Failure::invalid("IDX10682: Compression of tokens is not supported."));
    }
    if header.get("crit").is_some() || keys.is_empty() {
        return Err(Failure::invalid("IDX10609: Decryption failed. No Keys tried."));
    }
    let read = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| malformed());
    let sealed =
        Sealed { encryption: member("enc"), head: head.as_bytes(), iv: read(iv)?, text: read(text)?, tag: read(tag)? };
    let wrapped = read(key)?;
    for key in keys {
        let content = unwrap(member("alg"), key, &wrapped, sealed.key_length());
        if let Some(plain) = content.and_then(|content| sealed.open(&content))
            && let Ok(inner) = String::from_utf8(plain)
        {
            return Ok(inner);
        }
    }
    Err(Failure::invalid("IDX10603: Decryption failed."))
}

/// The key of the content.
fn unwrap(algorithm: &str, key: &DecryptionKey, wrapped: &[u8], length: usize) -> Option<Vec<u8>> {
    match (algorithm, key) {
        ("dir", DecryptionKey::Secret(secret)) if wrapped.is_empty() => Some(secret.clone()),
        ("A128KW" | "A256KW", DecryptionKey::Secret(secret)) => {
            let cipher = if algorithm == "A128KW" { &key_wrap::AES_128 } else { &key_wrap::AES_256 };
            let mut content = vec![0; wrapped.len()];
            let kek = AesKek::new(cipher, secret).ok()?;
            Some(kek.unwrap(wrapped, &mut content).ok()?.to_vec())
        }
        ("RSA-OAEP" | "RSA-OAEP-256", DecryptionKey::Rsa(der)) => {
            let padding = if algorithm == "RSA-OAEP" { &OAEP_SHA1_MGF1SHA1 } else { &OAEP_SHA256_MGF1SHA256 };
            let key = OaepPrivateDecryptingKey::new(PrivateDecryptingKey::from_pkcs8(der).ok()?).ok()?;
            let mut content = vec![0; key.min_output_size()];
            let content = key.decrypt(padding, wrapped, &mut content, None).ok()?;
            (content.len() == length).then(|| content.to_vec())
        }
        _ => None,
    }
}

/// What is encrypted, and by which algorithm.
struct Sealed<'t> {
    encryption: &'t str,
    head: &'t [u8],
    iv: Vec<u8>,
    text: Vec<u8>,
    tag: Vec<u8>,
}

impl Sealed<'_> {
    fn key_length(&self) -> usize {
        match self.encryption {
            "A128GCM" => 16,
            "A192GCM" => 24,
            "A128CBC-HS256" | "A256GCM" => 32,
            "A192CBC-HS384" => 48,
            _ => 64,
        }
    }

    fn open(&self, key: &[u8]) -> Option<Vec<u8>> {
        if key.len() != self.key_length() {
            return None;
        }
        match self.encryption {
            "A128CBC-HS256" => self.open_cbc(key, hmac::HMAC_SHA256, &cipher::AES_128),
            "A192CBC-HS384" => self.open_cbc(key, hmac::HMAC_SHA384, &cipher::AES_192),
            "A256CBC-HS512" => self.open_cbc(key, hmac::HMAC_SHA512, &cipher::AES_256),
            "A128GCM" => self.open_gcm(key, &aead::AES_128_GCM),
            "A192GCM" => self.open_gcm(key, &aead::AES_192_GCM),
            "A256GCM" => self.open_gcm(key, &aead::AES_256_GCM),
            _ => None,
        }
    }

    /// The tag is checked before anything is decrypted.
    fn open_cbc(&self, key: &[u8], hash: hmac::Algorithm, algorithm: &'static cipher::Algorithm) -> Option<Vec<u8>> {
        let half = key.len() / 2;
        let (signing, encrypting) = key.split_at(half);
        let mut message = self.head.to_vec();
        message.extend_from_slice(&self.iv);
        message.extend_from_slice(&self.text);
        message.extend_from_slice(&(self.head.len() as u64 * 8).to_be_bytes());
        let expected = hmac::sign(&hmac::Key::new(hash, signing), &message);
        aws_lc_rs::constant_time::verify_slices_are_equal(expected.as_ref().get(..half)?, &self.tag).ok()?;
        let iv: FixedLength<16> = FixedLength::try_from(self.iv.as_slice()).ok()?;
        let key = PaddedBlockDecryptingKey::cbc_pkcs7(UnboundCipherKey::new(algorithm, encrypting).ok()?).ok()?;
        let mut text = self.text.clone();
        Some(key.decrypt(&mut text, DecryptionContext::Iv128(iv)).ok()?.to_vec())
    }

    fn open_gcm(&self, key: &[u8], algorithm: &'static aead::Algorithm) -> Option<Vec<u8>> {
        let nonce = aead::Nonce::try_assume_unique_for_key(&self.iv).ok()?;
        let key = aead::LessSafeKey::new(aead::UnboundKey::new(algorithm, key).ok()?);
        if self.tag.len() != 16 {
            return None;
        }
        let mut sealed = self.text.clone();
        sealed.extend_from_slice(&self.tag);
        Some(key.open_in_place(nonce, aead::Aad::from(self.head), &mut sealed).ok()?.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7516, A.3: the key wrapped with AES, the content in CBC with HMAC.
    #[test]
    fn the_example_of_the_specification_is_opened() {
        let secret = URL_SAFE_NO_PAD.decode("GawgguFyGrWKav7AX4VKUg").unwrap();
        let token = "eyJhbGciOiJBMTI4S1ciLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0.\
                     6KB707dM9YTIgHtLvtgWQ8mKwboJW3of9locizkDTHzBC2IlrT1oOQ.\
                     AxY8DCtDaGlsbGljb3RoZQ.KDlTtXchhZTGufMYmOYGS4HffxPSUrfmqCHXaI9wOGY.\
                     U0m_YmjN04DJvceFICbCVQ";
        assert_eq!(decrypt(token, &[DecryptionKey::Secret(secret.clone())]).unwrap(), "Live long and prosper.");
        // The last letter also holds the end of the tag: another one is another tag.
        let changed = token.replace("U0m_", "V0m_");
        assert!(decrypt(&changed, &[DecryptionKey::Secret(secret)]).is_err());
        assert!(decrypt(token, &[DecryptionKey::Secret(vec![0; 16])]).is_err());
        assert!(decrypt(token, &[]).is_err());
    }
}
