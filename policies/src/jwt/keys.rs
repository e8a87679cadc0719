//! Keys and algorithms of token signatures. A key fits the algorithms of its own kind only, so that a public key never
//! serves as a shared secret.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{self, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// How a token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Hs(Bits),
    Rs(Bits),
    Ps(Bits),
    Es(Bits),
}

/// Length of the hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bits {
    B256,
    B384,
    B512,
}

impl Algorithm {
    /// From `alg`; `none` and everything else that is not known is no algorithm.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (family, bits) = text.split_at_checked(2)?;
        let bits = match bits {
            "256" => Bits::B256,
            "384" => Bits::B384,
            "512" => Bits::B512,
            _ => return None,
        };
        Some(match family {
            "HS" => Self::Hs(bits),
            "RS" => Self::Rs(bits),
            "PS" => Self::Ps(bits),
            "ES" => Self::Es(bits),
            _ => return None,
        })
    }
}

/// A key that may have signed a token.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    /// `kid`.
    pub(crate) id: Option<String>,
    /// The one algorithm it is for, when it says so.
    pub(crate) only: Option<String>,
    /// The key itself.
    pub(crate) material: Material,
}

/// The key itself.
#[derive(Clone)]
pub(crate) enum Material {
    /// A shared secret.
    Secret(Vec<u8>),
    /// Modulus and exponent, big endian.
    Rsa { n: Vec<u8>, e: Vec<u8> },
    /// An RSA key as PKCS#1 DER.
    RsaDer(Vec<u8>),
    /// An uncompressed point on the curve that belongs to this hash.
    Ec(Bits, Vec<u8>),
}

impl std::fmt::Debug for Material {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Material(***)")
    }
}

/// Does the signature belong to the message?
pub(crate) fn verify(algorithm: Algorithm, key: &Key, message: &[u8], signature: &[u8]) -> bool {
    if key.only.as_deref().is_some_and(|only| Algorithm::parse(only) != Some(algorithm)) {
        return false;
    }
    match (algorithm, &key.material) {
        (Algorithm::Hs(bits), Material::Secret(secret)) => {
            let algorithm = match bits {
                Bits::B256 => hmac::HMAC_SHA256,
                Bits::B384 => hmac::HMAC_SHA384,
                Bits::B512 => hmac::HMAC_SHA512,
            };
            !secret.is_empty() && hmac::verify(&hmac::Key::new(algorithm, secret), message, signature).is_ok()
        }
        (Algorithm::Rs(_) | Algorithm::Ps(_), Material::Rsa { n, e }) => {
            let n: &[u8] = n;
            let e: &[u8] = e;
            rsa(algorithm).is_some_and(|rsa| RsaPublicKeyComponents { n, e }.verify(rsa, message, signature).is_ok())
        }
        (Algorithm::Rs(_) | Algorithm::Ps(_), Material::RsaDer(der)) => {
            rsa(algorithm).is_some_and(|rsa| UnparsedPublicKey::new(rsa, der).verify(message, signature).is_ok())
        }
        (Algorithm::Es(bits), Material::Ec(curve, point)) if bits == *curve => {
            let algorithm = match bits {
                Bits::B256 => &signature::ECDSA_P256_SHA256_FIXED,
                Bits::B384 => &signature::ECDSA_P384_SHA384_FIXED,
                Bits::B512 => &signature::ECDSA_P521_SHA512_FIXED,
            };
            UnparsedPublicKey::new(algorithm, point).verify(message, signature).is_ok()
        }
        _ => false,
    }
}

fn rsa(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    Some(match algorithm {
        Algorithm::Rs(Bits::B256) => &signature::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Rs(Bits::B384) => &signature::RSA_PKCS1_2048_8192_SHA384,
        Algorithm::Rs(Bits::B512) => &signature::RSA_PKCS1_2048_8192_SHA512,
        Algorithm::Ps(Bits::B256) => &signature::RSA_PSS_2048_8192_SHA256,
        Algorithm::Ps(Bits::B384) => &signature::RSA_PSS_2048_8192_SHA384,
        Algorithm::Ps(Bits::B512) => &signature::RSA_PSS_2048_8192_SHA512,
        _ => return None,
    })
}

/// Base64url with or without padding.
pub(crate) fn base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text.trim().trim_end_matches('=')).ok().filter(|bytes| !bytes.is_empty())
}

/// An RSA key of modulus and exponent, base64url.
pub(crate) fn rsa_material(n: &str, e: &str) -> Option<Material> {
    let mut n = base64url(n)?;
    let zeros = n.iter().take_while(|byte| **byte == 0).count();
    n.drain(..zeros);
    Some(Material::Rsa { n, e: base64url(e)? })
}

/// The public key of a certificate, DER.
pub(crate) fn certificate_material(der: &[u8]) -> Option<Material> {
    let certificate = apimite_dotnet::crypto::Certificate::from_der(der, None, String::new()).ok()?;
    let key = certificate.public_key().to_vec();
    match certificate.key_algorithm() {
        "1.2.840.113549.1.1.1" => Some(Material::RsaDer(key)),
        "1.2.840.10045.2.1" => match key.len() {
            65 => Some(Material::Ec(Bits::B256, key)),
            97 => Some(Material::Ec(Bits::B384, key)),
            133 => Some(Material::Ec(Bits::B512, key)),
            _ => None,
        },
        _ => None,
    }
}

/// A key of a JWKS. Secrets are not taken from there, nor keys for encryption.
pub(crate) fn of_jwk(jwk: &Value) -> Option<Key> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    if text("use").is_some_and(|purpose| purpose != "sig") {
        return None;
    }
    let material = match text("kty")? {
        "RSA" => rsa_material(text("n")?, text("e")?)?,
        "EC" => {
            let (bits, length) = match text("crv")? {
                "P-256" => (Bits::B256, 32),
                "P-384" => (Bits::B384, 48),
                "P-521" => (Bits::B512, 66),
                _ => return None,
            };
            let (x, y) = (base64url(text("x")?)?, base64url(text("y")?)?);
            if x.len() > length || y.len() > length {
                return None;
            }
            let mut point = vec![4];
            for part in [x, y] {
                point.resize(point.len() + length - part.len(), 0);
                point.extend(part);
            }
            Material::Ec(bits, point)
        }
        _ => return None,
    };
    Some(Key { id: text("kid").map(str::to_owned), only: text("alg").map(str::to_owned), material })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(material: Material) -> Key {
        Key { id: None, only: None, material }
    }

    #[test]
    fn none_is_no_algorithm_however_it_is_written() {
        for name in ["none", "None", "NONE", "nOnE", "", "HS", "hs256", "RS1", "HS256 ", "€"] {
            assert_eq!(Algorithm::parse(name), None, "{name}");
        }
    }

    #[test]
    fn a_public_key_is_no_secret_and_a_secret_no_public_key() {
        let n = vec![0xC3; 256];
        let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &n), b"message");
        let algorithm = Algorithm::Hs(Bits::B256);
        assert!(verify(algorithm, &key(Material::Secret(n.clone())), b"message", mac.as_ref()));
        let public = key(Material::Rsa { n: n.clone(), e: vec![1, 0, 1] });
        assert!(!verify(algorithm, &public, b"message", mac.as_ref()));
        assert!(!verify(algorithm, &key(Material::RsaDer(n.clone())), b"message", mac.as_ref()));
        assert!(!verify(algorithm, &key(Material::Ec(Bits::B256, n.clone())), b"message", mac.as_ref()));
        assert!(!verify(Algorithm::Rs(Bits::B256), &key(Material::Secret(n)), b"message", mac.as_ref()));
    }

    #[test]
    fn an_empty_secret_and_a_secret_in_a_key_set_are_refused() {
        let mac = [0; 32];
        assert!(!verify(Algorithm::Hs(Bits::B256), &key(Material::Secret(Vec::new())), b"", &mac));
        assert!(of_jwk(&serde_json::json!({ "kty": "oct", "k": "c2VjcmV0" })).is_none());
        assert!(of_jwk(&serde_json::json!({ "kty": "RSA", "use": "enc", "n": "AQAB", "e": "AQAB" })).is_none());
    }

    #[test]
    fn a_key_for_one_algorithm_is_not_used_for_another() {
        let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"s"), b"m");
        let mut key = key(Material::Secret(b"s".to_vec()));
        key.only = Some("HS512".into());
        assert!(!verify(Algorithm::Hs(Bits::B256), &key, b"m", mac.as_ref()));
    }
}
